"""Comparisons, logic and choices against PyTorch."""

from __future__ import annotations

import pytest
import torch

from tests.ops.compare import EDGES, Tensor, check, integers, tensor
from xlagrad.core.compile import compile
from xlagrad.core.dispatch import registry
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError, TraceError


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge", "not_equal", "less", "greater_equal"])
def test_comparisons(name: str) -> None:
    x = torch.tensor(EDGES)
    check(name, x[:, None].contiguous(), x, compiled=name == "lt")
    check(name, integers(3, 4), integers(4, seed=1), compiled=False)
    check(name, integers(3, 4), 0.5, compiled=False)
    check(name, torch.tensor([True, False]), torch.tensor([True, True]), compiled=False)


def test_order_of_complex_numbers_is_refused() -> None:
    with pytest.raises(DtypeError, match="lt: expected a real tensor, got complex64"):
        Tensor([1j], dtype="complex64") < Tensor([2j], dtype="complex64")  # noqa: B015


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite", "isposinf", "isneginf", "isreal"])
def test_single_elements(name: str) -> None:
    check(name, torch.tensor(EDGES), grad=False)
    check(name, integers(3), compiled=False)
    check(name, torch.tensor([True]), compiled=False)


def test_closeness() -> None:
    x, y = torch.tensor(EDGES), torch.tensor(EDGES) * (1 + 1e-6)
    check("isclose", x, y, grad=False)
    check("isclose", integers(3), integers(3), compiled=False)
    check("allclose", torch.ones(3), torch.ones(3) + 1e-7, grad=False, compiled=False)
    check("equal", torch.ones(3), torch.ones(4), grad=False, compiled=False)
    check("equal", torch.ones(3), torch.ones(3), grad=False, compiled=False)
    assert registry["isclose"](Tensor([float("nan")]), Tensor([float("nan")]), equal_nan=True).item()
    t = Tensor([1.0])
    with pytest.raises(TraceError, match="a value that is known"):
        compile(lambda: t.allclose(t))()


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
def test_logic(name: str) -> None:
    check(name, torch.tensor(EDGES)[:, None].contiguous(), torch.tensor(EDGES), grad=False)
    check(name, torch.tensor([True, False]), integers(2), compiled=False)


@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor"])
def test_bits(name: str) -> None:
    check(name, integers(3, 4), integers(4, seed=1))
    check(name, torch.tensor([True, False]), torch.tensor([True, True]), compiled=False)
    check(name, torch.tensor([True, False]), integers(2), compiled=False)
    with pytest.raises(DtypeError, match=f"{name}: expected integer or boolean tensors, got float32"):
        registry[name](Tensor([1.0]), Tensor([1.0]))


def test_turned_and_shifted_bits() -> None:
    for x in (integers(4), integers(4, low=0).to(torch.uint8), torch.tensor([True, False])):
        check("bitwise_not", x, compiled=False)
        check("logical_not", x, compiled=False)
    check("bitwise_left_shift", integers(4), integers(4, low=0))
    check("bitwise_right_shift", integers(4), integers(4, low=0), compiled=False)


def test_where() -> None:
    x, y = tensor(3, 4), tensor(4)
    check("where", x > 0, x, y, second=False)
    check("where", x > 0, x, 0.0, compiled=False)
    check("where", x > 0, 1, 0, compiled=False)
    check("where", x > 0, integers(4), y, compiled=False)
    check(lambda c, a, b: a.where(c, b), x > 0, x, y, compiled=False)
    check("where", integers(3, 4) > 0, compiled=False)
    with pytest.raises(DtypeError, match="where: expected a boolean condition, got float32"):
        registry["where"](Tensor([1.0]), 1, 2)
    with pytest.raises(ArgumentError, match="both input and other"):
        registry["where"](Tensor([True]), 1)


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin"])
def test_larger_and_smaller(name: str) -> None:
    x = torch.tensor([1.0, 2.0, 3.0, 0.0, float("inf"), float("nan"), float("nan"), 1.0])
    y = torch.tensor([1.0, 3.0, 2.0, -0.0, float("inf"), float("nan"), 1.0, float("nan")])
    check(name, x, y)
    check(name, tensor(3, 1), tensor(4), compiled=False)
    check(name, integers(3), integers(3, seed=1), compiled=False)
    with pytest.raises(ShapeError, match=f"{name}: expected shapes that broadcast"):
        registry[name](Tensor([1.0, 2.0]), Tensor([1.0, 2.0, 3.0]))


def test_clamp() -> None:
    x = torch.tensor([0.0, 1.0, 0.5, 2.0, -1.0, float("nan"), float("inf")])
    check("clamp", x, 0, 1)
    check("clamp", x, 1, 0, compiled=False)
    check("clamp", x, min=0.5, compiled=False)
    check("clamp", x, max=0.5, compiled=False)
    check("clamp", integers(5), -1, 2, compiled=False)
    check("clamp", integers(5), -1.5, 2, compiled=False)
    low = torch.tensor([0.0, 1.0, 0.6, 3.0, -2.0, 0.0, float("nan")])
    check("clamp", x, low, low + torch.tensor([1.0, 1, 1, -2, 1, 1, 1]), compiled=False)
    check("clip", x, 0, 1, compiled=False)
    check("clamp_min", x, 0.0)
    check("clamp_max", x, 0.0, compiled=False)
    check(lambda v: v.clone().clamp_(0, 1), x, compiled=False)
    with pytest.raises(ArgumentError, match="clamp: expected min, max or both, got neither"):
        Tensor([1.0]).clamp()
