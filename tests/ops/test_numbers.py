"""Functions of bits and divisors against PyTorch."""

from __future__ import annotations

import torch

from tests.core.agreement import agree
from tests.ops.compare import check, tensor


def test_mantissa_and_exponent() -> None:
    x = torch.tensor([8.0, 0.0, -3.0, 1e-30, 1e30, float("inf"), float("nan")])
    check("frexp", x, grad=False)
    check("frexp", tensor(6), compiled=False)
    check("frexp", tensor().half(), grad=False, compiled=False)
    check("frexp", tensor(0), compiled=False)
    agree(lambda torch: torch.frexp(torch.tensor([8])))
    agree(lambda torch: torch.frexp(torch.tensor([1j])))
