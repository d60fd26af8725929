"""Indexing against PyTorch: values, gradients, compiled, writes; and indices out of range."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import xlagrad as xg
import xlagrad.torch as ours
from tests.core.agreement import agree, check_error, outcome, same
from tests.ops.compare import check, tensor
from xlagrad.core.errors import DtypeError, IndexingError, ShapeError, TraceError

SHAPE = (3, 4, 2)

INDICES: dict[str, Any] = {
    "int": 1,
    "negative": -1,
    "slice": slice(1, None),
    "step": (slice(None, None, 2), slice(3, 0)),
    "none": (None, 1, None),
    "ellipsis": (..., 0),
    "everything": ...,
    "nothing": (),
    "past the end": slice(2, 100),
    "empty": slice(2, 1),
    "numpy int": np.int64(2),
    "tensor int": lambda t: t.tensor(2),
    "tensor slice": lambda t: slice(t.tensor(1), t.tensor(3)),
    "list": [0, 2],
    "list of lists": ([[0], [2]],),
    "range": (range(2),),
    "repeats": lambda t: t.tensor([0, 0, 2, 0]),
    "negative positions": lambda t: t.tensor([-1, -3]),
    "int32 positions": lambda t: t.tensor([1, 0], dtype=t.int32),
    "no positions": lambda t: t.tensor([], dtype=t.int64),
    "positions of two dims": lambda t: (t.tensor([0, 1]), t.tensor([3, 0])),
    "positions that broadcast": lambda t: (t.tensor([[0], [1]]), t.tensor([3, 0, 1])),
    "positions apart": lambda t: (t.tensor([0, 1]), slice(None), t.tensor([1, 0])),
    "int and positions apart": lambda t: (0, slice(None), t.tensor([1, 0])),
    "positions and int": lambda t: (t.tensor([2, 1]), 0),
    "positions, int, positions": lambda t: (t.tensor([2, 1]), 0, t.tensor([0, 1])),
    "positions after a slice": lambda t: (slice(1, None), t.tensor([1, 3])),
    "positions and none": lambda t: (None, t.tensor([1, 2]), None, slice(1, 3)),
    "mask": lambda t: t.tensor([True, False, True]),
    "mask of two dims": lambda t: t.arange(12).reshape(3, 4) % 3 == 0,
    "mask of all dims": lambda t: t.arange(24).reshape(SHAPE) % 5 == 0,
    "mask after a slice": lambda t: (slice(0, 2), t.tensor([True, False, False, True])),
    "mask and positions": lambda t: (t.tensor([True, False, True]), t.tensor([3, 1])),
    "mask of nothing": lambda t: t.tensor([False, False, False]),
    "true": True,
    "false": False,
    "none, true": (None, True, 1),
}


def resolved(index: Any, t: Any) -> Any:
    return index(t) if callable(index) else index


def library(x: Any) -> Any:
    return torch if isinstance(x, torch.Tensor) else ours


@pytest.mark.parametrize("name", INDICES)
def test_reading(name: str) -> None:
    index = INDICES[name]
    fixed = resolved(index, torch)
    twice = name in ("step", "repeats", "positions apart")
    check(
        lambda x: x[resolved(index, library(x))], tensor(*SHAPE), second=twice, compiled=_has_one_shape(fixed)
    )


def _has_one_shape(index: Any) -> bool:
    items = index if isinstance(index, tuple) else (index,)
    masks = any(isinstance(i, torch.Tensor) and i.dtype == torch.bool for i in items)
    return not masks and not any(isinstance(i, slice) and isinstance(i.start, torch.Tensor) for i in items)


# Values that suit any index: a number, a row, and one of the indexed shape.
@pytest.mark.parametrize("name", [n for n in INDICES if n != "repeats"])
@pytest.mark.parametrize("value", ["number", "last", "full"])
def test_writing(name: str, value: str) -> None:
    index = INDICES[name]

    def program(t: Any) -> Any:
        w = t.arange(24.0).reshape(SHAPE).clone().requires_grad_()
        x = w * 1
        at = resolved(index, t)
        shape = tuple(x[at].shape)
        v = {
            "number": lambda: 7.5,
            "last": lambda: t.arange(float(shape[-1] if shape else 1)).reshape(shape[-1:]).requires_grad_(),
            "full": lambda: t.arange(float(np.prod(shape))).reshape(shape).requires_grad_(),
        }[value]()
        x[at] = v
        (x * t.arange(24.0).reshape(SHAPE)).sum().backward()
        # No gradient and one of zeros mean the same.
        passed = value != "number" and v.grad is not None and v.grad.any()
        return x, w.grad, v.grad if passed else None

    agree(program)


@pytest.mark.parametrize("name", [n for n in INDICES if n != "repeats"])
def test_adding_to_a_part(name: str) -> None:
    def program(t: Any) -> Any:
        x = t.arange(24.0).reshape(SHAPE).clone()
        x[resolved(INDICES[name], t)] += 10.0
        return x

    agree(program)


@pytest.mark.parametrize("accumulate", [False, True])
def test_index_put(accumulate: bool) -> None:
    def program(t: Any) -> Any:
        w, v = t.zeros(3, 2, requires_grad=True), t.tensor([[1.0], [2.0], [3.0]], requires_grad=True)
        x = w * 1
        places = t.tensor([0, 0, 2] if accumulate else [0, 1, 2])
        x.index_put_((places, t.tensor([1, 1, 0])), v[:, 0], accumulate=accumulate)
        (x * t.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])).sum().backward()
        return x, w.grad, v.grad

    agree(program)


VALUES: list[Any] = [
    2.7,
    True,
    -1,
    [1, 2],
    np.array([3.0, 4.0], np.float32),
    1j,
    "text",
    None,
    300,
    float("nan"),
]


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool", "uint8", "complex64"])
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_take_the_tensors_type(dtype: str, value: Any) -> None:
    if isinstance(value, (list, np.ndarray)):
        x = ours.zeros(2, dtype=getattr(ours, dtype))
        x[:] = value
        assert x.tolist() == ours.tensor(np.asarray(value)).to(x.dtype).tolist()
        return

    def program(t: Any) -> Any:
        x = t.zeros(2, dtype=getattr(t, dtype))
        x[0] = value
        return x

    want, got = outcome(program, torch), outcome(program, ours)
    # What integers make of nan and -1 differs between machines; PyTorch finds any complex number true.
    if repr(value) not in ("nan", "-1") and (value, dtype) != (1j, "bool"):
        same(got, want)


def test_tensor_values_are_cast() -> None:
    def program(t: Any) -> Any:
        x, y = t.zeros(2, dtype=t.int32), t.zeros(2)
        x[0], y[:] = t.tensor(2.7), t.tensor([1, 2])
        return x, y

    agree(program)
    with pytest.raises(
        DtypeError, match=r"setitem: expected real values for float32, got complex64\[\]; take \.real"
    ):
        ours.zeros(2)[0] = ours.tensor(1j)


# Indices and values that do not fit.

BOUNDS = st.one_of(st.none(), st.integers(-5, 5))
ITEMS = st.one_of(
    st.integers(-5, 5), st.none(), st.just(...), st.booleans(),
    st.builds(slice, BOUNDS, BOUNDS, st.one_of(st.none(), st.integers(1, 3))),
    st.lists(st.integers(-4, 4), min_size=1, max_size=3),
    hnp.arrays(np.bool_, st.lists(st.integers(0, 4), min_size=1, max_size=2).map(tuple)),
)  # fmt: skip


# PyTorch takes a second Ellipsis for a slice, NumPy refuses it.
INDEX = st.lists(ITEMS, max_size=4).filter(lambda items: sum(i is ... for i in items) < 2).map(tuple)


def native(index: Any, t: Any) -> Any:
    """Return an index with the library's own tensors for arrays."""
    return tuple(t.from_numpy(i.copy()) if isinstance(i, np.ndarray) else i for i in index)


@given(st.sampled_from([(), (3,), (3, 4), (2, 1, 3)]), INDEX)
def test_any_index(shape: tuple[int, ...], index: Any) -> None:
    agree(lambda t: t.arange(float(np.prod(shape))).reshape(shape)[native(index, t)])


@given(INDEX, st.lists(st.integers(0, 4), max_size=3))
def test_any_write_fits_or_changes_nothing(index: Any, shape: list[int]) -> None:
    unique = not any(isinstance(i, list) and len({j % 3 for j in i}) < len(i) for i in index)

    def program(t: Any) -> Any:
        x = t.arange(12.0).reshape(3, 4).clone()
        x[native(index, t)] = t.arange(float(np.prod(shape))).reshape(shape)
        return x if unique else None

    agree(program)
    x = ours.arange(12.0).reshape(3, 4).clone()
    part = x[0]
    try:
        x[native(index, ours)] = ours.ones(shape)
    except Exception as error:
        check_error(error)
        assert x.flatten().tolist() == [float(i) for i in range(12)]
        assert part.tolist() == [0.0, 1.0, 2.0, 3.0]


WRONG = [
    1.5, "a", {}, object(), (0, 0, 0), (..., ...), slice(0.5, 1), slice("a", None), slice(None, None, 0),
    [0.5], np.zeros(2), np.zeros(2, np.uint8),
]  # fmt: skip


@pytest.mark.parametrize("index", WRONG, ids=range(len(WRONG)))
def test_wrong_indices(index: Any) -> None:
    x = xg.Tensor([[1.0, 2.0], [3.0, 4.0]])
    for use in (lambda: x[index], lambda: x.__setitem__(index, 0.0)):
        with pytest.raises(IndexingError) as caught:
            use()
        check_error(caught.value)
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]


MESSAGES: list[Any] = [
    (5, r"index: expected an index in \[-2, 1\] for dimension 0 with size 2, got index 5 is out of bounds"),
    ((0, [0, 3]), r"index: expected indices in \[-2, 1\] for dimension 1 with size 2, got index 3"),
    ((0, 0, 0), r"index: expected at most 2 indices, got too many indices for tensor: 3"),
    (np.array([True]), r"index: expected a mask of shape \(2,\), got the shape of the mask \(1,\)"),
    (np.zeros(1, np.uint8), r"index: .* got uint8, .*; cast it with \.bool\(\) or \.long\(\)"),
    (
        ([0, 1], [0, 1, 1]),
        r"index: expected index tensors that broadcast together, got shapes \(2,\) and \(3,\)",
    ),
]


@pytest.mark.parametrize(("index", "text"), MESSAGES)
def test_messages(index: Any, text: str) -> None:
    x = xg.Tensor([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(IndexingError, match=text):
        x[index]
    with pytest.raises(IndexingError, match=text):
        x[index] = 0.0


def test_the_message_for_a_value_that_does_not_fit() -> None:
    x = xg.Tensor([[1.0, 2.0], [3.0, 4.0]])
    for index in (0, [0], np.array([True, False])):
        with pytest.raises(
            ShapeError, match=r"setitem: expected a value that broadcasts to shape \(.*2,?\), got fl"
        ):
            x[index] = xg.Tensor([1.0, 2.0, 3.0])


# Under compile.


def test_traced_positions() -> None:
    x = xg.Tensor(np.arange(12, dtype=np.float32).reshape(3, 4))

    @xg.compile
    def step(i: Any, v: Any) -> Any:
        y = x.clone()
        y[i, 1:3] = v
        row = y[i]
        row[0] = -1.0
        return y, x[i], x[:, i], row

    for i in (0, 2, -1):
        at, v = xg.Tensor(i), xg.Tensor(50.0)
        with xg.eager():
            want = step(at, v)
        same_values(step(at, v), want)


def same_values(got: Any, want: Any) -> None:
    for g, w in zip(got, want, strict=True):
        assert g.tolist() == w.tolist()


def test_traced_masks_are_written_but_not_read() -> None:
    x = xg.Tensor(np.arange(6, dtype=np.float32).reshape(2, 3))

    @xg.compile
    def write(v: Any, row: Any) -> Any:
        y, z = x.clone(), x.clone()
        y[y > 2] = v
        y[(y == 0,)] = 5.0
        z[z.sum(1) > 3] = row
        return y, z

    arguments = xg.Tensor(-1.0), xg.Tensor([7.0, 8.0, 9.0])
    with xg.eager():
        want = write(*arguments)
    got = write(*arguments)
    same_values(got, want)
    with pytest.raises(TraceError, match="index: expected a mask whose value is known, got a traced bool"):
        xg.compile(lambda: x[x > 2])()
    with pytest.raises(
        TraceError, match=r"setitem: expected a value of shape \(\) or \(\) for a traced mask"
    ):
        xg.compile(lambda v: x.__setitem__(x > 2, v))(xg.Tensor([1.0, 2.0]))
    assert x.sum().item() == 15.0
