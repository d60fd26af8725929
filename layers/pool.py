"""Pooling layers."""

from __future__ import annotations

from typing import Any

from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.creation import ntuple
from xlagrad.layers.module import Module

Ints = int | tuple[int, ...]
Sizes = int | None | tuple[int | None, ...]


class _MaxPool(Module):
    """The maximum over windows.

    Args:
        kernel_size: extent of the window.
        stride: step between windows, by default the extent.
        padding: -∞ added on both sides.
        dilation: spacing of the window's elements.
        return_indices: also return where each maximum was.
        ceil_mode: also use a last window that is only partly inside.
    """

    def __init__(
        self,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = 0,
        dilation: Ints = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def _pool(self, fn: Any, input: Tensor) -> Any:
        return fn(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """Maxima over windows of (N, C, L). Reference: ``torch.nn.MaxPool1d``."""

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with ``return_indices`` also their places."""
        return self._pool(F.max_pool1d, input)


class MaxPool2d(_MaxPool):
    """Maxima over windows of (N, C, H, W). Reference: ``torch.nn.MaxPool2d``.

    Example:
        >>> MaxPool2d(2)
        MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    """

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with ``return_indices`` also their places."""
        return self._pool(F.max_pool2d, input)


class MaxPool3d(_MaxPool):
    """Maxima over windows of (N, C, D, H, W). Reference: ``torch.nn.MaxPool3d``."""

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with ``return_indices`` also their places."""
        return self._pool(F.max_pool3d, input)


class AvgPool1d(Module):
    """Means over windows of (N, C, L).

    Args:
        kernel_size: extent of the window.
        stride: step between windows, by default the extent.
        padding: zeros added on both sides.
        ceil_mode: also use a last window that is only partly inside.
        count_include_pad: divide by the full extent where zeros were added.

    Reference: ``torch.nn.AvgPool1d``.
    """

    def __init__(
        self,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = ntuple(kernel_size, 1)
        self.stride = ntuple(stride if stride is not None else kernel_size, 1)
        self.padding = ntuple(padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        out: Tensor = F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(Module):
    """Means over windows; arguments as :class:`AvgPool1d`, and what to divide by instead of the extent."""

    def __init__(
        self,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def _pool(self, fn: Any, input: Tensor) -> Tensor:
        out: Tensor = fn(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    """Means over windows of (N, C, H, W). Reference: ``torch.nn.AvgPool2d``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return self._pool(F.avg_pool2d, input)


class AvgPool3d(_AvgPool):
    """Means over windows of (N, C, D, H, W). Reference: ``torch.nn.AvgPool3d``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return self._pool(F.avg_pool3d, input)


class _AdaptivePool(Module):
    """Pooling to a given output shape, whatever the input's.

    Args:
        output_size: the shape; None in it keeps the input's extent.
    """

    def __init__(self, output_size: Sizes) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptivePool):
    """Means of (N, C, L) in ``output_size`` windows. Reference: ``torch.nn.AdaptiveAvgPool1d``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        out: Tensor = F.adaptive_avg_pool1d(input, self.output_size)
        return out


class AdaptiveAvgPool2d(_AdaptivePool):
    """Means of (N, C, H, W) in ``output_size`` windows. Reference: ``torch.nn.AdaptiveAvgPool2d``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        out: Tensor = F.adaptive_avg_pool2d(input, self.output_size)
        return out


class AdaptiveAvgPool3d(_AdaptivePool):
    """Means of (N, C, D, H, W) in ``output_size`` windows. Reference: ``torch.nn.AdaptiveAvgPool3d``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        out: Tensor = F.adaptive_avg_pool3d(input, self.output_size)
        return out


class _AdaptiveMaxPool(_AdaptivePool):
    """Maxima to a given output shape.

    Args:
        output_size: the shape; None in it keeps the input's extent.
        return_indices: also return where each maximum was.
    """

    def __init__(self, output_size: Sizes, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """Maxima of (N, C, L) in ``output_size`` windows. Reference: ``torch.nn.AdaptiveMaxPool1d``."""

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with ``return_indices`` also their places."""
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """Maxima of (N, C, H, W) in ``output_size`` windows. Reference: ``torch.nn.AdaptiveMaxPool2d``."""

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with ``return_indices`` also their places."""
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """Maxima of (N, C, D, H, W) in ``output_size`` windows. Reference: ``torch.nn.AdaptiveMaxPool3d``."""

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with ``return_indices`` also their places."""
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)
