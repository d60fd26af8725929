"""Images sampled where a grid of coordinates says, and grids of affine maps.

Coordinates run from -1 to 1 over the image, the last dimension (width) first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError, describe, message
from xlagrad.layers.functional.arguments import one_of, require_float
from xlagrad.layers.functional.resize import cubic_weights
from xlagrad.ops.common import refuse_complex

MODES = ("bilinear", "nearest", "bicubic")
PADDINGS = ("zeros", "border", "reflection")


def _limited(at: Array, length: int) -> Array:
    """Return coordinates limited to the image, with slope 0 at both ends; NaN counts as 0, as in PyTorch."""
    return jnp.where(at > 0, jnp.where(at >= length - 1, length - 1, at), 0).astype(at.dtype)


def _reflected(at: Array, length: int, corners: bool) -> Array:
    """Return coordinates mirrored at the centres of the corner elements, or at their outer edges."""
    low, span = (0.0, length - 1.0) if corners else (-0.5, float(length))
    if span == 0:
        return jnp.zeros_like(at)
    far = at - low
    far = jnp.where(far < 0, -far, far)
    turns = lax.stop_gradient(jnp.floor(far / span))
    rest = far - turns * span
    return jnp.where(turns % 2 == 0, rest + low, span - rest + low)


def _within(at: Array, length: int, padding: str, corners: bool) -> Array:
    """Return coordinates as the padding moves them into the image."""
    if padding == "zeros":
        return at
    return _limited(_reflected(at, length, corners) if padding == "reflection" else at, length)


def _elements(image: Array, size: tuple[int, ...], index: Sequence[Array]) -> tuple[Array, Array]:
    """Return the elements (N, C, P) of flat images at whole coordinates (N, P), and which lie inside."""
    flat: Any = 0
    inside: Any = True
    for at, length in zip(index, size, strict=True):
        inside = inside & (at >= 0) & (at <= length - 1)
        flat = flat * length + jnp.clip(at, 0, length - 1).astype(jnp.int32)
    # What is no number lies nowhere; its index must still be one.
    flat = jnp.where(inside, flat, 0)
    return jnp.take_along_axis(image, flat[:, None], 2), inside[:, None]


def _blended(image: Array, size: tuple[int, ...], places: list[Array], weights: list[Array]) -> Array:
    """Return the weighted sums (N, C, P) over blocks of elements.

    Args:
        image: (N, C, elements).
        size: the image's sizes.
        places: for each dimension the whole coordinates (N, K, P) of the block around each point.
        weights: the weight of each of them, (N, K, P).
    """
    n, (batch, extent, points) = len(size), places[0].shape
    full = (batch, *(extent,) * n, points)

    def spread(x: Array, i: int) -> Array:
        axes = tuple(1 + j for j in range(n) if j != i)
        return jnp.broadcast_to(jnp.expand_dims(x, axes), full).reshape(batch, -1)

    index = [spread(lax.stop_gradient(p), i) for i, p in enumerate(places)]
    factors = [spread(w, i) for i, w in enumerate(weights)]
    # One gather for all elements: a program of one for each takes long to compile.
    value, inside = _elements(image, size, index)
    part = jnp.where(inside, value * math.prod(factors[1:], start=factors[0])[:, None], 0)
    return part.reshape(batch, image.shape[1], extent**n, points).sum(2)


def _linear(image: Array, size: tuple[int, ...], at: list[Array], padding: str, corners: bool) -> Array:
    """Return the means of the elements around each point, weighted by how near they are."""
    at = [_within(a, length, padding, corners) for a, length in zip(at, size, strict=True)]
    low = [lax.stop_gradient(jnp.floor(a)) for a in at]
    weights = [jnp.stack([b + 1 - a, a - b], 1) for a, b in zip(at, low, strict=True)]
    return _blended(image, size, [jnp.stack([b, b + 1], 1) for b in low], weights)


def _cubic(image: Array, size: tuple[int, ...], at: list[Array], padding: str, corners: bool) -> Array:
    """Return bicubic interpolation; each element of the neighbourhood is padded for itself."""
    low = [lax.stop_gradient(jnp.floor(a)) for a in at]
    weights = [jnp.stack(cubic_weights(a - b), 1) for a, b in zip(at, low, strict=True)]
    steps = jnp.arange(-1, 3)[:, None].astype(low[0].dtype)
    places = [_within(b[:, None] + steps, s, padding, corners) for b, s in zip(low, size, strict=True)]
    return _blended(image, size, [jnp.trunc(p) for p in places], weights)


def _check(input: Array, grid: Array, mode: str) -> None:
    who = "grid_sample"
    require_float(who, input, grid)
    refuse_complex(who, input, grid)
    if input.dtype != grid.dtype:
        got = f"{describe(input)} and {describe(grid)}"
        raise DtypeError(message(who, "input and grid of one dtype", got, "convert one of them"))
    n = input.ndim - 2
    if n not in (2, 3) or grid.ndim != input.ndim or grid.shape[-1] != n or grid.shape[0] != input.shape[0]:
        want = "an input (N, C, H, W) and a grid (N, H', W', 2), or of volumes (N, D', H', W', 3)"
        got = f"{describe(input)} and {describe(grid)}"
        raise ShapeError(message(who, want, got, "make the batch equal and the grid's last dimension fit"))
    if 0 in input.shape[2:]:
        raise ShapeError(message(who, "images with elements", describe(input), "check how it was made"))
    if mode == "bicubic" and n == 3:
        raise ArgumentError(message(who, "bicubic with images (N, C, H, W)", describe(input), "change mode"))


@op
def grid_sample(
    input: Array, grid: Array, mode: str = "bilinear", padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Array:  # fmt: skip
    """The image at the points of a grid.

    Args:
        input: (N, C, H, W) or (N, C, D, H, W), of floating point.
        grid: (N, H', W', 2) of points (x, y), or (N, D', H', W', 3) of (x, y, z), each from -1 to 1 over the
            image, of the same type.
        mode: ``bilinear`` (also of volumes), ``nearest``, or ``bicubic`` (of images).
        padding_mode: what lies beyond the image: ``zeros``, its ``border``, or its ``reflection``.
        align_corners: whether -1 and 1 are the centres of the corner elements or, as by default, their outer
            edges.

    Returns:
        (N, C, H', W') or (N, C, D', H', W').

    Raises:
        ShapeError: operands that do not fit.
        DtypeError: types that differ, or are not of floating point.
        ArgumentError: an unknown mode, or bicubic of volumes.

    Example:
        >>> grid_sample(jnp.array([[[[1.0, 3.0]]]]), jnp.zeros((1, 1, 1, 2))).tolist()
        [[[[2.0]]]]

    Source: ``torch.nn.functional.grid_sample``; Jaderberg et al., "Spatial Transformer Networks", 2015.
    """
    one_of("grid_sample", "mode", mode, MODES)
    one_of("grid_sample", "padding_mode", padding_mode, PADDINGS)
    _check(input, grid, mode)
    n, corners = input.ndim - 2, bool(align_corners)
    size, image = input.shape[2:], input.reshape(*input.shape[:2], math.prod(input.shape[2:]))
    points = grid.reshape(grid.shape[0], math.prod(grid.shape[1:-1]), n)
    at = []
    for i, length in enumerate(size):
        part = points[..., n - 1 - i]
        at.append((part + 1) / 2 * (length - 1) if corners else ((part + 1) * length - 1) / 2)
    if mode == "bicubic":
        out = _cubic(image, size, at, padding_mode, corners)
    elif mode == "bilinear":
        out = _linear(image, size, at, padding_mode, corners)
    else:
        where = [_within(a, length, padding_mode, corners) for a, length in zip(at, size, strict=True)]
        value, inside = _elements(image, size, [jnp.round(lax.stop_gradient(a)) for a in where])
        out = jnp.where(inside, value, 0)
    return out.reshape(*input.shape[:2], *grid.shape[1:-1])


@op
def affine_grid(theta: Array, size: tuple[int, ...], align_corners: bool | None = None) -> Array:
    """The points to which affine maps send those of a regular grid, for `grid_sample`.

    Args:
        theta: (N, 2, 3) for images, (N, 3, 4) for volumes: a matrix beside an offset, of floating point.
        size: the shape of the image to be sampled, (N, C, H, W) or (N, C, D, H, W).
        align_corners: as for `grid_sample`.

    Returns:
        (N, H, W, 2) or (N, D, H, W, 3).

    Raises:
        ShapeError: operands that do not fit, or an empty image.
        DtypeError: not of floating point.

    Example:
        >>> affine_grid(jnp.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 1, 2)).tolist()
        [[[[-0.5, 0.0], [0.5, 0.0]]]]

    Source: ``torch.nn.functional.affine_grid``.
    """
    who, n = "affine_grid", len(size) - 2
    require_float(who, theta)
    refuse_complex(who, theta)
    if n not in (2, 3) or theta.shape[1:] != (n, n + 1) or theta.shape[0] != size[0]:
        want = "theta (N, 2, 3) with a size (N, C, H, W), or (N, 3, 4) with (N, C, D, H, W)"
        raise ShapeError(message(who, want, f"{describe(theta)} and {size}", "change theta or size"))
    if min(size) < 1:
        raise ShapeError(message(who, "a size of at least 1", str(size), "check how it was made"))
    lines = []
    for length in size[2:]:
        line = jnp.linspace(-1, 1, length, dtype=theta.dtype) if length > 1 else jnp.zeros(1, theta.dtype)
        lines.append(line if align_corners else line * (length - 1) / length)
    points = jnp.stack(jnp.meshgrid(*lines, indexing="ij")[::-1], -1)
    exact = jax.lax.Precision.HIGHEST
    turned = jnp.einsum("...j,nij->n...i", points, theta[:, :, :-1], precision=exact)
    return turned + theta[:, :, -1].reshape(-1, *(1,) * n, n)
