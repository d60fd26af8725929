"""Quantiles along a dimension."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import dim_of, is_float
from xlagrad.ops.composed import composed
from xlagrad.ops.failure import known

_WAYS = ("linear", "lower", "higher", "midpoint", "nearest")


def _checked(who: str, x: Array, q: ArrayLike, interpolation: str) -> Array:
    """Return q in the type of ``x``.

    Raises:
        DtypeError: ``x`` is not of floating point of 32 or 64 bits, or q of another type.
        ShapeError: ``x`` is empty, or q has two dimensions.
        ArgumentError: an unknown interpolation.
    """
    if not is_float(x) or x.dtype.itemsize < 4:
        fix = "convert it with .float()"
        raise errors.DtypeError(message(who, "a float32 or float64 tensor", describe(x), fix))
    if not x.size:
        raise errors.ShapeError(message(who, "a tensor that is not empty", describe(x)))
    if interpolation not in _WAYS:
        raise errors.ArgumentError(
            message(who, f"interpolation among {', '.join(_WAYS)}", repr(interpolation))
        )
    levels = jnp.asarray(q)
    if levels.ndim > 1:
        raise errors.ShapeError(message(who, "q to be a scalar or a vector", describe(levels)))
    strong = levels.ndim or (not levels.weak_type and not isinstance(q, float))
    if strong and levels.dtype != x.dtype:
        fix = "convert it with .to"
        raise errors.DtypeError(message(who, f"q of the tensor's type, {x.dtype}", describe(levels), fix))
    return levels.astype(x.dtype)


def _require_levels(who: str, q: Any) -> None:
    values = known(q) if hasattr(q, "dtype") else np.asarray(q)
    if values is not None and not np.all((values >= 0) & (values <= 1)):
        raise errors.ArgumentError(message(who, "q in the range [0, 1]", str(values)))


@op
def quantile_of(
    x: Array, q: ArrayLike, who: str, dim: int | None, keepdim: bool, interpolation: str
) -> Array:
    """The value below which a part q of the elements lies. See `quantile` and `nanquantile`."""
    levels = _checked(who, x, q, interpolation)
    at = None if dim is None else dim_of(who, dim, x.ndim)
    line = x.reshape(-1) if at is None or not x.ndim else jnp.moveaxis(x, at, -1)
    ordered = jnp.sort(line, axis=-1)
    gone = lax.stop_gradient(jnp.isnan(line))
    last = line.shape[-1] - 1
    if who == "nanquantile":
        # NaNs are sorted behind; where there is nothing else, the first of them is taken.
        ranks = levels.reshape(-1) * (last - jnp.sum(gone, axis=-1, keepdims=True)).astype(x.dtype)
        ranks = jnp.where(ranks < 0, 0, ranks)
    else:
        ranks = jnp.broadcast_to(levels.reshape(-1) * last, (*line.shape[:-1], levels.size))
        ranks = jnp.where(jnp.any(gone, axis=-1, keepdims=True), last, ranks)
    found = _between(ordered, ranks, interpolation)
    return _arranged(found, x.ndim, at, keepdim, levels.ndim == 1)


def _between(ordered: Array, ranks: Array, interpolation: str) -> Array:
    """Return the values of rows in order at ranks that may lie between two of them."""

    def pick(places: Array) -> Array:
        return jnp.take_along_axis(ordered, places.astype(jnp.int32), axis=-1, mode="promise_in_bounds")

    whole = lax.stop_gradient(ranks)
    if interpolation == "lower":
        return pick(jnp.floor(whole))
    if interpolation == "higher":
        return pick(jnp.ceil(whole))
    if interpolation == "nearest":
        return pick(lax.round(whole, lax.RoundingMethod.TO_NEAREST_EVEN))
    low, high = pick(jnp.floor(whole)), pick(jnp.ceil(whole))
    weight = jnp.full_like(ranks, 0.5) if interpolation == "midpoint" else ranks - jnp.floor(whole)
    near = low + weight * (high - low)
    return jnp.where(weight < 0.5, near, high - (high - low) * (1 - weight)).astype(ordered.dtype)


def _arranged(found: Array, ndim: int, at: int | None, keepdim: bool, several: bool) -> Array:
    """Return (…, levels) with the levels in front if there are several, else without them."""
    found = jnp.moveaxis(found, -1, 0)
    if keepdim and ndim:
        found = found.reshape(-1, *(1,) * ndim) if at is None else jnp.expand_dims(found, at + 1)
    return found if several else jnp.squeeze(found, 0)


@composed(method=True)
def quantile(
    input: Any,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Any:
    """The value below which a part q of the elements lies, along a dimension; NaN if there is a NaN.

    Args:
        input: float32 or float64, not empty.
        q: from 0 to 1; of a vector the results are stacked in front.
        dim: along which dimension; None flattens.
        keepdim: keep the dimension with size one.
        interpolation: of the neighbours of a rank between them: "linear", "lower", "higher", "midpoint" or
            "nearest".

    Raises:
        DtypeError: another type, or q of another type than ``input``.
        ShapeError: ``input`` is empty, or q has two dimensions.
        ArgumentError: q is outside [0, 1] (where that is known), or an unknown interpolation.

    Example:
        >>> quantile(jnp.array([1.0, 2.0, 4.0]), 0.25).tolist()
        1.5

    Source: ``torch.quantile``.
    """
    _require_levels("quantile", q)
    return quantile_of(input, q, "quantile", dim, keepdim, interpolation)


@composed(method=True)
def nanquantile(
    input: Any,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Any:
    """The quantile of the elements that are not NaN; arguments and errors are those of `quantile`.

    Example:
        >>> nanquantile(jnp.array([1.0, float("nan"), 3.0]), 0.5).tolist()
        2.0

    Source: ``torch.nanquantile``.
    """
    _require_levels("nanquantile", q)
    return quantile_of(input, q, "nanquantile", dim, keepdim, interpolation)
