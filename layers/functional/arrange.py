"""Rearrangements of images: pixels to channels and back."""

from __future__ import annotations

import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ShapeError, describe, message


@op
def pixel_shuffle(input: Array, upscale_factor: int) -> Array:
    """(…, C·r², H, W) to (…, C, H·r, W·r): each block of r² channels becomes a square of r by r elements.

    Args:
        input: of at least 3 dimensions.
        upscale_factor: r.

    Raises:
        ShapeError: fewer dimensions, or channels that r² does not divide.

    Example:
        >>> pixel_shuffle(jnp.arange(4).reshape(4, 1, 1), 2).tolist()
        [[[0, 1], [2, 3]]]

    Source: ``torch.nn.functional.pixel_shuffle``; Shi et al., 2016.
    """
    r = upscale_factor
    if input.ndim < 3 or r < 1 or input.shape[-3] % (r * r):
        raise ShapeError(message("pixel_shuffle", f"channels that {r}² divides", describe(input)))
    *lead, c, h, w = input.shape
    x = input.reshape(*lead, c // (r * r), r, r, h, w)
    n = len(lead)
    x = jnp.transpose(x, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return x.reshape(*lead, c // (r * r), h * r, w * r)


@op
def pixel_unshuffle(input: Array, downscale_factor: int) -> Array:
    """(…, C, H·r, W·r) to (…, C·r², H, W), the inverse of `pixel_shuffle`.

    Args:
        input: of at least 3 dimensions.
        downscale_factor: r.

    Raises:
        ShapeError: fewer dimensions, or a height or width that r does not divide.

    Example:
        >>> pixel_unshuffle(jnp.arange(4).reshape(1, 2, 2), 2).ravel().tolist()
        [0, 1, 2, 3]

    Source: ``torch.nn.functional.pixel_unshuffle``.
    """
    r = downscale_factor
    if input.ndim < 3 or r < 1 or input.shape[-1] % r or input.shape[-2] % r:
        raise ShapeError(message("pixel_unshuffle", f"height and width that {r} divides", describe(input)))
    *lead, c, h, w = input.shape
    x = input.reshape(*lead, c, h // r, r, w // r, r)
    n = len(lead)
    x = jnp.transpose(x, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return x.reshape(*lead, c * r * r, h // r, w // r)


@op
def channel_shuffle(input: Array, groups: int) -> Array:
    """(N, G·C, …) with its channels taken in turn from each of G groups.

    Args:
        input: of at least 3 dimensions.
        groups: G.

    Raises:
        ShapeError: fewer dimensions, or channels that G does not divide.

    Example:
        >>> channel_shuffle(jnp.arange(4).reshape(1, 4, 1), 2).ravel().tolist()
        [0, 2, 1, 3]

    Source: ``torch.nn.functional.channel_shuffle``; Zhang et al., 2018.
    """
    if input.ndim < 3 or groups < 1 or input.shape[1] % groups:
        want = f"(N, C, …) of at least 3 dimensions with C a multiple of {groups}"
        raise ShapeError(message("channel_shuffle", want, describe(input), "change groups or the channels"))
    n, channels, *rest = input.shape
    x = input.reshape(n, groups, channels // groups, *rest)
    return jnp.swapaxes(x, 1, 2).reshape(input.shape)
