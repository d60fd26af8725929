"""Functions of two numbers that look at their sign, their bits or their divisors."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.promotion import promote
from xlagrad.ops.arithmetic import float_pair, pair
from xlagrad.ops.common import is_float, refuse_complex, require_inexact, require_integer
from xlagrad.ops.kinks import absolute


@op(method=True, inplace=True)
def copysign(input: ArrayLike, other: ArrayLike) -> Array:
    """|input| with the sign of ``other``, signed zeros included; its gradient at zero is zero.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> copysign(jnp.array([1.0, -2.0]), -0.0).tolist()
        [-1.0, -2.0]

    Source: ``torch.copysign``.
    """
    x, y = float_pair("copysign", input, other)
    refuse_complex("copysign", x)
    size = absolute(x)
    return jnp.where(jnp.signbit(y), -size, size)


@jax.custom_jvp
def _nextafter(x: Array, y: Array) -> Array:
    return jnp.nextafter(x, y)


@_nextafter.defjvp
def _nextafter_jvp(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    x, y = primals
    return _nextafter(x, y), tangents[0] * (x != y).astype(x.dtype)


@op(method=True, inplace=True)
def nextafter(input: ArrayLike, other: ArrayLike) -> Array:
    """The next floating-point number after ``input`` towards ``other``, which has no gradient.

    Raises:
        ShapeError: the shapes do not broadcast.

    Example:
        >>> bool(nextafter(jnp.array(1.0), 2.0) > 1.0)
        True

    Source: ``torch.nextafter``.
    """
    x, y = float_pair("nextafter", input, other)
    refuse_complex("nextafter", x)
    return _nextafter(*jnp.broadcast_arrays(x, y))


@op(method=True, inplace=True)
def heaviside(input: ArrayLike, values: ArrayLike) -> Array:
    """0 below zero, 1 above it, and ``values`` at zero.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> heaviside(jnp.array([-1.0, 0.0, 2.0]), 0.5).tolist()
        [0.0, 0.5, 1.0]

    Source: ``torch.heaviside``.
    """
    x, y = pair("heaviside", input, values)
    refuse_complex("heaviside", x)
    return jnp.where(x == 0, y, (x > 0).astype(x.dtype))


@op(method=True, inplace=True)
def ldexp(input: ArrayLike, other: ArrayLike) -> Array:
    """input · 2^other.

    Raises:
        ShapeError: the shapes do not broadcast.

    Example:
        >>> ldexp(jnp.array([1.5]), 2).tolist()
        [6.0]

    Source: ``torch.ldexp``.
    """
    x, y = float_pair("ldexp", input, other)
    # In two steps, since 2^other alone may leave the range.
    half = jnp.floor(y / 2) if is_float(y) else y / 2
    return x * jnp.exp2(half) * jnp.exp2(y - half)


class MantissaExponent(NamedTuple):
    """What ``frexp`` returns."""

    mantissa: Any
    exponent: Any


@jax.custom_jvp
def _frexp(x: Array) -> tuple[Array, Array]:
    mantissa, exponent = jnp.frexp(x)
    return mantissa, exponent.astype(jnp.int32)


@_frexp.defjvp
def _frexp_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    mantissa, exponent = _frexp(*primals)
    scale = jnp.exp2(exponent.astype(mantissa.dtype))
    return (mantissa, exponent), (tangents[0] / scale, np.zeros(exponent.shape, jax.dtypes.float0))


@op(method=True)
def frexp(input: Array) -> MantissaExponent:
    """The mantissa, at least 1/2 and less than 1 in size, and the exponent of 2 that together make ``input``.

    Raises:
        DtypeError: integers or complex numbers.

    Example:
        >>> [x.tolist() for x in frexp(jnp.array([8.0, 0.0]))]
        [[0.5, 0.0], [4, 0]]

    Source: ``torch.frexp``.
    """
    refuse_complex("frexp", input)
    require_inexact("frexp", input)
    return MantissaExponent(*_frexp(input))


@op(method=True, inplace=True)
def gcd(input: ArrayLike, other: ArrayLike) -> Array:
    """The greatest common divisor, elementwise with broadcasting.

    Raises:
        DtypeError: not integers.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> gcd(jnp.array([12, -8]), 6).tolist()
        [6, 2]

    Source: ``torch.gcd``.
    """
    x, y = pair("gcd", input, other)
    require_integer("gcd", x, "integers")
    return jnp.gcd(x, y)


@op(method=True, inplace=True)
def lcm(input: ArrayLike, other: ArrayLike) -> Array:
    """The least common multiple, elementwise with broadcasting.

    Raises:
        DtypeError: not integers.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> lcm(jnp.array([4, 3]), 6).tolist()
        [12, 6]

    Source: ``torch.lcm``.
    """
    x, y = pair("lcm", input, other)
    require_integer("lcm", x, "integers")
    return jnp.lcm(x, y)


@op
def isin(
    elements: ArrayLike, test_elements: ArrayLike, *, assume_unique: bool = False, invert: bool = False
) -> Array:
    """Whether each element is among others.

    Args:
        elements: what to look for.
        test_elements: where to look, of any shape.
        assume_unique: taken for compatibility.
        invert: whether it is not.

    Example:
        >>> isin(jnp.array([1, 2, 3]), jnp.array([3, 1])).tolist()
        [True, False, True]

    Source: ``torch.isin``.
    """
    x, y = promote(elements, test_elements)
    return jnp.isin(x, y, invert=invert)
