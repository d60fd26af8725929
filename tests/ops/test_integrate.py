"""The trapezoidal rule and finite differences against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.core.agreement import agree
from tests.ops.compare import check, integers, ours, tensor
from xlagrad.core.dispatch import registry

RULES = ["trapezoid", "cumulative_trapezoid"]


@pytest.mark.parametrize("name", RULES)
def test_spacings(name: str) -> None:
    y = tensor(3, 4)
    check(name, y, dx=0.5, second=True)
    check(name, y, tensor(4, seed=1), compiled=False)
    check(name, y, tensor(3, seed=1), dim=0)
    check(name, y, tensor(3, 4, seed=1), dim=-2, compiled=False)
    check(name, tensor(2, 3, 4), tensor(3, 4, seed=1), dim=1, compiled=False)


@pytest.mark.parametrize("name", RULES)
def test_types_and_extremes(name: str) -> None:
    check(name, integers(5), compiled=False)
    check(name, integers(5), integers(5, seed=1), compiled=False)
    check(name, integers(5, low=0, dtype=torch.uint8), compiled=False)
    check(name, torch.complex(tensor(4), tensor(4, seed=1)), compiled=False)
    check(name, tensor(1), compiled=False)
    check(name, tensor(2, 0), compiled=False)


WRONG: list[Any] = [
    lambda torch: torch.trapezoid(torch.tensor([True, False])),
    lambda torch: torch.trapezoid(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0]), dx=2),
    lambda torch: torch.trapezoid(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0, 3.0])),
    lambda torch: torch.trapezoid(torch.tensor(1.0)),
    lambda torch: torch.trapezoid(torch.tensor([1.0, 2.0]), 2.0),
    lambda torch: torch.trapz(torch.tensor([1.0, 2.0]), dim=1),
    lambda torch: torch.gradient(torch.tensor([1.0])),
    lambda torch: torch.gradient(torch.ones(2, 3), spacing=[1.0]),
    lambda torch: torch.gradient(torch.ones(2, 3), dim=(0, 0)),
    lambda torch: torch.gradient(torch.ones(3), edge_order=3),
    lambda torch: torch.gradient(torch.ones(2), edge_order=2),
    lambda torch: torch.gradient(torch.tensor([True, False])),
    lambda torch: torch.gradient(torch.ones(2).to(torch.uint8)),
    lambda torch: torch.gradient(torch.ones(3), spacing=torch.ones(3)),
]


@pytest.mark.parametrize("program", WRONG, ids=range(len(WRONG)))
def test_refused(program: Any) -> None:
    agree(program)


@pytest.mark.parametrize("edge_order", [1, 2])
def test_gradient(edge_order: int) -> None:
    x = tensor(4, 5)
    check("gradient", x, edge_order=edge_order)
    check("gradient", x, dim=-1, spacing=0.5, edge_order=edge_order, compiled=False)
    check("gradient", x, dim=(1, 0), spacing=[2.0, 3], edge_order=edge_order, compiled=False)
    points = [torch.tensor([0.0, 1.0, 3.0, 3.5]), torch.tensor([0, 1, 3, 4, 8])]
    mine = registry["gradient"]
    check(
        lambda x: mine(x, spacing=ours(points), edge_order=edge_order),
        x,
        theirs=lambda x: torch.gradient(x, spacing=points, edge_order=edge_order),
    )


def test_types_of_gradient() -> None:
    check("gradient", integers(5), compiled=False)
    check("gradient", torch.complex(tensor(4), tensor(4, seed=1)), compiled=False)
    check("gradient", tensor(2, 3), compiled=False)
    agree(lambda torch: torch.gradient(torch.tensor(1.0)))
    agree(lambda torch: torch.gradient(torch.tensor([1.0, 2.0, 4.0]), spacing=torch.tensor(2.0)))
