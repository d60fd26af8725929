"""Pooling to a given size: the windows follow from the sizes of input and output."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.layers.functional.arguments import image_layout, require_float, require_ndim
from xlagrad.ops.common import int64, refuse_bool, refuse_complex
from xlagrad.ops.kinks import pick

Sizes = int | None | tuple[int | None, ...]


def _targets(who: str, input: Array, n: int, output_size: Sizes) -> tuple[int, ...]:
    require_ndim(who, input, (n + 1, n + 2), image_layout(n))
    given = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * n
    if len(given) != n or not all(s is None or (type(s) is int and s >= 0) for s in given):
        fix = "pass one size, or one for each spatial dimension; None keeps a dimension as it is"
        want = f"output_size as {n} integers of at least 0, or None"
        raise ArgumentError(message(who, want, repr(output_size), fix))
    if 0 in input.shape[-n:]:
        raise ShapeError(
            message(who, "spatial sizes of at least 1", describe(input), "check how it was made")
        )
    return tuple(have if want is None else want for have, want in zip(input.shape[-n:], given, strict=True))


def _segments(x: Array, count: int, axis: int) -> list[Array]:
    """Return ``count`` slices along ``axis`` that cover it: i goes from ⌊i·L/n⌋ to ⌈(i+1)·L/n⌉."""
    length = x.shape[axis]
    bounds = [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]
    return [lax.slice_in_dim(x, start, end, axis=axis) for start, end in bounds]


def _blocks(x: Array, count: int, axis: int) -> Array:
    """Split ``axis`` into (count, length / count)."""
    return x.reshape(*x.shape[:axis], count, x.shape[axis] // count, *x.shape[axis + 1 :])


def _mean_line(x: Array, count: int, axis: int) -> Array:
    if count and x.shape[axis] % count == 0:
        return _blocks(x, count, axis).mean(axis + 1)
    if not count:
        return lax.slice_in_dim(x, 0, 0, axis=axis)
    return jnp.concatenate([s.mean(axis, keepdims=True) for s in _segments(x, count, axis)], axis)


def _adaptive_avg_pool(who: str, input: Array, n: int, output_size: Sizes) -> Array:
    require_float(who, input)
    x = input
    for i, count in enumerate(_targets(who, input, n, output_size)):
        x = _mean_line(x, count, x.ndim - n + i)
    return x


@op
def adaptive_avg_pool1d(input: Array, output_size: Sizes) -> Array:
    """Means of ``output_size`` windows that cover (N, C, L). Arguments as `adaptive_avg_pool2d`.

    Example:
        >>> adaptive_avg_pool1d(jnp.arange(5.0)[None], 2).tolist()
        [[1.0, 3.0]]

    Source: ``torch.nn.functional.adaptive_avg_pool1d``.
    """
    return _adaptive_avg_pool("adaptive_avg_pool1d", input, 1, output_size)


@op
def adaptive_avg_pool2d(input: Array, output_size: Sizes) -> Array:
    """Means of windows that cover (N, C, H, W) or (C, H, W), as many as ``output_size`` says.

    Window i of n along a dimension of length L goes from ⌊i·L/n⌋ up to ⌈(i+1)·L/n⌉.

    Args:
        input: images of floating point.
        output_size: number of windows, one for all dimensions or one for each; None keeps a dimension.

    Raises:
        ShapeError: other numbers of dimensions, or nothing to average.
        ArgumentError: sizes that are no integers, or negative.
        DtypeError: not of floating point.

    Example:
        >>> adaptive_avg_pool2d(jnp.arange(16.0).reshape(1, 4, 4), 1).tolist()
        [[[7.5]]]

    Source: ``torch.nn.functional.adaptive_avg_pool2d``.
    """
    return _adaptive_avg_pool("adaptive_avg_pool2d", input, 2, output_size)


@op
def adaptive_avg_pool3d(input: Array, output_size: Sizes) -> Array:
    """Means of windows that cover (N, C, D, H, W). Arguments as `adaptive_avg_pool2d`.

    Example:
        >>> adaptive_avg_pool3d(jnp.ones((1, 2, 4, 4)), (1, 2, None)).shape
        (1, 1, 2, 4)

    Source: ``torch.nn.functional.adaptive_avg_pool3d``.
    """
    return _adaptive_avg_pool("adaptive_avg_pool3d", input, 3, output_size)


def _first_max(x: Array, places: Array, axis: int) -> tuple[Array, Array]:
    """Return the maximum along ``axis`` and its place, the first where several elements share it."""
    at = jnp.argmax(lax.stop_gradient(x), axis, keepdims=True)
    return pick(x, at, axis).squeeze(axis), jnp.take_along_axis(places, at, axis).squeeze(axis)


def _max_line(x: Array, places: Array, count: int, axis: int) -> tuple[Array, Array]:
    if count and x.shape[axis] % count == 0:
        return _first_max(_blocks(x, count, axis), _blocks(places, count, axis), axis + 1)
    if not count:
        return lax.slice_in_dim(x, 0, 0, axis=axis), lax.slice_in_dim(places, 0, 0, axis=axis)
    pairs = zip(_segments(x, count, axis), _segments(places, count, axis), strict=True)
    values, spots = zip(*(_first_max(a, b, axis) for a, b in pairs), strict=True)
    return jnp.stack(values, axis), jnp.stack(spots, axis)


def _adaptive_max_pool(who: str, input: Array, n: int, output_size: Sizes, indices: bool) -> Any:
    refuse_bool(who, input)
    refuse_complex(who, input)
    targets = _targets(who, input, n, output_size)
    x, size = input, 1
    for length in input.shape[-n:]:
        size *= length
    places = jnp.broadcast_to(jnp.arange(size, dtype=int64()).reshape(input.shape[-n:]), x.shape)
    # The last dimension first: among equal maxima the first in memory then wins.
    for i in reversed(range(n)):
        x, places = _max_line(x, places, targets[i], x.ndim - n + i)
    return (x, places) if indices else x


@op
def adaptive_max_pool1d(input: Array, output_size: Sizes, return_indices: bool = False) -> Any:
    """Maxima of ``output_size`` windows that cover (N, C, L). Arguments as `adaptive_max_pool2d`.

    Example:
        >>> adaptive_max_pool1d(jnp.arange(5.0)[None], 2).tolist()
        [[2.0, 4.0]]

    Source: ``torch.nn.functional.adaptive_max_pool1d``.
    """
    return _adaptive_max_pool("adaptive_max_pool1d", input, 1, output_size, return_indices)


@op
def adaptive_max_pool2d(input: Array, output_size: Sizes, return_indices: bool = False) -> Any:
    """Maxima of windows that cover (N, C, H, W) or (C, H, W), as many as ``output_size`` says.

    Args:
        input: images of any real type.
        output_size: number of windows, as for `adaptive_avg_pool2d`.
        return_indices: also return the flat index of each maximum in its image.

    Raises:
        ShapeError: other numbers of dimensions, or nothing to choose from.
        ArgumentError: sizes that are no integers, or negative.
        DtypeError: booleans or complex numbers.

    Example:
        >>> adaptive_max_pool2d(jnp.arange(16.0).reshape(1, 4, 4), (1, 2)).tolist()
        [[[13.0, 15.0]]]

    Source: ``torch.nn.functional.adaptive_max_pool2d``.
    """
    return _adaptive_max_pool("adaptive_max_pool2d", input, 2, output_size, return_indices)


@op
def adaptive_max_pool3d(input: Array, output_size: Sizes, return_indices: bool = False) -> Any:
    """Maxima of windows that cover (N, C, D, H, W). Arguments as `adaptive_max_pool2d`.

    Example:
        >>> adaptive_max_pool3d(jnp.arange(8.0).reshape(1, 2, 2, 2), 1).tolist()
        [[[[7.0]]]]

    Source: ``torch.nn.functional.adaptive_max_pool3d``.
    """
    return _adaptive_max_pool("adaptive_max_pool3d", input, 3, output_size, return_indices)
