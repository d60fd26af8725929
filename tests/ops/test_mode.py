"""The most frequent elements against PyTorch."""

from __future__ import annotations

import pytest
import torch

import xlagrad.torch as ours
from tests.ops.compare import check, integers, tensor
from xlagrad.core.errors import DtypeError, IndexingError


def test_along_dimensions() -> None:
    x = integers(4, 5, 3, low=0, high=3).float()
    for dim in (0, 1, -1):
        check("mode", x, dim, compiled=dim == 1)
    check("mode", x, 1, True, compiled=False)
    check("mode", integers(9, low=0, high=3), compiled=False)
    check("mode", integers(9, low=0, high=2).bool(), compiled=False)


def test_extremes() -> None:
    nan = float("nan")
    for x in (tensor(), tensor(1), torch.tensor([nan, nan]), torch.tensor([nan, 2.0, 2.0, -float("inf")])):
        check("mode", x, grad=False, compiled=False)
    check("mode", tensor(0, 2), 1, compiled=False)


def test_refused() -> None:
    with pytest.raises(IndexingError, match="mode: expected at least one element along dim 0"):
        ours.tensor([]).mode()
    with pytest.raises(DtypeError, match="mode: expected a real tensor"):
        ours.tensor([1j]).mode()
