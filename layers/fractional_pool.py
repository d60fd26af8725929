"""Max-pooling over windows whose places are drawn, so that a size may shrink by any ratio."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.creation import ntuple
from xlagrad.layers.module import Module

Ints = int | tuple[int, ...]


class _FractionalMaxPool(Module):
    """The maximum over windows at random places.

    Args:
        kernel_size: extent of the window.
        output_size: the size that the output shall have; or
        output_ratio: its ratio to the input's, in (0, 1).
        return_indices: also return where each maximum was.
        _random_samples: (N, C, dimensions) in [0, 1), where the windows start, instead of draws.

    Raises:
        ArgumentError: neither or both of size and ratio, or a ratio outside (0, 1).
    """

    _dims: int

    def __init__(
        self,
        kernel_size: Ints,
        output_size: Ints | None = None,
        output_ratio: float | tuple[float, ...] | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        who = type(self).__name__
        if (output_size is None) == (output_ratio is None):
            got = "neither" if output_size is None else "both"
            raise ArgumentError(message(who, "one of output_size and output_ratio", got))
        self.kernel_size = ntuple(kernel_size, self._dims)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else ntuple(output_size, self._dims)
        self.output_ratio = None if output_ratio is None else ntuple(output_ratio, self._dims)
        if self.output_ratio is not None and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ArgumentError(message(who, "output_ratio between 0 and 1", f"{output_ratio}"))

    def _pool(self, fn: Any, input: Tensor) -> Any:
        return fn(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class FractionalMaxPool2d(_FractionalMaxPool):
    """Fractional max-pooling of (N, C, H, W). Reference: ``torch.nn.FractionalMaxPool2d``; Graham 2015."""

    _dims = 2

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with ``return_indices`` also their places."""
        return self._pool(F.fractional_max_pool2d, input)


class FractionalMaxPool3d(_FractionalMaxPool):
    """Fractional max-pooling of (N, C, D, H, W). Reference: ``torch.nn.FractionalMaxPool3d``."""

    _dims = 3

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, with ``return_indices`` also their places."""
        return self._pool(F.fractional_max_pool3d, input)
