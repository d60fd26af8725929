"""Values that meet in one place: scatter_reduce, index_reduce, put, in place too, against PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import check, integers, tensor

REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_scatter_reduce(reduce: str, include_self: bool) -> None:
    index = integers(3, 5, low=0, high=3)
    args = tensor(4, 5), 0, index, tensor(3, 5, seed=1), reduce
    check("scatter_reduce", *args, include_self=include_self, second=reduce in ("sum", "mean"))
    across = tensor(3, 4), 1, integers(2, 3, low=0, high=4), tensor(2, 3, seed=5), reduce
    check("scatter_reduce", *across, include_self=include_self)


# PyTorch says that its index_reduce is in beta.
@pytest.mark.filterwarnings("ignore:index_reduce:UserWarning")
@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", REDUCTIONS[1:])
def test_index_reduce(reduce: str, include_self: bool) -> None:
    args = tensor(4, 3), 1, torch.tensor([2, 0, 2, 2]), tensor(4, 4, seed=1), reduce
    check("index_reduce", *args, include_self=include_self)


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("zeros", [(0.0, 2.0, 3.0), (0.0, 0.0, 3.0), (1.0, 2.0, 0.0)])
def test_products_with_zeros_have_gradients(zeros: tuple[float, ...], include_self: bool) -> None:
    for start in ([1.5, 2.0], [0.0, 2.0]):
        args = torch.tensor(start), 0, torch.tensor([0, 0, 0]), torch.tensor(zeros), "prod"
        check("scatter_reduce", *args, include_self=include_self)


@pytest.mark.parametrize("reduce", ["amax", "amin"])
def test_those_that_tie_share_the_gradient(reduce: str) -> None:
    args = torch.tensor([1.0, 2.0]), 0, torch.tensor([0, 0, 1]), torch.tensor([1.0, 1.0, 2.0]), reduce
    check("scatter_reduce", *args)


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "NaN": lambda t: t.zeros(2).scatter_reduce(0, t.tensor([0]), t.tensor([float("nan")]), "amax"),
    "integers": lambda t: t.tensor([5, -8]).scatter_reduce(0, t.tensor([0, 1]), t.tensor([-2, 3]), "mean"),
    "integer extremes": lambda t: t.tensor([5, -8]).scatter_reduce(
        0, t.tensor([0, 0]), t.tensor([-2, 3]), "amin", include_self=False
    ),
    "integer product": lambda t: t.tensor([5, -8]).scatter_reduce(
        0, t.tensor([0, 0]), t.tensor([-2, 3]), "prod", include_self=False
    ),
    "truth": lambda t: t.tensor([True, False]).scatter_reduce(
        0, t.tensor([1, 1]), t.tensor([True, False]), "sum"
    ),
    "a number": lambda t: t.tensor(1.0).scatter_reduce(0, t.tensor(0), t.tensor(3.0), "sum"),
    "nothing": lambda t: t.ones(3).scatter_reduce(
        0, t.zeros(0, dtype=t.int64), t.ones(2), "mean", include_self=False
    ),
    "in place": lambda t: t.ones(3).scatter_reduce_(0, t.tensor([1, 1]), t.tensor([2.0, 3.0]), "prod"),
    "index in place": lambda t: t.ones(3).index_reduce_(0, t.tensor([1, 1]), t.tensor([2.0, 3.0]), "prod"),
    "index number": lambda t: t.tensor(2.0).index_reduce(0, t.tensor([0]), t.tensor(3.0), "prod"),
    "another type": lambda t: t.zeros(3).scatter_reduce(0, t.tensor([0]), t.tensor([1]), "sum"),
    "short name": lambda t: t.zeros(3).scatter_reduce(0, t.tensor([0]), t.tensor([1.0]), "max"),
    "another reduction": lambda t: t.zeros(3).scatter_reduce(0, t.tensor([0]), t.tensor([1.0]), "add"),
    "max of slices": lambda t: t.zeros(3).index_reduce(0, t.tensor([0]), t.tensor([1.0]), "max"),
    "sum of slices": lambda t: t.zeros(3).index_reduce(0, t.tensor([0]), t.tensor([1.0]), "sum"),
    "short source": lambda t: t.zeros(3).scatter_reduce(0, t.tensor([0, 1]), t.ones(1), "sum"),
    "floats for an index": lambda t: t.zeros(3).scatter_reduce(0, t.tensor([0.0]), t.ones(1), "sum"),
    "other dimensions": lambda t: t.zeros(3, 3).scatter_reduce(0, t.tensor([0]), t.ones(1), "sum"),
    "source's shape": lambda t: t.zeros(3, 3).index_reduce(0, t.tensor([0]), t.ones(1), "prod"),
    "dim": lambda t: t.zeros(3).scatter_reduce(1, t.tensor([0]), t.ones(1), "sum"),
    "multiply": lambda t: t.ones(3).scatter(0, t.tensor([0, 0]), t.tensor([2.0, 3.0]), reduce="multiply"),
    "multiply by one": lambda t: t.ones(3).scatter_(0, t.tensor([0, 0]), 2.0, reduce="multiply"),
    "add one": lambda t: t.ones(3).scatter_(0, t.tensor([0, 0]), 2.0, reduce="add"),
    "put": lambda t: t.zeros(2, 2).put(t.tensor([[0], [-1]]), t.tensor([1.0, 2.0])),
    "put twice": lambda t: t.zeros(3).put_(t.tensor([0, 0]), t.tensor([1.0, 2.0]), accumulate=True),
    "put nothing": lambda t: t.zeros(3).put(t.zeros(0, dtype=t.int64), t.zeros(0)),
    "put another type": lambda t: t.zeros(3).put(t.tensor([0]), t.tensor([1])),
    "put too few": lambda t: t.zeros(3).put(t.tensor([0, 1]), t.tensor([1.0])),
    "put at floats": lambda t: t.zeros(3).put(t.tensor([0.0]), t.tensor([1.0])),
    "index_put": lambda t: t.zeros(2, 3).index_put(
        (t.tensor([0, 1]), t.tensor([1, 2])), t.tensor([1.0, 2.0])
    ),
    "index_put twice": lambda t: t.zeros(3).index_put((t.tensor([0, 0]),), t.tensor(1.0), accumulate=True),
    "index_put mask": lambda t: t.zeros(2, 3).index_put((t.tensor([True, False]),), t.tensor(1.0)),
    "index_put_": lambda t: t.zeros(2, 3).index_put_((t.tensor([-1]),), t.arange(3.0)),
    "index_put outside": lambda t: t.zeros(3).index_put((t.tensor([3]),), t.tensor(1.0)),
    "index_put shape": lambda t: t.zeros(3).index_put((t.tensor([0, 1]),), t.ones(3)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    agree(PROGRAMS[name])


def test_gradients_of_fill() -> None:
    check(ours.fill, tensor(2, 3), torch.tensor(2.0), theirs=torch.fill)
    check(ours.fill, tensor(2, 3), 2.5, theirs=torch.fill)


def test_gradients_of_put() -> None:
    at = torch.tensor([[0, 5], [-2, 3]])
    check("put", tensor(2, 3), at, tensor(2, 2), second=True)
    check("put", tensor(2, 3), torch.tensor([0, 0, 1]), tensor(3), True)
    check("index_put", tensor(2, 3), (torch.tensor([1, 0]),), tensor(2, 3, seed=1))
    check("index_put", tensor(2, 3), (torch.tensor([1, 1]), torch.tensor([0, 0])), tensor(2, seed=1), True)


OUTSIDE: dict[str, Callable[[Any], Any]] = {
    "gather": lambda t: t.ones(3).gather(0, t.tensor([-1])),
    "scatter": lambda t: t.ones(3).scatter(0, t.tensor([3]), 1.0),
    "scatter_add": lambda t: t.ones(3).scatter_add(0, t.tensor([5]), t.ones(1)),
    "scatter_reduce": lambda t: t.ones(3).scatter_reduce(0, t.tensor([5]), t.ones(1), "sum"),
    "index_select": lambda t: t.ones(3).index_select(0, t.tensor([5])),
    "index_add": lambda t: t.ones(3).index_add(0, t.tensor([-1]), t.ones(1)),
    "index_copy": lambda t: t.ones(3).index_copy(0, t.tensor([3]), t.ones(1)),
    "index_fill": lambda t: t.ones(3).index_fill(0, t.tensor([3]), 1.0),
    "index_fill from the end": lambda t: t.ones(3).index_fill(0, t.tensor([-1]), 2.0),
    "index_fill complex": lambda t: t.ones(3).index_fill(0, t.tensor([0]), 1j),
    "take": lambda t: t.ones(3).take(t.tensor([3])),
    "take from the end": lambda t: t.arange(3.0).take(t.tensor([-3])),
    "put": lambda t: t.ones(3).put(t.tensor([-4]), t.ones(1)),
    "scatter's type": lambda t: t.ones(3).scatter(0, t.tensor([0]), t.ones(1, dtype=t.int32)),
    "scatter_add's type": lambda t: t.ones(3).scatter_add(0, t.tensor([0]), t.ones(1, dtype=t.int32)),
    "index_add's type": lambda t: t.ones(3).index_add(0, t.tensor([0]), t.ones(1, dtype=t.int32)),
    "index_copy's type": lambda t: t.ones(3).index_copy(0, t.tensor([0]), t.ones(1, dtype=t.int32)),
    "truth": lambda t: t.tensor([True, False]).scatter_add(0, t.tensor([1]), t.tensor([True])),
    "truth of slices": lambda t: t.tensor([True, False]).index_add(0, t.tensor([1]), t.tensor([True])),
    "truth put": lambda t: t.tensor([True, False]).put(t.tensor([1]), t.tensor([True]), True),
    "short source": lambda t: t.ones(3).masked_scatter(t.tensor([True, False, True]), t.ones(1)),
    "roll": lambda t: t.arange(4).roll((1, 2)),
    "block_diag of none": lambda t: t.block_diag(),
    "output_size": lambda t: t.repeat_interleave(t.arange(2), t.tensor([1, 2]), output_size=7),
    "wrapped range": lambda t: t.arange(-1, 2, dtype=t.uint8),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_indices_and_types_that_torch_refuses(name: str) -> None:
    agree(OUTSIDE[name])
