"""Layers that undo max-pooling: each maximum goes back to where it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.creation import ntuple
from xlagrad.layers.module import Module

Ints = int | tuple[int, ...]


class _MaxUnpool(Module):
    """Zeros, with each value at the place that its index names.

    Args:
        kernel_size: extent of the window of the pooling.
        stride: step between its windows, by default the extent.
        padding: what it added on both sides.
    """

    _dims: int

    def __init__(self, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0) -> None:
        super().__init__()
        self.kernel_size = ntuple(kernel_size, self._dims)
        self.stride = ntuple(stride if stride is not None else kernel_size, self._dims)
        self.padding = ntuple(padding, self._dims)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Undoes ``MaxPool1d(..., return_indices=True)``. Reference: ``torch.nn.MaxUnpool1d``."""

    _dims = 1

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Any:
        """Return (N, C, L) with ``input`` at ``indices``; ``output_size`` chooses L."""
        return F.max_unpool1d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool2d(_MaxUnpool):
    """Undoes ``MaxPool2d(..., return_indices=True)``.

    Example:
        >>> MaxUnpool2d(2)
        MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))

    Reference: ``torch.nn.MaxUnpool2d``.
    """

    _dims = 2

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Any:
        """Return (N, C, H, W) with ``input`` at ``indices``; ``output_size`` chooses the sizes."""
        return F.max_unpool2d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool3d(_MaxUnpool):
    """Undoes ``MaxPool3d(..., return_indices=True)``. Reference: ``torch.nn.MaxUnpool3d``."""

    _dims = 3

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Any:
        """Return (N, C, D, H, W) with ``input`` at ``indices``; ``output_size`` chooses the sizes."""
        return F.max_unpool3d(input, indices, self.kernel_size, self.stride, self.padding, output_size)
