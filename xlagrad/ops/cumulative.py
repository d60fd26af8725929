"""Running sums, products and extremes along a dimension."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from xlagrad.core import dtypes, errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import (
    ValuesIndices,
    dim_of,
    int64,
    is_complex,
    is_float,
    is_inexact,
    refuse_complex,
    require_inexact,
)
from xlagrad.ops.composed import composed


def _prepared(who: str, input: Array, dim: int, dtype: Any) -> tuple[Array, int]:
    """Return the tensor in the type to accumulate in and with a dimension, and the dimension to follow."""
    at = dim_of(who, dim, input.ndim)
    if dtype is not None:
        x = input.astype(dtypes.as_jax(dtype))
    else:
        x = input if is_inexact(input) else input.astype(int64())
    return (x if x.ndim else x.reshape(1)), at


@op(method=True, inplace=True)
def cumsum(input: Array, dim: int, *, dtype: Any = None) -> Array:
    """Σ of the elements up to each one along a dimension; of integers in int64.

    Raises:
        IndexingError: the dimension is out of range.

    Example:
        >>> cumsum(jnp.array([1, 2, 3]), 0).tolist()
        [1, 3, 6]

    Source: ``torch.cumsum``.
    """
    x, at = _prepared("cumsum", input, dim, dtype)
    return lax.cumsum(x, at).reshape(input.shape)


@op(method=True, inplace=True)
def cumprod(input: Array, dim: int, *, dtype: Any = None) -> Array:
    """Π of the elements up to each one along a dimension; of integers in int64.

    Raises:
        IndexingError: the dimension is out of range.

    Example:
        >>> cumprod(jnp.array([1, 2, 3]), 0).tolist()
        [1, 2, 6]

    Source: ``torch.cumprod``.
    """
    x, at = _prepared("cumprod", input, dim, dtype)
    return lax.cumprod(x, at).reshape(input.shape)


def _add_exponentials(total: Array, x: Array) -> Array:
    """Return ln(e^total + e^x) for complex numbers, with the angle of the greater one as it is."""
    swapped = (total.real > x.real) | jnp.isnan(total)
    low, high = jnp.where(swapped, x, total), jnp.where(swapped, total, x)
    endless = jnp.isinf(high.real) & (high.real == low.real)
    gone = jnp.isinf(low.real) & (low.real < 0)
    apart = jnp.where(gone | endless, 0, low - high)
    found = high + jnp.log1p(jnp.where(gone, 0, jnp.exp(apart)))
    both = jnp.log(jnp.exp(jnp.where(endless, low, 0)) + jnp.exp(jnp.where(endless, high, 0)))
    found = jnp.where(endless, jnp.where(high.real < 0, low, both), found)
    return jnp.where(jnp.isnan(low) | jnp.isnan(high), jnp.nan * (1 + 1j), found).astype(x.dtype)


def _running_logarithm(x: Array, at: int) -> Array:
    # One after the other: another order would turn some angles by 2π.
    def step(total: Array, part: Array) -> tuple[Array, Array]:
        total = _add_exponentials(total, part)
        return total, total

    rows = jnp.moveaxis(x, at, 0)
    _, rest = lax.scan(step, rows[0], rows[1:])
    return jnp.moveaxis(jnp.concatenate([rows[:1], rest]), 0, at)


@op(method=True)
def logcumsumexp(input: Array, dim: int) -> Array:
    """ln Σ e^x of the elements up to each one along a dimension, without overflow.

    Raises:
        IndexingError: the dimension is out of range.
        DtypeError: integers.

    Example:
        >>> logcumsumexp(jnp.array([1000.0, 0.0]), 0).tolist()
        [1000.0, 1000.0]

    Source: ``torch.logcumsumexp``.
    """
    require_inexact("logcumsumexp", input)
    x, at = _prepared("logcumsumexp", input, dim, None)
    wide = x.astype(jnp.float32) if x.dtype.itemsize == 2 else x
    found = _running_logarithm(x, at) if is_complex(x) and x.size else lax.cumlogsumexp(wide, at)
    return found.reshape(input.shape).astype(x.dtype)


@op
def diff_of(input: Array, prepend: Array | None, append: Array | None, n: int, dim: int) -> Array:
    """Differences of neighbours, operands first. See `diff`."""
    at = dim_of("diff", dim, input.ndim)
    if not input.ndim:
        fix = "give it a dimension"
        raise errors.ShapeError(message("diff", "at least 1 dimension", describe(input), fix))
    if n < 0:
        raise errors.ArgumentError(message("diff", "n >= 0", str(n), "count how often to take differences"))
    parts = [x.astype(input.dtype) for x in (prepend, input, append) if x is not None]
    x = jnp.concatenate(parts, axis=at) if n and len(parts) > 1 else input
    for _ in range(min(n, x.shape[at])):
        later, earlier = lax.slice_in_dim(x, 1, None, axis=at), lax.slice_in_dim(x, 0, -1, axis=at)
        x = later ^ earlier if x.dtype == bool else later - earlier
    return x


@composed(method=True)
def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Each element minus the one before along a dimension, n times over.

    Args:
        input: tensor.
        n: how often.
        dim: along which dimension.
        prepend: tensor to join in front first.
        append: tensor to join behind first.

    Raises:
        IndexingError: the dimension is out of range.
        ShapeError: no dimension.
        ArgumentError: n is negative.

    Example:
        >>> diff(jnp.array([1, 4, 9])).tolist()
        [3, 5]

    Source: ``torch.diff``.
    """
    return diff_of(input, prepend, append, n, dim)


def _running(who: str, input: Array, dim: int) -> ValuesIndices:
    refuse_complex(who, input)
    at = dim_of(who, dim, input.ndim)
    line = input if input.ndim else input.reshape(1)
    place = lax.broadcasted_iota(int64(), line.shape, at)

    def later(first: tuple[Array, Array], second: tuple[Array, Array]) -> tuple[Array, Array]:
        (a, i), (b, j) = first, second
        better = (b >= a) if who == "cummax" else (b <= a)
        if is_float(line):
            # Once a NaN was met everything after it is NaN, at the latest one.
            better = jnp.isnan(b) | (better & ~jnp.isnan(a))
        return jnp.where(better, b, a), jnp.where(better, j, i)

    _, indices = lax.associative_scan(later, (lax.stop_gradient(line), place), axis=at)
    values = jnp.take_along_axis(line, indices, axis=at, mode="promise_in_bounds")
    return ValuesIndices(values.reshape(input.shape), indices.reshape(input.shape))


@op(method=True)
def cummax(input: Array, dim: int) -> ValuesIndices:
    """The largest of the elements up to each one along a dimension, and its index; of ties the latest.

    Raises:
        IndexingError: the dimension is out of range.

    Example:
        >>> cummax(jnp.array([1.0, 3.0, 2.0]), 0).values.tolist()
        [1.0, 3.0, 3.0]

    Source: ``torch.cummax``.
    """
    return _running("cummax", input, dim)


@op(method=True)
def cummin(input: Array, dim: int) -> ValuesIndices:
    """The smallest of the elements up to each one along a dimension, and its index; of ties the latest.

    Raises:
        IndexingError: the dimension is out of range.

    Example:
        >>> cummin(jnp.array([3.0, 1.0, 2.0]), 0).values.tolist()
        [3.0, 1.0, 1.0]

    Source: ``torch.cummin``.
    """
    return _running("cummin", input, dim)
