"""Pooling by a power mean: (Σ xᵖ)^(1/p) over windows."""

from __future__ import annotations

from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.module import Module

Ints = int | tuple[int, ...]


class _LPPool(Module):
    """(Σ xᵖ)^(1/p) over windows.

    Args:
        norm_type: p; 1 gives the sum, ∞ the maximum.
        kernel_size: extent of the window.
        stride: step between windows, by default the extent.
        ceil_mode: also use a last window that is only partly inside.
    """

    def __init__(
        self, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """Power means over windows of (N, C, L). Reference: ``torch.nn.LPPool1d``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the pooled input."""
        return F.lp_pool1d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool2d(_LPPool):
    """Power means over windows of (N, C, H, W).

    Example:
        >>> LPPool2d(2, 3)
        LPPool2d(norm_type=2, kernel_size=3, stride=None, ceil_mode=False)

    Reference: ``torch.nn.LPPool2d``.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the pooled input."""
        return F.lp_pool2d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool3d(_LPPool):
    """Power means over windows of (N, C, D, H, W). Reference: ``torch.nn.LPPool3d``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the pooled input."""
        return F.lp_pool3d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)
