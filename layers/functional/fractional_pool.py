"""Max pooling over windows whose places are drawn: from n elements to any smaller number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.random import key_of, next_key
from xlagrad.layers.functional.arguments import Ints, image_layout, require_float, require_ndim, sizes
from xlagrad.ops.common import int64, refuse_complex

Ratio = float | Sequence[float]


def _starts(sample: Array, length: int, extent: int, count: int) -> Array:
    """Return where ``count`` windows start: in steps that are equal but for rounding, the last at the end."""
    last = jnp.full((*sample.shape, 1), length - extent, jnp.int32)
    if count == 1:
        return last
    step = jnp.asarray(length - extent, sample.dtype) / jnp.asarray(count - 1, sample.dtype)
    at = jnp.arange(count - 1, dtype=sample.dtype) + sample[..., None]
    whole = (at * step).astype(jnp.int32) - (sample * step).astype(jnp.int32)[..., None]
    return jnp.concatenate([whole, last], -1)


@op(name="_fractional_max_pool")
def _fractional(
    input: Array, samples: Array | None, key: Array | None, kernel: tuple[int, ...], size: tuple[int, ...],
    who: str,
) -> tuple[Array, Array]:  # fmt: skip
    """The maxima over windows at drawn places, and their flat indices."""
    require_float(who, input)
    refuse_complex(who, input)
    n = len(size)
    x = input if input.ndim == n + 2 else input[None]
    lead, image = x.shape[:2], x.shape[2:]
    if samples is None:
        assert key is not None
        samples = jax.random.uniform(key_of(key), (*lead, n), x.dtype)
    if input.ndim == n + 1:
        # Of a batch of numbers, an image alone takes the first.
        samples = samples[:1]
    if samples.shape != (*lead, n):
        want = f"_random_samples of shape {(*lead, n)}"
        raise ShapeError(message(who, want, describe(samples), "draw one number per image and dimension"))
    # The places of all elements of all windows, (N, C, *size, *kernel), one dimension after the other.
    place: Any = jnp.zeros((), jnp.int32)
    for i in range(n):
        # PyTorch takes the first number for the width of a plane, but for the depth of a volume.
        drawn = samples[..., n - 1 - i if n == 2 else i]
        starts = _starts(lax.stop_gradient(drawn), image[i], kernel[i], size[i])
        line = starts[..., None] + jnp.arange(kernel[i])
        shape = [*lead] + [1] * (2 * n)
        shape[2 + i], shape[2 + n + i] = size[i], kernel[i]
        place = place * image[i] + line.reshape(shape)
    flat = x.reshape(*lead, math.prod(image))
    rows = jnp.broadcast_to(place, (*lead, *size, *kernel)).reshape(*lead, math.prod(size), math.prod(kernel))
    windows = jnp.take_along_axis(lax.stop_gradient(flat)[:, :, None], rows, 3)
    best = jnp.argmax(windows, -1, keepdims=True)
    where = jnp.take_along_axis(rows, best, -1).squeeze(-1)
    out = jnp.take_along_axis(flat, where, 2).reshape(*lead, *size)
    found = where.reshape(out.shape).astype(int64())
    return (out, found) if input.ndim == n + 2 else (out[0], found[0])


def _pool(
    who: str, n: int, input: Any, kernel_size: Ints, output_size: Any, output_ratio: Any, samples: Any
) -> tuple[Any, Any]:
    require_ndim(who, input, (n + 1, n + 2), image_layout(n))
    if output_size is None and output_ratio is None:
        fix = "pass one of them"
        raise ArgumentError(message(who, "output_size or output_ratio", "neither", fix))
    kernel, image = sizes(who, "kernel_size", kernel_size, n, 1), tuple(input.shape[-n:])
    if output_size is None:
        ratios = output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * n
        if len(ratios) != n or not all(0 < r < 1 for r in ratios):
            want = f"an output_ratio between 0 and 1, or {n} of them"
            raise ArgumentError(message(who, want, repr(output_ratio), "lower it"))
        output_size = tuple(int(length * r) for length, r in zip(image, ratios, strict=True))
    size = sizes(who, "output_size", output_size, n, 1)
    if any(s + k - 1 > length for s, k, length in zip(size, kernel, image, strict=True)):
        want = f"spatial sizes of at least output_size {size} + kernel_size {kernel} - 1"
        raise ShapeError(message(who, want, describe(input), "lower output_size or kernel_size"))
    key = next_key() if samples is None else None
    out, where = _fractional(input, samples, key, kernel=kernel, size=size, who=who)
    return out, where


def fractional_max_pool2d_with_indices(
    input: Any, kernel_size: Ints, output_size: Ints | None = None, output_ratio: Ratio | None = None,
    return_indices: bool = False, _random_samples: Any = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the maxima of `fractional_max_pool2d` and the flat index of each in its image.

    Source: ``torch.nn.functional.fractional_max_pool2d_with_indices``.
    """
    who = "fractional_max_pool2d"
    return _pool(who, 2, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool2d(
    input: Any, kernel_size: Ints, output_size: Ints | None = None, output_ratio: Ratio | None = None,
    return_indices: bool = False, _random_samples: Any = None,
) -> Any:  # fmt: skip
    """Return the maxima of windows of (N, C, H, W) or (C, H, W) at places drawn for each image and channel.

    Windows start at ⌊α (i + u)⌋ - ⌊α u⌋ with α = (H - kernel_size) / (output_size - 1) and u from [0, 1).

    Args:
        input: images of floating point.
        kernel_size: extent of the window, one for all dimensions or one for each.
        output_size: number of windows.
        output_ratio: number of windows relative to the input's size, instead.
        return_indices: also return the flat index of each maximum in its image.
        _random_samples: the numbers u, (N, C, 2), instead of drawn ones.

    Raises:
        ShapeError: other numbers of dimensions, or too many windows.
        ArgumentError: neither a size nor a ratio, or one out of range.
        DtypeError: not of floating point.

    Example:
        >>> fractional_max_pool2d(jnp.arange(16.0).reshape(1, 4, 4), 2, output_size=1).tolist()
        [[[15.0]]]

    Source: ``torch.nn.functional.fractional_max_pool2d``; Graham, "Fractional Max-Pooling", 2014. The draws
    are the same eagerly and compiled.
    """
    both = fractional_max_pool2d_with_indices(
        input, kernel_size, output_size, output_ratio, True, _random_samples
    )
    return both if return_indices else both[0]


def fractional_max_pool3d_with_indices(
    input: Any, kernel_size: Ints, output_size: Ints | None = None, output_ratio: Ratio | None = None,
    return_indices: bool = False, _random_samples: Any = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the maxima of `fractional_max_pool3d` and the flat index of each in its image.

    Source: ``torch.nn.functional.fractional_max_pool3d_with_indices``.
    """
    who = "fractional_max_pool3d"
    return _pool(who, 3, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d(
    input: Any, kernel_size: Ints, output_size: Ints | None = None, output_ratio: Ratio | None = None,
    return_indices: bool = False, _random_samples: Any = None,
) -> Any:  # fmt: skip
    """Return the maxima of windows of (N, C, D, H, W) at drawn places. Arguments as `fractional_max_pool2d`.

    Example:
        >>> fractional_max_pool3d(jnp.arange(8.0).reshape(1, 2, 2, 2), 2, output_size=1).tolist()
        [[[[7.0]]]]

    Source: ``torch.nn.functional.fractional_max_pool3d``. Deviation: windows may be so many that they fill
    the image, as in two dimensions; PyTorch refuses that in three.
    """
    both = fractional_max_pool3d_with_indices(
        input, kernel_size, output_size, output_ratio, True, _random_samples
    )
    return both if return_indices else both[0]
