"""Covariance and correlation of variables."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.core.promotion import promote
from xlagrad.ops.common import floating, is_complex, refuse_bool
from xlagrad.ops.composed import composed
from xlagrad.ops.failure import known


def _weights(who: str, name: str, w: Array, count: int, integral: bool) -> Array:
    """Check weights of observations."""
    kind = "integer" if integral else "floating-point"
    right = jnp.issubdtype(w.dtype, jnp.integer if integral else jnp.floating)
    if not right:
        fix = f"convert it with .{'long' if integral else 'float'}()"
        raise errors.DtypeError(message(who, f"{name} of {kind} type", describe(w), fix))
    if w.ndim > 1 or w.size != count:
        want = f"one of {name} for each of {count} observations"
        raise errors.ShapeError(message(who, want, describe(w), "give it one dimension"))
    return w.reshape(-1)


@op
def _cov(input: Array, fweights: Array | None, aweights: Array | None, *, correction: int) -> Array:
    """The covariance matrix; see `cov`."""
    refuse_bool("cov", input)
    if input.ndim > 2:
        raise errors.ShapeError(message("cov", "at most 2 dimensions", describe(input), "flatten it"))
    x = input.reshape(1, -1) if input.ndim < 2 else input
    count = x.shape[1]
    weights: Any = None
    if fweights is not None:
        weights = _weights("cov", "fweights", fweights, count, True)
    if aweights is not None:
        scale = _weights("cov", "aweights", aweights, count, False)
        weights = scale if weights is None else weights * scale
    x = floating(x)
    if aweights is not None:
        x = promote(x, aweights)[0]
    total = count if weights is None else jnp.sum(weights)
    if weights is None:
        mean = jnp.sum(x, axis=1, keepdims=True) / count if count else jnp.full((x.shape[0], 1), jnp.nan)
        norm: Any = count - correction
    else:
        factor = weights.astype(x.real.dtype)
        mean = jnp.sum(x * factor, axis=1, keepdims=True) / total
        norm = total - correction
        if aweights is not None and correction:
            norm = total - correction * jnp.sum(weights * aweights.reshape(-1)) / total
    centred = x - mean.astype(x.dtype)
    turned = jnp.conj(centred) if is_complex(x) else centred
    weighted = turned if weights is None else turned * weights.astype(x.real.dtype)
    divisor = jnp.maximum(jnp.asarray(norm).astype(x.real.dtype), 0)
    found = centred @ weighted.T / divisor
    return jnp.squeeze(found)


@composed(method=True)
def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """The covariance matrix of variables (rows) from observations (columns).

    Args:
        input: variables × observations, one variable, or a number.
        correction: what is subtracted from the number of observations in the divisor.
        fweights: how often each observation counts, integers.
        aweights: how much each observation counts, floating point.

    Raises:
        ShapeError: more than two dimensions, or weights for another number of observations.
        ArgumentError: weights below zero (not under compile or other traces).
        DtypeError: booleans, or weights of the wrong kind.

    Example:
        >>> cov(jnp.array([[0.0, 2.0], [0.0, 4.0]])).tolist()
        [[2.0, 4.0], [4.0, 8.0]]

    Source: ``torch.cov``.
    """
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        values = None if weights is None else known(weights)
        if values is not None and (values < 0).any():
            raise errors.ArgumentError(message("cov", f"{name} of at least 0", str(values.min())))
    return _cov(input, fweights, aweights, correction=correction)


@op(method=True)
def corrcoef(input: Array) -> Array:
    """The correlation coefficients of variables (rows) from observations (columns), within [-1, 1].

    Raises:
        ShapeError: more than two dimensions.
        DtypeError: booleans.

    Example:
        >>> corrcoef(jnp.array([[0.0, 1.0], [0.0, 4.0]])).tolist()
        [[1.0, 1.0], [1.0, 1.0]]

    Source: ``torch.corrcoef``.
    """
    if input.ndim > 2:
        raise errors.ShapeError(message("corrcoef", "at most 2 dimensions", describe(input), "flatten it"))
    c = _cov(input, None, None, correction=1)
    if c.ndim == 0:
        return c / c
    deviation = jnp.sqrt(jnp.diagonal(c).real)
    found = c / deviation[:, None] / deviation[None, :]
    if is_complex(found):
        return jnp.clip(found.real, -1, 1) + 1j * jnp.clip(found.imag, -1, 1)
    return jnp.clip(found, -1, 1)
