"""Reductions of the elements at which a mask holds.

A function ``masked_x`` is the function ``x`` of a tensor whose other elements are replaced by what does not
change the result: 0 for a sum, -∞ for a maximum.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core import dtypes, errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.ops import choose, exponential, extremum, norm, reduce
from xlagrad.ops.common import Dim, dims_of
from xlagrad.ops.composed import composed
from xlagrad.ops.convert import cast

# What leaves a reduction of floating-point numbers as it is.
_NEUTRAL = {"sum": 0, "prod": 1, "max": -np.inf, "min": np.inf, "median": np.nan}


@op(name="_masked")
def _masked(input: Array, mask: Array, other: Any) -> Array:
    """The tensor, with the number ``other`` where the mask does not hold."""
    if mask.ndim > input.ndim:
        want = f"a mask of at most {input.ndim} dimensions"
        raise errors.IndexingError(message("masked", want, describe(mask), "reduce the mask first"))
    try:
        where = jnp.broadcast_to(mask.astype(bool), input.shape)
    except ValueError:
        want = f"a mask that broadcasts to {input.shape}"
        raise errors.ShapeError(message("masked", want, describe(mask), "reshape the mask")) from None
    return jnp.where(where, input, jnp.asarray(other, input.dtype))


@op(name="_mask_counts")
def _mask_counts(mask: Array, shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> Array:
    """How many elements the mask, broadcast to a shape, holds at over the given dimensions."""
    return reduce.sum.fn(jnp.broadcast_to(mask.astype(bool), shape), dims, keepdim)


def kind_of(x: Any) -> Any:
    """Return the type of a tensor's or array's elements."""
    return (read(x) if isinstance(x, Handle) else x).dtype


def neutral(who: str, how: str, dtype: Any) -> Any:
    """Return the number that leaves a reduction of elements of a type as it is.

    Args:
        who: the function that needs it.
        how: ``sum``, ``prod``, ``max``, ``min`` or ``median``.
        dtype: the type of the elements.

    Raises:
        DtypeError: there is none, as for the maximum of booleans.
    """
    if how in ("sum", "prod") or jnp.issubdtype(dtype, jnp.floating):
        return _NEUTRAL[how]
    if jnp.issubdtype(dtype, jnp.integer):
        limits = jnp.iinfo(dtype)
        return int(limits.min if how == "max" else limits.max)
    fix = "convert the tensor first"
    raise errors.DtypeError(message(who, "a tensor of real numbers", str(dtype), fix))


def masked(who: str, how: str, input: Any, mask: Any) -> Any:
    """Return a tensor with the neutral number of a reduction where a mask does not hold."""
    return input if mask is None else _masked(input, mask, other=neutral(who, how, kind_of(input)))


def _converted(x: Any, like: Any, dtype: Any) -> Any:
    """Return ``x`` in the type asked for, by default that of ``like``."""
    return cast(x, kind_of(like) if dtype is None else dtype)


@composed()
def masked_sum(
    input: Any, dim: Dim = None, *, keepdim: bool | None = False, dtype: Any = None, mask: Any = None
) -> Any:
    """Σ input over the given dimensions where the mask holds, 0 where it does nowhere.

    Args:
        input: tensor.
        dim: dimension or dimensions; None or () for all.
        keepdim: keep them with size one.
        dtype: type to sum in; int64 for integers and booleans, the tensor's own otherwise.
        mask: booleans that broadcast to the tensor's shape; None for all of it.

    Raises:
        IndexingError: a dimension is out of range, or the mask has more than the tensor.
        ShapeError: the mask does not broadcast to the tensor's shape.

    Example:
        >>> masked_sum(jnp.array([1.0, 2.0, 4.0]), mask=jnp.array([True, False, True])).tolist()
        5.0

    Source: ``torch.masked.sum``.
    """
    return reduce.sum(masked("masked.sum", "sum", input, mask), dim, bool(keepdim), dtype=dtype)


@composed()
def masked_prod(
    input: Any, dim: Dim = None, *, keepdim: bool | None = False, dtype: Any = None, mask: Any = None
) -> Any:
    """Π input over the given dimensions where the mask holds. Arguments as `masked_sum`.

    Example:
        >>> masked_prod(jnp.array([3.0, 2.0, 4.0]), mask=jnp.array([True, False, True])).tolist()
        12.0

    Source: ``torch.masked.prod``.
    """
    result = masked("masked.prod", "prod", input, mask)
    dims = dims_of("masked.prod", dim, len(input.shape))
    if not dims:
        return reduce.prod(result, dtype=dtype)
    for d in sorted(dims, reverse=True):
        result = reduce.prod(result, d, bool(keepdim), dtype=dtype)
    return result


@composed()
def masked_amax(
    input: Any, dim: Dim = None, *, keepdim: bool | None = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The largest element over the given dimensions where the mask holds, the least number where nowhere.

    Arguments as `masked_sum`; ``dtype`` is what the result is converted to.

    Example:
        >>> masked_amax(jnp.array([1.0, 4.0]), mask=jnp.array([True, False])).tolist()
        1.0

    Source: ``torch.masked.amax``.
    """
    x = masked("masked.amax", "max", input, mask)
    return _converted(extremum.amax(x, () if dim is None else dim, bool(keepdim)), input, dtype)


@composed()
def masked_amin(
    input: Any, dim: Dim = None, *, keepdim: bool | None = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The smallest element over the given dimensions where the mask holds, the largest number where nowhere.

    Arguments as `masked_amax`.

    Example:
        >>> masked_amin(jnp.array([1.0, 4.0]), mask=jnp.array([False, True])).tolist()
        4.0

    Source: ``torch.masked.amin``.
    """
    x = masked("masked.amin", "min", input, mask)
    return _converted(extremum.amin(x, () if dim is None else dim, bool(keepdim)), input, dtype)


@composed()
def masked_argmax(
    input: Any, dim: int | None = None, *, keepdim: bool | None = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The index of the largest element where the mask holds, as a number of the tensor's own type.

    Arguments as `masked_sum`, with one dimension, or None for the flattened tensor.

    Example:
        >>> masked_argmax(jnp.array([1, 4, 3]), mask=jnp.array([True, False, True])).tolist()
        2

    Source: ``torch.masked.argmax``.
    """
    x = masked("masked.argmax", "max", input, mask)
    return _converted(extremum.argmax(x, dim, bool(keepdim)), input, dtype)


@composed()
def masked_argmin(
    input: Any, dim: int | None = None, *, keepdim: bool | None = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The index of the smallest element where the mask holds. Arguments and type as `masked_argmax`.

    Example:
        >>> masked_argmin(jnp.array([1, 4, 3]), mask=jnp.array([False, True, True])).tolist()
        2

    Source: ``torch.masked.argmin``.
    """
    x = masked("masked.argmin", "min", input, mask)
    return _converted(extremum.argmin(x, dim, bool(keepdim)), input, dtype)


def _count(input: Any, dim: Any, keepdim: bool, mask: Any) -> Any:
    shape = tuple(input.shape)
    dims = dims_of("masked", dim, len(shape))
    if mask is None:
        return float(np.prod([shape[d] for d in dims]))
    return _mask_counts(mask, shape=shape, dims=dims, keepdim=keepdim)


@composed()
def masked_mean(
    input: Any, dim: Dim = None, *, keepdim: bool | None = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The mean over the given dimensions of the elements where the mask holds, NaN where it does nowhere.

    Arguments as `masked_sum`.

    Raises:
        DtypeError: integers or booleans without a ``dtype`` of floating point.

    Example:
        >>> masked_mean(jnp.array([1.0, 2.0, 4.0]), mask=jnp.array([True, False, True])).tolist()
        2.5

    Source: ``torch.masked.mean``.
    """
    kind = kind_of(input) if dtype is None else dtypes.as_jax(dtype)
    if not jnp.issubdtype(kind, jnp.inexact):
        fix = "pass dtype=torch.float32"
        raise errors.DtypeError(message("masked.mean", "a floating-point type", str(kind), fix))
    total = masked_sum(input, dim, keepdim=keepdim, dtype=dtype, mask=mask)
    return total / _count(input, dim, bool(keepdim), mask)


@composed()
def masked_median(
    input: Any, dim: int = -1, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The median along a dimension of the elements where the mask holds, NaN where it does nowhere.

    Arguments as `masked_sum`, with one dimension. NaNs count as masked; of two elements in the middle it is
    the smaller one.

    Raises:
        ArgumentError: integers of which the mask leaves none; looked for where values are at hand.

    Example:
        >>> masked_median(jnp.array([1.0, 2.0, 4.0]), mask=jnp.array([True, False, True])).tolist()
        1.0

    Source: ``torch.masked.median``.
    """
    if jnp.issubdtype(kind_of(input), jnp.floating):
        found: Any = extremum.nanmedian(masked("masked.median", "median", input, mask), dim, keepdim)
        return found.values
    x = masked("masked.median", "median", cast(input, np.dtype(np.float32)), mask)
    result = extremum.nanmedian(x, dim, keepdim).values
    value = read(result) if isinstance(result, Handle) else result
    if not is_tracer(value) and bool(jnp.isnan(value).any()):
        want, fix = "a mask that holds somewhere in each row", "convert the tensor with .float()"
        raise errors.ArgumentError(message("masked.median", want, "a row without elements", fix))
    return _converted(result, input, dtype)


@composed()
def masked_logsumexp(
    input: Any, dim: Dim = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """ln Σ e^input over the given dimensions where the mask holds, -∞ where it does nowhere.

    Arguments as `masked_amax`.

    Example:
        >>> masked_logsumexp(jnp.array([3.0, 9.0]), 0, mask=jnp.array([True, False])).tolist()
        3.0

    Source: ``torch.masked.logsumexp``.
    """
    if jnp.issubdtype(kind_of(input), jnp.complexfloating):
        x = input if mask is None else _masked(input, mask, other=complex(-np.inf, 0))
    else:
        x = masked("masked.logsumexp", "max", input, mask)
    return _converted(reduce.logsumexp(x, dim, keepdim), input, dtype)


@composed()
def masked_norm(
    input: Any, ord: float | None = 2.0, dim: Dim = None, *, keepdim: bool | None = False, dtype: Any = None,
    mask: Any = None,
) -> Any:  # fmt: skip
    """(Σ |input|^ord)^(1/ord) over the given dimensions where the mask holds.

    Arguments as `masked_sum`; ``ord`` is any number, ∞ and -∞ included.

    Example:
        >>> masked_norm(jnp.array([3.0, 9.0, 4.0]), mask=jnp.array([True, False, True])).tolist()
        5.0

    Source: ``torch.masked.norm``.
    """
    order = 2.0 if ord is None else float(ord)
    x = masked("masked.norm", "min" if order == -np.inf else "sum", input, mask)
    return norm.linalg_vector_norm(x, order, dim, bool(keepdim), dtype=dtype)


def _variance(
    input: Any, dim: Any, unbiased: bool | None, correction: Any, keepdim: Any, dtype: Any, mask: Any
) -> Any:
    if unbiased is not None and correction is not None:
        fix = "drop unbiased"
        raise errors.ArgumentError(message("masked.var", "unbiased or correction", "both", fix))
    lost = 1.0 if unbiased is None else float(unbiased)
    lost = lost if correction is None else float(correction)
    kind = kind_of(input) if dtype is None else dtypes.as_jax(dtype)
    if not jnp.issubdtype(kind, jnp.inexact):
        kind = np.dtype(np.float32)
    total = masked_sum(input, dim, keepdim=True, dtype=kind, mask=mask)
    gap = input - total / _count(input, dim, True, mask)
    square = gap * gap.conj() if jnp.issubdtype(kind, jnp.complexfloating) else gap * gap
    spread = masked_sum(square, dim, keepdim=keepdim, dtype=kind, mask=mask)
    count = _count(input, dim, bool(keepdim), mask)
    if isinstance(count, float):
        return spread / max(count - lost, 0.0)
    return cast(spread / (choose.clamp(count - lost, 0) if lost else count), kind)


@composed()
def masked_var(
    input: Any, dim: Dim = None, unbiased: bool | None = None, *, correction: float | None = None,
    keepdim: bool | None = False, dtype: Any = None, mask: Any = None,
) -> Any:  # fmt: skip
    """Σ |x - mean|² / (n - correction) over the n elements where the mask holds, NaN where n is 0.

    Arguments as `masked_sum`; the correction is 1 by default, and 0 with ``unbiased=False``.

    Raises:
        ArgumentError: both ``unbiased`` and ``correction``.

    Example:
        >>> masked_var(jnp.array([1.0, 9.0, 3.0]), mask=jnp.array([True, False, True])).tolist()
        2.0

    Source: ``torch.masked.var``; complex for complex numbers, as there.
    """
    return _variance(input, dim, unbiased, correction, keepdim, dtype, mask)


@composed()
def masked_std(
    input: Any, dim: Dim = None, unbiased: bool | None = None, *, correction: float | None = None,
    keepdim: bool | None = False, dtype: Any = None, mask: Any = None,
) -> Any:  # fmt: skip
    """√ `masked_var` of the same arguments.

    Example:
        >>> masked_std(
        ...     jnp.array([1.0, 9.0, 3.0]), unbiased=False, mask=jnp.array([True, False, True])
        ... ).tolist()
        1.0

    Source: ``torch.masked.std``.
    """
    return exponential.sqrt(_variance(input, dim, unbiased, correction, keepdim, dtype, mask))
