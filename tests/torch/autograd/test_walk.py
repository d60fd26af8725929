"""`autograd.grad`, `backward`, `gradcheck` and `functional` against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch as reference

import xlagrad as xg
import xlagrad.torch as torch
from xlagrad.core.errors import ArgumentError, AutogradError
from xlagrad.torch.autograd.gradcheck import GradcheckError


def _inputs(torch: Any) -> tuple[Any, Any]:
    x = torch.tensor([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], requires_grad=True)
    return x, torch.tensor([1.0, -2.0, 0.5], requires_grad=True)


def _cases(torch: Any) -> dict[str, Any]:
    x, w = _inputs(torch)
    y, z = torch.tanh(x @ w), (x * w).sum(1)
    seed = torch.tensor([1.0, 3.0])
    A = torch.autograd
    several = A.grad([y, z], [x, w], [seed, 2 * seed], retain_graph=True)
    unused = A.grad(y.sum(), [x, torch.ones(1, requires_grad=True)], retain_graph=True, allow_unused=True)
    zeros = A.grad(y.sum(), [w, torch.ones(2, requires_grad=True)], retain_graph=True, materialize_grads=True)
    batched = A.grad(y, [x], torch.eye(2), retain_graph=True, is_grads_batched=True)
    intermediate = A.grad(y.sum(), y, retain_graph=True)
    second = A.grad(A.grad(y.sum(), w, create_graph=True)[0].pow(2).sum(), [x, w], retain_graph=True)
    A.backward([y, z], [seed, seed], retain_graph=True)
    A.backward(y.sum(), inputs=[w])
    return {
        "several": several,
        "unused": [unused[0], unused[1] is None],
        "zeros": zeros,
        "batched": batched,
        "intermediate": intermediate,
        "second": second,
        "accumulated": [x.grad, w.grad],
    }


def _functional(torch: Any) -> dict[str, Any]:
    f = torch.autograd.functional
    x, w = (t.detach() for t in _inputs(torch))

    def matrix(x: Any, w: Any) -> Any:
        return torch.sin(x * w), x.sum(0) * 2

    def scalar(x: Any, w: Any) -> Any:
        return (torch.sin(x) * w**2).sum()

    v = (torch.ones(2, 3), 2 * torch.ones(3))
    return {
        "jacobian": f.jacobian(matrix, (x, w)),
        "single": f.jacobian(torch.exp, w),
        "hessian": f.hessian(scalar, (x, w)),
        "hessian of one": f.hessian(lambda w: (w**3).sum(), w),
        "vjp": f.vjp(matrix, (x, w), (x, w)),
        "jvp": f.jvp(matrix, (x, w), v),
        "hvp": f.hvp(scalar, (x, w), v),
        "vhp": f.vhp(scalar, (x, w), v),
    }


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for v in value.values() for leaf in _leaves(v)]
    if isinstance(value, (list, tuple)):
        return [leaf for v in value for leaf in _leaves(v)]
    return [np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)]


@pytest.mark.parametrize("cases", [_cases, _functional])
def test_results_equal_pytorchs_eager_and_compiled(cases: Any) -> None:
    want = cases(reference)
    for got in (cases(torch), xg.compile(lambda: cases(torch))()):
        assert got.keys() == want.keys()
        for name in want:
            a, b = _leaves(got[name]), _leaves(want[name])
            assert len(a) == len(b), name
            for x, y in zip(a, b, strict=True):
                np.testing.assert_allclose(x, y, rtol=2e-6, atol=1e-6, err_msg=name)


def test_what_cannot_be_differentiated_raises() -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(AutogradError, match="one of the differentiated Tensors does not require grad"):
        torch.autograd.grad(x.sum(), torch.ones(2))
    with pytest.raises(AutogradError, match="appears to not have been used"):
        torch.autograd.grad(x.sum(), torch.ones(2, requires_grad=True))
    with pytest.raises(ArgumentError, match="grad: expected 1 gradients of outputs, got 2"):
        torch.autograd.grad(x * 2, x, [x, x])
    with pytest.raises(AutogradError, match="at least one tensor in inputs"):
        torch.autograd.backward(x.sum(), inputs=[])
    with pytest.raises(ArgumentError, match="strict=False"):
        torch.autograd.functional.jacobian(lambda a, b: a * 2, (x, x), strict=True)
    with pytest.raises(ArgumentError, match="a function to a tensor with one element"):
        torch.autograd.functional.hessian(lambda a: a * 2, x)


def test_gradcheck_passes_what_is_right_and_catches_what_is_wrong() -> None:
    x, w = _inputs(torch)
    assert torch.autograd.gradcheck(lambda x, w: torch.tanh(x * w), (x, w))
    assert torch.autograd.gradgradcheck(lambda x, w: torch.tanh(x * w), (x, w))

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 3

    with pytest.raises(GradcheckError, match="Jacobian of output 0 with respect to input 0"):
        torch.autograd.gradcheck(Wrong.apply, w)
    assert not torch.autograd.gradcheck(Wrong.apply, w, raise_exception=False)
    with pytest.raises(AutogradError, match="at least one input that requires grad"):
        torch.autograd.gradcheck(torch.sin, torch.ones(1))
