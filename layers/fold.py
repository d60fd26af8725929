"""Layers between images and the columns of their windows."""

from __future__ import annotations

from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.module import Module

Ints = int | tuple[int, ...]


class Unfold(Module):
    """The windows of (N, C, H, W) as columns: (N, C · window, windows).

    Args:
        kernel_size: extent of the window.
        dilation: spacing of its elements.
        padding: zeros added on both sides.
        stride: step between windows.

    Example:
        >>> Unfold(3)
        Unfold(kernel_size=3, dilation=1, padding=0, stride=1)

    Reference: ``torch.nn.Unfold``.
    """

    def __init__(self, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """Return the columns."""
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )


class Fold(Unfold):
    """Columns of windows, (N, C · window, windows), added up to (N, C, H, W).

    Args:
        output_size: H and W.
        kernel_size: extent of the window.
        dilation: spacing of its elements.
        padding: what is cut off on both sides.
        stride: step between windows.

    Reference: ``torch.nn.Fold``.
    """

    def __init__(
        self, output_size: Ints, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """Return the sums."""
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"output_size={self.output_size}, {super().extra_repr()}"
