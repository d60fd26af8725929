"""The error function, the gamma function and their kin, elementwise."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax
from jax.scipy import special as jsp

from xlagrad.core.dispatch import Array, op
from xlagrad.ops.common import floating, refuse_complex


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


@op(method=True, inplace=True)
def digamma(input: Array) -> Array:
    """The derivative of ln Γ; -inf at 0, NaN at the negative integers.

    Example:
        >>> bool(abs(digamma(jnp.array(1.0)) + 0.5772157) < 1e-6)
        True

    Source: ``torch.digamma``.
    """
    x = _real("digamma", input)
    return jnp.where(x == 0, -jnp.copysign(jnp.inf, x).astype(x.dtype), lax.digamma(x))


@op(method=True)
def i0(input: Array) -> Array:
    """The modified Bessel function of the first kind, order 0.

    Example:
        >>> bool(abs(i0(jnp.array(0.0)) - 1) < 1e-6)
        True

    Source: ``torch.i0``.
    """
    return jsp.i0(_real("i0", input))
