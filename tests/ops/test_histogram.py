"""Histograms against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import check, tensor
from xlagrad.core.errors import ArgumentError, DtypeError

NAN = float("nan")


def test_counts() -> None:
    x = tensor(5, 8)
    check("histc", x, 7, grad=False)
    check("histc", x, bins=4, min=-1, max=1.5, grad=False, compiled=False)
    check("histc", torch.tensor([1.0, 2.0, 3.0, NAN]), 3, 1, 3, grad=False, compiled=False)
    check("histc", torch.tensor([2.0, 2.0]), 4, grad=False, compiled=False)
    check("histc", tensor(0), 4, grad=False, compiled=False)
    check("histc", x.half(), 5, grad=False, compiled=False)


@pytest.mark.parametrize("density", [False, True])
def test_histogram(density: bool) -> None:
    x = tensor(5, 8)
    weight = tensor(5, 8, seed=1, low=0.0)
    for options in ({}, {"range": (-1.0, 0.5)}, {"weight": weight}):
        check("histogram", x, 6, **options, density=density, grad=False, compiled="range" in options)
    check("histogram", x, torch.tensor([-1.0, 0.0, 0.3, 2.0]), density=density, grad=False, compiled=False)


def test_extremes() -> None:
    for x in (tensor(0), torch.tensor([1.0, 1.0]), tensor()):
        check("histogram", x, 2, grad=False, compiled=False)
    check("histogram", torch.tensor([1.0, NAN]), 2, range=(0.0, 1.0), grad=False, compiled=False)


def test_of_points() -> None:
    x = tensor(30, 2)
    check("histogramdd", x, [3, 4], grad=False)
    check("histogramdd", x, 3, density=True, grad=False, compiled=False)
    check("histogramdd", x, [2, 3], range=[-1.0, 1.0, 0.0, 2.0], grad=False, compiled=False)
    edges = [torch.tensor([-1.0, 0.0, 2.0]), torch.tensor([-2.0, 0.5, 1.0, 1.5])]
    weight = tensor(30, seed=1, low=0.0)
    check("histogramdd", x, edges, weight=weight, grad=False, compiled=False)


WRONG: list[Any] = [
    lambda torch: torch.histc(torch.tensor([1, 2])),
    lambda torch: torch.histc(torch.tensor([1.0, NAN]), 4),
    lambda torch: torch.histc(torch.tensor([1.0]), 4, 3, 1),
    lambda torch: torch.histc(torch.tensor([1.0]), 0),
    lambda torch: torch.histc(torch.tensor([1.0]), 2.0),
    lambda torch: torch.histogram(torch.tensor([1, 2]), 3),
    lambda torch: torch.histogram(torch.tensor([1.0, NAN]), 3),
    lambda torch: torch.histogram(torch.tensor([1.0]), 2, range=(2.0, 1.0)),
    lambda torch: torch.histogram(torch.tensor([1.0]), torch.tensor([1.0])),
    lambda torch: torch.histogram(torch.tensor([1.0, 2.0]), 2, weight=torch.tensor([1.0])),
    lambda torch: torch.histogramdd(torch.tensor([1.0, 2.0]), [2]),
    lambda torch: torch.histogramdd(torch.ones(2, 2), [2, 2, 2]),
]


@pytest.mark.parametrize("program", WRONG, ids=range(len(WRONG)))
def test_refused(program: Any) -> None:
    agree(program)


def test_messages() -> None:
    with pytest.raises(ArgumentError, match=r"histc: expected a range that is finite, got \[nan, nan\]"):
        ours.tensor([NAN]).histc(3)
    with pytest.raises(DtypeError, match="histogram: expected a floating-point tensor, got int32"):
        ours.tensor([1]).int().histogram(3)
    assert not ours.histc(ours.tensor([1.0], requires_grad=True), 3).requires_grad
