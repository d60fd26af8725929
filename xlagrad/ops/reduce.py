"""Reductions with a neutral element or a mean: sums, products, means, variances, truth of all or any."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import dtypes, errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import (
    Dim,
    dims_of,
    floating,
    int64,
    is_complex,
    is_inexact,
    refuse_complex,
    require_inexact,
)
from xlagrad.ops.kinks import root


class VarMean(NamedTuple):
    """What ``var_mean`` and ``std_mean`` return: the spread, then the mean."""

    spread: Any
    mean: Any


def _sum_type(x: Array, dtype: Any) -> Any:
    """Return the type of a sum or product: the one asked for; 64-bit integers for integers and booleans."""
    if dtype is not None:
        return dtypes.as_jax(dtype)
    return x.dtype if is_inexact(x) else int64()


@op(method=True)
def sum(input: Array, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Array:
    """Σ input over the given dimensions.

    Args:
        input: tensor.
        dim: dimension or dimensions to sum over; None or () for all.
        keepdim: keep them with size one.
        dtype: type to sum in; int64 for integers and booleans, the tensor's own otherwise.

    Raises:
        IndexingError: a dimension is out of range.

    Example:
        >>> sum(jnp.ones((2, 3)), dim=1).tolist()
        [3.0, 3.0]

    Source: ``torch.sum``.
    """
    dims = dims_of("sum", dim, input.ndim)
    kind = _sum_type(input, dtype)
    return jnp.sum(input.astype(kind), axis=dims, keepdims=keepdim, dtype=kind)


@op(method=True)
def sum_to_size(input: Array, *size: int) -> Array:
    """Σ over the dimensions along which the given size is repeated when it broadcasts to the tensor's.

    Raises:
        ShapeError: such a tensor does not broadcast to this one.

    Example:
        >>> sum_to_size(jnp.ones((2, 3)), 1, 3).tolist()
        [[2.0, 2.0, 2.0]]

    Source: ``torch.Tensor.sum_to_size``.
    """
    try:
        fits = np.broadcast_shapes(size, input.shape) == input.shape
    except ValueError:
        fits = False
    if not fits:
        want = f"a tensor to which {size} broadcasts"
        raise errors.ShapeError(message("sum_to_size", want, describe(input), "name another size"))
    extra = input.ndim - len(size)
    kept = tuple(extra + i for i, n in enumerate(size) if n == 1 != input.shape[extra + i])
    return jnp.sum(input, axis=(*range(extra), *kept), keepdims=True).reshape(size)


@op(method=True)
def nansum(input: Array, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Array:
    """Σ input over the given dimensions, NaN counted as zero.

    Example:
        >>> nansum(jnp.array([1.0, float("nan")])).tolist()
        1.0

    Source: ``torch.nansum``.
    """
    refuse_complex("nansum", input)
    kept = jnp.where(jnp.isnan(input), 0, input) if is_inexact(input) else input
    return sum(kept, dim, keepdim, dtype=dtype)


@op(method=True)
def prod(input: Array, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Array:
    """Π input over the given dimensions; zeros have the right gradient.

    Args:
        input: tensor.
        dim: dimension or dimensions to multiply over; None for all.
        keepdim: keep them with size one.
        dtype: type to multiply in; int64 for integers and booleans, the tensor's own otherwise.

    Example:
        >>> prod(jnp.array([2.0, 3.0])).tolist()
        6.0

    Source: ``torch.prod``; several dimensions as in the array API.
    """
    dims = dims_of("prod", dim, input.ndim)
    kind = _sum_type(input, dtype)
    return jnp.prod(input.astype(kind), axis=dims, keepdims=keepdim, dtype=kind)


@op(method=True)
def mean(input: Array, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Array:
    """Σ input / n over the given dimensions; NaN of nothing.

    Args:
        input: tensor of floating point, unless ``dtype`` is given.
        dim: dimension or dimensions; None for all.
        keepdim: keep them with size one.
        dtype: type to compute in.

    Raises:
        DtypeError: integers without a floating-point ``dtype``.

    Example:
        >>> mean(jnp.array([1.0, 3.0])).tolist()
        2.0

    Source: ``torch.mean``.
    """
    x = input if dtype is None else input.astype(dtypes.as_jax(dtype))
    require_inexact("mean", x)
    dims = dims_of("mean", dim, x.ndim)
    count = math.prod(x.shape[d] for d in dims)
    # Half precision is summed in float32, or the sum would overflow where the mean does not.
    wide = jnp.float32 if x.dtype.itemsize == 2 else x.dtype
    total = jnp.sum(x.astype(wide), axis=dims, keepdims=keepdim)
    return (total / (count or jnp.nan)).astype(x.dtype)


@op(method=True)
def nanmean(input: Array, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Array:
    """The mean of the elements that are not NaN.

    Example:
        >>> nanmean(jnp.array([1.0, float("nan"), 3.0])).tolist()
        2.0

    Source: ``torch.nanmean``.
    """
    x = input if dtype is None else input.astype(dtypes.as_jax(dtype))
    require_inexact("nanmean", x)
    dims = dims_of("nanmean", dim, x.ndim)
    gone = jnp.isnan(x)
    total = jnp.sum(jnp.where(gone, 0, x), axis=dims, keepdims=keepdim)
    return total / jnp.sum(~gone, axis=dims, keepdims=keepdim).astype(x.dtype)


def _truth(input: Array, found: Array) -> Array:
    # PyTorch keeps uint8, its boolean of old.
    return found.astype(jnp.uint8) if input.dtype == jnp.uint8 else found


def _truth_dims(who: str, dim: Any, input: Array) -> tuple[int, ...]:
    # Unlike other reductions these leave the shape as it is when no dimension is named.
    return () if isinstance(dim, (tuple, list)) and not dim else dims_of(who, dim, input.ndim)


@op(method=True)
def any(input: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    """Whether some element along the given dimensions is nonzero; False of nothing.

    Example:
        >>> any(jnp.array([[True, False], [False, False]]), dim=1).tolist()
        [True, False]

    Source: ``torch.any``.
    """
    return _truth(input, jnp.any(input != 0, axis=_truth_dims("any", dim, input), keepdims=keepdim))


@op(method=True)
def all(input: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    """Whether every element along the given dimensions is nonzero; True of nothing.

    Example:
        >>> all(jnp.array([[True, False], [True, True]]), dim=1).tolist()
        [False, True]

    Source: ``torch.all``.
    """
    return _truth(input, jnp.all(input != 0, axis=_truth_dims("all", dim, input), keepdims=keepdim))


@op(method=True)
def count_nonzero(input: Array, dim: Dim = None) -> Array:
    """The number of nonzero elements along the given dimensions.

    Example:
        >>> count_nonzero(jnp.array([1, 0, 2])).tolist()
        2

    Source: ``torch.count_nonzero``.
    """
    return jnp.sum(input != 0, axis=dims_of("count_nonzero", dim, input.ndim), dtype=int64())


def _correction(who: str, dim: Any, unbiased: Any, correction: Any) -> tuple[Any, float]:
    """Return the dimensions and the correction from the arguments of both of torch's signatures."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        fix = "prefer correction"
        raise errors.ArgumentError(message(who, "unbiased or correction", "both", fix))
    if unbiased is not None:
        return dim, 1.0 if unbiased else 0.0
    return dim, 1.0 if correction is None else float(correction)


def _moments(who: str, x: Array, dim: Any, keepdim: bool, correction: float) -> tuple[Array, Array]:
    """Return variance and mean."""
    if not is_inexact(x):
        raise errors.DtypeError(
            message(who, "a floating-point or complex tensor", describe(x), "convert it with .float()")
        )
    dims = dims_of(who, dim, x.ndim)
    count = math.prod(x.shape[d] for d in dims)
    center = mean(x, dims or None, True) if x.ndim else x
    away = x - center
    square = jnp.real(away * jnp.conj(away)) if is_complex(x) else away * away
    wide = jnp.float32 if square.dtype.itemsize == 2 else square.dtype
    total = jnp.sum(square.astype(wide), axis=dims, keepdims=keepdim)
    spread = (total / jnp.asarray(max(count - correction, 0.0), wide)).astype(square.dtype)
    return spread, center if keepdim else jnp.squeeze(center, dims)


@op(method=True)
def var(
    input: Array,
    dim: Dim = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Array:
    """Σ |input - mean|² / max(0, n - correction) over the given dimensions.

    Args:
        input: tensor of floating point.
        dim: dimension or dimensions; None for all.
        unbiased: torch's older way to say correction 1 (True, the default) or 0.
        keepdim: keep the dimensions with size one.
        correction: what is taken from the number of elements.

    Raises:
        DtypeError: integers.
        ArgumentError: both ``unbiased`` and ``correction``.

    Example:
        >>> var(jnp.array([1.0, 3.0])).tolist(), var(jnp.array([1.0, 3.0]), correction=0).tolist()
        (2.0, 1.0)

    Source: ``torch.var``. Deviation: silent where no degree of freedom is left.
    """
    dim, correction = _correction("var", dim, unbiased, correction)
    return _moments("var", input, dim, keepdim, correction)[0]


@op(method=True)
def std(
    input: Array,
    dim: Dim = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Array:
    """sqrt(var(input)); the arguments are those of `var`. Where it is zero its gradient is zero.

    Example:
        >>> std(jnp.array([1.0, 1.0]), correction=0).tolist()
        0.0

    Source: ``torch.std``.
    """
    dim, correction = _correction("std", dim, unbiased, correction)
    return root(_moments("std", input, dim, keepdim, correction)[0])


@op
def var_mean(
    input: Array,
    dim: Dim = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> VarMean:
    """(var(input), mean(input)); the arguments are those of `var`.

    Example:
        >>> [x.tolist() for x in var_mean(jnp.array([1.0, 3.0]))]
        [2.0, 2.0]

    Source: ``torch.var_mean``.
    """
    dim, correction = _correction("var_mean", dim, unbiased, correction)
    return VarMean(*_moments("var_mean", input, dim, keepdim, correction))


@op
def std_mean(
    input: Array,
    dim: Dim = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> VarMean:
    """(std(input), mean(input)); the arguments are those of `var`.

    Example:
        >>> [x.tolist() for x in std_mean(jnp.array([1.0, 3.0]), correction=0)]
        [1.0, 2.0]

    Source: ``torch.std_mean``.
    """
    dim, correction = _correction("std_mean", dim, unbiased, correction)
    spread, center = _moments("std_mean", input, dim, keepdim, correction)
    return VarMean(root(spread), center)


@op(method=True)
def logsumexp(input: Array, dim: Dim, keepdim: bool = False) -> Array:
    """ln Σ e^input over the given dimensions, without overflow.

    Example:
        >>> logsumexp(jnp.array([1000.0, -1000.0]), 0).tolist()
        1000.0

    Source: ``torch.logsumexp``.
    """
    x = floating(input)
    return jax.nn.logsumexp(x, axis=dims_of("logsumexp", dim, x.ndim), keepdims=keepdim)
