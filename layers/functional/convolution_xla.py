"""The three maps of a convolution as XLA's own convolution: what GPU and TPU run."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.layers.functional.window import Window


def _numbers(spatial: int) -> lax.ConvDimensionNumbers:
    image = (0, spatial + 1, *range(1, spatial + 1))
    return lax.ConvDimensionNumbers(image, (spatial + 1, spatial, *range(spatial)), image)


def varying(x: Any) -> frozenset[str]:
    """Return the axes of the mesh along which x differs between shards, inside of ``shard_map``."""
    kind = jax.typeof(x)
    return getattr(getattr(kind, "manual_axis_type", kind), "varying", frozenset())


def zeros(shape: tuple[int, ...], of: jax.Array) -> jax.Array:
    """Return zeros of the type of ``of``, which differ between shards, as far as types go, where it does."""
    axes = varying(of)
    plain = jnp.zeros(shape, of.dtype)
    return lax.pcast(plain, tuple(axes), to="varying") if axes else plain


def correlate(x: jax.Array, w: jax.Array, *, window: Window) -> jax.Array:
    """Return the results y of moving kernels w over images x."""
    return lax.conv_general_dilated(
        x,
        w,
        window.stride,
        window.padding,
        rhs_dilation=window.dilation,
        dimension_numbers=_numbers(x.ndim - 2),
        feature_group_count=window.groups,
    )


def spread(y: jax.Array, w: jax.Array, *, window: Window, size: tuple[int, ...]) -> jax.Array:
    """Return the transpose of `correlate` in x, of spatial shape ``size``."""
    like = zeros((y.shape[0], *size, w.shape[-2] * window.groups), y)
    transpose = jax.linear_transpose(lambda x: correlate(x, w, window=window), like)
    return transpose(y)[0]


def gather_kernel(x: jax.Array, y: jax.Array, *, window: Window, kernel: tuple[int, ...]) -> jax.Array:
    """Return the transpose of `correlate` in w, of spatial shape ``kernel``."""
    like = zeros((*kernel, x.shape[-1] // window.groups, y.shape[-1]), x)
    transpose = jax.linear_transpose(lambda w: correlate(x, w, window=window), like)
    return transpose(y)[0]
