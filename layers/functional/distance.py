"""Distances and similarities, and the losses that are made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.layers.functional.normalization import length
from xlagrad.layers.functional.reduction import broadcast, legacy_reduction, reduced


@op
def cosine_similarity(x1: Array, x2: Array, dim: int = 1, eps: float = 1e-8) -> Array:
    """x₁·x₂ / (max(‖x₁‖, ε) · max(‖x₂‖, ε)). Follows ``torch.nn.functional.cosine_similarity``."""
    a, b = broadcast("cosine_similarity", x1, x2)
    a = a / jnp.maximum(length(a, 2, dim, True), eps)
    b = b / jnp.maximum(length(b, 2, dim, True), eps)
    return jnp.sum(a * b, axis=dim)


@op
def pairwise_distance(
    x1: Array, x2: Array, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Array:
    """‖x₁ − x₂ + ε‖_p over the last dimension. Follows ``torch.nn.functional.pairwise_distance``."""
    a, b = broadcast("pairwise_distance", x1, x2)
    return length(a - b + eps, p, a.ndim - 1, keepdim)


@op
def hinge_embedding_loss(
    input: Array,
    target: Array,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """x where the target is 1, max(0, margin − x) where it is −1."""
    loss = jnp.where(target == 1, input, 0) + jnp.where(target == -1, jnp.maximum(margin - input, 0), 0)
    return reduced("hinge_embedding_loss", loss, legacy_reduction(size_average, reduce, reduction))


@op
def margin_ranking_loss(
    input1: Array,
    input2: Array,
    target: Array,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """max(0, −t · (x₁ − x₂) + margin)."""
    loss = jnp.maximum(-target * (input1 - input2) + margin, 0)
    return reduced("margin_ranking_loss", loss, legacy_reduction(size_average, reduce, reduction))


@op
def soft_margin_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """log(1 + exp(−t · x))."""
    loss = jax.nn.softplus(-target * input)
    return reduced("soft_margin_loss", loss, legacy_reduction(size_average, reduce, reduction))


@op
def cosine_embedding_loss(
    input1: Array,
    input2: Array,
    target: Array,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """1 − cos where the target is 1, max(0, cos − margin) where it is −1."""
    eps = 1e-12
    dot = jnp.sum(input1 * input2, axis=-1)
    size = (jnp.sum(input1**2, axis=-1) + eps) * (jnp.sum(input2**2, axis=-1) + eps)
    cos = dot / jnp.sqrt(size)
    loss = jnp.where(target == 1, 1 - cos, jnp.where(target == -1, jnp.maximum(cos - margin, 0), 0))
    return reduced("cosine_embedding_loss", loss, legacy_reduction(size_average, reduce, reduction))


@op
def triplet_margin_loss(
    anchor: Array,
    positive: Array,
    negative: Array,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """max(0, d(a, p) − d(a, n) + margin); ``swap`` takes the smaller of d(a, n) and d(p, n)."""
    near = length(anchor - positive + eps, p, -1)
    far = length(anchor - negative + eps, p, -1)
    if swap:
        far = jnp.minimum(far, length(positive - negative + eps, p, -1))
    loss = jnp.maximum(near - far + margin, 0)
    return reduced("triplet_margin_loss", loss, legacy_reduction(size_average, reduce, reduction))


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """Return :func:`triplet_margin_loss` with a distance of one's own."""
    distance = distance_function if distance_function is not None else pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    loss = (near - far + margin).clamp(min=0)
    if reduction == "none":
        return loss
    return loss.mean() if reduction == "mean" else loss.sum()


@op
def multi_margin_loss(
    input: Array,
    target: Array,
    weight: Array | None = None,
    p: int = 1,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """Mean over the other classes of max(0, margin − x[t] + x[c])^p.

    Raises:
        ArgumentError: ``p`` is neither 1 nor 2.
    """
    if p not in (1, 2):
        raise ArgumentError(message("multi_margin_loss", "p of 1 or 2", str(p)))
    x = input if input.ndim == 2 else input[None]
    t = target.reshape(-1).astype(jnp.int32)
    if t.shape[0] != x.shape[0]:
        raise ShapeError(message("multi_margin_loss", f"{x.shape[0]} targets", describe(target)))
    right = jnp.take_along_axis(x, t[:, None], 1)
    gap = jnp.maximum(margin - right + x, 0) ** p
    if weight is not None:
        gap = gap * weight[t][:, None]
    gap = jnp.where(jnp.arange(x.shape[1])[None] == t[:, None], 0, gap)
    loss = jnp.sum(gap, axis=1) / x.shape[1]
    reduction = legacy_reduction(size_average, reduce, reduction)
    return reduced("multi_margin_loss", loss if input.ndim == 2 else loss[0], reduction)


@op
def multilabel_margin_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """Sum over right and wrong classes of max(0, 1 − (x[right] − x[wrong])), by the number of classes.

    The right classes of a row are those in ``target`` up to the first −1.
    """
    x = input if input.ndim == 2 else input[None]
    t = target if target.ndim == 2 else target[None]
    if x.shape != t.shape:
        raise ShapeError(message("multilabel_margin_loss", f"targets {tuple(x.shape)}", describe(target)))
    listed = jnp.cumsum(t < 0, axis=1) == 0
    index = jnp.where(listed, t, 0).astype(jnp.int32)
    rows = jnp.arange(x.shape[0])[:, None]
    right = jnp.zeros(x.shape, bool).at[rows, index].max(listed)
    scores = jnp.take_along_axis(x, index, 1)
    gap = jnp.maximum(1 - (scores[:, :, None] - x[:, None, :]), 0)
    counted = listed[:, :, None] & ~right[:, None, :]
    loss = jnp.sum(jnp.where(counted, gap, 0), axis=(1, 2)) / x.shape[1]
    reduction = legacy_reduction(size_average, reduce, reduction)
    return reduced("multilabel_margin_loss", loss if input.ndim == 2 else loss[0], reduction)
