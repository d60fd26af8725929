"""How a window moves over the spatial dimensions of an image."""

from __future__ import annotations

from typing import NamedTuple

import jax
from jax import lax


class Window(NamedTuple):
    """How a kernel moves over an image.

    Attributes:
        stride: step between positions in each spatial dimension.
        padding: zeros added before and after each.
        dilation: spacing of the kernel's elements.
        groups: blocks of channels that do not mix.
    """

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int = 1

    def positions(self, size: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[int, ...]:
        """Return how many positions a kernel has in each dimension of an image of this size.

        Example:
            >>> Window((2,), ((1, 1),), (1,)).positions((8,), (3,))
            (4,)
        """
        return tuple(
            (s + sum(p) - d * (k - 1) - 1) // t + 1
            for s, p, d, k, t in zip(size, self.padding, self.dilation, kernel, self.stride, strict=True)
        )


def shifted(
    x: jax.Array, offset: tuple[int, ...], stride: tuple[int, ...], count: tuple[int, ...], first: int
) -> jax.Array:
    """Return every ``stride``-th element from ``offset`` on, ``count`` of them, in the spatial dimensions.

    Args:
        x: an image, already padded.
        offset: where to start in each spatial dimension.
        stride: step in each.
        count: number of elements in each.
        first: index of the first spatial dimension.
    """
    n = len(offset)
    start = (0,) * first + offset + (0,) * (x.ndim - first - n)
    spans = tuple(o + (c - 1) * s + 1 for o, c, s in zip(offset, count, stride, strict=True))
    limit = x.shape[:first] + spans + x.shape[first + n :]
    steps = (1,) * first + stride + (1,) * (x.ndim - first - n)
    return lax.slice(x, start, limit, steps)
