"""Normalisation over features: layer, RMS, group and local response."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers import init
from xlagrad.layers.creation import check_positive, new_parameter
from xlagrad.layers.module import Module


def _shape(normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


class LayerNorm(Module):
    """y = (x - E[x]) / √(Var[x] + eps) · weight + bias, over the last dimensions of each input.

    Args:
        normalized_shape: the shape of those dimensions; a number for the last one alone.
        eps: keeps the root away from zero.
        elementwise_affine: whether there is a ``weight`` of ones (and a ``bias``).
        bias: whether there is a ``bias`` of zeros.
        device: where the parameters are made.
        dtype: their type.

    Example:
        >>> LayerNorm(8)
        LayerNorm((8,), eps=1e-05, elementwise_affine=True, bias=True)

    Reference: ``torch.nn.LayerNorm``; Ba et al. 2016.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        shape = self.normalized_shape
        self.register_parameter(
            "weight", new_parameter(shape, 1.0, device, dtype) if elementwise_affine else None
        )
        self.register_parameter(
            "bias", new_parameter(shape, 0.0, device, dtype) if elementwise_affine and bias else None
        )

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` normalised."""
        out: Tensor = F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """y = x / √(mean(x²) + eps) · weight, over the last dimensions of each input.

    Args:
        normalized_shape: the shape of those dimensions; a number for the last one alone.
        eps: keeps the root away from zero; None for the machine epsilon of the input's type.
        elementwise_affine: whether there is a ``weight``, of ones at first.
        device: where it is made.
        dtype: its type.

    Reference: ``torch.nn.RMSNorm``; Zhang & Sennrich 2019.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        made = new_parameter(self.normalized_shape, 1.0, device, dtype) if elementwise_affine else None
        self.register_parameter("weight", made)

    def reset_parameters(self) -> None:
        """Set the weight to ones."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` normalised."""
        out: Tensor = F.rms_norm(x, self.normalized_shape, self.weight, self.eps)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Normalisation of (N, C, ...) over each of ``num_groups`` groups of channels of each instance.

    Args:
        num_groups: how many groups; divides ``num_channels``.
        num_channels: C.
        eps: keeps the root away from zero.
        affine: whether there is a ``weight`` of ones (and a ``bias``), one number a channel.
        device: where they are made.
        dtype: their type.
        bias: whether there is a ``bias`` of zeros.

    Raises:
        ArgumentError: ``num_groups`` does not divide ``num_channels``.

    Reference: ``torch.nn.GroupNorm``; Wu & He 2018.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_positive("GroupNorm", num_groups=num_groups)
        if num_channels % num_groups:
            expected = "num_channels must be divisible by num_groups"
            got = f"num_channels={num_channels}, num_groups={num_groups}"
            raise ArgumentError(message("GroupNorm", expected, got))
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        for name, value, wanted in (("weight", 1.0, affine), ("bias", 0.0, affine and bias)):
            made = new_parameter((num_channels,), value, device, dtype) if wanted else None
            self.register_parameter(name, made)

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros."""
        if self.affine:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` normalised."""
        out: Tensor = F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """y = x / (k + alpha · mean of x² over ``size`` neighbouring channels) ** beta.

    Args:
        size: how many channels count as neighbours.
        alpha: factor of the mean.
        beta: exponent.
        k: added to the mean.

    Reference: ``torch.nn.LocalResponseNorm``; Krizhevsky et al. 2012.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` normalised."""
        out: Tensor = F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(Module):
    """Local response normalisation across the channels of (N, C, H, W).

    y = x / (k + alpha / size · Σ x²)^beta, the sum over ``size`` channels around each.

    Args:
        size: how many channels.
        alpha: weight of the sum.
        beta: exponent.
        k: keeps the denominator away from zero.

    Reference: ``torch.nn.CrossMapLRN2d``; Krizhevsky et al. 2012.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` normalised."""
        out: Tensor = F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
