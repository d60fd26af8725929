"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.random import key_of, next_key


@op(name="_attention")
def _attention(
    query: Array,
    key: Array,
    value: Array,
    mask: Array | None,
    noise: Array | None,
    causal: bool,
    scale: float | None,
    dropout: float,
    grouped: bool,
) -> Array:
    """softmax(q kᵀ · scale + mask) v."""
    if grouped:
        repeats = query.shape[-3] // key.shape[-3]
        key, value = jnp.repeat(key, repeats, axis=-3), jnp.repeat(value, repeats, axis=-3)
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = jnp.einsum("...qd,...kd->...qk", query * factor, key)
    low = jnp.finfo(scores.dtype).min
    visible = None
    if causal:
        visible = jnp.tril(jnp.ones(scores.shape[-2:], bool))
    elif mask is not None and mask.dtype == bool:
        visible = mask
    elif mask is not None:
        scores = scores + mask.astype(scores.dtype)
    if visible is not None:
        scores = jnp.where(visible, scores, low)
    weights = jax.nn.softmax(scores.astype(jnp.promote_types(scores.dtype, jnp.float32)), axis=-1)
    weights = weights.astype(scores.dtype)
    if visible is not None and not causal:
        # A row that sees nothing gives zeros, not the mean that equal scores would.
        weights = jnp.where(jnp.any(visible, axis=-1, keepdims=True), weights, 0)
    if noise is not None:
        kept = jax.random.bernoulli(key_of(noise), 1 - dropout, weights.shape)
        weights = jnp.where(kept, weights / (1 - dropout), 0)
    return jnp.einsum("...qk,...kd->...qd", weights, value)


def _check(query: Any, key: Any, value: Any, mask: Any, grouped: bool) -> None:
    who = "scaled_dot_product_attention"
    q, k, v = tuple(query.shape), tuple(key.shape), tuple(value.shape)
    if min(len(q), len(k), len(v)) < 2 or q[-1] != k[-1] or k[-2] != v[-2]:
        raise ShapeError(
            message(who, "query (…, L, E), key (…, S, E) and value (…, S, Ev)",
                    f"{describe(query)}, {describe(key)} and {describe(value)}")
        )  # fmt: skip
    if grouped and (q[-3] % k[-3] or k[-3] != v[-3]):
        raise ShapeError(message(who, "query heads that the key heads divide", f"{q[-3]} and {k[-3]}"))
    if mask is not None:
        want = (*q[:-1], k[-2])
        try:
            fits = jnp.broadcast_shapes(tuple(mask.shape), want) == want
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(message(who, f"a mask that broadcasts to {want}", describe(mask)))


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
        query: (…, L, E).
        key: (…, S, E).
        value: (…, S, Ev).
        attn_mask: booleans, True where a key takes part, or numbers added to the scores.
        dropout_p: probability of a weight to be zeroed; applied whenever it is positive.
        is_causal: query i sees keys 0…i only.
        scale: factor of the scores, 1/√E by default.
        enable_gqa: whether query heads (dimension −3) share fewer key and value heads.

    Returns:
        (…, L, Ev).

    Raises:
        ShapeError: the shapes do not fit.
        ArgumentError: both ``attn_mask`` and ``is_causal``.

    Vaswani et al., "Attention Is All You Need", 2017. Follows torch's function of this name; a row whose mask
    hides every key gives zeros.
    """
    if attn_mask is not None and is_causal:
        raise ArgumentError(
            message("scaled_dot_product_attention", "attn_mask or is_causal", "both", "pass one")
        )
    _check(query, key, value, attn_mask, enable_gqa)
    noise = next_key() if dropout_p > 0 else None
    return _attention(
        query,
        key,
        value,
        attn_mask,
        noise,
        causal=is_causal,
        scale=scale,
        dropout=float(dropout_p),
        grouped=enable_gqa,
    )
