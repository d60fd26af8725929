"""Gathering, scattering, masks, sorting and counting against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.ops.compare import Tensor, check, integers, tensor
from xlagrad.core.compile import compile
from xlagrad.core.dispatch import registry
from xlagrad.core.errors import ArgumentError, DtypeError, IndexingError, ShapeError, TraceError


def index(*shape: int, high: int) -> torch.Tensor:
    return integers(*shape, low=0, high=high)


def test_gather() -> None:
    x = tensor(3, 4)
    check("gather", x, 1, index(3, 2, high=4))
    check("gather", x, 0, index(2, 3, high=3), compiled=False)
    check("gather", x, -1, index(0, 2, high=4), compiled=False)
    check("gather", tensor(), 0, torch.tensor(0), compiled=False)
    check("take_along_dim", x, index(3, 1, high=4), 1, compiled=False)
    check("take_along_dim", x, index(5, high=12), compiled=False)
    check("take", x, torch.tensor([[0, -1], [5, 5]]), compiled=False)
    check("index_select", x, 1, index(6, high=4), compiled=False)
    check("index_select", x, 0, torch.tensor(1), compiled=False)


def test_scatter() -> None:
    x, place, src = tensor(3, 4), torch.tensor([[0, 2], [1, 0]]), tensor(2, 2)
    check("scatter", x, 1, place, src)
    check("scatter", x, 0, place, src, compiled=False)
    check("scatter", x, 1, place, 2.5, compiled=False)
    check("scatter", x, 1, place, value=2.5, compiled=False)
    check("scatter", integers(3, 4), 1, place, integers(3, 3), compiled=False)
    check("scatter", x, 1, place, tensor(3, 3), grad=False, compiled=False)
    check("scatter_add", x, 1, place, tensor(3, 3), grad=False, compiled=False)
    check("scatter_add", x, 1, torch.tensor([[0, 0], [1, 1]]), src)
    added = registry["scatter"](Tensor([0.0, 0.0]), 0, Tensor([1, 1]), 2.0, reduce="add")
    assert added.tolist() == [0.0, 4.0]
    check(lambda v, s: v.clone().scatter_(1, place_of(v, place), s), x, src, compiled=False)
    check(lambda v, s: v.clone().scatter_add_(1, place_of(v, place), s), x, src, compiled=False)


def place_of(like: Any, place: torch.Tensor) -> Any:
    return place if isinstance(like, torch.Tensor) else Tensor(place.numpy())


def test_slices() -> None:
    x, at = tensor(3, 4), torch.tensor([0, 2, 0])
    check("index_add", x, 1, at, tensor(3, 3), alpha=2)
    check("index_add", x, 0, at, tensor(3, 4, seed=1), compiled=False)
    check("index_copy", x, 1, torch.tensor([3, 1]), tensor(3, 2), compiled=False)
    check("index_fill", x, 1, at, 7.0, compiled=False)
    check("index_fill", x, 0, at, torch.tensor(7.0), compiled=False)


def test_masks() -> None:
    x = tensor(3, 4)
    check("masked_fill", x, x > 0, 5)
    check("masked_fill", x, torch.tensor([True, False, True, False]), torch.tensor(2.0), compiled=False)
    check("masked_fill", integers(2, 4), torch.tensor([True, False, True, False]), 2.5, compiled=False)
    check("masked_select", x, x > 0, compiled=False)
    check("masked_select", x, torch.tensor([True, False, True, False]), compiled=False)
    check("masked_scatter", x, x > 0, tensor(20), compiled=False)
    check(lambda v: v.clone().masked_fill_(v > 0, 0.0), x, compiled=False)


def test_nonzero() -> None:
    for x in (integers(3, 4, low=0, high=2), torch.tensor(5), torch.tensor([0, 0]), torch.zeros(0, 2)):
        check("nonzero", x, grad=False, compiled=False)
        check("nonzero", x, as_tuple=True, grad=False, compiled=False)
    check("argwhere", integers(3, 4, low=0, high=2), compiled=False)
    t = Tensor([0, 5, 6])
    assert compile(lambda: t.nonzero(size=3, fill_value=-1))().tolist() == [[1], [2], [-1]]
    with pytest.raises(
        TraceError, match=r"nonzero: .* a traced int..\[3\] at .*test_gather.py.*; pass size="
    ):
        compile(lambda: t.nonzero())()


@pytest.mark.parametrize("descending", [False, True])
def test_sort(descending: bool) -> None:
    x = torch.tensor([[3.0, 1.0, 2.0, 1.0], [float("nan"), float("inf"), -0.5, float("nan")]])
    check("sort", x, stable=True, descending=descending, compiled=descending)
    check("sort", tensor(3, 4), 0, descending, compiled=False)
    check("argsort", x, stable=True, descending=descending, compiled=False)
    check("sort", integers(6), stable=True, descending=descending, compiled=False)
    check("sort", tensor(), compiled=False)
    check("sort", torch.tensor([True, False]), compiled=False)
    check("msort", tensor(3, 4), compiled=False)


def test_topk() -> None:
    check("topk", tensor(3, 4), 2)
    check("topk", tensor(3, 4), 2, 0, False, compiled=False)
    check("topk", torch.tensor([float("nan"), 1.0, float("inf"), 2.0]), 2, compiled=False)
    check("topk", torch.tensor([float("nan"), 1.0, float("inf"), 2.0]), 2, largest=False, compiled=False)
    check("topk", torch.tensor([5, 3, 9]), 2, largest=False, compiled=False)
    check("topk", tensor(), 1, compiled=False)
    check("topk", tensor(3), 0, compiled=False)
    with pytest.raises(ArgumentError, match="topk: expected k from 0 to 2, got 3"):
        Tensor([1.0, 2.0]).topk(3)


def test_places_in_sorted_sequences() -> None:
    row, values = torch.tensor([1.0, 3.0, 3.0, 5.0]), torch.tensor([[3.0, 0.0], [9.0, float("nan")]])
    check("searchsorted", row, values, grad=False)
    check("searchsorted", row, values, right=True, grad=False, compiled=False)
    check("searchsorted", row, 3, grad=False, compiled=False)
    check("searchsorted", torch.stack([row, row + 1]), values, side="right", grad=False, compiled=False)
    for sequence, sought in ((row[:0], values), (torch.zeros(2, 0), values), (torch.zeros(0, 4), values[:0])):
        check("searchsorted", sequence, sought, grad=False, compiled=False)
    with pytest.raises(ArgumentError, match="searchsorted: expected side and right to agree"):
        registry["searchsorted"](Tensor([1.0]), 1.0, side="left", right=True)
    check("searchsorted", row.flip(0), values, sorter=torch.tensor([3, 2, 1, 0]), grad=False, compiled=False)
    check("bucketize", values, row, out_int32=True, grad=False, compiled=False)


def test_distinct_values() -> None:
    x = torch.tensor([[3, 1, 3], [1, 1, 2]])
    check("unique", x, compiled=False)
    check("unique", x, return_inverse=True, return_counts=True, compiled=False)
    check("unique", torch.tensor([[1, 2], [1, 2], [0, 1]]), return_inverse=True, dim=0, compiled=False)
    check("unique", torch.tensor([1.0, float("nan"), float("nan")]), grad=False, compiled=False)
    check("unique_consecutive", x, return_inverse=True, return_counts=True, compiled=False)
    check("unique_consecutive", torch.tensor([[1, 2], [1, 2], [0, 1]]), dim=0, compiled=False)
    check("bincount", torch.tensor([1, 1, 3]), compiled=False)
    check("bincount", torch.tensor([1, 1, 3]), torch.tensor([0.5, 1.0, 2.0]), 6, grad=False, compiled=False)
    one_hot = torch.nn.functional.one_hot
    check("one_hot", torch.tensor([[0, 2]]), theirs=one_hot, compiled=False)
    check("one_hot", torch.tensor([0, 2]), 4, theirs=one_hot)


def test_errors() -> None:
    x = Tensor([[1.0, 2.0]])
    with pytest.raises(ShapeError, match="gather: expected an index with as many dimensions"):
        x.gather(0, Tensor([0]))
    with pytest.raises(ShapeError, match="gather: expected an index no larger than the tensor in dim 0"):
        x.gather(1, Tensor([[0], [1]]))
    with pytest.raises(DtypeError, match="gather: expected an integer index, got float32"):
        x.gather(1, x)
    with pytest.raises(IndexingError, match=r"scatter: expected dim in the range \[-2, 1\], got 2"):
        x.scatter(2, Tensor([[0]]), 1.0)
    with pytest.raises(ArgumentError, match="scatter: expected src or value, got neither"):
        x.scatter(1, Tensor([[0]]))
    with pytest.raises(DtypeError, match="masked_fill: expected a boolean mask, got float32"):
        x.masked_fill(x, 1.0)
    with pytest.raises(ShapeError, match=r"index_add: expected a source of shape \[1, 1\]"):
        x.index_add(1, Tensor([0]), Tensor([1.0]))
    with pytest.raises(ArgumentError, match="bincount: expected elements and minlength"):
        registry["bincount"](Tensor([-1]))
    with pytest.raises(TraceError, match=r"one_hot: .*; pass num_classes="):
        compile(lambda t: registry["one_hot"](t))(Tensor([1]))


def test_empty_indices_of_any_shape() -> None:
    empty = torch.zeros(2, 0, dtype=torch.int64)
    check("gather", tensor(5), 0, empty, compiled=False)
    check("scatter", tensor(5), 0, torch.zeros(0, dtype=torch.int64), tensor(0), compiled=False)
    check("unique_consecutive", torch.zeros(0), grad=False, compiled=False)
    check("tensordot", tensor(2, 1), tensor(3, 2), dims=([1], [0]), compiled=False)
