"""The gamma function's logarithm and its derivatives, and the Hurwitz zeta function, elementwise."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import message
from xlagrad.ops.arithmetic import float_pair
from xlagrad.ops.composed import composed
from xlagrad.ops.failure import undifferentiable
from xlagrad.ops.series import evaluate


def _zeta_above(s: Array, q: Array) -> Array:
    """Return ζ(s, q) for q > 0."""
    found = lax.zeta(s, q)
    # Where XLA's sum overflows on its way the first term is all that counts.
    return jnp.where(jnp.isnan(found) & (s > 1) & (q > 0), jnp.power(q, -s), found)


@jax.custom_jvp
def _zeta(s: Array, q: Array) -> Array:
    """ζ(s, q); for q < 0 the steps below zero and as many above it cancel first, if s is odd."""
    below = q <= 0
    whole = q == jnp.floor(q)
    apart = below & ~whole
    above = _zeta_above(s, jnp.where(apart, q - jnp.floor(q), 0.5))
    mirrored = _zeta_above(s, jnp.where(apart, jnp.ceil(q) - q, 0.5))
    rest = _zeta_above(s, jnp.where(apart, 1 - q, 1))
    both = jnp.where(jnp.mod(s, 2) == 1, (above - mirrored) + rest, (above + mirrored) - rest)
    both = jnp.where(s != jnp.floor(s), jnp.nan, both)
    value = jnp.where(below, jnp.where(whole, jnp.inf, both), _zeta_above(s, jnp.where(below, 1, q)))
    return jnp.where(s == 1, jnp.inf, jnp.where(s < 1, jnp.nan, value)).astype(q.dtype)


@_zeta.defjvp
def _zeta_jvp(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    s, q = primals
    # The derivative by s has no formula; its tangent is kept so that a gradient that is asked of it raises.
    return _zeta(s, q), tangents[1] * -s * _zeta(s + 1, q) + tangents[0] * 0


@op
def zeta(input: ArrayLike, other: ArrayLike) -> Array:
    """The Hurwitz zeta function Σ 1 / (k + other)^input over k >= 0.

    It is infinite at input = 1 and at whole numbers other <= 0; NaN below input = 1, and for other < 0 unless
    ``input`` is whole.

    Raises:
        AutogradError: when a gradient with respect to ``input`` is computed, as in PyTorch.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> bool(abs(zeta(jnp.array([2.0]), 1.0)[0] - 1.644934) < 1e-5)
        True

    Source: ``torch.special.zeta``.
    """
    s, q = float_pair("zeta", input, other)
    why = "zeta: the derivative with respect to input is not implemented, as in PyTorch; use input.detach()"
    return evaluate("zeta", _zeta, *jnp.broadcast_arrays(undifferentiable(why, s, s), q))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _polygamma(n: int, x: Array) -> Array:
    if n == 0:
        return jnp.where(x == 0, -jnp.copysign(jnp.inf, x).astype(x.dtype), lax.digamma(x))
    factor = float(math.factorial(n)) if n <= 170 else math.inf
    return (factor if n % 2 else -factor) * _zeta(jnp.full_like(x, n + 1), x)


@_polygamma.defjvp
def _polygamma_jvp(n: int, primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,) = primals
    return _polygamma(n, x), tangents[0] * _polygamma(n + 1, x)


@jax.custom_jvp
def _lgamma(x: Array) -> Array:
    return lax.lgamma(x)


@_lgamma.defjvp
def _lgamma_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,) = primals
    return _lgamma(x), tangents[0] * _polygamma(0, x)


@op(method=True, inplace=True)
def lgamma(input: Array) -> Array:
    """ln |Γ(input)|.

    Example:
        >>> bool(abs(lgamma(jnp.array(1.0))) < 1e-6)
        True

    Source: ``torch.lgamma``.
    """
    return evaluate("lgamma", _lgamma, input)


@op(method=True, inplace=True)
def digamma(input: Array) -> Array:
    """The derivative of ln Γ; -inf at 0, NaN at the negative integers.

    Example:
        >>> bool(abs(digamma(jnp.array(1.0)) + 0.5772157) < 1e-6)
        True

    Source: ``torch.digamma``.
    """
    return evaluate("digamma", functools.partial(_polygamma, 0), input)


@op
def polygamma_of(input: Array, n: int) -> Array:
    """The n-th derivative of the digamma function, operand first. See `polygamma`."""
    order = operator.index(n)
    if order < 0:
        raise errors.ArgumentError(message("polygamma", "n >= 0", str(n), "derivatives count from 0"))
    return evaluate("polygamma", functools.partial(_polygamma, order), input)


@composed(method=True, inplace=True)
def polygamma(n: Any, input: Any) -> Any:
    """The n-th derivative of the digamma function.

    Args:
        n: order of the derivative; 0 for `digamma` itself. As a method, ``x.polygamma(n)``.
        input: tensor.

    Raises:
        ArgumentError: n is negative.

    Example:
        >>> bool(abs(polygamma(1, jnp.array(1.0)) - 1.644934) < 1e-5)
        True

    Source: ``torch.polygamma``. Deviation: the trigamma function is infinite at negative integers, where
    PyTorch has a large number.
    """
    return polygamma_of(input, n) if isinstance(n, int) else polygamma_of(n, input)


@op(method=True, inplace=True)
def mvlgamma(input: Array, p: int) -> Array:
    """ln Γ_p(input), the logarithm of the multivariate gamma function: p(p-1)/4 · ln π + Σ ln Γ(input - i/2).

    Raises:
        ArgumentError: p is less than 1.

    Example:
        >>> bool(abs(mvlgamma(jnp.array(2.0), 2) - 0.451583) < 1e-5)
        True

    Source: ``torch.mvlgamma``.
    """
    if p < 1:
        raise errors.ArgumentError(message("mvlgamma", "p >= 1", str(p), "p is the size of the matrices"))

    def total(x: Array) -> Array:
        return sum((_lgamma(x - i / 2) for i in range(1, p)), _lgamma(x)) + p * (p - 1) / 4 * math.log(
            math.pi
        )

    return evaluate("mvlgamma", total, input)
