"""Chebyshev series, and functions of real numbers whatever their type."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax.numpy as jnp

from xlagrad.core.dispatch import Array
from xlagrad.ops.common import floating, in_single, refuse_complex


def chebyshev(coefficients: Sequence[float], t: Array) -> Array:
    """Return Σ cₖ Tₖ(t) for t in [-1, 1], by Clenshaw's recurrence.

    Args:
        coefficients: c₀, c₁, …, of falling size; what is below the precision of ``t`` is left out.
        t: real floating-point numbers.

    Example:
        >>> float(chebyshev([1.0, 2.0, 3.0], jnp.asarray(0.5)))
        0.5
    """
    least = max(map(abs, coefficients)) * float(jnp.finfo(t.dtype).eps) / 16
    last = max(i for i, c in enumerate(coefficients) if abs(c) >= least)
    near = far = jnp.zeros_like(t)
    for c in reversed(coefficients[1 : last + 1]):
        near, far = 2 * t * near - far + c, near
    return t * near - far + coefficients[0]


def evaluate(who: str, function: Callable[..., Array], *xs: Array) -> Array:
    """Return ``function(*xs)`` for real numbers; integers become floating point first.

    Half precision is computed in float32 and rounded at the end.

    Raises:
        DtypeError: a complex tensor.
    """
    refuse_complex(who, *xs)
    return in_single(function, *[floating(x) for x in xs])
