"""The ``out=`` argument: what it takes, what it refuses, and what it leaves as it was."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import xlagrad.torch as ours
from tests.core.agreement import agree
from xlagrad.core.compile import compile
from xlagrad.core.errors import AutogradError, DtypeError, StateError


def _data(t: Any) -> Any:
    return t.tensor([[3.0, -1.0, 2.0], [0.5, 4.0, -2.0]])


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("add", (1,)), ("mul", (2.5,)), ("eq", (2.0,)), ("pow", (2,)), ("sum", (1,)), ("argmax", (0,)),
        ("cumsum", (1,)), ("clamp", (0, 1)), ("exp", ()), ("amax", (1,)), ("tril", ()), ("bitwise_not", ()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [(0,), (2, 3), (5,)])
def test_results_are_delivered(name: str, args: tuple[Any, ...], size: tuple[int, ...]) -> None:
    def program(t: Any) -> Any:
        x = _data(t).int() if name == "bitwise_not" else _data(t)
        place = t.empty(size, dtype=getattr(t, name)(x, *args).dtype)
        result = getattr(t, name)(x, *args, out=place)
        return result is place, place

    if size == (5,):
        with pytest.warns(UserWarning, match="an output with one or more elements was resized"):
            agree(program)
    elif size == (2, 3) and name in ("sum", "argmax", "amax"):
        with pytest.warns(UserWarning, match=re.escape("or no elements, got shape (2, 3)")):
            agree(program)
    else:
        agree(program)


def test_several_results() -> None:
    def program(t: Any) -> Any:
        x = _data(t)
        places = (t.empty(0), t.empty(0, dtype=t.int64))
        result = t.max(x, 1, out=places)
        listed = t.sort(x, 0, out=[t.empty(0), t.empty(0, dtype=t.int64)])
        return result.values is places[0], result.indices is places[1], *places, *listed

    agree(program)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "complex64", "int32", "bool"])
def test_casts_go_up_only(dtype: str) -> None:
    agree(lambda t: t.add(_data(t), 1, out=t.empty(0, dtype=getattr(t, dtype))))


@pytest.mark.parametrize("dtype", ["float16", "int32"])
def test_the_type_of_out_is_the_type_computed_in(dtype: str) -> None:
    agree(lambda t: t.sum(_data(t), 0, out=t.empty(0, dtype=getattr(t, dtype))))
    agree(lambda t: t.zeros(3, out=t.ones(3, dtype=getattr(t, dtype))))
    agree(lambda t: t.arange(3, out=t.empty(0, dtype=getattr(t, dtype))))


def test_out_may_be_a_view_or_an_operand() -> None:
    def program(t: Any) -> Any:
        base = t.zeros(4, 3)
        t.add(_data(t)[0], 1, out=base[1])
        t.exp(base[:, 0], out=base[:, 2])
        t.mul(base, base, out=base)
        return base

    agree(program)
    agree(lambda t: t.add(_data(t)[0], 1, out=t.zeros(1).expand(3)))


def test_no_gradient_passes() -> None:
    agree(lambda t: t.add(_data(t).requires_grad_(), 1, out=t.zeros(2, 3)))
    agree(lambda t: t.add(_data(t), 1, out=t.zeros(2, 3, requires_grad=True)))

    def without(t: Any) -> Any:
        with t.no_grad():
            return t.add(_data(t).requires_grad_(), 1, out=t.zeros(2, 3, requires_grad=True))

    agree(without)


def test_none_is_no_out() -> None:
    agree(lambda t: (t.add(_data(t), 1, out=None), t.zeros(2, out=None), t.max(_data(t), 0, out=None)))


def test_compiled_steps_deliver_into_outside_tensors() -> None:
    buffer, grown = ours.zeros(2, 3), ours.empty(0)

    @compile
    def step(x: Any) -> Any:
        ours.mul(x, 2, out=buffer)
        ours.sum(x, 1, out=grown)
        return buffer + 1

    x = _data(ours)
    for _ in range(2):
        assert ours.equal(step(x), x * 2 + 1)
        assert ours.equal(buffer, x * 2)
        assert ours.equal(grown, x.sum(1))


@pytest.mark.parametrize(
    ("out", "error", "text"),
    [
        (3, DtypeError, "add: expected a tensor, or a tuple of tensors, for 'out', got 3."),
        ([ours.zeros(2)], DtypeError, "add: expected one tensor for 'out', got 1."),
        (ours.zeros(2, dtype=ours.int32), DtypeError, "add: expected a result that can be cast to out's int"),
        (ours.zeros(4)[:3], StateError, "add: expected an out of shape (2,), got a view of shape (3,)"),
        (ours.zeros(2, requires_grad=True), AutogradError, "functions with out=... do not support automatic"),
    ],
    ids=["number", "list", "integers", "view", "leaf"],
)  # fmt: skip
def test_refused_before_anything_is_written(out: Any, error: type[Exception], text: str) -> None:
    before = np.array(out.detach()) if isinstance(out, ours.Tensor) else out
    with pytest.raises(error, match=re.escape(text)):
        ours.add(ours.ones(2), 1, out=out)
    if isinstance(out, ours.Tensor):
        assert np.array_equal(out.detach(), before)


def test_the_first_of_several_is_not_written_when_the_second_cannot_be() -> None:
    values, indices = ours.zeros(2), ours.zeros(3, dtype=ours.int32)[:1]
    with pytest.raises(StateError, match="got a view of shape"):
        ours.max(_data(ours), 1, out=(values, indices))
    assert values.tolist() == [0.0, 0.0]
