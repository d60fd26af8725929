"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError, describe, message
from xlagrad.core.random import key_of, next_key
from xlagrad.layers.functional.arguments import probability, require_float, require_same_dtype

WHO = "scaled_dot_product_attention"


@op(name="_attention")
def _attention(
    query: Array, key: Array, value: Array, attn_mask: Array | None, noise: Array | None, is_causal: bool,
    scale: float | None, dropout_p: float, enable_gqa: bool,
) -> Array:  # fmt: skip
    """`scaled_dot_product_attention`, with the key of its dropout."""
    _check(query, key, value, attn_mask, enable_gqa)
    if enable_gqa:
        key, value = (jnp.repeat(x, query.shape[-3] // x.shape[-3], axis=-3) for x in (key, value))
    scores = jnp.einsum("...qd,...kd->...qk", query * _factor(query, scale), key)
    weights = _weights(scores, attn_mask, is_causal)
    if noise is not None:
        kept = jax.random.bernoulli(key_of(noise), 1 - dropout_p, weights.shape)
        weights = jnp.where(kept, weights / (1 - dropout_p) if dropout_p < 1 else 0, 0)
    return jnp.einsum("...qk,...kd->...qd", weights, value)


def _factor(query: Array, scale: float | None) -> float:
    return scale if scale is not None else 1 / math.sqrt(max(query.shape[-1], 1))


def _weights(scores: Array, mask: Array | None, is_causal: bool) -> Array:
    """Return the softmax of the scores over the keys that each query sees, zeros where it sees none."""
    seen: Any = None
    if is_causal:
        seen = np.tri(*scores.shape[-2:], dtype=bool)
    elif mask is not None and mask.dtype == bool:
        seen = mask
    wide = scores.astype(jnp.promote_types(scores.dtype, jnp.float32))
    if mask is not None and seen is None:
        wide = wide + mask.astype(wide.dtype)
    if seen is not None:
        # Finite, so that a row without any key has no NaN to hide from its gradient.
        wide = jnp.where(seen, wide, jnp.finfo(wide.dtype).min)
    weights = jax.nn.softmax(wide, axis=-1).astype(scores.dtype)
    if seen is None or is_causal:
        return weights
    return jnp.where(jnp.any(seen, axis=-1, keepdims=True), weights, 0)


def _check(query: Array, key: Array, value: Array, mask: Array | None, grouped: bool) -> None:
    require_float(WHO, query)
    require_same_dtype(WHO, query, key=key, value=value)
    q, k, v = query.shape, key.shape, value.shape
    got = f"{describe(query)}, {describe(key)} and {describe(value)}"
    if min(len(q), len(k), len(v)) < 2 or q[-1] != k[-1] or k[-2] != v[-2]:
        fix = "make the last dimension of query and key equal, and the one before it of key and value"
        raise ShapeError(message(WHO, "query (…, L, E), key (…, S, E) and value (…, S, Ev)", got, fix))
    if grouped and (min(len(q), len(k), len(v)) < 3 or q[-3] % k[-3] or k[-3] != v[-3]):
        fix = "make the number of query heads (dimension -3) a multiple of that of key and value"
        raise ShapeError(message(WHO, "query heads that the key heads divide", got, fix))
    heads = 3 if grouped else 2
    try:
        lead = np.broadcast_shapes(q[:-heads], k[:-heads], v[:-heads])
    except ValueError:
        raise ShapeError(message(WHO, "leading dimensions that broadcast", got, "make them equal")) from None
    if mask is None:
        return
    if mask.dtype != bool and not jnp.issubdtype(mask.dtype, jnp.floating):
        raise DtypeError(
            message(WHO, "a mask of booleans or floats", describe(mask), "convert it with .bool()")
        )
    want = (*lead, *q[-heads:-1], k[-2])
    try:
        fits = np.broadcast_shapes(mask.shape, want) == want
    except ValueError:
        fits = False
    if not fits:
        fix = "add dimensions of size 1 for batch and heads"
        raise ShapeError(message(WHO, f"a mask that broadcasts to {want}", describe(mask), fix))


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """Return softmax(q·kᵀ·scale + mask)·v.

    Args:
        query: (…, L, E), of floating point.
        key: (…, S, E), of the same type.
        value: (…, S, Ev), of the same type.
        attn_mask: booleans, True where a key takes part, or numbers added to the scores; broadcasts to
            (…, L, S).
        dropout_p: probability of a weight to be zeroed; applied whenever it is positive.
        is_causal: query i sees the keys 0 … i only.
        scale: factor of the scores; 1/√E by default.
        enable_gqa: whether several query heads (dimension -3) share a key and value head.

    Returns:
        (…, L, Ev).

    Raises:
        ShapeError: the shapes do not fit.
        DtypeError: types that differ, or a mask of another kind.
        ArgumentError: both ``attn_mask`` and ``is_causal``, or a probability out of range.

    Example:
        >>> q, k, v = jnp.zeros((1, 2)), jnp.ones((2, 2)), jnp.array([[1.0], [3.0]])
        >>> scaled_dot_product_attention(q, k, v).tolist()
        [[2.0]]

    Source: ``torch.nn.functional.scaled_dot_product_attention``; Vaswani et al., "Attention Is All You Need",
    2017. A query whose mask hides every key gives zeros.
    """
    if attn_mask is not None and is_causal:
        raise ArgumentError(message(WHO, "attn_mask or is_causal", "both", "pass one of them"))
    probability(WHO, dropout_p)
    noise = next_key() if dropout_p > 0 else None
    return _attention(
        query,
        key,
        value,
        attn_mask,
        noise,
        is_causal=is_causal,
        scale=scale,
        dropout_p=float(dropout_p),
        enable_gqa=enable_gqa,
    )
