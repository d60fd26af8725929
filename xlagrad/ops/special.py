"""The error function, the gamma function and their kin, elementwise."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy import special as jsp

from xlagrad.core.dispatch import Array, op
from xlagrad.ops.common import floating, refuse_complex
from xlagrad.ops.kinks import absolute


def _real(who: str, input: Array) -> Array:
    refuse_complex(who, input)
    return floating(input)


@op(method=True, inplace=True)
def erf(input: Array) -> Array:
    """2/√π · ∫₀ˣ exp(-t²) dt.

    Example:
        >>> erf(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.erf``.
    """
    return lax.erf(_real("erf", input))


@op(method=True, inplace=True)
def erfc(input: Array) -> Array:
    """1 - erf(input), accurate for large input.

    Example:
        >>> erfc(jnp.array([0.0])).tolist()
        [1.0]

    Source: ``torch.erfc``.
    """
    return lax.erfc(_real("erfc", input))


@op(method=True, inplace=True)
def erfinv(input: Array) -> Array:
    """The inverse of erf; infinite at -1 and 1, NaN beyond.

    Example:
        >>> erfinv(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.erfinv``.
    """
    return lax.erf_inv(_real("erfinv", input))


@op(method=True, inplace=True)
def lgamma(input: Array) -> Array:
    """ln |Γ(input)|.

    Example:
        >>> bool(abs(lgamma(jnp.array(1.0))) < 1e-6)
        True

    Source: ``torch.lgamma``.
    """
    return lax.lgamma(_real("lgamma", input))


@jax.custom_jvp
def _digamma(x: Array) -> Array:
    return jnp.where(x == 0, -jnp.copysign(jnp.inf, x).astype(x.dtype), lax.digamma(x))


@_digamma.defjvp
def _digamma_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    # JAX's trigamma holds for positive numbers; the reflection formula gives the others.
    (x,) = primals
    below = x <= 0
    mirrored = jsp.polygamma(1, jnp.where(below, 1 - x, x))
    sine = jnp.sin(math.pi * jnp.where(below, x, 0.5))
    slope = jnp.where(below, (math.pi / sine) ** 2 - mirrored, mirrored)
    return _digamma(x), tangents[0] * slope.astype(x.dtype)


@op(method=True, inplace=True)
def digamma(input: Array) -> Array:
    """The derivative of ln Γ; -inf at 0, NaN at the negative integers.

    Example:
        >>> bool(abs(digamma(jnp.array(1.0)) + 0.5772157) < 1e-6)
        True

    Source: ``torch.digamma``.
    """
    return _digamma(_real("digamma", input))


@op(method=True, inplace=True)
def i0(input: Array) -> Array:
    """The modified Bessel function of the first kind, order 0.

    Example:
        >>> bool(abs(i0(jnp.array(0.0)) - 1) < 1e-6)
        True

    Source: ``torch.i0``.
    """
    x = _real("i0", input)
    return jnp.exp(absolute(x)) * jsp.i0e(x)
