"""Joining, repeating and turning over, against PyTorch."""

from __future__ import annotations

import pytest
import torch

from tests.ops.compare import Tensor, check, integers, tensor
from xlagrad.core.dispatch import registry
from xlagrad.core.errors import ArgumentError, IndexingError, ShapeError


def test_cat() -> None:
    check("cat", [tensor(2, 3), tensor(1, 3)])
    check("cat", [tensor(2, 3), tensor(2, 1), tensor(2, 2)], dim=-1, compiled=False)
    check("cat", (tensor(0), tensor(2, 3)), compiled=False)
    check("cat", [tensor(0, 3), tensor(2, 3)], compiled=False)
    check("cat", [integers(2), tensor(2)], compiled=False)
    check("cat", [integers(2, dtype=torch.int32), torch.tensor([True])], compiled=False)
    check("concat", [tensor(2), tensor(2, seed=1)], 0, compiled=False)


def test_stack() -> None:
    for dim in (0, 1, -1):
        check("stack", [tensor(2, 3), tensor(2, 3, seed=1)], dim, compiled=dim == -1)
    check("stack", [tensor(), tensor(seed=1)], compiled=False)
    for name in ("hstack", "vstack", "dstack", "column_stack"):
        check(name, [tensor(3), tensor(3, seed=1)], compiled=False)
        check(name, [tensor(2, 3), tensor(2, 3, seed=1)], compiled=False)
    check("hstack", [tensor(), tensor(seed=1)], compiled=False)
    check("block_diag", tensor(2, 3), tensor(2), tensor(), compiled=False)


def test_repeats() -> None:
    x = tensor(2, 3)
    check(lambda v: v.repeat(2, 1, 3), x)
    check(lambda v: v.repeat((2, 2)), x, compiled=False)
    check(lambda v: v.tile(2), x, compiled=False)
    check("tile", x, (2, 1, 1), compiled=False)
    check(lambda v: v.repeat(0, 1), x, compiled=False)
    check("repeat_interleave", x, 2, compiled=False)
    check("repeat_interleave", x, 2, dim=1, compiled=False)
    check("repeat_interleave", x, torch.tensor([1, 0, 2]), dim=1, compiled=False)
    check("repeat_interleave", torch.tensor([1, 0, 2]), compiled=False)


def test_turned_over() -> None:
    x = tensor(2, 3, 4)
    check("flip", x, (0, 2))
    check(lambda v: v.flip(0, -1), x, compiled=False)
    check("flip", tensor(), (), compiled=False)
    check("fliplr", x, compiled=False)
    check("flipud", x, compiled=False)
    check("rot90", x, 1, (0, 2), compiled=False)
    check("rot90", x, -3, compiled=False)
    check("roll", x, 5, compiled=False)
    check("roll", x, (1, -2), (0, 2))
    check("roll", x, 1, -1, compiled=False)


def test_errors() -> None:
    x, y = Tensor([[1.0, 2.0]]), Tensor([1.0])
    with pytest.raises(ShapeError, match=r"cat: .* except along dim 0, got float32\[1, 2\] and float32\[1\]"):
        registry["cat"]([x, y])
    with pytest.raises(ShapeError, match="cat: expected tensors with dimensions, got float32"):
        registry["cat"]([Tensor(1.0)])
    with pytest.raises(ArgumentError, match="cat: expected at least one tensor, got an empty list"):
        registry["cat"]([])
    with pytest.raises(IndexingError, match=r"stack: expected dim in the range \[-2, 1\], got 3"):
        registry["stack"]([y, y], 3)
    with pytest.raises(ShapeError, match="stack: expected tensors of one shape"):
        registry["stack"]([x, y])
    with pytest.raises(ShapeError, match="repeat: expected at least 2 counts"):
        x.repeat(2)
    with pytest.raises(ArgumentError, match="roll: expected one shift for each dim, got 2 shifts and 1 dims"):
        x.roll((1, 2), 0)
    with pytest.raises(ArgumentError, match="rot90: expected two dims"):
        x.rot90(1, (0,))
    with pytest.raises(ShapeError, match="repeat_interleave: expected one count, or 2 of them, got 3"):
        x.repeat_interleave(Tensor([1, 2, 3]), 1)
