"""Choosing between values, elementwise: where, maximum, minimum, clamp."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import describe, message
from xlagrad.core.promotion import promote
from xlagrad.ops.arithmetic import pair
from xlagrad.ops.common import broadcast, is_bool, is_float, refuse_complex


@op
def choose(condition: Array, input: ArrayLike, other: ArrayLike) -> Array:
    """``input`` where the condition holds, else ``other``, elementwise with broadcasting.

    Raises:
        DtypeError: the condition is not boolean (uint8 passes, as in PyTorch).
        ShapeError: the shapes do not broadcast.

    Example:
        >>> choose(jnp.array([True, False]), jnp.array([1.0, 2.0]), 0.0).tolist()
        [1.0, 0.0]

    Source: ``torch.where`` with three arguments.
    """
    condition = jnp.asarray(condition)
    if not is_bool(condition) and condition.dtype != jnp.uint8:
        fix = "compare it with something, such as x > 0"
        raise errors.DtypeError(message("where", "a boolean condition", describe(condition), fix))
    x, y = promote(input, other)
    broadcast("where", condition, x, y)
    return jnp.where(condition.astype(bool), x, y)


def _share(x: Array, y: Array) -> Array:
    """Return the part of the gradient of max(x, y) that goes to ``x``: half at a tie, one where a NaN is."""
    return jnp.where(x == y, 0.5, jnp.where(x < y, 0.0, 1.0)).astype(x.dtype)


@jax.custom_jvp
def _maximum(x: Array, y: Array) -> Array:
    return jnp.maximum(x, y)


@_maximum.defjvp
def _maximum_jvp(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    (x, y), (dx, dy) = primals, tangents
    return _maximum(x, y), dx * _share(x, y) + dy * _share(y, x)


@op(method=True)
def maximum(input: ArrayLike, other: ArrayLike) -> Array:
    """max(input, other), elementwise; NaN if either is. At a tie each gets half of the gradient.

    Raises:
        DtypeError: a complex operand.

    Example:
        >>> maximum(jnp.array([1.0, 5.0]), jnp.array([3.0, 2.0])).tolist()
        [3.0, 5.0]

    Source: ``torch.maximum``.
    """
    x, y = pair("maximum", input, other)
    refuse_complex("maximum", x)
    return _maximum(x, y) if is_float(x) else jnp.maximum(x, y)


@op(method=True)
def minimum(input: ArrayLike, other: ArrayLike) -> Array:
    """min(input, other), elementwise; NaN if either is. At a tie each gets half of the gradient.

    Raises:
        DtypeError: a complex operand.

    Example:
        >>> minimum(jnp.array([1.0, 5.0]), jnp.array([3.0, 2.0])).tolist()
        [1.0, 2.0]

    Source: ``torch.minimum``.
    """
    x, y = pair("minimum", input, other)
    refuse_complex("minimum", x)
    return -_maximum(-x, -y) if is_float(x) else jnp.minimum(x, y)


@op(method=True)
def fmax(input: ArrayLike, other: ArrayLike) -> Array:
    """max(input, other), elementwise; a NaN loses against a number. A tie goes to ``input``.

    Raises:
        DtypeError: a complex operand.

    Example:
        >>> fmax(jnp.array([1.0, float("nan")]), jnp.array([3.0, 2.0])).tolist()
        [3.0, 2.0]

    Source: ``torch.fmax``.
    """
    x, y = pair("fmax", input, other)
    refuse_complex("fmax", x)
    return jnp.where((x >= y) | (y != y), x, y)


@op(method=True)
def fmin(input: ArrayLike, other: ArrayLike) -> Array:
    """min(input, other), elementwise; a NaN loses against a number. A tie goes to ``input``.

    Raises:
        DtypeError: a complex operand.

    Example:
        >>> fmin(jnp.array([1.0, float("nan")]), jnp.array([3.0, 2.0])).tolist()
        [1.0, 2.0]

    Source: ``torch.fmin``.
    """
    x, y = pair("fmin", input, other)
    refuse_complex("fmin", x)
    return jnp.where((x <= y) | (y != y), x, y)


def _at_least(x: Array, low: Array) -> Array:
    # At the edge the gradient is x's alone. A NaN on either side gives NaN, and no gradient to anyone.
    if not is_float(x):
        return jnp.maximum(x, low)
    return jnp.where(x >= low, x, jnp.where(x < low, low, jnp.nan)).astype(x.dtype)


def _at_most(x: Array, high: Array) -> Array:
    if not is_float(x):
        return jnp.minimum(x, high)
    return jnp.where(x <= high, x, jnp.where(x > high, high, jnp.nan)).astype(x.dtype)


@op(method=True, inplace=True, aliases=("clip",))
def clamp(input: Array, min: ArrayLike | None = None, max: ArrayLike | None = None) -> Array:
    """min(max(input, lower), upper), elementwise with broadcasting; the gradient at the edges is one.

    Args:
        input: tensor to limit.
        min: lower bound, number or tensor; None for none.
        max: upper bound. Where it is below the lower one it wins.

    Raises:
        ArgumentError: neither bound is given.
        DtypeError: a complex operand.

    Example:
        >>> clamp(jnp.array([-1.0, 0.5, 2.0]), 0, 1).tolist()
        [0.0, 0.5, 1.0]

    Source: ``torch.clamp``.
    """
    if min is None and max is None:
        raise errors.ArgumentError(message("clamp", "min, max or both", "neither", "pass one"))
    given = [x for x in (input, min, max) if x is not None]
    x, *bounds = promote(*given)
    broadcast("clamp", x, *bounds)
    refuse_complex("clamp", x)
    if min is not None:
        x = _at_least(x, bounds[0])
    return x if max is None else _at_most(x, bounds[-1])


@op(method=True, inplace=True)
def clamp_min(input: Array, min: ArrayLike) -> Array:
    """max(input, min), elementwise; the gradient at the edge is one.

    Example:
        >>> clamp_min(jnp.array([-1.0, 2.0]), 0).tolist()
        [0.0, 2.0]

    Source: ``torch.clamp_min``.
    """
    return clamp.fn(input, min, None)


@op(method=True, inplace=True)
def clamp_max(input: Array, max: ArrayLike) -> Array:
    """min(input, max), elementwise; the gradient at the edge is one.

    Example:
        >>> clamp_max(jnp.array([-1.0, 2.0]), 0).tolist()
        [-1.0, 0.0]

    Source: ``torch.clamp_max``.
    """
    return clamp.fn(input, None, max)
