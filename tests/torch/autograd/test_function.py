"""`autograd.Function` behaves as PyTorch's: the same source runs under both, eager and compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch as reference

import xlagrad as xg
import xlagrad.torch as torch
from xlagrad.core.errors import AutogradError, ShapeError

BOTH = pytest.mark.parametrize("torch", [reference, torch], ids=["torch", "xlagrad"])


def _exp(torch: Any) -> Any:
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (y,) = ctx.saved_tensors
            return g * y

    return Exp


def _scale(torch: Any) -> Any:
    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(x: Any, w: Any, k: float) -> Any:
            return x * w * k, x + w

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            x, w, ctx.k = inputs
            ctx.save_for_backward(x, w)

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            x, w = ctx.saved_tensors
            gx = g * w * ctx.k + h if ctx.needs_input_grad[0] else None
            gw = g * x * ctx.k + h if ctx.needs_input_grad[1] else None
            return gx, gw, None

    return Scale


def _in_place(torch: Any) -> Any:
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 2 * g

    return Double


def _first(torch: Any) -> list[Any]:
    x = torch.tensor([0.5, -1.0], requires_grad=True)
    y = _exp(torch).apply(x)
    y.pow(2).sum().backward()
    return [y, x.grad]


def _second(torch: Any) -> list[Any]:
    x = torch.tensor([0.5, -1.0], requires_grad=True)
    (g,) = torch.autograd.grad(_exp(torch).apply(x).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    (third,) = torch.autograd.grad(h.sum(), x)
    return [g, h, third]


def _several(torch: Any) -> list[Any]:
    x = torch.tensor([0.5, -1.0], requires_grad=True)
    w = torch.tensor([2.0, 3.0], requires_grad=True)
    a, b = _scale(torch).apply(x, w, 1.5)
    (a.sum() + (b * b).sum()).backward()
    c, _ = _scale(torch).apply(x, w.detach(), 0.5)
    c.sum().backward()
    return [a, b, x.grad, w.grad]


def _unused_output(torch: Any) -> list[Any]:
    x = torch.tensor([0.5, -1.0], requires_grad=True)
    w = torch.tensor([2.0, 3.0], requires_grad=True)
    _, b = _scale(torch).apply(x, w, 1.5)
    b.sum().backward()
    return [x.grad, w.grad]


def _dirty(torch: Any) -> list[Any]:
    x = torch.tensor([0.5, -1.0], requires_grad=True)
    y = x * 3
    z = _in_place(torch).apply(y)
    assert z is y
    (z * y).sum().backward()
    return [y, x.grad]


CASES = [_first, _second, _several, _unused_output, _dirty]


@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_equal_pytorchs(case: Any) -> None:
    want = [t.detach().numpy() for t in case(reference)]
    compiled = xg.compile(lambda: case(torch))
    for got in (case(torch), compiled(), compiled()):
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(a.detach().numpy(), b, rtol=1e-6)


@BOTH
def test_nothing_is_recorded_where_nothing_requires_grad(torch: Any) -> None:
    y = _exp(torch).apply(torch.tensor([1.0]))
    assert not y.requires_grad and y.grad_fn is None
    with torch.no_grad():
        assert not _exp(torch).apply(torch.ones(1, requires_grad=True)).requires_grad


@BOTH
def test_outputs_marked_or_integer_have_no_gradient(torch: Any) -> None:
    class Sort(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.mark_non_differentiable(x_sign := torch.sign(x))
            return x * 2, x_sign, x.argmax()

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any, i: Any) -> Any:
            return g * 2

    x = torch.tensor([3.0, -1.0], requires_grad=True)
    y, sign, place = Sort.apply(x)
    assert [y.requires_grad, sign.requires_grad, place.requires_grad] == [True, False, False]
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


@BOTH
def test_unmaterialized_gradients_are_none(torch: Any) -> None:
    seen = []

    class Two(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            seen.append((g is None, h is None))
            return h * 2

    x = torch.tensor([1.0], requires_grad=True)
    Two.apply(x)[1].sum().backward()
    assert seen == [(True, False)] and x.grad.tolist() == [2.0]


@BOTH
def test_an_argument_returned_as_it_was_is_a_tensor_of_its_own(torch: Any) -> None:
    class Reverse(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return -g

    x = torch.tensor([1.0], requires_grad=True)
    y = Reverse.apply(x)
    assert y is not x and x.is_leaf
    y.sum().backward()
    assert x.grad.tolist() == [-1.0]


def test_a_saved_tensor_written_since_raises() -> None:
    x = torch.tensor([1.0], requires_grad=True)
    y = _exp(torch).apply(x)
    with torch.no_grad():
        y.mul_(2)
    with pytest.raises(AutogradError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_wrong_number_or_shape_of_gradients_raises() -> None:
    class Bad(torch.autograd.Function):
        answer: Any = None

        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x + y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return Bad.answer

    x, y = torch.ones(2, requires_grad=True), torch.ones(2)
    Bad.answer = torch.ones(2)
    with pytest.raises(AutogradError, match=r"Bad\.backward: expected 2 gradients, got 1"):
        Bad.apply(x, y).sum().backward()
    Bad.answer = (torch.ones(3), None)
    with pytest.raises(ShapeError, match=r"a gradient of shape \(2,\) for argument 0, got float32\[3\]"):
        Bad.apply(x, y).sum().backward()
    with pytest.raises(NotImplementedError, match=r"Function\.forward"):
        torch.autograd.Function.apply(x)
