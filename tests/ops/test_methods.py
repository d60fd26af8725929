"""In-place methods against PyTorch, and what becomes of a tensor when one fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import xlagrad as xg
import xlagrad.torch as ours
from tests.core.agreement import Raised, agree, check_error, outcome, same
from xlagrad.core.errors import DtypeError, ShapeError, StateError
from xlagrad.ops import methods

UNARY = ["abs_", "neg_", "exp_", "sin_", "tanh_", "sigmoid_", "relu_", "sqrt_", "floor_", "round_", "square_"]
BINARY = ["add_", "sub_", "mul_", "div_", "pow_", "remainder_", "floor_divide_", "copy_"]


@pytest.mark.parametrize("name", UNARY)
def test_unary(name: str) -> None:
    def program(t: Any, part: Any) -> Any:
        w = t.tensor([[0.5, 1.5], [2.5, 0.2]], requires_grad=True)
        x = w * 1
        y = part(x)
        same_object = getattr(y, name)() is y
        (x * t.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
        return x, w.grad, same_object

    for part in (lambda x: x, lambda x: x[0], lambda x: x.t()[:, 1:]):
        agree(lambda t, part=part: program(t, part))


@pytest.mark.parametrize("name", BINARY)
def test_binary(name: str) -> None:
    differentiable = name not in ("floor_divide_",)

    def program(t: Any, part: Any, other: Any) -> Any:
        w = t.tensor([[0.5, 1.5], [2.5, 0.2]], requires_grad=differentiable)
        v = t.tensor([2.0, 3.0], requires_grad=differentiable) if other is None else other
        x = w * 1
        getattr(part(x), name)(v)
        if differentiable:
            x.sum().backward()
        return x, w.grad, v.grad if other is None else None

    for part in (lambda x: x, lambda x: x[0], lambda x: x.t()):
        for other in (None,) if name == "copy_" else (None, 1.5):
            agree(lambda t, part=part, other=other: program(t, part, other))


DTYPES = ["bool", "uint8", "int32", "float16", "float32", "complex64"]


@pytest.mark.parametrize("name", ["add_", "mul_", "div_", "copy_", "__iadd__", "__itruediv__"])
@pytest.mark.parametrize("mine", DTYPES)
def test_results_are_cast_where_kinds_allow(name: str, mine: str) -> None:
    for other in (*DTYPES, 2, 2.5, True, 1j):

        def program(t: Any, other: Any = other) -> Any:
            x = t.ones(2, dtype=getattr(t, mine))
            y = t.ones(2, dtype=getattr(t, other)) if isinstance(other, str) else other
            if name == "copy_" and not isinstance(other, str):
                y = t.tensor(other)
            getattr(x, name)(y)
            return x

        got = outcome(program, ours)
        if name == "copy_" and other in ("complex64", 1j) and mine != "complex64":
            # Of complex values PyTorch drops a part.
            assert isinstance(got, Raised)
            check_error(got.error)
        else:
            same(got, outcome(program, torch))


def test_augmented_assignment_writes() -> None:
    def program(t: Any) -> Any:
        x = y = t.tensor([1.0, 2.0])
        x += 1
        x *= t.tensor([2.0, 3.0])
        x -= 0.5
        x /= 2
        x **= 2
        return x, y, x is y

    agree(program)


def test_copies() -> None:
    def program(t: Any) -> Any:
        x, v = t.zeros(2, 3, dtype=t.float16), t.tensor([1.0, 2.0, 3.0], requires_grad=True)
        x.copy_(v)
        x[:, 0].copy_(t.tensor([7, 8]))
        (x * x).sum().backward()
        return x, v.grad

    agree(program, rtol=1e-3)
    agree(lambda t: t.zeros(2).copy_(t.ones(3)))
    agree(lambda t: t.zeros(2).copy_(t.ones(1, 2)))
    assert xg.Tensor([1.0, 2.0]).copy_([3, 4]).tolist() == [3.0, 4.0]


def test_detaching() -> None:
    def program(t: Any) -> Any:
        w = t.tensor([1.0, 2.0], requires_grad=True)
        x = w * 2
        y = x * 3
        x.detach_()
        z = (x * w).sum()
        z.backward()
        y.sum().backward()
        return x.requires_grad, x.is_leaf, w.grad

    agree(program)
    agree(lambda t: t.ones(2)[:1].detach_())
    agree(lambda t: t.ones(2).detach().detach_())
    with pytest.raises(
        StateError, match=r"detach_: expected a tensor that is no view, got a view; use \.detach\(\)"
    ):
        xg.Tensor([1.0])[:1].detach_()


def test_set() -> None:
    x, y = xg.Tensor([1.0, 2.0]), xg.Tensor([3.0, 4.0, 5.0])
    assert x.set_(y) is x
    assert x.tolist() == [3.0, 4.0, 5.0]


@pytest.mark.parametrize("name", ["squeeze_", "unsqueeze_", "transpose_", "t_"])
@pytest.mark.parametrize("kind", ["plain", "result", "view", "leaf"])
def test_renaming_dimensions(name: str, kind: str) -> None:
    args = {"unsqueeze_": (1,), "transpose_": (0, 1)}.get(name, ())

    def program(t: Any) -> Any:
        w = t.arange(4.0).reshape(4, 1).clone().requires_grad_(kind in ("result", "leaf"))
        x = {"plain": w, "result": w * 1, "view": w[1:3], "leaf": w}[kind]
        with t.set_grad_enabled(kind != "leaf"):
            y = getattr(x, name)(*args)
        (x * 2).sum().backward() if x.requires_grad else x.mul_(2)
        return y is x, x, w if kind != "leaf" else None, w.grad

    agree(program)


def test_renaming_dimensions_of_a_leaf_is_refused() -> None:
    x = xg.Tensor([[1.0, 2.0]], requires_grad=True)
    agree(lambda t: t.ones(1, 2, requires_grad=True).t_())
    with pytest.raises(RuntimeError):
        x.squeeze_()
    assert x.shape == (1, 2)


@pytest.mark.parametrize("compiled", [False, True])
def test_inside_a_compiled_function(compiled: bool) -> None:
    def program(t: Any) -> Any:
        x, buffer = t.tensor([[1.0, 2.0], [3.0, 4.0]]), t.tensor([0.0, 0.0])

        def step(by: Any) -> Any:
            y = x.t()
            y.add_(by)
            y[0] *= 2.0
            buffer.copy_(x.sum(1)).unsqueeze(0).mul_(by)
            return x.clone().unsqueeze_(0)

        run = xg.compile(step) if compiled and t is ours else step
        return [run(t.tensor([float(i), 1.0])) for i in range(3)], x, buffer

    agree(program)


INPLACE = [
    name
    for name, method in vars(xg.Tensor).items()
    if name.endswith("_") and getattr(method, "__module__", "") == methods.__name__
]
WRONG = st.one_of(
    st.text(max_size=2), st.none(), st.just([]), st.just({}),
    st.lists(st.integers(0, 3), max_size=3).map(np.ones),
    st.floats(), st.complex_numbers(max_magnitude=10), st.sampled_from(DTYPES),
)  # fmt: skip


@given(st.sampled_from(INPLACE), st.lists(WRONG, max_size=2))
def test_a_method_that_fails_changes_nothing(name: str, args: list[Any]) -> None:
    base = xg.Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    x = base[0]
    try:
        getattr(x, name)(*args)
    except Exception as error:
        if type(error) is not TypeError or "argument" not in str(error):
            check_error(error)
        assert base.tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
        assert (x.tolist(), x.requires_grad, base._version) == ([1.0, 2.0, 3.0], False, 0)


def test_messages() -> None:
    x = xg.Tensor([1, 2])
    with pytest.raises(
        DtypeError, match=r"mul_: expected a result that can be cast to int32, got float32 .*; convert"
    ):
        x.mul_(0.5)
    with pytest.raises(
        ShapeError, match=r"copy_: expected a source that broadcasts to \(2,\), got int32\[3\]"
    ):
        x.copy_(xg.Tensor([1, 2, 3]))
    assert x.tolist() == [1, 2]


def test_derived_methods_say_what_they_are() -> None:
    method = methods.inplace(xg.core.dispatch.registry["add"])
    assert method.__name__ == "add_"
    assert method.__doc__ == "In-place version of :func:`add`; returns the tensor itself."
