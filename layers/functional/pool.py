"""Pooling over windows: maxima, means and powers.

Windows are taken apart by dimension, and each dimension into its shifted slices: XLA fuses these, forwards
and backwards, where the gradient of its own window reduction is several times slower on CPU. A maximum
that several elements share passes its gradient to the first of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.layers.functional.arguments import Ints, image_layout, require_float, require_ndim, sizes
from xlagrad.ops.common import int64, refuse_bool, refuse_complex
from xlagrad.ops.kinks import pick

# Longer windows are gathered, or reduced by XLA, instead of unrolled.
_MOST_TAPS = 64


class _Line(NamedTuple):
    """The windows along one dimension: extent, step, padding before and after, spacing, number of windows."""

    extent: int
    step: int
    before: int
    after: int
    spacing: int
    windows: int


def _lines(
    who: str,
    input: Array,
    n: int,
    kernel: Ints,
    stride: Ints | None,
    padding: Ints,
    dilation: Ints,
    ceil: bool,
) -> list[_Line]:
    """Check the arguments of a pooling and return its windows along each dimension."""
    require_ndim(who, input, (n + 1, n + 2), image_layout(n))
    extents = sizes(who, "kernel_size", kernel, n, 1)
    steps = extents if stride is None or stride == () else sizes(who, "stride", stride, n, 1)
    pads, spacings = sizes(who, "padding", padding, n, 0), sizes(who, "dilation", dilation, n, 1)
    lines = []
    for length, k, s, p, d in zip(input.shape[-n:], extents, steps, pads, spacings, strict=True):
        if 2 * p > d * (k - 1) + 1:
            fix = "lower padding or raise kernel_size"
            want = f"padding of at most half the window ({d * (k - 1) + 1} wide)"
            raise ArgumentError(message(who, want, str(p), fix))
        room = length + 2 * p - d * (k - 1) - 1
        count = (-(-room // s) if ceil else room // s) + 1
        # A window must start inside the image or the padding before it.
        if ceil and (count - 1) * s >= length + p:
            count -= 1
        if count < 1:
            fix = "use a smaller kernel_size or more padding"
            raise ShapeError(
                message(who, f"spatial sizes that hold a window of {extents}", describe(input), fix)
            )
        after = max((count - 1) * s + d * (k - 1) + 1 - length - p, 0)
        lines.append(_Line(k, s, p, after, d, count))
    return lines


def _taps(x: Array, line: _Line, axis: int) -> list[Array]:
    """Return, for each element of the window, that element of all windows."""
    last = (line.windows - 1) * line.step + 1
    if line.step == line.extent and line.spacing == 1 and x.shape[axis] >= line.windows * line.step:
        # Splitting the dimension differentiates into something simpler than strided slices.
        whole = lax.slice_in_dim(x, 0, line.windows * line.step, axis=axis)
        split = whole.reshape(*x.shape[:axis], line.windows, line.step, *x.shape[axis + 1 :])
        return [lax.index_in_dim(split, i, axis + 1, keepdims=False) for i in range(line.extent)]
    offsets = range(0, line.extent * line.spacing, line.spacing)
    return [lax.slice_in_dim(x, o, o + last, line.step, axis) for o in offsets]


def _gathered(x: Array, line: _Line, axis: int) -> Array:
    """Return all windows along ``axis``, which becomes (number, element)."""
    places = np.arange(line.windows)[:, None] * line.step + np.arange(line.extent) * line.spacing
    return jnp.take(x, places, axis=axis)


def _pad_line(x: Array, line: _Line, axis: int, value: Any) -> Array:
    edges = [(0, 0, 0)] * x.ndim
    edges[axis] = (line.before, line.after, 0)
    return lax.pad(x, jnp.asarray(value, x.dtype), edges) if line.before or line.after else x


def lowest(dtype: Any) -> Any:
    """Return the number of a type that every other exceeds: what maxima start from."""
    return -np.inf if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype).min


def _inside(line: _Line, length: int) -> np.ndarray[Any, Any]:
    """Return which elements (element, window) of the windows along a dimension are no padding."""
    start = np.arange(line.windows) * line.step - line.before
    at = start + np.arange(line.extent)[:, None] * line.spacing
    return (at >= 0) & (at < length)


def _max_line(x: Array, places: Array | None, line: _Line, axis: int) -> tuple[Array, Array | None]:
    """Return the maxima over windows along ``axis``, and their places in the image."""
    inside = _inside(line, x.shape[axis])
    x = _pad_line(x, line, axis, lowest(x.dtype))
    places = None if places is None else _pad_line(places, line, axis, -1)
    along = (-1,) + (1,) * (x.ndim - axis - 1)
    if line.extent > _MOST_TAPS:
        windows = _gathered(x, line, axis)
        at = jnp.argmax(lax.stop_gradient(windows), axis + 1, keepdims=True)
        # Padding never wins over an element, not even over one of -∞.
        at = jnp.maximum(at, inside.argmax(0).reshape(-1, 1, *along[1:]))
        if places is not None:
            places = jnp.take_along_axis(_gathered(places, line, axis), at, axis + 1).squeeze(axis + 1)
        return pick(windows, at, axis + 1).squeeze(axis + 1), places
    taps = _taps(x, line, axis)
    spots = [None] * len(taps) if places is None else _taps(places, line, axis)
    best, where, filled = taps[0], spots[0], inside[0]
    for tap, spot, real in zip(taps[1:], spots[1:], inside[1:], strict=True):
        # A NaN stays: no comparison with it holds, and it takes the place of any number.
        better = (tap > best) | (tap != tap)
        if (real & ~filled).any():
            better |= (real & ~filled).reshape(along)
        best, filled = jnp.where(better, tap, best), filled | real
        where = None if spot is None or where is None else jnp.where(better, spot, where)
    return best, where


def _places(shape: tuple[int, ...]) -> Array:
    """Return the flat index of each element of an image (*S, 1)."""
    return jnp.arange(np.prod(shape), dtype=int64()).reshape(*shape, 1)


def _channels_last(x: Array, n: int) -> Array:
    return jnp.moveaxis(x, -n - 1, -1)


def _channels_first(x: Array, n: int) -> Array:
    return jnp.moveaxis(x, -1, -n - 1)


def _max_pool(
    who: str, input: Array, n: int, kernel: Ints, stride: Ints | None, padding: Ints, dilation: Ints,
    ceil: bool, indices: bool,
) -> Any:  # fmt: skip
    refuse_bool(who, input)
    refuse_complex(who, input)
    lines = _lines(who, input, n, kernel, stride, padding, dilation, ceil)
    x = _channels_last(input, n)
    places = jnp.broadcast_to(_places(input.shape[-n:]), x.shape) if indices else None
    for axis in reversed(range(n)):
        x, places = _max_line(x, places, lines[axis], x.ndim - n - 1 + axis)
    out = _channels_first(x, n)
    return out if places is None else (out, _channels_first(places, n))


@op
def max_pool1d(
    input: Array,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """max over each window of (N, C, L) or (C, L). Arguments as `max_pool2d`.

    Example:
        >>> max_pool1d(jnp.arange(6.0)[None], 2).tolist()
        [[1.0, 3.0, 5.0]]

    Source: ``torch.nn.functional.max_pool1d``.
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode, return_indices)
    return _max_pool("max_pool1d", input, 1, *options)


@op
def max_pool2d(
    input: Array,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """max over each window of (N, C, H, W) or (C, H, W).

    Args:
        input: images of any real type.
        kernel_size: extent of the window, one for all dimensions or one for each.
        stride: step between windows; by default the extent.
        padding: -∞ added on both sides, at most half the extent.
        dilation: spacing of the elements of a window.
        ceil_mode: keep a last window that is only partly inside.
        return_indices: also return the flat index of each maximum in its H × W image.

    Returns:
        The maxima, (N, C, H', W') with H' = ⌊(H + 2·padding - dilation·(kernel_size - 1) - 1) / stride⌋ + 1;
        with ``return_indices`` a pair of them and their indices.

    Raises:
        ShapeError: other numbers of dimensions, or no window fits.
        ArgumentError: an argument out of range.
        DtypeError: booleans or complex numbers.

    Example:
        >>> max_pool2d(jnp.arange(16.0).reshape(1, 4, 4), 2).tolist()
        [[[5.0, 7.0], [13.0, 15.0]]]

    Source: ``torch.nn.functional.max_pool2d``.
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode, return_indices)
    return _max_pool("max_pool2d", input, 2, *options)


@op
def max_pool3d(
    input: Array,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """max over each window of (N, C, D, H, W) or (C, D, H, W). Arguments as `max_pool2d`.

    Example:
        >>> max_pool3d(jnp.arange(8.0).reshape(1, 2, 2, 2), 2).tolist()
        [[[[7.0]]]]

    Source: ``torch.nn.functional.max_pool3d``.
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode, return_indices)
    return _max_pool("max_pool3d", input, 3, *options)


def _sum_line(x: Array, line: _Line, axis: int) -> Array:
    x = _pad_line(x, line, axis, 0)
    if line.extent > _MOST_TAPS:
        window, steps = [1] * x.ndim, [1] * x.ndim
        window[axis], steps[axis] = line.extent, line.step
        return lax.reduce_window(x, np.zeros((), x.dtype), lax.add, window, steps, "VALID")
    taps = _taps(x, line, axis)
    return sum(taps[1:], taps[0])


def _covered(line: _Line, length: int, include_pad: bool) -> np.ndarray[Any, Any]:
    """Return how many elements each window along a dimension has inside the image, or also in its padding."""
    start = np.arange(line.windows) * line.step - line.before
    end = np.minimum(start + line.extent, length + line.before)
    if include_pad:
        return end - start
    return np.minimum(end, length) - np.maximum(start, 0)


def _avg_pool(
    who: str, input: Array, n: int, kernel: Ints, stride: Ints | None, padding: Ints, ceil: bool,
    include_pad: bool, divisor: int | None,
) -> Array:  # fmt: skip
    require_float(who, input)
    lines = _lines(who, input, n, kernel, stride, padding, 1, ceil)
    if divisor == 0:
        raise ArgumentError(message(who, "a divisor_override other than 0", "0", "leave it None"))
    x = _channels_last(input, n)
    counts: Any = np.ones((), np.int64)
    for axis in range(n):
        x = _sum_line(x, lines[axis], x.ndim - n - 1 + axis)
        covered = _covered(lines[axis], input.shape[axis - n], include_pad)
        counts = np.multiply.outer(counts, covered)
    if divisor is not None:
        counts = np.asarray(divisor)
    elif counts.size and (counts == counts.flat[0]).all():
        counts = counts.flat[0]
    else:
        counts = counts[..., None]
    return _channels_first(x / jnp.asarray(counts, x.dtype), n)


@op
def avg_pool1d(
    input: Array,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """The mean of each window of (N, C, L) or (C, L). Arguments as `avg_pool2d`.

    Example:
        >>> avg_pool1d(jnp.arange(6.0)[None], 3).tolist()
        [[1.0, 4.0]]

    Source: ``torch.nn.functional.avg_pool1d``.
    """
    return _avg_pool("avg_pool1d", input, 1, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


@op
def avg_pool2d(
    input: Array,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The mean of each window of (N, C, H, W) or (C, H, W).

    Args:
        input: images of floating point.
        kernel_size: extent of the window, one for all dimensions or one for each.
        stride: step between windows; by default the extent.
        padding: zeros added on both sides, at most half the extent.
        ceil_mode: keep a last window that is only partly inside.
        count_include_pad: divide by the extent of the window including the padding in it.
        divisor_override: divide by this instead.

    Raises:
        ShapeError: other numbers of dimensions, or no window fits.
        ArgumentError: an argument out of range.
        DtypeError: not of floating point.

    Example:
        >>> avg_pool2d(jnp.arange(16.0).reshape(1, 4, 4), 2).tolist()
        [[[2.5, 4.5], [10.5, 12.5]]]

    Source: ``torch.nn.functional.avg_pool2d``.
    """
    options = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _avg_pool("avg_pool2d", input, 2, *options)


@op
def avg_pool3d(
    input: Array,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The mean of each window of (N, C, D, H, W) or (C, D, H, W). Arguments as `avg_pool2d`.

    Example:
        >>> avg_pool3d(jnp.arange(8.0).reshape(1, 2, 2, 2), 2).tolist()
        [[[[3.5]]]]

    Source: ``torch.nn.functional.avg_pool3d``.
    """
    options = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _avg_pool("avg_pool3d", input, 3, *options)


def _lp_pool(
    who: str, input: Array, n: int, norm: float, kernel: Ints, stride: Ints | None, ceil: bool
) -> Array:
    require_float(who, input)
    if norm == 0:
        raise ArgumentError(message(who, "a norm_type other than 0", "0", "pass norm_type=2, say"))
    # A window that is cut off counts as if it were whole, since the mean of what it has is scaled up.
    mean = _avg_pool(who, input**norm, n, kernel, stride, 0, ceil, True, None)
    total = mean * np.prod(sizes(who, "kernel_size", kernel, n, 1)).item()
    return (jnp.sign(total) * jax.nn.relu(jnp.abs(total))) ** (1.0 / norm)


@op
def lp_pool1d(
    input: Array, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False
) -> Array:
    """(Σ x^p)^(1/p) over each window of (N, C, L), p = ``norm_type``. Other arguments as `avg_pool2d`.

    Example:
        >>> lp_pool1d(jnp.asarray([[3.0, 4.0]]), 2, 2).tolist()
        [[5.0]]

    Source: ``torch.nn.functional.lp_pool1d``.
    """
    return _lp_pool("lp_pool1d", input, 1, norm_type, kernel_size, stride, ceil_mode)


@op
def lp_pool2d(
    input: Array, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False
) -> Array:
    """(Σ x^p)^(1/p) over each window of (N, C, H, W), p = ``norm_type``. Other arguments as `avg_pool2d`.

    Example:
        >>> lp_pool2d(jnp.full((1, 2, 2), 2.0), 2, 2).tolist()
        [[[4.0]]]

    Source: ``torch.nn.functional.lp_pool2d``.
    """
    return _lp_pool("lp_pool2d", input, 2, norm_type, kernel_size, stride, ceil_mode)


@op
def lp_pool3d(
    input: Array, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False
) -> Array:
    """(Σ x^p)^(1/p) over each window of (N, C, D, H, W), p = ``norm_type``. Arguments as `avg_pool2d`.

    Example:
        >>> lp_pool3d(jnp.full((1, 1, 2, 2), 2.0), 2, (1, 2, 2)).tolist()
        [[[[4.0]]]]

    Source: ``torch.nn.functional.lp_pool3d``.
    """
    return _lp_pool("lp_pool3d", input, 3, norm_type, kernel_size, stride, ceil_mode)
