"""Arithmetic against PyTorch."""

from __future__ import annotations

import pytest
import torch

from tests.ops.compare import EDGES, Tensor, check, integers, tensor
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError

BINARY = ["add", "sub", "mul", "div", "true_divide", "floor_divide", "remainder", "fmod", "rsub"]


@pytest.mark.parametrize("name", BINARY)
def test_broadcasting_and_gradients(name: str) -> None:
    grad = name != "floor_divide"  # PyTorch has no gradient there; ours is zero
    check(name, tensor(3, 1, 4), tensor(2, 1, low=0.7), grad=grad, second=name in ("mul", "div"))
    check(name, tensor(4, 3).t(), 1.5, grad=grad, compiled=False)
    check(name, tensor(0, 3), tensor(1, 3), grad=grad, compiled=False)
    check(name, tensor(), tensor(), grad=grad, compiled=False)


@pytest.mark.parametrize("name", BINARY)
def test_integers_and_mixed_types(name: str) -> None:
    x, y = integers(3, 4, dtype=torch.int32), integers(4, low=1)
    check(name, x, y, compiled=False)
    check(name, x, 2, compiled=False)
    check(name, x, 2.5, grad=False, compiled=False)
    check(name, x, torch.tensor(2.5), grad=False, compiled=False)
    check(name, tensor(3).half(), torch.tensor(2.5), grad=False, rtol=1e-2, compiled=False)
    check(name, tensor(3).bfloat16(), tensor(3), grad=False, compiled=False)


@pytest.mark.parametrize("name", BINARY)
def test_extremes(name: str) -> None:
    x = torch.tensor(EDGES)
    check(name, x[:, None].contiguous(), x, grad=False, compiled=False)


def test_booleans() -> None:
    x, y = torch.tensor([True, False, True]), torch.tensor([True, True, False])
    check("add", x, y, compiled=False)
    check("mul", x, y, compiled=False)
    check("add", x, 1, compiled=False)
    check("div", x, x, grad=False, compiled=False)
    with pytest.raises(DtypeError, match="sub: expected a numeric tensor, got bool"):
        Tensor([1.0]) - True
    for name in ("sub", "remainder", "fmod", "floor_divide"):
        with pytest.raises(DtypeError, match=f"{name}: expected a numeric tensor, got bool"):
            getattr(Tensor(x.numpy()), name)(Tensor(y.numpy()))


@pytest.mark.parametrize("mode", ["floor", "trunc", None])
def test_rounding_of_quotients(mode: str | None) -> None:
    x, y = tensor(3, 4) * 5, tensor(4, low=0.5)
    check("div", x, y, rounding_mode=mode, atol=1e-5)
    check("div", integers(3, 4), integers(4, low=1), rounding_mode=mode, compiled=False)
    check("div", integers(3, 4), -2, rounding_mode=mode, compiled=False)


def test_powers_of_integers_and_booleans() -> None:
    x, y = integers(40, low=-3, high=4), integers(40, low=-4, high=4, seed=1)
    check("pow", x, y, grad=False)
    check("pow", 2, y, grad=False, compiled=False)
    check("pow", x.bool(), True, grad=False, compiled=False)
    check("float_power", torch.tensor([1, 2, 200], dtype=torch.uint8), -3, grad=False, compiled=False)
    check("pow", torch.tensor([0j, 1 + 1j]), torch.tensor([2 + 1j, 0.5j]), grad=False, compiled=False)


def test_a_boolean_factor_keeps_infinities_and_nan() -> None:
    x = torch.tensor([float("inf"), float("nan"), 1.0])
    check("mul", x, torch.tensor([False, False, False]), grad=False)
    check("div", torch.tensor([True, False]), 0, grad=False, compiled=False)


def test_names_of_python_2() -> None:
    x = Tensor([1.0, 2.0])
    assert x.__rdiv__(2.0).tolist() == [2.0, 1.0]
    assert x.__div__(2.0).tolist() == [0.5, 1.0]
    assert [v.item() for v in reversed(x)] == [2.0, 1.0]


def test_alpha_and_value() -> None:
    x, y, z = tensor(3, 4), tensor(4), tensor(3, 1, low=1.0)
    for name in ("add", "sub", "rsub"):
        check(name, x, y, alpha=0.3)
    check("add", integers(3), integers(3), alpha=2, compiled=False)
    check("addcmul", x, y, z, value=0.3)
    check("addcdiv", x, y, z, value=0.3)
    check("addcmul", x, y, z, compiled=False)
    check("lerp", x, y, 0.3)
    check("lerp", x, y, z, compiled=False)
    with pytest.raises(DtypeError, match="add: expected an integer alpha"):
        Tensor([1]).add(Tensor([2]), alpha=0.5)


def test_inplace_writes_in_the_tensors_own_type() -> None:
    for name in ("add_", "sub_", "mul_", "remainder_"):
        check(lambda x, y, n=name: getattr(x.clone(), n)(y), tensor(3, 4), tensor(4, low=1.0))
    check(lambda x: x.half().mul_(2.5), tensor(3), grad=False, compiled=False)
    with pytest.raises(DtypeError, match="result type can't be cast"):
        Tensor([1]).add_(0.5)


def test_errors_name_the_operation_and_both_shapes() -> None:
    with pytest.raises(ShapeError, match=r"add: .* got float32\[2, 3\] and float32\[4\]"):
        Tensor([[1.0, 2.0, 3.0]] * 2).add(Tensor([1.0] * 4))
    with pytest.raises(ArgumentError, match="div: expected rounding_mode None, 'trunc' or 'floor', got 'up'"):
        Tensor([1.0]).div(Tensor([1.0]), rounding_mode="up")
    with pytest.raises(DtypeError, match="a floating-point tensor"):
        Tensor([1]).addcdiv(Tensor([1]), Tensor([1]))


def test_signs_bits_and_divisors() -> None:
    x = torch.tensor([0.0, 1.0, -2.0, float("inf"), float("nan")])
    check("copysign", x[:3, None].contiguous(), x)
    check("nextafter", x[:3], torch.tensor([1.0, 1.0, 0.0]), compiled=False)
    check("heaviside", x, torch.tensor(0.5), grad=False, compiled=False)
    check("ldexp", tensor(3), integers(3, low=0), compiled=False)
    check("gcd", integers(6, low=-20, high=20), integers(6, low=1, seed=1), compiled=False)
    check("lcm", integers(6, low=-20, high=20), integers(6, low=1, seed=1), compiled=False)
    check("isin", integers(6), torch.tensor([1, 3]), compiled=False)
    check("isin", integers(6), torch.tensor([1, 3]), invert=True, compiled=False)
    with pytest.raises(DtypeError, match="gcd: expected integers, got float32"):
        Tensor([1.0]).gcd(Tensor([2.0]))
