"""How arguments of operations divide into arrays and statics."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xlagrad as xg
from tests.core.agreement import check_error
from xlagrad.core.dispatch import Array, ArrayLike, Arrays
from xlagrad.core.errors import ArgumentError, DtypeError, TraceError
from xlagrad.core.signature import freeze, inspect_operation, own_name
from xlagrad.core.size import Size


def gather(
    input: Array, index: ArrayLike, out: Array | None = None, dim: int = 0, *, mode: str = "clip"
) -> Array:
    return input


def join(tensors: Arrays, dim: int = 0) -> Array:
    return tensors[0]


def turn(input: Array, *dims: int, flip: bool = False) -> Array:
    return input


def need(input: Array, size: int) -> Array:
    return input


SIGNATURES = {fn.__name__: inspect_operation(fn.__name__, fn) for fn in (gather, join, turn, need)}


def test_parameters_divide_by_annotation() -> None:
    s = SIGNATURES["gather"]
    assert (s.operands, s.statics) == (("input", "index", "out"), ("dim", "mode"))
    assert (s.optional, s.lists) == ((False, False, True), (False, False, False))
    assert (s.positional, s.variadic) == (1, False)
    assert s.text() == "gather(input, index, out, dim, mode)"
    assert SIGNATURES["join"].lists == (True,)
    assert SIGNATURES["turn"].variadic


def test_annotations_that_are_objects_count_too() -> None:
    def plain(input, other, k):  # type: ignore[no-untyped-def]
        return input

    plain.__annotations__ = {"input": jax.Array, "other": jax.Array | None, "k": int}
    assert inspect_operation("plain", plain).operands == ("input", "other")


def test_operands_come_first() -> None:
    def wrong(dim: int, input: Array) -> Array:
        return input

    with pytest.raises(
        ArgumentError, match="wrong: expected operands before statics, got 'input' after them"
    ):
        inspect_operation("wrong", wrong)


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "operands", "statics"),
    [
        ("gather", (1, 2), {}, [1, 2, None], (0, "clip")),
        ("gather", (1, 2, 3, 4), {"mode": "wrap"}, [1, 2, 3], (4, "wrap")),
        ("gather", (1,), {"index": 2, "dim": 3}, [1, 2, None], (3, "clip")),
        ("gather", (), {"x": 1, "index": 2, "axis": 3}, [1, 2, None], (3, "clip")),
        ("join", ([1, 2],), {}, [[1, 2]], (0,)),
        ("turn", (1,), {}, [1], ((), False)),
        ("turn", (1, 2, 3), {}, [1], ((2, 3), False)),
        ("turn", (1, [2, 3]), {"flip": True}, [1], ((2, 3), True)),
        ("turn", (1,), {"dims": (2, 3)}, [1], ((2, 3), False)),
    ],
)
def test_binding(name: str, args: Any, kwargs: Any, operands: Any, statics: Any) -> None:
    assert SIGNATURES[name].bind(args, kwargs) == (operands, statics)


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "text"),
    [
        ("gather", (1,), {}, "gather: expected the argument 'index', got none; its signature is gather"),
        ("gather", (1, 2, 3, 4, 5), {}, "gather: expected at most 4 positional arguments, got 5"),
        ("gather", (1, 2), {"index": 3}, "gather: expected one value for 'index', got two; pass it once"),
        ("gather", (1, 2, 3, 4), {"dim": 3}, "gather: expected one value for 'dim', got two; pass it once"),
        (
            "gather",
            (1, 2),
            {"where": 3},
            "gather: expected arguments among input, index, out, dim, mode, got 'where'",
        ),
        ("gather", (1, None), {}, "gather: expected a tensor or number for 'index', got None"),
        ("need", (1,), {}, "need: expected the argument 'size', got none"),
    ],
)
def test_wrong_calls(name: str, args: Any, kwargs: Any, text: str) -> None:
    with pytest.raises(DtypeError) as caught:
        SIGNATURES[name].bind(args, kwargs)
    assert str(caught.value).startswith(text)


VALUES = st.one_of(st.none(), st.integers(), st.text(max_size=2), st.lists(st.integers(), max_size=2))


@given(
    st.sampled_from(list(SIGNATURES)),
    st.lists(VALUES, max_size=6),
    st.dictionaries(
        st.sampled_from(["input", "index", "dim", "mode", "tensors", "size", "dims", "other"]), VALUES
    ),
)
def test_any_call_binds_or_raises_ours(name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    signature = SIGNATURES[name]
    try:
        operands, statics = signature.bind(tuple(args), kwargs)
    except Exception as error:
        check_error(error)
        return
    assert (len(operands), len(statics)) == (len(signature.operands), len(signature.statics))
    hash(statics)


def test_foreign_names() -> None:
    assert own_name("keepdims", ("input", "dim", "keepdim")) == "keepdim"
    assert own_name("axis", ("axis", "dim")) == "axis"
    assert own_name("unknown", ("input",)) == "unknown"


@pytest.mark.parametrize(
    ("value", "frozen"),
    [
        ([1, [2, 3]], (1, (2, 3))), ((1.5, None), (1.5, None)), (np.int64(3), 3), (np.array([1, 2]), (1, 2)),
        (np.array(2.5), 2.5), (Size((2, 3)), (2, 3)), ("a", "a"), (True, True),
    ],
)  # fmt: skip
def test_freezing(value: Any, frozen: Any) -> None:
    found = freeze("who", value)
    assert found == frozen
    assert type(found) is type(frozen)
    hash(found)


def test_freezing_tensors_and_nan() -> None:
    assert freeze("who", xg.Tensor(3)) == 3
    assert freeze("who", xg.Tensor([1, 2])) == (1, 2)
    assert freeze("who", float("nan")) is math.nan
    with pytest.raises(TraceError, match="item: expected a value that is known"):
        xg.compile(lambda t: freeze("who", t))(xg.Tensor(3))
    assert jnp.float32 in {freeze("who", jnp.float32)}
