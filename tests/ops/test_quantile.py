"""Quantiles against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import check, tensor
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError

NAN = float("nan")


@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
@pytest.mark.parametrize("way", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_interpolation(name: str, way: str) -> None:
    x = tensor(3, 6)
    x[0, 1] = x[1, 4] = NAN
    x[2] = NAN
    q = torch.tensor([0.0, 0.1, 0.5, 0.55, 1.0])
    check(name, x, q, 1, interpolation=way, compiled=way == "linear")


@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_shapes(name: str) -> None:
    x, q = tensor(3, 4, 2), torch.tensor([0.25, 0.6])
    for dim, keepdim in ((0, False), (-2, True), (None, True)):
        check(name, x, q, dim, keepdim, grad=False, compiled=False)
    check(name, x, 0.3, 1, True, compiled=False)
    check(name, tensor(), 0.3, compiled=False)
    check(name, x, torch.tensor([]), 0, grad=False, compiled=False)
    check(name, x, 1, grad=False, compiled=False)


WRONG: list[Any] = [
    lambda torch: torch.quantile(torch.tensor([1, 2]), 0.5),
    lambda torch: torch.quantile(torch.tensor([1.0, 2.0]), torch.tensor([1.5])),
    lambda torch: torch.quantile(torch.tensor([1.0, 2.0]), torch.tensor([[0.5]])),
    lambda torch: torch.quantile(torch.tensor([1.0, 2.0]), torch.tensor(0.5, dtype=torch.float16)),
    lambda torch: torch.quantile(torch.tensor([1.0, 2.0]), 0.5, 1),
    lambda torch: torch.zeros(0, 2).quantile(0.5, 1),
]


@pytest.mark.parametrize("program", WRONG, ids=range(len(WRONG)))
def test_refused(program: Any) -> None:
    agree(program)


def test_messages() -> None:
    x = ours.tensor([1.0, 2.0])
    with pytest.raises(ArgumentError, match=r"quantile: expected q in the range \[0, 1\], got 1.5"):
        x.quantile(1.5)
    with pytest.raises(ArgumentError, match=r"expected interpolation among linear, lower, .* got 'x'"):
        x.quantile(0.5, interpolation="x")
    with pytest.raises(ShapeError, match="nanquantile: expected a tensor that is not empty"):
        x[:0].nanquantile(0.5)
    with pytest.raises(DtypeError, match="expected a float32 or float64 tensor, got int32"):
        x.int().quantile(0.5)
