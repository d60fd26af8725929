"""The three maps of a convolution as XLA's own convolution: what GPU and TPU run."""

from __future__ import annotations

import jax
from jax import lax

from xlagrad.layers.functional.window import Window


def _numbers(spatial: int) -> lax.ConvDimensionNumbers:
    image = (0, spatial + 1, *range(1, spatial + 1))
    return lax.ConvDimensionNumbers(image, (spatial + 1, spatial, *range(spatial)), image)


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
    like = jax.ShapeDtypeStruct((y.shape[0], *size, w.shape[-2] * window.groups), y.dtype)
    transpose = jax.linear_transpose(lambda x: correlate(x, w, window=window), like)
    return transpose(y)[0]


def gather_kernel(x: jax.Array, y: jax.Array, *, window: Window, kernel: tuple[int, ...]) -> jax.Array:
    """Return the transpose of `correlate` in w, of spatial shape ``kernel``."""
    like = jax.ShapeDtypeStruct((*kernel, x.shape[-1] // window.groups, y.shape[-1]), x.dtype)
    transpose = jax.linear_transpose(lambda w: correlate(x, w, window=window), like)
    return transpose(y)[0]
