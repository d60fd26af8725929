"""Layers that only rearrange elements."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.errors import ArgumentError, DtypeError, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.creation import check_positive
from xlagrad.layers.module import Module


class Flatten(Module):
    """Merges the dimensions ``start_dim`` to ``end_dim`` into one.

    Args:
        start_dim: the first one, by default the one after the batch.
        end_dim: the last one, included.

    Reference: ``torch.nn.Flatten``.
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with the dimensions merged."""
        out: Tensor = input.flatten(self.start_dim, self.end_dim)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits the dimension ``dim`` into several.

    Args:
        dim: the dimension to split.
        unflattened_size: the new sizes; one of them may be -1.

    Raises:
        DtypeError: the arguments are of other types; names of dimensions are not supported.

    Reference: ``torch.nn.Unflatten``.
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...] | list[int]) -> None:
        super().__init__()
        if not isinstance(dim, int):
            raise DtypeError(message("Unflatten", "dim as an int", type(dim).__name__))
        if not isinstance(unflattened_size, (tuple, list)) or not all(
            isinstance(n, int) for n in unflattened_size
        ):
            raise DtypeError(
                message("Unflatten", "unflattened_size as a tuple of ints", repr(unflattened_size))
            )
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with the dimension split."""
        dim = self.dim % input.ndim
        shape = tuple(input.shape)
        out: Tensor = input.reshape(
            (*shape[:dim], *_filled(shape[dim], self.unflattened_size), *shape[dim + 1 :])
        )
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


def _filled(length: int, sizes: Any) -> tuple[int, ...]:
    """Replace the -1 among ``sizes`` by what is left of ``length``."""
    rest = math.prod(n for n in sizes if n != -1)
    full = tuple(length // rest if n == -1 and rest else n for n in sizes)
    if math.prod(full) != length:
        raise ArgumentError(message("Unflatten", f"sizes whose product is {length}", str(tuple(sizes))))
    return full


class PixelShuffle(Module):
    """Moves channels into space: (..., C r², H, W) to (..., C, H r, W r).

    Args:
        upscale_factor: r.

    Reference: ``torch.nn.PixelShuffle``; Shi et al. 2016.
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with channels moved into space."""
        out: Tensor = F.pixel_shuffle(input, self.upscale_factor)
        return out

    def extra_repr(self) -> str:
        """Return the argument."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Moves space into channels: (..., C, H r, W r) to (..., C r², H, W).

    Args:
        downscale_factor: r.

    Reference: ``torch.nn.PixelUnshuffle``.
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with space moved into channels."""
        out: Tensor = F.pixel_unshuffle(input, self.downscale_factor)
        return out

    def extra_repr(self) -> str:
        """Return the argument."""
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Deals the channels of (N, C, ...) out to ``groups`` and gathers them, one from each in turn.

    Args:
        groups: how many groups; it divides C.

    Raises:
        ArgumentError: ``groups`` is not positive.

    Reference: ``torch.nn.ChannelShuffle``; Zhang et al. 2017.
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        check_positive("ChannelShuffle", groups=groups)
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with its channels in another order."""
        out: Tensor = F.channel_shuffle(input, self.groups)
        return out

    def extra_repr(self) -> str:
        """Return the argument."""
        return f"groups={self.groups}"
