"""Samples from distributions: pure functions of a key, and eager draws that compile for few shapes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, random

from xlagrad.core import random as streams
from xlagrad.core.devices import Device, from_host
from xlagrad.core.handle import is_tracer
from xlagrad.core.modes import local
from xlagrad.core.random import Generator
from xlagrad.ops.making import is_rare

Shape = tuple[int, ...]
Kind = np.dtype[Any]


def _wide(dtype: Kind) -> Any:
    """Return the type to compute in: float32 for half precision, whose tails would be cut."""
    return dtype if dtype.itemsize >= 4 else jnp.float32


def uniform(key: jax.Array, low: Any, high: Any, shape: Shape, dtype: Kind) -> jax.Array:
    """Draws from U[low, high)."""
    if dtype.kind == "c":
        real = jnp.float64 if dtype.itemsize == 16 else jnp.float32
        parts = [random.uniform(k, shape, real) for k in random.split(key)]
        unit = lax.complex(*parts)
        return unit * (high - low) + low
    unit = random.uniform(key, shape, dtype)
    return (unit * (high - low) + low).astype(dtype)


def normal(key: jax.Array, mean: Any, std: Any, shape: Shape, dtype: Kind) -> jax.Array:
    """Draws from N(mean, std²); complex ones with half of the variance in each part."""
    return (random.normal(key, shape, _wide(dtype)) * std + mean).astype(dtype)


def _positive(key: jax.Array, shape: Shape, dtype: Kind) -> jax.Array:
    """Draws from U(0, 1): zero, of which there is no logarithm, does not occur."""
    wide = _wide(dtype)
    return random.uniform(key, shape, wide, minval=jnp.finfo(wide).tiny)


def exponential(key: jax.Array, rate: Any, shape: Shape, dtype: Kind) -> jax.Array:
    """Draws from the density rate · exp(−rate · x), none of them zero."""
    return (-jnp.log(_positive(key, shape, dtype)) / rate).astype(dtype)


def cauchy(key: jax.Array, median: Any, sigma: Any, shape: Shape, dtype: Kind) -> jax.Array:
    """Draws from the Cauchy distribution."""
    return (jnp.tan(math.pi * (_positive(key, shape, dtype) - 0.5)) * sigma + median).astype(dtype)


def log_normal(key: jax.Array, mean: Any, std: Any, shape: Shape, dtype: Kind) -> jax.Array:
    """Draws whose logarithms are from N(mean, std²)."""
    return jnp.exp(random.normal(key, shape, _wide(dtype)) * std + mean).astype(dtype)


def geometric(key: jax.Array, p: Any, shape: Shape, dtype: Kind) -> jax.Array:
    """Draws of the number of trials up to the first success, 1 or more."""
    real = dtype if jnp.issubdtype(dtype, jnp.floating) else np.dtype(np.float32)
    trials = jnp.ceil(jnp.log(_positive(key, shape, real)) / jnp.log1p(-p))
    return jnp.maximum(trials, 1).astype(dtype)


def bernoulli(key: jax.Array, p: Any, shape: Shape, dtype: Kind) -> jax.Array:
    """Ones with probability p, zeros otherwise; ``p`` broadcasts."""
    kind = jnp.float64 if getattr(p, "dtype", None) == np.float64 else jnp.float32
    return (random.uniform(key, shape, kind) < p).astype(dtype)


def integers(key: jax.Array, low: Any, high: Any, shape: Shape, dtype: Kind) -> jax.Array:
    """Draws from the integers of [low, high), in a type that holds them."""
    whole = dtype if dtype.kind in "iu" else low.dtype
    return random.randint(key, shape, low, high, whole).astype(dtype)


def poisson(key: jax.Array, rate: Any, dtype: Kind) -> jax.Array:
    """Draws from the Poisson distributions of the rates."""
    return random.poisson(key, rate.astype(_wide(rate.dtype))).astype(dtype)


def binomial(key: jax.Array, count: Any, prob: Any, shape: Shape, dtype: Kind) -> jax.Array:
    """Draws of the number of successes in ``count`` trials, each of probability ``prob``; both broadcast."""
    wide = _wide(dtype)
    trials, chance = jnp.asarray(count, wide), jnp.asarray(prob, wide)
    return random.binomial(key, trials, chance, shape, wide).astype(dtype)


def permutation(key: jax.Array, n: int, dtype: Kind) -> jax.Array:
    """The integers below n in random order."""
    return random.permutation(key, n).astype(dtype)


def categories(key: jax.Array, weights: jax.Array, count: int, replacement: bool, dtype: Kind) -> jax.Array:
    """Draws of ``count`` positions in each row, with probabilities in proportion to the weights."""
    weights = weights.astype(_wide(weights.dtype))
    if not replacement:
        # The largest of log-weights with Gumbel noise, in order, are a sample without replacement.
        noisy = jnp.log(weights) + random.gumbel(key, weights.shape, weights.dtype)
        return lax.top_k(noisy, count)[1].astype(dtype)
    rows = weights.reshape(-1, weights.shape[-1])
    total = jnp.cumsum(rows, axis=-1)
    at = random.uniform(key, (rows.shape[0], count), rows.dtype) * total[:, -1:]
    found = jax.vmap(lambda t, u: jnp.searchsorted(t, u, side="right"))(total, at)
    # Rounding may point at a weight of zero, which must not come up: take the last positive one before
    # it, and the first positive one if there is none.
    place = jnp.arange(rows.shape[-1])
    last = lax.cummax(jnp.where(rows > 0, place, -1), axis=1)
    chosen = jnp.take_along_axis(last, jnp.minimum(found, rows.shape[-1] - 1), axis=-1)
    chosen = jnp.where(chosen < 0, jnp.argmax(rows > 0, axis=-1, keepdims=True), chosen)
    return chosen.reshape(*weights.shape[:-1], count).astype(dtype)


# Eager draws of a rare shape share programs by their size, rounded up to one of these.
_BUCKETS = [1 << 6, 1 << 10, 1 << 14, *(1 << i for i in range(16, 22))]


def draw(
    fn: Callable[..., jax.Array],
    shape: Shape,
    dtype: Kind,
    *numbers: Any,
    generator: Generator | None = None,
    device: Device | None = None,
) -> jax.Array:
    """Draw elementwise samples: ``fn(key, *numbers, shape, dtype)`` with the stream's next key.

    Element i of a sample depends on the key and on i alone, so that the first elements of a longer one
    are the sample that was asked for.
    """
    size = math.prod(shape)
    config: Any = jax.config
    if (
        local.trace is None
        and size <= _BUCKETS[-1]
        and config.jax_threefry_partitionable
        and is_rare((fn, shape, dtype))
    ):
        padded = next(bucket for bucket in _BUCKETS if bucket >= size)
        flat = streams.draw(fn, ((padded,), dtype), *numbers, generator=generator, device=device)
        if not is_tracer(flat):
            made = from_host(np.asarray(flat)[:size].reshape(shape).copy())
            return jax.device_put(made, flat.device) if flat.committed else made
        return flat[:size].reshape(shape)
    return streams.draw(fn, (shape, dtype), *numbers, generator=generator, device=device)
