"""Layers that give images and volumes another size."""

from __future__ import annotations

from typing import Any

from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.module import Module

Ints = int | tuple[int, ...]


class Upsample(Module):
    """Resize (N, C, L), (N, C, H, W) or (N, C, D, H, W).

    Args:
        size: the size of the output; or
        scale_factor: its ratio to the input's.
        mode: ``nearest``, ``linear``, ``bilinear``, ``bicubic`` or ``trilinear``.
        align_corners: let the corner elements of input and output coincide.
        recompute_scale_factor: use the ratio of the sizes in place of ``scale_factor``.

    Example:
        >>> Upsample(scale_factor=2)
        Upsample(scale_factor=2.0, mode='nearest')

    Reference: ``torch.nn.Upsample``.
    """

    def __init__(
        self,
        size: Ints | None = None,
        scale_factor: float | tuple[float, ...] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        if isinstance(scale_factor, tuple):
            self.scale_factor: Any = tuple(float(factor) for factor in scale_factor)
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Return the input in its new size."""
        return F.interpolate(
            input,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            recompute_scale_factor=self.recompute_scale_factor,
        )

    def extra_repr(self) -> str:
        """Return size or factor, and the mode."""
        if self.scale_factor is not None:
            return f"scale_factor={self.scale_factor!r}, mode={self.mode!r}"
        return f"size={self.size!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Resize (N, C, H, W) by repetition. Reference: ``torch.nn.UpsamplingNearest2d``."""

    def __init__(self, size: Ints | None = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Resize (N, C, H, W) by interpolation, corners aligned. Reference: ``torch.nn.UpsamplingBilinear2d``."""

    def __init__(self, size: Ints | None = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
