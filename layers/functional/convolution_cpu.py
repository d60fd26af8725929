"""The three maps of a convolution on CPU.

XLA's convolution is good there with enough channels and no groups, forwards and towards the image. The rest
is faster as something else: few channels, and the gradient of the kernel, as products with the patches laid
out in memory (in chunks of the batch, which stay in the cache); a kernel of one element as a plain product;
depthwise as multiply-adds of shifted images; groups one by one, after small ones are merged.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from xlagrad.layers.functional import convolution_xla as xla
from xlagrad.layers.functional.window import Window, shifted

# Limits that measurements on two AVX-512 cores led to; those of patches are in bytes.
_CHUNK = 2 << 20
_LARGEST_IMAGE = 16 << 20
_SMALL = 4 << 20
_FEW_CHANNELS = 4
_MOST_TAPS = 128
# Groups of fewer channels are merged, and so are more groups than this.
_GROUP_CHANNELS = 16
_MOST_GROUPS = 32

Sizes = tuple[int, ...]


def correlate(x: jax.Array, w: jax.Array, *, window: Window) -> jax.Array:
    """Return the results y of moving kernels w over images x."""
    kernel, channels = w.shape[:-2], x.shape[-1]
    if not _tuned(x, w):
        return xla.correlate(x, w, window=window)
    if _depthwise(window, channels, kernel):
        return _multiply_add(x, w, window)
    if window.groups > 1:
        merged, factor = _merged(window, w.shape[-2])
        return _split(correlate, x, _block_diagonal(w, window.groups, factor), merged)
    count = window.positions(x.shape[1:-1], kernel)
    if _pointwise(window, kernel):
        taps = shifted(x, (0,) * len(kernel), window.stride, count, 1)
        return _rows(taps, w.reshape(w.shape[-2:]))
    patches = math.prod(count) * math.prod(kernel) * channels * x.dtype.itemsize
    if channels > _FEW_CHANNELS or patches > _LARGEST_IMAGE:
        return xla.correlate(x, w, window=window)
    chunk = _chunk(x.shape[0], patches)

    def rows(part: jax.Array) -> jax.Array:
        flat = _patches(part, window, kernel, count) @ w.reshape(-1, w.shape[-1])
        return flat.reshape(-1, *count, w.shape[-1])

    x = _pad(x, window)
    if chunk == x.shape[0]:
        return rows(x)
    y = lax.map(rows, x.reshape(-1, chunk, *x.shape[1:]))
    return y.reshape(-1, *y.shape[2:])


def spread(y: jax.Array, w: jax.Array, *, window: Window, size: Sizes) -> jax.Array:
    """Return the transpose of `correlate` in x, of spatial shape ``size``."""
    kernel, channels = w.shape[:-2], w.shape[-2] * window.groups
    if not _tuned(y, w):
        return xla.spread(y, w, window=window, size=size)
    if _depthwise(window, channels, kernel):
        like = xla.zeros((y.shape[0], *size, channels), y)
        return jax.linear_transpose(lambda x: _multiply_add(x, w, window), like)(y)[0]
    if window.groups > 1:
        merged, factor = _merged(window, w.shape[-2])
        return _split(spread, y, _block_diagonal(w, window.groups, factor), merged, size=size)
    patches = y.size // y.shape[-1] * math.prod(kernel) * channels * y.dtype.itemsize
    most = _LARGEST_IMAGE if channels <= _FEW_CHANNELS else _SMALL
    if patches > most and not _pointwise(window, kernel):
        return xla.spread(y, w, window=window, size=size)
    taps = _rows(y, w.reshape(-1, w.shape[-1]).T).reshape(*y.shape[:-1], -1, channels)
    return _overlap(taps, window, kernel, size)


def gather_kernel(x: jax.Array, y: jax.Array, *, window: Window, kernel: Sizes) -> jax.Array:
    """Return the transpose of `correlate` in w, of spatial shape ``kernel``."""
    channels, count = x.shape[-1], y.shape[1:-1]
    if not _tuned(x, y):
        return xla.gather_kernel(x, y, window=window, kernel=kernel)
    if _depthwise(window, channels, kernel):
        like = xla.zeros((*kernel, 1, y.shape[-1]), x)
        return jax.linear_transpose(lambda w: _multiply_add(x, w, window), like)(y)[0]
    if window.groups > 1:
        merged, factor = _merged(window, channels // window.groups)
        blocks = _split(gather_kernel, x, y, merged, kernel=kernel)
        like = xla.zeros((*kernel, channels // window.groups, y.shape[-1]), x)
        place = functools.partial(_block_diagonal, groups=window.groups, factor=factor)
        return jax.linear_transpose(place, like)(blocks)[0]
    patches = math.prod(count) * math.prod(kernel) * channels * x.dtype.itemsize
    if patches > (_LARGEST_IMAGE if channels <= _FEW_CHANNELS else _CHUNK):
        return xla.gather_kernel(x, y, window=window, kernel=kernel)
    return _sum_of_products(_pad(x, window), y, window, kernel, _chunk(x.shape[0], patches))


def _sum_of_products(x: jax.Array, y: jax.Array, window: Window, kernel: Sizes, chunk: int) -> jax.Array:
    """Return the kernel's gradient from padded images, ``chunk`` of them at a time."""
    channels, count = x.shape[-1], y.shape[1:-1]

    def product(part: jax.Array, ys: jax.Array) -> jax.Array:
        patches, flat = _patches(part, window, kernel, count), ys.reshape(-1, ys.shape[-1])
        if channels <= _FEW_CHANNELS:
            return lax.dot_general(flat, patches, (((0,), (0,)), ((), ())))
        # XLA has its fastest product for rows with columns, and does not transpose by itself to get there.
        return lax.optimization_barrier(flat.T) @ patches

    def add(total: jax.Array, parts: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        return total + product(*parts), None

    if chunk == x.shape[0]:
        total = product(x, y)
    else:
        parts = (x.reshape(-1, chunk, *x.shape[1:]), y.reshape(-1, chunk, *y.shape[1:]))
        zero = xla.zeros((y.shape[-1], math.prod(kernel) * channels), x)
        total = lax.scan(add, zero, parts)[0]
    return total.T.reshape(*kernel, channels, y.shape[-1])


def _tuned(*xs: jax.Array) -> bool:
    """Return whether types and sizes are of the kind that was measured: no half precision, nothing empty."""
    return all(x.dtype in (np.float32, np.float64) and all(type(n) is int and n for n in x.shape) for x in xs)


def _pointwise(window: Window, kernel: Sizes) -> bool:
    return math.prod(kernel) == 1 and window.groups == 1 and not any(map(any, window.padding))


def _depthwise(window: Window, channels: int, kernel: Sizes) -> bool:
    return window.groups == channels > 1 and math.prod(kernel) <= _MOST_TAPS


def _chunk(images: int, patches: int) -> int:
    """Return how many images to lay out the patches of at a time, given the size of one's."""
    most = max(1, _CHUNK // patches)
    return max(n for n in range(1, images + 1) if images % n == 0 and n <= most)


def _offsets(kernel: Sizes, dilation: Sizes) -> Iterator[Sizes]:
    return itertools.product(*(range(0, k * d, d) for k, d in zip(kernel, dilation, strict=True)))


def _pad(x: jax.Array, window: Window) -> jax.Array:
    if not any(map(any, window.padding)):
        return x
    edges = ((0, 0, 0), *((lo, hi, 0) for lo, hi in window.padding), (0, 0, 0))
    # Fused into the copies that follow, padding would be decided again for each element of the kernel.
    return lax.optimization_barrier(lax.pad(x, jnp.zeros((), x.dtype), edges))


def _rows(x: jax.Array, matrix: jax.Array) -> jax.Array:
    return (x.reshape(-1, x.shape[-1]) @ matrix).reshape(*x.shape[:-1], matrix.shape[-1])


def _patches(x: jax.Array, window: Window, kernel: Sizes, count: Sizes) -> jax.Array:
    """Return the patches of a padded image as rows, (N · T, K · C)."""
    taps = [shifted(x, o, window.stride, count, 1) for o in _offsets(kernel, window.dilation)]
    return jnp.concatenate(taps, -1).reshape(-1, math.prod(kernel) * x.shape[-1])


def _overlap(taps: jax.Array, window: Window, kernel: Sizes, size: Sizes) -> jax.Array:
    """Add patches (N, *T, K, C) up where they overlap, into images of spatial shape ``size``."""
    zero = jnp.zeros((), taps.dtype)
    parts = []
    for i, offset in enumerate(_offsets(kernel, window.dilation)):
        edges = []
        for o, s, t, p, n in zip(offset, size, taps.shape[1:-2], window.padding, window.stride, strict=True):
            # Negative padding cuts off what falls outside the image.
            edges.append((o - p[0], s - (o - p[0]) - (t - 1) * n - 1, n - 1))
        parts.append(lax.pad(taps[..., i, :], zero, ((0, 0, 0), *edges, (0, 0, 0))))
    return sum(parts[1:], parts[0])


def _multiply_add(x: jax.Array, w: jax.Array, window: Window) -> jax.Array:
    """Return a depthwise `correlate`."""
    kernel, channels = w.shape[:-2], x.shape[-1]
    count = window.positions(x.shape[1:-1], kernel)
    weights = w.reshape(-1, channels, w.shape[-1] // channels)
    edges = ((0, 0, 0), *((lo, hi, 0) for lo, hi in window.padding), (0, 0, 0))
    x = lax.pad(x, jnp.zeros((), x.dtype), edges)
    taps = (shifted(x, o, window.stride, count, 1) for o in _offsets(kernel, window.dilation))
    parts = [tap[..., None] * weight for tap, weight in zip(taps, weights, strict=True)]
    return sum(parts[1:], parts[0]).reshape(x.shape[0], *count, w.shape[-1])


def _merged(window: Window, channels: int) -> tuple[Window, int]:
    """Return the window with fewer, larger groups than those of ``channels`` each, and how many make one."""
    factors = (n for n in range(1, window.groups + 1) if window.groups % n == 0)
    large = (n for n in factors if n * channels >= _GROUP_CHANNELS and window.groups // n <= _MOST_GROUPS)
    factor = next(large, window.groups)
    return window._replace(groups=window.groups // factor), factor


def _block_diagonal(w: jax.Array, groups: int, factor: int) -> jax.Array:
    """Return a kernel of ``groups`` groups as one of fewer, with zeros where channels do not mix."""
    if factor == 1:
        return w
    *kernel, channels, out = w.shape
    parts = w.reshape(*kernel, channels, groups // factor, factor, out // groups)
    blocks = jnp.einsum("...cgmo,mn->...ncgmo", parts, jnp.eye(factor, dtype=w.dtype))
    return blocks.reshape(*kernel, factor * channels, out)


def _split(
    map_: Callable[..., jax.Array], first: jax.Array, second: jax.Array, window: Window, **params: Sizes
) -> jax.Array:
    """Run each group as a convolution of its own."""
    if window.groups == 1:
        return map_(first, second, window=window, **params)
    alone = window._replace(groups=1)
    pairs = zip(*(jnp.split(a, window.groups, -1) for a in (first, second)), strict=True)
    return jnp.concatenate([map_(*pair, window=alone, **params) for pair in pairs], -1)
