"""Distinct values, how often each occurs, and their one-hot vectors."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core import dtypes, errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import dim_of, int64, require_integer
from xlagrad.ops.composed import composed
from xlagrad.ops.gather import index_select_along
from xlagrad.ops.join import repeat_each
from xlagrad.ops.values import alike, concrete


@composed(method=True)
def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements in ascending order, or the distinct slices along a dimension.

    Args:
        input: tensor.
        sorted: taken for compatibility; the result is always sorted.
        return_inverse: also return where in the result each element is.
        return_counts: also return how often each occurs.
        dim: compare slices along this dimension instead of elements.

    Returns:
        The distinct elements, or a tuple with what else was asked for. Every NaN is distinct.

    Raises:
        TraceError: under ``compile``, where their number would not be known.
        IndexingError: the dimension is out of range.

    Example:
        >>> unique(jnp.array([3, 1, 3])).tolist()
        [1, 3]

    Source: ``torch.unique``.
    """
    value = concrete("unique", input, "sort(x), and compare neighbours, keep the shape")
    axis = None if dim is None else dim_of("unique", dim, value.ndim)
    found, inverse, counts = np.unique(
        value, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    shape = value.shape if axis is None else (value.shape[axis],)
    parts = [alike(input, found)]
    if return_inverse:
        parts.append(alike(input, inverse.reshape(shape), int64()))
    if return_counts:
        parts.append(alike(input, counts, int64()))
    return parts[0] if len(parts) == 1 else tuple(parts)


@composed(method=True)
def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements, or the slices along a dimension, without those equal to the one before.

    Arguments, results and errors are those of `unique`.

    Example:
        >>> unique_consecutive(jnp.array([3, 3, 1, 3])).tolist()
        [3, 1, 3]

    Source: ``torch.unique_consecutive``.
    """
    value = concrete("unique_consecutive", input, "compare neighbours, and keep the shape")
    axis = 0 if dim is None else dim_of("unique_consecutive", dim, value.ndim)
    rows = value.reshape(-1) if dim is None else np.moveaxis(value, axis, 0)
    flat = rows.reshape(len(rows), math.prod(rows.shape[1:]))
    starts = np.ones(len(rows), bool)
    starts[1:] = np.any(flat[1:] != flat[:-1], axis=1)
    kept = rows[starts]
    parts = [alike(input, kept if dim is None else np.moveaxis(kept, 0, axis))]
    if return_inverse:
        shape = value.shape if dim is None else starts.shape
        parts.append(alike(input, (np.cumsum(starts) - 1).reshape(shape), int64()))
    if return_counts:
        edges = np.append(np.flatnonzero(starts), len(rows))
        parts.append(alike(input, np.diff(edges), int64()))
    return parts[0] if len(parts) == 1 else tuple(parts)


@op
def bincount_sized(input: Array, weights: Array | None, length: int) -> Array:
    """How often each integer below ``length`` occurs, or the sum of its weights. See `bincount`."""
    if weights is None:
        return jnp.zeros(length, int64()).at[input].add(1)
    dtype = weights.dtype if weights.dtype == jnp.float32 else dtypes.as_jax("float64")
    return jnp.zeros(length, dtype).at[input].add(weights.astype(dtype))


@composed(method=True)
def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each integer from 0 to the largest one occurs, or the sum of its weights.

    Args:
        input: vector of integers, none negative.
        weights: one for each of them.
        minlength: length of the result at least.

    Raises:
        ShapeError: not a vector, or not one weight for each element.
        DtypeError: not integers.
        ArgumentError: a negative element, or ``minlength``.
        TraceError: under ``compile``, where the length would not be known.

    Example:
        >>> bincount(jnp.array([1, 1, 3])).tolist()
        [0, 2, 0, 1]

    Source: ``torch.bincount``.
    """
    value = concrete("bincount", input, "use one_hot(x, num_classes).sum(0)")
    require_integer("bincount", value)  # type: ignore[arg-type]
    if value.ndim != 1 or (weights is not None and tuple(weights.shape) != value.shape):
        got = describe(input) if weights is None else f"{describe(input)} and {describe(weights)}"
        raise errors.ShapeError(
            message("bincount", "a vector, and weights of its shape", got, "flatten them")
        )
    if minlength < 0 or (value.size and value.min() < 0):
        want = "elements and minlength that are not negative"
        raise errors.ArgumentError(message("bincount", want, "a negative number", "shift the values"))
    length = max(minlength, int(value.max()) + 1 if value.size else 0)
    return bincount_sized(input, weights, length)


@op
def one_hot_sized(tensor: Array, num_classes: int) -> Array:
    """One-hot vectors of known length. See `one_hot`."""
    return (tensor[..., None] == jnp.arange(num_classes, dtype=tensor.dtype)).astype(int64())


@composed()
def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """Vectors along a new last dimension, with a one at the place that each integer names, else zeros.

    Args:
        tensor: integers.
        num_classes: length of the vectors; -1 for the largest integer plus one.

    Raises:
        DtypeError: not integers.
        TraceError: under ``compile`` without ``num_classes``.

    Example:
        >>> one_hot(jnp.array([0, 2])).tolist()
        [[1, 0, 0], [0, 0, 1]]

    Source: ``torch.nn.functional.one_hot``. Deviation: an integer out of range gives a vector of zeros.
    """
    if num_classes == -1:
        value = concrete("one_hot", tensor, "pass num_classes=")
        if not value.size:
            fix = "pass num_classes="
            raise errors.ArgumentError(message("one_hot", "elements to count", describe(tensor), fix))
        num_classes = int(value.max()) + 1
    if not np.issubdtype(np.dtype(tensor.dtype), np.integer):
        raise errors.DtypeError(message("one_hot", "integers", describe(tensor), "convert it with .long()"))
    return one_hot_sized(tensor, num_classes)


@composed(method=True)
def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """Each element, or slice along a dimension, repeated in a row.

    Args:
        input: tensor; the counts if it is the only argument.
        repeats: how often, one number or one for each.
        dim: along which dimension; None flattens.
        output_size: the length of the result, if it is known; that of the counts' sum.

    Raises:
        TraceError: under ``compile`` with a tensor of counts.
        ShapeError: not as many counts as elements.
        ArgumentError: a count is negative, or ``output_size`` is another than the sum.
        IndexingError: the dimension is out of range.

    Example:
        >>> repeat_interleave(jnp.array([1, 2]), jnp.array([2, 1])).tolist()
        [1, 1, 2]

    Source: ``torch.repeat_interleave``.
    """
    if isinstance(repeats, int):
        return repeat_each(input, repeats, dim)
    counts = concrete("repeat_interleave", input if repeats is None else repeats, "pass a number of repeats")
    if repeats is None:
        return alike(input, np.repeat(np.arange(len(counts)), counts), int64())
    x = input.reshape(-1) if dim is None else input
    at = 0 if dim is None else dim_of("repeat_interleave", dim, input.ndim)
    length = x.shape[at]
    if counts.size not in (1, length):
        want = f"one count, or {length} of them"
        raise errors.ShapeError(message("repeat_interleave", want, str(counts.size), "match the dimension"))
    places = np.repeat(np.arange(length), np.broadcast_to(counts.reshape(-1), length))
    if output_size is not None and output_size != len(places):
        want = f"an output_size of {len(places)}, the sum of the counts"
        raise errors.ArgumentError(message("repeat_interleave", want, str(output_size), "leave it out"))
    return index_select_along(x, alike(input, places, int64()), at)
