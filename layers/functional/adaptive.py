"""Pooling into a given number of windows, whatever the image's size."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.signature import freeze
from xlagrad.layers.functional.pooling import batched

Sizes = tuple[int, ...]


def _bounds(size: int, count: int) -> list[tuple[int, int]]:
    """Return where each window begins and ends: window i covers [⌊i·S/n⌋, ⌈(i+1)·S/n⌉)."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def _wanted(who: str, output_size: Any, size: Sizes) -> Sizes:
    value = freeze(who, output_size)
    sizes = (value,) * len(size) if isinstance(value, int) or value is None else tuple(value)
    if len(sizes) == 1:
        sizes = sizes * len(size)
    if len(sizes) != len(size) or any(n is not None and n < 0 for n in sizes):
        raise ArgumentError(
            message(who, f"output_size of one number or {len(size)}, not negative", repr(value))
        )
    return tuple(have if n is None else n for n, have in zip(sizes, size, strict=True))


@op(name="_adaptive_avg_pool")
def _adaptive_avg_pool(input: Array, spatial: int, output_size: Any) -> Array:
    """Means over windows: the product, dimension by dimension, with a matrix of weights."""
    x = batched("adaptive_avg_pool", input, spatial)
    wanted = _wanted("adaptive_avg_pool", output_size, x.shape[2:])
    for d, count in enumerate(wanted, 2):
        size = x.shape[d]
        if size == count:
            continue
        if count == 1:
            x = jnp.mean(x, axis=d, keepdims=True)
        elif size % count == 0:
            x = jnp.mean(x.reshape(*x.shape[:d], count, size // count, *x.shape[d + 1 :]), axis=d + 1)
        else:
            weights = np.zeros((count, size), np.float64)
            for i, (start, end) in enumerate(_bounds(size, count)):
                weights[i, start:end] = 1 / (end - start)
            x = jnp.moveaxis(jnp.moveaxis(x, d, -1) @ jnp.asarray(weights.T, x.dtype), -1, d)
    return x if input.ndim == spatial + 2 else x[0]


@op(name="_adaptive_max_pool")
def _adaptive_max_pool(input: Array, spatial: int, output_size: Any) -> tuple[Array, Array]:
    """Maxima over windows, and their places in the flattened image."""
    x = batched("adaptive_max_pool", input, spatial)
    wanted = _wanted("adaptive_max_pool", output_size, x.shape[2:])
    places = jnp.arange(math.prod(x.shape[2:]), dtype=jnp.int32).reshape(1, 1, *x.shape[2:])
    places = jnp.broadcast_to(places, x.shape)
    for d, count in enumerate(wanted, 2):
        values, where = [], []
        for start, end in _bounds(x.shape[d], count):
            part = jax.lax.slice_in_dim(x, start, end, axis=d)
            best = jnp.argmax(part, axis=d, keepdims=True)
            values.append(jnp.take_along_axis(part, best, d))
            where.append(jnp.take_along_axis(jax.lax.slice_in_dim(places, start, end, axis=d), best, d))
        x, places = jnp.concatenate(values, d), jnp.concatenate(where, d)
    places = places.astype(jnp.int64 if jax.config.jax_enable_x64 else jnp.int32)
    return (x, places) if input.ndim == spatial + 2 else (x[0], places[0])


def _average(spatial: int, input: Any, output_size: Any) -> Any:
    return _adaptive_avg_pool(input, spatial=spatial, output_size=freeze("adaptive_avg_pool", output_size))


def _maximum(spatial: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    found = _adaptive_max_pool(input, spatial=spatial, output_size=freeze("adaptive_max_pool", output_size))
    return tuple(found) if return_indices else found[0]


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """Return means of (N, C, L) over ``output_size`` windows. Follows torch's function of this name."""
    return _average(1, input, output_size)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """Return means of (N, C, H, W) over ``output_size`` windows; None keeps a dimension's length.

    Follows ``torch.nn.functional.adaptive_avg_pool2d``.
    """
    return _average(2, input, output_size)


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """Return means of (N, C, D, H, W) over ``output_size`` windows."""
    return _average(3, input, output_size)


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Return maxima of (N, C, L) over ``output_size`` windows, with ``return_indices`` also their places."""
    return _maximum(1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Return maxima of (N, C, H, W) over ``output_size`` windows, with ``return_indices`` also their places.

    Follows ``torch.nn.functional.adaptive_max_pool2d``.
    """
    return _maximum(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Return maxima of (N, C, D, H, W) over ``output_size`` windows."""
    return _maximum(3, input, output_size, return_indices)
