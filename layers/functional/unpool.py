"""The partial inverse of max pooling: maxima back at their places."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, IndexingError, ShapeError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.layers.functional.arguments import Ints, image_layout, require_ndim, sizes
from xlagrad.ops.common import require_integer


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def _placed(x: jax.Array, index: jax.Array, size: int) -> jax.Array:
    """Return rows of zeros of a length with x at an index for each: of several at one place, one."""
    rows = jnp.arange(x.shape[0])[:, None]
    return jnp.zeros((x.shape[0], size), x.dtype).at[rows, index].set(x, mode="drop")


@_placed.defjvp
def _placed_jvp(size: int, primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    (x, index), dx = primals, tangents[0]
    rows = jnp.arange(x.shape[0])[:, None]
    # Every element gets the gradient of its place, also one that another has overwritten.
    change = jnp.zeros((x.shape[0], size), x.dtype).at[rows, index].add(dx, mode="drop")
    return _placed(x, index, size), change


@op(name="_max_unpool")
def _max_unpool(input: Array, indices: Array, size: tuple[int, ...]) -> Array:
    """Images of zeros of a spatial size with the elements of the input at their places."""
    lead = input.shape[: -len(size)]
    flat = (math.prod(lead), math.prod(input.shape[-len(size) :]))
    return _placed(input.reshape(flat), indices.reshape(flat), math.prod(size)).reshape(*lead, *size)


def _check_places(who: str, indices: Any, size: tuple[int, ...]) -> None:
    """Raise for a place outside of the image, where looking costs no wait for an accelerator."""
    value = read(indices) if isinstance(indices, Handle) else indices
    if is_tracer(value) or value.size == 0 or next(iter(value.devices())).platform != "cpu":
        return
    host, count = np.asarray(value), math.prod(size)
    bad = host[(host < 0) | (host >= count)]
    if bad.size:
        fix = "pass the output_size of the image that was pooled"
        raise IndexingError(message(who, f"indices below {count} for images {size}", str(int(bad[0])), fix))


def _unpooled_size(
    who: str, input: Any, n: int, kernel: Ints, stride: Any, padding: Ints, wanted: Sequence[int] | None
) -> tuple[int, ...]:
    extents = sizes(who, "kernel_size", kernel, n, 1)
    steps = extents if stride is None or stride == () else sizes(who, "stride", stride, n, 1)
    pads, have = sizes(who, "padding", padding, n, 0), input.shape[-n:]
    usual = tuple(
        (length - 1) * s + k - 2 * p for length, s, k, p in zip(have, steps, extents, pads, strict=True)
    )
    if wanted is None:
        return usual
    given = tuple(int(v) for v in wanted)
    given = given[2:] if len(given) == n + 2 else given
    if len(given) != n:
        fix = "give one size for each spatial dimension, or the whole shape"
        raise ArgumentError(message(who, f"output_size of {n} or {n + 2} numbers", str(tuple(wanted)), fix))
    for size, middle, s in zip(given, usual, steps, strict=True):
        if not middle - s < size < middle + s:
            want = f"output_size within a stride {steps} of {usual}"
            raise ArgumentError(message(who, want, str(given), "pass the size of the image that was pooled"))
    return given


def _unpool(
    who: str, n: int, input: Any, indices: Any, kernel: Ints, stride: Any, padding: Ints, output_size: Any
) -> Any:
    require_ndim(who, input, (n + 1, n + 2), image_layout(n))
    if tuple(indices.shape) != tuple(input.shape):
        fix = "pass what the pooling returned with return_indices=True"
        raise ShapeError(
            message(who, f"indices of the input's shape {tuple(input.shape)}", describe(indices), fix)
        )
    require_integer(who, indices)
    size = _unpooled_size(who, input, n, kernel, stride, padding, output_size)
    if min(size) < 1:
        fix = "lower padding or raise kernel_size"
        raise ShapeError(message(who, "a result with elements", f"one of spatial size {size}", fix))
    _check_places(who, indices, size)
    return _max_unpool(input, indices, size=size)


def max_unpool1d(
    input: Any, indices: Any, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0,
    output_size: Sequence[int] | None = None,
) -> Any:  # fmt: skip
    """Return (N, C, L) or (C, L) of zeros with the maxima of a pooling at their places.

    Arguments as `max_unpool2d`.

    Example:
        >>> max_unpool1d(jnp.array([[2.0, 4.0]]), jnp.array([[1, 3]]), 2).tolist()
        [[0.0, 2.0, 0.0, 4.0]]

    Source: ``torch.nn.functional.max_unpool1d``.
    """
    return _unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Any, indices: Any, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0,
    output_size: Sequence[int] | None = None,
) -> Any:  # fmt: skip
    """Return (N, C, H, W) or (C, H, W) of zeros with the maxima of a pooling at their places.

    Args:
        input: the maxima.
        indices: the flat index of each in its image, from `max_pool2d` with ``return_indices``.
        kernel_size: of the pooling.
        stride: of the pooling; by default the extent of the window.
        padding: of the pooling.
        output_size: the size of the image that was pooled, (H, W) or its whole shape, which the others leave
            open by less than a stride.

    Raises:
        ShapeError: shapes that differ, or an empty result.
        ArgumentError: an ``output_size`` that no such pooling has.
        IndexingError: an index outside of the image; looked for where its value is at hand.
        DtypeError: indices that are no integers.

    Example:
        >>> max_unpool2d(jnp.array([[[7.0]]]), jnp.array([[[3]]]), 2).tolist()
        [[[0.0, 0.0], [0.0, 7.0]]]

    Source: ``torch.nn.functional.max_unpool2d``.
    """
    return _unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Any, indices: Any, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0,
    output_size: Sequence[int] | None = None,
) -> Any:  # fmt: skip
    """Return (N, C, D, H, W) of zeros with the maxima of a pooling at their places.

    Arguments as `max_unpool2d`.

    Example:
        >>> max_unpool3d(jnp.array([[[[7.0]]]]), jnp.array([[[[0]]]]), (1, 1, 2)).tolist()
        [[[[7.0, 0.0]]]]

    Source: ``torch.nn.functional.max_unpool3d``.
    """
    return _unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)
