"""The regularized incomplete gamma functions, elementwise."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.ops.arithmetic import float_pair
from xlagrad.ops.common import require_inexact
from xlagrad.ops.failure import undifferentiable
from xlagrad.ops.series import evaluate


def _edges(a: Array, x: Array, found: Array, none: float) -> Array:
    """Return ``found`` with the values at a = 0 and at infinity; ``none`` is the value where x is 0."""
    valid = (a >= 0) & (x >= 0)
    certain = jnp.where(jnp.isinf(a), none, 1 - none)
    undecided = ((a == 0) & (x == 0)) | (jnp.isinf(a) & jnp.isinf(x)) | jnp.isnan(x)
    at_edge = (a == 0) | jnp.isinf(a) | jnp.isinf(x)
    value = jnp.where(at_edge, jnp.where(undecided, jnp.nan, certain), found)
    return jnp.where(valid, value, jnp.nan).astype(x.dtype)


@jax.custom_jvp
def _lower(a: Array, x: Array) -> Array:
    return _edges(a, x, lax.igamma(a, x), 0)


@jax.custom_jvp
def _upper(a: Array, x: Array) -> Array:
    return _edges(a, x, lax.igammac(a, x), 1)


def _density(a: Array, x: Array) -> Array:
    return jnp.exp((a - 1) * jnp.log(x) - x - lax.lgamma(a))


@_lower.defjvp
def _lower_jvp(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    # The tangent of a is kept, though without a formula, so that a gradient that is asked of it raises.
    return _lower(*primals), tangents[1] * _density(*primals) + tangents[0] * 0


@_upper.defjvp
def _upper_jvp(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    return _upper(*primals), tangents[1] * -_density(*primals) + tangents[0] * 0


def _operands(who: str, input: Array, other: Array) -> list[Array]:
    a, x = float_pair(who, input, other)
    require_inexact(who, input if input.ndim >= other.ndim else other)
    why = f"{who}: the derivative with respect to input is not implemented, as in PyTorch; use input.detach()"
    return jnp.broadcast_arrays(undifferentiable(why, a, a), x)


@op(method=True, inplace=True, aliases=("gammainc",))
def igamma(input: Array, other: Array) -> Array:
    """P(input, other) = 1/Γ(input) · ∫ t^(input-1) e^-t dt from 0 to ``other``; NaN where one is negative.

    Raises:
        AutogradError: when a gradient with respect to ``input`` is computed, as in PyTorch.
        DtypeError: integers, or a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> bool(abs(igamma(jnp.array([1.0]), jnp.array([1.0]))[0] - 0.632121) < 1e-5)
        True

    Source: ``torch.igamma``, of which ``torch.special.gammainc`` is another name.
    """
    return evaluate("igamma", _lower, *_operands("igamma", input, other))


@op(method=True, inplace=True, aliases=("gammaincc",))
def igammac(input: Array, other: Array) -> Array:
    """Q(input, other) = 1 - P(input, other), accurate where it is small; see `igamma`.

    Raises:
        AutogradError: when a gradient with respect to ``input`` is computed, as in PyTorch.
        DtypeError: integers, or a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> bool(abs(igammac(jnp.array([1.0]), jnp.array([1.0]))[0] - 0.367879) < 1e-5)
        True

    Source: ``torch.igammac``, of which ``torch.special.gammaincc`` is another name.
    """
    return evaluate("igammac", _upper, *_operands("igammac", input, other))
