"""Building blocks whose gradients follow PyTorch's conventions where the mathematics leaves a choice."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax


@jax.custom_jvp
def root(x: jax.Array) -> jax.Array:
    """Return sqrt(x) with a gradient of zero, not infinity, at zero: what ``std`` and norms have there."""
    return jnp.sqrt(x)


@root.defjvp
def _root_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    out = root(primals[0])
    flat = out == 0
    return out, tangents[0] * jnp.where(flat, 0, 0.5 / jnp.where(flat, 1, out))


@jax.custom_jvp
def absolute(x: jax.Array) -> jax.Array:
    """Return |x| with a gradient of zero at zero, where JAX has one (or NaN for complex numbers)."""
    return jnp.abs(x)


@absolute.defjvp
def _absolute_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    direction = unit(primals[0])
    return absolute(primals[0]), jnp.real(tangents[0] * jnp.conj(direction))


def unit(x: jax.Array) -> jax.Array:
    """Return x / |x|, and 0 at 0: the sign of real numbers, the direction of complex ones."""
    if not jnp.issubdtype(x.dtype, jnp.complexfloating):
        # Of NaN it is 0, as in PyTorch.
        return (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype)
    size = absolute(x)
    return x / jnp.where(size == 0, 1, size)


def pick(x: jax.Array, indices: jax.Array, dim: int) -> jax.Array:
    """Return ``x`` at one index along ``dim`` for each position, that dimension kept with size one.

    The gradient goes to that index alone. It is a masked sum, which XLA fuses, where the gradient of a
    gather would be a scatter.

    Args:
        x: any array of at least one dimension.
        indices: integers, as ``x`` but of size one along ``dim``.
        dim: dimension, counted from the front.
    """
    value = jnp.take_along_axis(lax.stop_gradient(x), indices, axis=dim, mode="promise_in_bounds")
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        return value
    mask = lax.broadcasted_iota(indices.dtype, x.shape, dim) == indices
    return attach(x, value, mask, (dim,))


@functools.partial(jax.custom_jvp, nondiff_argnums=(3,))
def attach(x: jax.Array, value: jax.Array, weight: jax.Array, dims: tuple[int, ...]) -> jax.Array:
    """Return ``value``, differentiated as if it were ``sum(x * weight)`` over ``dims`` (kept).

    Args:
        x: what the gradient goes to.
        value: the result, of size one along ``dims``.
        weight: booleans or numbers of the shape of ``x``.
        dims: the dimensions that were reduced.
    """
    return value


@attach.defjvp
def _attach_jvp(
    dims: tuple[int, ...], primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Any, Any]:
    (x, value, weight), dx = primals, tangents[0]
    part = jnp.where(weight, dx, 0) if weight.dtype == bool else dx * weight.astype(dx.dtype)
    return attach(x, value, weight, dims), jnp.sum(part, axis=dims, keepdims=True)


def spread(x: jax.Array, value: jax.Array, dims: tuple[int, ...]) -> jax.Array:
    """Return ``value``, an element of ``x`` over ``dims`` (kept); all equal to it share its gradient."""
    x_, value = lax.stop_gradient(x), lax.stop_gradient(value)
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        return value
    ties = (x_ == value) | (jnp.isnan(x_) & jnp.isnan(value))
    count = jnp.sum(ties, axis=dims, keepdims=True)
    return attach(x, value, ties / count, dims)
