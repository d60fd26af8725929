"""Trigonometric and hyperbolic functions and their inverses, elementwise."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.ops import edges
from xlagrad.ops.arithmetic import float_pair
from xlagrad.ops.common import floating, in_single, refuse_complex


@op(method=True, inplace=True)
def sin(input: Array) -> Array:
    """The sine of an angle in radians.

    Example:
        >>> sin(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.sin``.
    """
    return jnp.sin(floating(input))


@op(method=True, inplace=True)
def cos(input: Array) -> Array:
    """The cosine of an angle in radians.

    Example:
        >>> cos(jnp.array([0.0])).tolist()
        [1.0]

    Source: ``torch.cos``.
    """
    return jnp.cos(floating(input))


@op(method=True, inplace=True)
def tan(input: Array) -> Array:
    """The tangent of an angle in radians.

    Example:
        >>> tan(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.tan``.
    """
    return jnp.tan(floating(input))


@op(method=True, inplace=True, aliases=("arcsin",))
def asin(input: Array) -> Array:
    """The angle in [-π/2, π/2] whose sine is ``input``; NaN outside [-1, 1].

    Example:
        >>> asin(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.asin``.
    """
    return jnp.arcsin(floating(input))


@op(method=True, inplace=True, aliases=("arccos",))
def acos(input: Array) -> Array:
    """The angle in [0, π] whose cosine is ``input``; NaN outside [-1, 1].

    Example:
        >>> acos(jnp.array([1.0])).tolist()
        [0.0]

    Source: ``torch.acos``.
    """
    return edges.arccos(floating(input))


@op(method=True, inplace=True, aliases=("arctan",))
def atan(input: Array) -> Array:
    """The angle in (-π/2, π/2) whose tangent is ``input``.

    Example:
        >>> atan(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.atan``.
    """
    return jnp.arctan(floating(input))


@op(method=True, inplace=True)
def sinh(input: Array) -> Array:
    """The hyperbolic sine.

    Example:
        >>> sinh(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.sinh``.
    """
    return edges.sinh(floating(input))


@op(method=True, inplace=True)
def cosh(input: Array) -> Array:
    """The hyperbolic cosine.

    Example:
        >>> cosh(jnp.array([0.0])).tolist()
        [1.0]

    Source: ``torch.cosh``.
    """
    return edges.cosh(floating(input))


@op(method=True, inplace=True)
def tanh(input: Array) -> Array:
    """The hyperbolic tangent.

    Example:
        >>> tanh(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.tanh``.
    """
    return edges.tanh(floating(input))


@op(method=True, inplace=True, aliases=("arcsinh",))
def asinh(input: Array) -> Array:
    """The inverse hyperbolic sine.

    Example:
        >>> asinh(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.asinh``.
    """
    return edges.arcsinh(floating(input))


@op(method=True, inplace=True, aliases=("arccosh",))
def acosh(input: Array) -> Array:
    """The inverse hyperbolic cosine; NaN below 1.

    Example:
        >>> acosh(jnp.array([1.0])).tolist()
        [0.0]

    Source: ``torch.acosh``.
    """
    return edges.arccosh(floating(input))


@op(method=True, inplace=True, aliases=("arctanh",))
def atanh(input: Array) -> Array:
    """The inverse hyperbolic tangent; infinite at -1 and 1, NaN beyond.

    Example:
        >>> atanh(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.atanh``.
    """
    return edges.arctanh(floating(input))


@jax.custom_jvp
def _atan2(y: Array, x: Array) -> Array:
    return jnp.arctan2(y, x)


def _atan2_jvp(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    # At the origin the angle has no slope; zero, as PyTorch has it, keeps NaN out of training.
    (y, x), (dy, dx) = primals, tangents
    out = _atan2(y, x)
    square = x * x + y * y
    scale = jnp.where(square == 0, 0, 1 / jnp.where(square == 0, 1, square))
    tangent = jnp.zeros_like(out)
    if not isinstance(dy, SymbolicZero):
        tangent += dy * (x * scale)
    if not isinstance(dx, SymbolicZero):
        tangent -= dx * (y * scale)
    return out, tangent


_atan2.defjvp(_atan2_jvp, symbolic_zeros=True)


@op(method=True, inplace=True, aliases=("arctan2",))
def atan2(input: ArrayLike, other: ArrayLike) -> Array:
    """The angle of the point (other, input) in (-π, π]; its gradient at the origin is zero.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> atan2(jnp.array([1.0]), jnp.array([0.0])).tolist()
        [1.5707963705062866]

    Source: ``torch.atan2``.
    """
    y, x = float_pair("atan2", input, other)
    refuse_complex("atan2", x)
    return _atan2(*jnp.broadcast_arrays(y, x))


@op(method=True, inplace=True)
def hypot(input: ArrayLike, other: ArrayLike) -> Array:
    """sqrt(input² + other²), without overflow on the way.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> hypot(jnp.array([3.0]), jnp.array([4.0])).tolist()
        [5.0]

    Source: ``torch.hypot``.
    """
    x, y = float_pair("hypot", input, other)
    refuse_complex("hypot", x)
    return jnp.hypot(x, y)


@jax.custom_jvp
def _sinc(x: Array) -> Array:
    angle = math.pi * jnp.where(x == 0, 1, x)
    return jnp.where(x == 0, 1, jnp.sin(angle) / angle).astype(x.dtype)


@_sinc.defjvp
def _sinc_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,) = primals
    near = jnp.abs(x) < 0.2
    # Near zero cosine and quotient cancel; there the power series.
    small, large = math.pi * jnp.where(near, x, 0), math.pi * jnp.where(near, 1, x)
    square = small * small
    series = 1 - square / 10 * (1 - square / 28 * (1 - square / 54 * (1 - square / 88)))
    slope = jnp.where(near, -small / 3 * series, (jnp.cos(large) - jnp.sin(large) / large) / large)
    return _sinc(x), tangents[0] * (math.pi * slope)


@op(method=True, inplace=True)
def sinc(input: Array) -> Array:
    """sin(π·input) / (π·input), and 1 at 0.

    Example:
        >>> sinc(jnp.array([0.0])).tolist()
        [1.0]

    Source: ``torch.sinc``.
    """
    return in_single(_sinc, floating(input))
