"""Tensors in one shape, in products and in combinations, against PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import check, tensor

PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "atleast_1d": lambda t: t.atleast_1d(t.tensor(1.0)),
    "atleast_2d": lambda t: t.atleast_2d(t.arange(3)),
    "atleast_3d": lambda t: (t.atleast_3d(t.ones(2, 3)), t.atleast_3d(t.ones(2)), t.atleast_3d(t.tensor(1))),
    "atleast of several": lambda t: t.atleast_1d(t.tensor(1.0), t.tensor([2])),
    "atleast of a list": lambda t: t.atleast_2d([t.tensor(1.0), t.tensor([2])]),
    "atleast of none": lambda t: t.atleast_2d(),
    "atleast of a number": lambda t: t.atleast_2d(3),
    "broadcast_shapes": lambda t: t.broadcast_shapes((2, 1), (3,), 1),
    "broadcast_shapes of none": lambda t: t.broadcast_shapes(),
    "broadcast_shapes unequal": lambda t: t.broadcast_shapes((2,), (3,)),
    "broadcast_tensors": lambda t: t.broadcast_tensors(t.ones(2, 1), t.arange(3)),
    "broadcast_tensors strides": lambda t: t.broadcast_tensors(t.ones(2, 1), t.ones(3))[0].stride(),
    "broadcast_tensors unequal": lambda t: t.broadcast_tensors(t.ones(2), t.ones(3)),
    "cartesian_prod": lambda t: t.cartesian_prod(t.tensor([1, 2]), t.tensor([3, 4, 5])),
    "cartesian_prod of one": lambda t: t.cartesian_prod(t.tensor([1, 2])),
    "cartesian_prod with nothing": lambda t: t.cartesian_prod(t.tensor([1.0, 2.0]), t.zeros(0)),
    "cartesian_prod of matrices": lambda t: t.cartesian_prod(t.ones(2, 2), t.ones(2)),
    "cartesian_prod of types": lambda t: t.cartesian_prod(t.tensor([1]), t.tensor([1.0])),
    "combinations": lambda t: t.combinations(t.arange(4), 3),
    "combinations again": lambda t: t.combinations(t.arange(3.0), with_replacement=True),
    "combinations of few": lambda t: t.combinations(t.arange(2), 3),
    "combinations of none": lambda t: t.combinations(t.arange(3), 0),
    "combinations negative": lambda t: t.combinations(t.arange(3), -1),
    "combinations of a matrix": lambda t: t.combinations(t.ones(2, 2)),
    "meshgrid": lambda t: t.meshgrid(t.arange(2), t.tensor(7), t.arange(3), indexing="xy"),
    "meshgrid strides": lambda t: t.meshgrid([t.arange(2), t.arange(3)], indexing="ij")[1].stride(),
    "meshgrid of types": lambda t: t.meshgrid(t.arange(2), t.arange(3.0), indexing="ij"),
    "meshgrid of matrices": lambda t: t.meshgrid(t.ones(2, 2), indexing="ij"),
    "unravel_index": lambda t: t.unravel_index(t.tensor([[3, 5], [0, 1]]), (2, 3)),
    "unravel_index of a number": lambda t: t.unravel_index(t.tensor(3), 6),
    "unravel_index of floats": lambda t: t.unravel_index(t.tensor([1.0]), (2, 3)),
    "unravel_index negative": lambda t: t.unravel_index(t.tensor([1]), (2, -3)),
    "range": lambda t: t.range(1, 4),
    "range down": lambda t: t.range(5, 1, -2, dtype=t.int64),
    "range of steps": lambda t: t.range(0, 1, 0.3),
    "range away": lambda t: t.range(5, 1),
    "range without steps": lambda t: t.range(1, 5, 0),
    "empty_permuted": lambda t: t.empty_permuted((2, 3), (1, 0)).shape,
    "empty_permuted twice": lambda t: t.empty_permuted((2, 3), (1, 1)),
    "empty_strided": lambda t: t.empty_strided((2, 3), (1, 2), dtype=t.int32).shape,
    "empty_strided unequal": lambda t: t.empty_strided((2, 3), (1,)),
    "new_empty_strided": lambda t: t.ones(1, dtype=t.int16).new_empty_strided((2, 3), (1, 2)).dtype.itemsize,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    agree(PROGRAMS[name])


GRADIENTS: dict[str, Callable[[Any], Any]] = {
    "atleast_3d": lambda t: t.atleast_3d,
    "broadcast_tensors": lambda t: t.broadcast_tensors,
    "cartesian_prod": lambda t: lambda *xs: t.cartesian_prod(*(x[0] for x in xs)),
    "combinations": lambda t: lambda *xs: t.combinations(xs[0][0]),
    "meshgrid": lambda t: lambda *xs: t.meshgrid(*(x[0] for x in xs), indexing="ij"),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name: str) -> None:
    check(GRADIENTS[name](ours), tensor(2, 3), tensor(1, 3), theirs=GRADIENTS[name](torch))
