"""Pooling over windows: maxima and means, over windows of one size and over a given number of them.

Maxima are taken from shifted slices pair by pair: that keeps torch's rule that the first of equal elements
gets the gradient, differentiates in both modes, and on CPU is several times faster than a reduction over
windows, whose gradient is a scatter.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.signature import freeze
from xlagrad.layers.functional.window import Window, shifted

Sizes = tuple[int, ...]


def spread_sizes(who: str, name: str, value: Any, count: int) -> Sizes:
    """Return one number for each spatial dimension.

    Raises:
        ArgumentError: neither one number nor ``count``.
    """
    value = freeze(who, value)
    sizes = (value,) * count if isinstance(value, int) else tuple(value)
    if len(sizes) == 1:
        sizes = sizes * count
    if len(sizes) != count or not all(isinstance(n, int) for n in sizes):
        raise ArgumentError(message(who, f"{name} of one integer or {count}", describe(value)))
    return sizes


def batched(who: str, input: jax.Array, spatial: int) -> jax.Array:
    """Return ``input`` with its batch dimension, which may be absent.

    Raises:
        ShapeError: another number of dimensions.
    """
    if input.ndim == spatial + 1:
        return input[None]
    if input.ndim != spatial + 2:
        want = f"{spatial + 1} or {spatial + 2} dimensions, (N, C, …) or (C, …)"
        raise ShapeError(message(who, want, describe(input)))
    return input


def _outputs(size: int, kernel: int, stride: int, pad: int, dilation: int, ceil_mode: bool) -> int:
    reach = size + 2 * pad - dilation * (kernel - 1) - 1
    count = (-(-reach // stride) if ceil_mode else reach // stride) + 1
    # The last window must start inside the image or its left padding.
    if ceil_mode and (count - 1) * stride >= size + pad:
        count -= 1
    return count


def _window(
    who: str, size: Sizes, kernel: Sizes, stride: Sizes, pad: Sizes, dilation: Sizes, ceil_mode: bool
) -> tuple[Window, Sizes]:
    """Return the window with its padding made long enough for all outputs, and how many there are."""
    for k, s, p, d in zip(kernel, stride, pad, dilation, strict=True):
        if k < 1 or s < 1 or d < 1 or p < 0 or p > (d * (k - 1) + 1) // 2:
            want = "positive kernel_size, stride and dilation, and padding of at most half the kernel"
            raise ArgumentError(message(who, want, f"{k}, {s}, {d} and {p}"))
    rows = zip(size, kernel, stride, pad, dilation, strict=True)
    counts = tuple(_outputs(*row, ceil_mode) for row in rows)
    if min(counts) < 1:
        raise ShapeError(
            message(who, "an image larger than the window", f"size {size}, kernel_size {kernel}")
        )
    after = tuple(
        max((c - 1) * t + d * (k - 1) + 1 - s - p, 0)
        for c, t, d, k, s, p in zip(counts, stride, dilation, kernel, size, pad, strict=True)
    )
    return Window(stride, tuple(zip(pad, after, strict=True)), dilation), counts


def _padded(x: jax.Array, window: Window, value: Any) -> jax.Array:
    if not any(map(any, window.padding)):
        return x
    widths = ((0, 0), (0, 0), *window.padding)
    return jnp.pad(x, widths, constant_values=value)


def _lowest(x: jax.Array) -> Any:
    return -jnp.inf if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.iinfo(x.dtype).min


def _slices(x: jax.Array, kernel: Sizes, window: Window, counts: Sizes) -> list[jax.Array]:
    """Return, for each element of the kernel, what it sees at all positions."""
    return [
        shifted(
            x, tuple(o * d for o, d in zip(offset, window.dilation, strict=True)), window.stride, counts, 2
        )
        for offset in itertools.product(*map(range, kernel))
    ]


def _first_max(a: jax.Array, b: jax.Array) -> jax.Array:
    """Return where ``a`` is the maximum of both: the first of equals, and any NaN."""
    return (a >= b) | jnp.isnan(a) if jnp.issubdtype(a.dtype, jnp.inexact) else a >= b


@op(name="_max_pool")
def _max_pool(
    input: Array, spatial: int, kernel: Any, stride: Any, pad: Any, dilation: Any, ceil_mode: bool
) -> Array:
    """Maxima over windows."""
    x = batched("max_pool", input, spatial)
    window, counts = _window("max_pool", x.shape[2:], kernel, stride, pad, dilation, ceil_mode)
    parts = _slices(_padded(x, window, _lowest(x)), kernel, window, counts)
    best = parts[0]
    for part in parts[1:]:
        best = jnp.where(_first_max(best, part), best, part)
    return best if input.ndim == spatial + 2 else best[0]


@op(name="_max_pool_with_indices")
def _max_pool_with_indices(
    input: Array, spatial: int, kernel: Any, stride: Any, pad: Any, dilation: Any, ceil_mode: bool
) -> tuple[Array, Array]:
    """Maxima over windows, and their places in the flattened image."""
    x = batched("max_pool", input, spatial)
    window, counts = _window("max_pool", x.shape[2:], kernel, stride, pad, dilation, ceil_mode)
    places = jnp.arange(math.prod(x.shape[2:]), dtype=jnp.int32).reshape(1, 1, *x.shape[2:])
    parts = _slices(_padded(x, window, _lowest(x)), kernel, window, counts)
    at = _slices(_padded(places, window, 0), kernel, window, counts)
    best, place = parts[0], jnp.broadcast_to(at[0], parts[0].shape)
    for part, where in zip(parts[1:], at[1:], strict=True):
        keep = _first_max(best, part)
        # Padding never wins over an element, not even one of −∞.
        best, place = jnp.where(keep, best, part), jnp.where(keep, place, where)
    place = place.astype(jnp.int64 if jax.config.jax_enable_x64 else jnp.int32)
    return (best, place) if input.ndim == spatial + 2 else (best[0], place[0])


def _max(
    spatial: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    who = f"max_pool{spatial}d"
    kernel = spread_sizes(who, "kernel_size", kernel_size, spatial)
    record = _max_pool_with_indices if return_indices else _max_pool
    return record(
        input,
        spatial=spatial,
        kernel=kernel,
        stride=kernel if stride in (None, ()) else spread_sizes(who, "stride", stride, spatial),
        pad=spread_sizes(who, "padding", padding, spatial),
        dilation=spread_sizes(who, "dilation", dilation, spatial),
        ceil_mode=ceil_mode,
    )


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return maxima over windows of (N, C, L); see :func:`max_pool2d`."""
    return _max(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return maxima over windows of (N, C, H, W) or (C, H, W).

    Args:
        input: the image.
        kernel_size: extent of the window.
        stride: step between windows, by default the extent.
        padding: −∞ added on both sides, at most half the extent.
        dilation: spacing of the window's elements.
        ceil_mode: also use a last window that is only partly inside.
        return_indices: also return the places of the maxima in the flattened image.

    Raises:
        ShapeError: the image is smaller than the window.
        ArgumentError: an argument is out of range.

    Of equal elements the first gets the gradient. Follows ``torch.nn.functional.max_pool2d``.
    """
    return _max(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return maxima over windows of (N, C, D, H, W); see :func:`max_pool2d`."""
    return _max(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@op(name="_avg_pool")
def _avg_pool(
    input: Array,
    spatial: int,
    kernel: Any,
    stride: Any,
    pad: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    """Means over windows."""
    x = batched("avg_pool", input, spatial)
    size = x.shape[2:]
    window, counts = _window("avg_pool", size, kernel, stride, pad, (1,) * spatial, ceil_mode)
    out = sum(_slices(_padded(x, window, 0), kernel, window, counts))
    per = [_elements(*row, count_include_pad) for row in zip(size, kernel, stride, pad, counts, strict=True)]
    if divisor is not None:
        out = out / divisor
    else:
        for d, elements in enumerate(per):
            out = out / jnp.asarray(elements, x.dtype).reshape((-1,) + (1,) * (spatial - 1 - d))
    return out if input.ndim == spatial + 2 else out[0]  # type: ignore[index,return-value]


def _elements(size: int, kernel: int, stride: int, pad: int, count: int, with_pad: bool) -> list[int]:
    """Return how many elements each window of one dimension averages over."""
    found = []
    for i in range(count):
        start = i * stride - pad
        end = min(start + kernel, size + pad)
        found.append(end - start if with_pad else min(end, size) - max(start, 0))
    return found


def _avg(
    spatial: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    who = f"avg_pool{spatial}d"
    kernel = spread_sizes(who, "kernel_size", kernel_size, spatial)
    if divisor_override == 0:
        raise ArgumentError(message(who, "divisor_override other than 0", "0"))
    return _avg_pool(
        input,
        spatial=spatial,
        kernel=kernel,
        stride=kernel if stride in (None, ()) else spread_sizes(who, "stride", stride, spatial),
        pad=spread_sizes(who, "padding", padding, spatial),
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor=divisor_override,
    )


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """Return means over windows of (N, C, L); see :func:`avg_pool2d`."""
    return _avg(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Return means over windows of (N, C, H, W) or (C, H, W).

    Args:
        input: the image.
        kernel_size: extent of the window.
        stride: step between windows, by default the extent.
        padding: zeros added on both sides.
        ceil_mode: also use a last window that is only partly inside.
        count_include_pad: whether the zeros count as elements.
        divisor_override: what to divide sums by instead.

    Follows ``torch.nn.functional.avg_pool2d``.
    """
    return _avg(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Return means over windows of (N, C, D, H, W); see :func:`avg_pool2d`."""
    return _avg(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
