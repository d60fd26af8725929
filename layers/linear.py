"""Affine layers."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers import init
from xlagrad.layers.creation import new_parameter
from xlagrad.layers.module import Module


class Identity(Module):
    """Returns its argument; all constructor arguments are ignored.

    Example:
        >>> Identity(54, unused=True)(3)
        3
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """Return ``input``."""
        return input


class Linear(Module):
    """y = x Wᵀ + b.

    Shapes: x (..., in_features), y (..., out_features), ``weight`` (out_features, in_features), ``bias``
    (out_features,). Both are drawn from U(-k, k), k = 1/√in_features.

    Args:
        in_features: size of each input.
        out_features: size of each output.
        bias: whether to add b.
        device: where the parameters are made.
        dtype: their type.

    Example:
        >>> Linear(3, 2)
        Linear(in_features=3, out_features=2, bias=True)

    Reference: ``torch.nn.Linear``.
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = new_parameter((out_features, in_features), device=device, dtype=dtype)
        self.register_parameter("bias", new_parameter((out_features,), 0.0, device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        reset_affine(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` Wᵀ + b."""
        out: Tensor = F.linear(input, self.weight, self.bias)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        )


class NonDynamicallyQuantizableLinear(Linear):
    """A :class:`Linear` under the name that torch's attention gives its output projection."""


class Bilinear(Module):
    """y_k = x₁ᵀ A_k x₂ + b_k.

    Shapes: x₁ (..., in1_features), x₂ (..., in2_features), y (..., out_features), ``weight``
    (out_features, in1_features, in2_features). Drawn from U(-k, k), k = 1/√in1_features.

    Args:
        in1_features: size of each first input.
        in2_features: size of each second input.
        out_features: size of each output.
        bias: whether to add b.
        device: where the parameters are made.
        dtype: their type.

    Reference: ``torch.nn.Bilinear``.
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = new_parameter((out_features, in1_features, in2_features), 0.0, device, dtype)
        self.register_parameter("bias", new_parameter((out_features,), 0.0, device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        bound = 1 / math.sqrt(self.weight.shape[1])
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Return x₁ᵀ A x₂ + b."""
        out: Tensor = F.bilinear(input1, input2, self.weight, self.bias)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


def reset_affine(weight: Tensor, bias: Tensor | None) -> None:
    """Draw a weight and bias as torch's linear and convolutional layers do: U(-k, k), k = 1/√fan_in."""
    init.kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        fan_in, _ = init._calculate_fan_in_and_fan_out(weight)
        bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0.0
        init.uniform_(bias, -bound, bound)
