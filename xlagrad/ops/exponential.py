"""Exponentials, logarithms, powers and roots, elementwise."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero

from xlagrad.core import dtypes, errors
from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import message
from xlagrad.core.promotion import result_type
from xlagrad.ops import edges
from xlagrad.ops.arithmetic import float_pair, pair
from xlagrad.ops.common import floating, int64, is_bool, is_complex, is_inexact, refuse_complex
from xlagrad.ops.composed import composed

# Beyond this, repeated multiplication has no advantage over the exponential of a logarithm.
_LARGEST = 16


@op(method=True, inplace=True)
def exp(input: Array) -> Array:
    """e^input.

    Example:
        >>> exp(jnp.array([0.0])).tolist()
        [1.0]

    Source: ``torch.exp``; integers become the default floating-point type, here and below.
    """
    return edges.exp(floating(input))


@op(method=True, inplace=True)
def exp2(input: Array) -> Array:
    """2^input.

    Example:
        >>> exp2(jnp.array([3.0])).tolist()
        [8.0]

    Source: ``torch.exp2``.
    """
    return jnp.exp2(floating(input))


@op(method=True, inplace=True)
def expm1(input: Array) -> Array:
    """e^input - 1, accurate near zero.

    Example:
        >>> expm1(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.expm1``.
    """
    return edges.expm1(floating(input))


@op(method=True, inplace=True)
def log(input: Array) -> Array:
    """The natural logarithm; -inf at 0, NaN below.

    Example:
        >>> log(jnp.array([1.0])).tolist()
        [0.0]

    Source: ``torch.log``.
    """
    return edges.log(floating(input))


@op(method=True, inplace=True)
def log2(input: Array) -> Array:
    """The logarithm to base 2.

    Example:
        >>> log2(jnp.array([8.0])).tolist()
        [3.0]

    Source: ``torch.log2``.
    """
    return jnp.log2(floating(input))


@op(method=True, inplace=True)
def log10(input: Array) -> Array:
    """The logarithm to base 10.

    Example:
        >>> log10(jnp.array([1.0])).tolist()
        [0.0]

    Source: ``torch.log10``.
    """
    return jnp.log10(floating(input))


@op(method=True, inplace=True)
def log1p(input: Array) -> Array:
    """ln(1 + input), accurate near zero.

    Example:
        >>> log1p(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.log1p``.
    """
    return edges.log1p(floating(input))


@op(method=True)
def logaddexp(input: ArrayLike, other: ArrayLike) -> Array:
    """ln(e^input + e^other), without overflow.

    Example:
        >>> logaddexp(jnp.array([1000.0]), jnp.array([-1000.0])).tolist()
        [1000.0]

    Source: ``torch.logaddexp``.
    """
    return jnp.logaddexp(*float_pair("logaddexp", input, other))


@op(method=True)
def logaddexp2(input: ArrayLike, other: ArrayLike) -> Array:
    """log2(2^input + 2^other), without overflow.

    Example:
        >>> logaddexp2(jnp.array([1.0]), jnp.array([1.0])).tolist()
        [2.0]

    Source: ``torch.logaddexp2``.
    """
    return jnp.logaddexp2(*float_pair("logaddexp2", input, other))


@op(method=True, inplace=True)
def sqrt(input: Array) -> Array:
    """The square root; NaN below zero. The gradient at zero is infinite.

    Example:
        >>> sqrt(jnp.array([4.0])).tolist()
        [2.0]

    Source: ``torch.sqrt``.
    """
    return edges.sqrt(floating(input))


@op(method=True, inplace=True)
def rsqrt(input: Array) -> Array:
    """1 / sqrt(input).

    Example:
        >>> rsqrt(jnp.array([4.0])).tolist()
        [0.5]

    Source: ``torch.rsqrt``.
    """
    return lax.rsqrt(floating(input))


@op(method=True, inplace=True)
def square(input: Array) -> Array:
    """input².

    Example:
        >>> square(jnp.array([-3.0])).tolist()
        [9.0]

    Source: ``torch.square``.
    """
    return power(input, 2)


@op(method=True, inplace=True)
def reciprocal(input: Array) -> Array:
    """1 / input.

    Example:
        >>> reciprocal(jnp.array([4.0])).tolist()
        [0.25]

    Source: ``torch.reciprocal``.
    """
    return 1 / floating(input)


@op(method=True, inplace=True)
def sigmoid(input: Array) -> Array:
    """1 / (1 + e^-input).

    Example:
        >>> sigmoid(jnp.array([0.0])).tolist()
        [0.5]

    Source: ``torch.sigmoid``, of which ``torch.special.expit`` is another name.
    """
    return jax.nn.sigmoid(floating(input))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _logit(eps: float | None, x: Array) -> Array:
    if eps is not None:
        x = jnp.where(x < eps, eps, jnp.where(x > 1 - eps, 1 - eps, x)).astype(x.dtype)
    return jnp.log(x / (1 - x))


@_logit.defjvp
def _logit_jvp(eps: float | None, primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,) = primals
    low, outside = (0.0, jnp.nan) if eps is None else (eps, 0.0)
    inside = (x >= low) & (x <= 1 - low)
    slope = jnp.where(inside, 1 / (jnp.abs(x) * (1 - x)), outside)
    return _logit(eps, x), tangents[0] * slope.astype(x.dtype)


@op(method=True, inplace=True)
def logit(input: Array, eps: float | None = None) -> Array:
    """ln(input / (1 - input)); with ``eps`` the input is first clamped to [eps, 1 - eps].

    Example:
        >>> logit(jnp.array([0.5])).tolist()
        [0.0]

    Source: ``torch.logit``. Where the clamp acts the gradient is zero; outside [0, 1] it is NaN without one.
    """
    x = floating(input)
    refuse_complex("logit", x)
    return _logit(None if eps is None or eps < 0 else eps, x)


@jax.custom_jvp
def _power(x: Array, y: Array) -> Array:
    if not is_complex(x):
        return lax.pow(x, y)
    return jnp.where((x == 0) & (y.real > 0), 0, jnp.power(x, y))


def _power_jvp(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    # d/dx is 0 for y = 0 and d/dy is 0 for x = 0 <= y, where the plain formulas meet 0 · inf.
    (x, y), (dx, dy) = primals, tangents
    out = _power(x, y)
    tangent = jnp.zeros_like(out)
    if not isinstance(dx, SymbolicZero):
        tangent += dx * jnp.where(y == 0, 0, y * _power(x, jnp.where(y == 0, 1, y - 1)))
    if not isinstance(dy, SymbolicZero):
        flat = (x == 0) & (jnp.real(y) >= 0)
        tangent += dy * jnp.where(flat, 0, out * jnp.log(jnp.where(flat, 1, x)))
    return out, tangent


_power.defjvp(_power_jvp, symbolic_zeros=True)


def power(x: Array, exponent: int) -> Array:
    """Return ``x`` to a known power by repeated multiplication, whose derivatives at 0 and inf are exact."""
    if is_bool(x):
        x = x.astype(int64())
    return lax.integer_pow(x, exponent)


@op
def pow_tensor(input: ArrayLike, exponent: ArrayLike) -> Array:
    """input ^ exponent, elementwise with broadcasting, for an exponent that varies.

    Integers to a negative power are rounded towards zero.

    Raises:
        ShapeError: the shapes do not broadcast.

    Example:
        >>> pow_tensor(jnp.array([2.0, 3.0]), jnp.array([3.0, 2.0])).tolist()
        [8.0, 9.0]

    Source: ``torch.pow``.
    """
    x, y = pair("pow", input, exponent)
    if is_inexact(x):
        return _power(*jnp.broadcast_arrays(x, y))
    if is_bool(x):
        return x | ~y
    if not jnp.issubdtype(x.dtype, jnp.signedinteger):
        return jnp.power(x, y)
    # Of the integers only 1 and -1 have a reciprocal among them; the others give 0.
    unit = jnp.where(y % 2 == 0, jnp.abs(x), x)
    return jnp.where(y < 0, jnp.where(jnp.abs(x) == 1, unit, 0), jnp.power(x, jnp.maximum(y, 0)))


@op
def pow_integer(input: Array, exponent: int) -> Array:
    """input ^ exponent for an exponent known beforehand, by repeated multiplication.

    Raises:
        ArgumentError: integers to a negative power.

    Example:
        >>> pow_integer(jnp.array([2.0, 0.0]), 3).tolist()
        [8.0, 0.0]

    Source: ``torch.pow``.
    """
    if exponent < 0 and not is_inexact(input):
        fix = "convert the tensor with .float()"
        raise errors.ArgumentError(message("pow", "a power >= 0 of integers", str(exponent), fix))
    return power(input, exponent)


@composed(method=True, inplace=True)
def pow(input: Any, exponent: Any) -> Any:
    """input ^ exponent, elementwise with broadcasting.

    A whole number as exponent is multiplied out, one program for each; any other exponent is an operand.
    The gradient is 0 where the exponent is 0, and that of the exponent is 0 where 0 is raised to >= 0.

    Raises:
        ArgumentError: integers to a negative Python integer.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> pow(jnp.array([2.0, 3.0]), 2).tolist()
        [4.0, 9.0]

    Source: ``torch.pow``.
    """
    if type(exponent) is int and not isinstance(input, (int, float, complex)):
        if -_LARGEST <= exponent <= _LARGEST:
            return pow_integer(input, exponent)
    if type(exponent) is float and exponent.is_integer() and -_LARGEST <= exponent <= _LARGEST:
        if is_inexact(input):
            return pow_integer(input, int(exponent))
    return pow_tensor(input, exponent)


@op(method=True, inplace=True)
def float_power(input: ArrayLike, exponent: ArrayLike) -> Array:
    """input ^ exponent in the widest floating-point type: float64, or float32 where JAX runs with 32 bits.

    Example:
        >>> float_power(jnp.array([2, 3]), 2).tolist()
        [4.0, 9.0]

    Source: ``torch.float_power``.
    """
    kind = "complex128" if result_type(input, exponent).is_complex else "float64"
    wide = dtypes.canonical(kind).dtype
    return pow_tensor(jnp.asarray(input).astype(wide), jnp.asarray(exponent).astype(wide))
