"""Comparisons, which give booleans, and tests of single elements."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.arithmetic import pair
from xlagrad.ops.common import int64, is_complex, is_float, is_inexact, refuse_complex
from xlagrad.ops.composed import composed


@op(method=True, inplace=True)
def eq(input: ArrayLike, other: ArrayLike) -> Array:
    """Whether input = other, elementwise with broadcasting; NaN equals nothing.

    Example:
        >>> eq(jnp.array([1.0, 2.0]), 2).tolist()
        [False, True]

    Source: ``torch.eq``.
    """
    x, y = pair("eq", input, other)
    return x == y


@op(method=True, inplace=True, aliases=("not_equal",))
def ne(input: ArrayLike, other: ArrayLike) -> Array:
    """Whether input ≠ other, elementwise with broadcasting.

    Example:
        >>> ne(jnp.array([1.0, 2.0]), 2).tolist()
        [True, False]

    Source: ``torch.ne``.
    """
    x, y = pair("ne", input, other)
    return x != y


@op(method=True, inplace=True, aliases=("less",))
def lt(input: ArrayLike, other: ArrayLike) -> Array:
    """Whether input < other, elementwise with broadcasting.

    Raises:
        DtypeError: a complex operand, which has no order.

    Example:
        >>> lt(jnp.array([1.0, 2.0]), 2).tolist()
        [True, False]

    Source: ``torch.lt``.
    """
    x, y = pair("lt", input, other)
    refuse_complex("lt", x)
    return x < y


@op(method=True, inplace=True, aliases=("less_equal",))
def le(input: ArrayLike, other: ArrayLike) -> Array:
    """Whether input ≤ other, elementwise with broadcasting.

    Raises:
        DtypeError: a complex operand, which has no order.

    Example:
        >>> le(jnp.array([1.0, 2.0]), 2).tolist()
        [True, True]

    Source: ``torch.le``.
    """
    x, y = pair("le", input, other)
    refuse_complex("le", x)
    return x <= y


@op(method=True, inplace=True, aliases=("greater",))
def gt(input: ArrayLike, other: ArrayLike) -> Array:
    """Whether input > other, elementwise with broadcasting.

    Raises:
        DtypeError: a complex operand, which has no order.

    Example:
        >>> gt(jnp.array([1.0, 2.0]), 1).tolist()
        [False, True]

    Source: ``torch.gt``.
    """
    x, y = pair("gt", input, other)
    refuse_complex("gt", x)
    return x > y


@op(method=True, inplace=True, aliases=("greater_equal",))
def ge(input: ArrayLike, other: ArrayLike) -> Array:
    """Whether input ≥ other, elementwise with broadcasting.

    Raises:
        DtypeError: a complex operand, which has no order.

    Example:
        >>> ge(jnp.array([1.0, 2.0]), 2).tolist()
        [False, True]

    Source: ``torch.ge``.
    """
    x, y = pair("ge", input, other)
    refuse_complex("ge", x)
    return x >= y


@op(method=True)
def isclose(
    input: Array, other: Array, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Array:
    """Whether |input - other| ≤ atol + rtol · |other|, elementwise; infinities are close to themselves.

    Args:
        input: first tensor.
        other: second tensor.
        rtol: relative tolerance.
        atol: absolute tolerance.
        equal_nan: whether two NaNs are close.

    Example:
        >>> isclose(jnp.array([1.0, 2.0]), jnp.array([1.0, 2.1])).tolist()
        [True, False]

    Source: ``torch.isclose``.
    """
    kinds = [k.dtype for k in (input, other) if isinstance(k, Array) and not k.weak_type]
    if len(set(kinds)) > 1:
        got = f"{describe(input)} and {describe(other)}"
        raise errors.DtypeError(message("isclose", "tensors of one type", got, "convert one with .to"))
    x, y = pair("isclose", input, other)
    same = x == y
    if is_inexact(x):
        if equal_nan:
            same |= jnp.isnan(x) & jnp.isnan(y)
        return same | (jnp.isfinite(y) & (jnp.abs(x - y) <= atol + rtol * jnp.abs(y)))
    # Differences of large integers are exact before they become floating point.
    wide = x.astype(int64()), y.astype(int64())
    return same | (jnp.abs(wide[0] - wide[1]) <= atol + rtol * jnp.abs(wide[1]))


@op
def all_close(input: Array, other: Array, rtol: float, atol: float, equal_nan: bool) -> Array:
    """Whether `isclose` holds everywhere, as a 0-d tensor.

    Example:
        >>> bool(all_close(jnp.ones(2), jnp.ones(2), 1e-5, 1e-8, False))
        True

    Source: ``torch.allclose``, before it becomes Python's bool.
    """
    return jnp.all(isclose.fn(input, other, rtol, atol, equal_nan))


@composed(method=True)
def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether |input - other| ≤ atol + rtol · |other| everywhere, as Python's bool.

    Raises:
        TraceError: under ``compile``, where the values are not known; use ``isclose(...).all()`` there.

    Example:
        >>> allclose(jnp.ones(2), jnp.ones(2) + 1e-7)
        True

    Source: ``torch.allclose``.
    """
    return bool(all_close(input, other, rtol, atol, equal_nan))


@op
def all_equal(input: Array, other: Array) -> Array:
    """Whether all elements are equal, as a 0-d tensor.

    Example:
        >>> bool(all_equal(jnp.ones(2), jnp.zeros(2)))
        False

    Source: ``torch.equal``, before it becomes Python's bool.
    """
    return jnp.all(input == other)


@composed(method=True)
def equal(input: Any, other: Any) -> bool:
    """Whether both tensors have the same shape and the same elements, as Python's bool.

    Raises:
        TraceError: under ``compile``, where the values are not known; use ``(x == y).all()`` there.

    Example:
        >>> equal(jnp.ones(2), jnp.ones(3))
        False

    Source: ``torch.equal``.
    """
    return tuple(input.shape) == tuple(other.shape) and bool(all_equal(input, other))


@op(method=True)
def isnan(input: Array) -> Array:
    """Whether each element is NaN.

    Example:
        >>> isnan(jnp.array([1.0, float("nan")])).tolist()
        [False, True]

    Source: ``torch.isnan``.
    """
    return jnp.isnan(input) if is_inexact(input) else jnp.zeros(input.shape, bool)


@op(method=True)
def isinf(input: Array) -> Array:
    """Whether each element is infinite.

    Example:
        >>> isinf(jnp.array([1.0, float("-inf")])).tolist()
        [False, True]

    Source: ``torch.isinf``.
    """
    return jnp.isinf(input) if is_inexact(input) else jnp.zeros(input.shape, bool)


@op(method=True)
def isfinite(input: Array) -> Array:
    """Whether each element is neither NaN nor infinite.

    Example:
        >>> isfinite(jnp.array([1.0, float("inf")])).tolist()
        [True, False]

    Source: ``torch.isfinite``.
    """
    return jnp.isfinite(input) if is_inexact(input) else jnp.ones(input.shape, bool)


@op(method=True)
def isposinf(input: Array) -> Array:
    """Whether each element is +inf.

    Raises:
        DtypeError: a complex tensor.

    Example:
        >>> isposinf(jnp.array([float("inf"), float("-inf")])).tolist()
        [True, False]

    Source: ``torch.isposinf``.
    """
    refuse_complex("isposinf", input)
    return input == jnp.inf if is_float(input) else jnp.zeros(input.shape, bool)


@op(method=True)
def isneginf(input: Array) -> Array:
    """Whether each element is -inf.

    Raises:
        DtypeError: a complex tensor.

    Example:
        >>> isneginf(jnp.array([float("inf"), float("-inf")])).tolist()
        [False, True]

    Source: ``torch.isneginf``.
    """
    refuse_complex("isneginf", input)
    return input == -jnp.inf if is_float(input) else jnp.zeros(input.shape, bool)


@op(method=True)
def isreal(input: Array) -> Array:
    """Whether the imaginary part of each element is zero; true of every real number.

    Example:
        >>> isreal(jnp.array([1 + 1j, 2])).tolist()
        [False, True]

    Source: ``torch.isreal``.
    """
    return jnp.imag(input) == 0 if is_complex(input) else jnp.ones(input.shape, bool)
