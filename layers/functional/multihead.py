"""Multi-head attention: projections, masks, and attention in each head."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, Arrays, op
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError, describe, message
from xlagrad.core.random import key_of, next_key
from xlagrad.layers.functional.arguments import probability
from xlagrad.layers.functional.attention import _attention
from xlagrad.layers.functional.linear import linear

WHO = "multi_head_attention_forward"


def _additive(who: str, name: str, mask: Array, dtype: Any) -> Array:
    """Return a mask as numbers to add to scores: -∞ where a bool mask is True."""
    if mask.dtype == bool:
        return jnp.where(mask, -jnp.inf, 0).astype(dtype)
    if not jnp.issubdtype(mask.dtype, jnp.floating):
        fix = "convert it with .bool()"
        raise DtypeError(message(who, f"a bool or floating point {name}", describe(mask), fix))
    return mask.astype(dtype)


def _mask(
    who: str, attn_mask: Array | None, padding: Array | None, q: Array, columns: int, heads: int
) -> Array | None:
    """Return both masks as numbers to add to the scores, (N or 1, num_heads or 1, L or 1, S)."""
    n, rows = q.shape[:2]
    if attn_mask is not None:
        per_head = (n * heads, rows, columns)
        if attn_mask.shape not in ((rows, columns), per_head):
            want, fix = f"an attn_mask of shape {(rows, columns)} or {per_head}", "reshape it"
            raise ShapeError(message(who, want, describe(attn_mask), fix))
        attn_mask = _additive(who, "attn_mask", attn_mask, q.dtype)
        attn_mask = attn_mask.reshape(*((n, heads) if attn_mask.ndim == 3 else (1, 1)), rows, columns)
    if padding is not None:
        if padding.reshape(-1, padding.shape[-1]).shape != (n, columns):
            want, fix = f"a key_padding_mask of shape {(n, columns)}", "give one number per key"
            raise ShapeError(message(who, want, describe(padding), fix))
        padding = _additive(who, "key_padding_mask", padding, q.dtype).reshape(n, 1, 1, columns)
    if attn_mask is None or padding is None:
        return padding if attn_mask is None else attn_mask
    return attn_mask + padding


def _split(x: Array, heads: int) -> Array:
    """Return (N, length, width) as (N, heads, length, width / heads)."""
    n, length, width = x.shape
    return x.reshape(n, length, heads, width // heads).swapaxes(1, 2)


def _longer(x: Array, axis: int, last: Array | None, zero: bool) -> Array:
    """Append a trained element, and zeros, to sequences (N, length, width) or (N, heads, length, width)."""
    parts = [x]
    shape = list(x.shape)
    shape[axis] = 1
    if last is not None:
        parts.append(jnp.broadcast_to(last, shape))
    if zero:
        parts.append(jnp.zeros(shape, x.dtype))
    return jnp.concatenate(parts, axis) if len(parts) > 1 else x


@op(name="_heads_attended")
def heads_attended(
    query: Array, key: Array, value: Array, weights: Arrays, bias: Array | None, bias_k: Array | None,
    bias_v: Array | None, static_k: Array | None, static_v: Array | None, padding: Array | None,
    attn_mask: Array | None, noise: Array | None, num_heads: int, add_zero_attn: bool, dropout: float,
    need_weights: bool, average: bool, causal: bool, who: str,
) -> tuple[Array, ...]:  # fmt: skip
    """What all heads see, beside each other (N, L, E), and with ``need_weights`` the weights.

    Args:
        query: (N, L, E).
        key: (N, S, kdim).
        value: (N, S, vdim).
        weights: the projections of the three, below each other or one by one.
        bias: their offsets, (3 · E,).
        bias_k: (1, 1, E), a key appended to each sequence.
        bias_v: (1, 1, E), its value.
        static_k: (N · heads, S, E / heads), keys to take instead of the projected ones.
        static_v: (N · heads, S, E / heads), values to take instead.
        padding: (N, S), see `multi_head_attention_forward`.
        attn_mask: (L, S) or (N · heads, L, S).
        noise: key of the dropout, or None for none.
        num_heads: how many subspaces.
        add_zero_attn: append a key and value of zeros.
        dropout: probability that a weight is zeroed.
        need_weights: return the weights too, without the fused attention.
        average: return the mean of the heads' weights.
        causal: query i sees the keys 0 … i only; the masks are not looked at.
        who: the caller, for errors.
    """
    each = weights if len(weights) == 3 else jnp.split(weights[0], 3)
    offsets: Any = (None,) * 3 if bias is None else jnp.split(bias, 3)
    triples = zip((query, key, value), each, offsets, strict=True)
    q, k, v = (linear.fn(x, w, b) for x, w, b in triples)
    columns = k.shape[1] if static_k is None else static_k.shape[1]
    mask = None if causal else _mask(who, attn_mask, padding, q, columns, num_heads)
    q, k, v = (_split(x, num_heads) for x in (q, _longer(k, 1, bias_k, False), _longer(v, 1, bias_v, False)))
    k = k if static_k is None else static_k.reshape(*q.shape[:2], -1, q.shape[-1])
    v = v if static_v is None else static_v.reshape(*q.shape[:2], -1, q.shape[-1])
    k, v = _longer(k, 2, None, add_zero_attn), _longer(v, 2, None, add_zero_attn)
    if mask is not None and k.shape[2] > columns:
        mask = jnp.pad(mask, ((0, 0), (0, 0), (0, 0), (0, k.shape[2] - columns)))
    if need_weights:
        scores = jnp.einsum("nhqd,nhkd->nhqk", q * (1.0 / math.sqrt(q.shape[-1])), k)
        seen = jax.nn.softmax(scores if mask is None else scores + mask, axis=-1)
        if noise is not None:
            kept = jax.random.bernoulli(key_of(noise), 1 - dropout, seen.shape)
            seen = jnp.where(kept, seen / (1 - dropout) if dropout < 1 else 0, 0)
        out = jnp.einsum("nhqk,nhkd->nhqd", seen, v)
    else:
        out = _attention.fn(q, k, v, mask, noise, causal, None, dropout, False)
    joined = out.swapaxes(1, 2).reshape(query.shape[0], query.shape[1], -1)
    if not need_weights:
        return (joined,)
    return joined, jnp.mean(seen, 1) if average else seen


def _check(
    query: Any, key: Any, value: Any, width: int, heads: int, weights: Sequence[Any], causal_only: bool
) -> None:
    got = ", ".join(describe(t) for t in (query, key, value))
    if query.ndim not in (2, 3) or key.ndim != query.ndim or value.ndim != query.ndim:
        fix = "add or remove the batch dimension"
        raise ShapeError(message(WHO, "query, key and value all of 3 or all of 2 dimensions", got, fix))
    if query.shape[-1] != width or heads < 1 or width % heads:
        want = f"a query of width {width}, which the {heads} heads divide"
        raise ShapeError(message(WHO, want, got, "check embed_dim and num_heads"))
    if tuple(key.shape[:-1]) != tuple(value.shape[:-1]) or (len(weights) == 1 and key.shape != value.shape):
        fix = "make them equal, or pass separate projections"
        raise ShapeError(message(WHO, "key and value with the same dimensions", got, fix))
    if any(w is None for w in weights):
        want = "in_proj_weight, or with use_separate_proj_weight one weight for each of query, key and value"
        raise ArgumentError(message(WHO, want, "None", "pass the missing weight"))
    if causal_only:
        raise ArgumentError(message(WHO, "attn_mask with the is_causal hint", "none", "pass the mask"))


def _check_appended(bias_k: Any, bias_v: Any, static_k: Any, static_v: Any) -> None:
    if (bias_k is None) != (bias_v is None) or (bias_k is not None and not static_k is static_v is None):
        want = "bias_k and bias_v together, and without static keys and values"
        raise ArgumentError(message(WHO, want, "one of them, or both kinds", "drop one or pass both"))


def multi_head_attention_forward(
    query: Any, key: Any, value: Any, embed_dim_to_check: int, num_heads: int, in_proj_weight: Any,
    in_proj_bias: Any, bias_k: Any, bias_v: Any, add_zero_attn: bool, dropout_p: float, out_proj_weight: Any,
    out_proj_bias: Any, training: bool = True, key_padding_mask: Any = None, need_weights: bool = True,
    attn_mask: Any = None, use_separate_proj_weight: bool = False, q_proj_weight: Any = None,
    k_proj_weight: Any = None, v_proj_weight: Any = None, static_k: Any = None, static_v: Any = None,
    average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Return attention in ``num_heads`` subspaces, projected together, and the weights or None.

    Args:
        query: (L, N, E) or (L, E).
        key: (S, N, kdim) or (S, kdim).
        value: (S, N, vdim) or (S, vdim).
        embed_dim_to_check: E.
        num_heads: how many subspaces; divides E.
        in_proj_weight: (3 · E, E), the projections of query, key and value.
        in_proj_bias: (3 · E,), or None.
        bias_k, bias_v: (1, 1, E), a key and a value appended to each sequence, or None.
        add_zero_attn: append a key and value of zeros.
        dropout_p: probability that an attention weight is zeroed in training.
        out_proj_weight: the projection of the result, (E', E).
        out_proj_bias: (E',), or None.
        training: whether to drop.
        key_padding_mask: (N, S) or (S,); True where a key does not count, or numbers to add to scores.
        need_weights: also return the weights; without, the faster fused attention runs.
        attn_mask: (L, S) or (N · num_heads, L, S); True where a query must not see a key, or numbers.
        use_separate_proj_weight: take the next three instead of ``in_proj_weight``.
        q_proj_weight: (E, E).
        k_proj_weight: (E, kdim).
        v_proj_weight: (E, vdim).
        static_k, static_v: (N · num_heads, S, E / num_heads), keys and values instead of the projected ones.
        average_attn_weights: return the mean of the heads' weights, (N, L, S), not (N, num_heads, L, S).
        is_causal: a hint that ``attn_mask`` is the causal mask.

    Raises:
        ShapeError: operands or masks that do not fit together.
        ArgumentError: a weight or mask that is missing, or a probability out of range.
        DtypeError: a mask of integers.

    Source: ``torch.nn.functional.multi_head_attention_forward``; Vaswani et al., 2017.
    """
    weights = [q_proj_weight, k_proj_weight, v_proj_weight] if use_separate_proj_weight else [in_proj_weight]
    _check(query, key, value, embed_dim_to_check, num_heads, weights, is_causal and attn_mask is None)
    _check_appended(bias_k, bias_v, static_k, static_v)
    probability(WHO, dropout_p)
    dropout = float(dropout_p) if training else 0.0
    batched = query.ndim == 3
    q, k, v = (x.swapaxes(0, 1) if batched else x[None] for x in (query, key, value))
    found = heads_attended(
        q, k, v, weights, in_proj_bias, bias_k, bias_v, static_k, static_v, key_padding_mask, attn_mask,
        next_key() if dropout else None, num_heads=num_heads, add_zero_attn=add_zero_attn, dropout=dropout,
        need_weights=need_weights, average=average_attn_weights,
        causal=is_causal and key_padding_mask is None and not need_weights, who=WHO,
    )  # fmt: skip
    out = linear(found[0], out_proj_weight, out_proj_bias)
    out = out.swapaxes(0, 1) if batched else out[0]
    if not need_weights:
        return out, None
    return out, found[1] if batched else found[1][0]
