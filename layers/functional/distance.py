"""Distances and similarities between vectors, and the losses that are made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.layers.functional.normalization import length
from xlagrad.layers.functional.reduction import broadcast, legacy_reduction, reduced
from xlagrad.ops.common import dim_of


@op
def cosine_similarity(x1: Array, x2: Array, dim: int = 1, eps: float = 1e-8) -> Array:
    """x₁ · x₂ / (max(‖x₁‖, eps) · max(‖x₂‖, eps)) along a dimension, which is dropped.

    Args:
        x1: first vectors.
        x2: second vectors, which broadcast with them.
        dim: the dimension of the vectors.
        eps: smallest divisor.

    Raises:
        ShapeError: shapes that do not broadcast.
        IndexingError: the dimension is out of range.

    Example:
        >>> cosine_similarity(jnp.array([[2.0, 0.0]]), jnp.array([[3.0, 0.0]])).tolist()
        [1.0]

    Source: ``torch.nn.functional.cosine_similarity``.
    """
    a, b = broadcast("cosine_similarity", x1, x2)
    axis = dim_of("cosine_similarity", dim, a.ndim)
    a, b = (a, b) if a.ndim else (a[None], b[None])
    a = a / jnp.maximum(length(a, 2, axis, True), eps)
    b = b / jnp.maximum(length(b, 2, axis, True), eps)
    return jnp.sum(a * b, axis)


@op
def pairwise_distance(
    x1: Array, x2: Array, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Array:
    """‖x₁ - x₂ + eps‖_p over the last dimension.

    Args:
        x1: first vectors.
        x2: second vectors, which broadcast with them.
        p: which norm.
        eps: added to each element of the difference.
        keepdim: keep the last dimension with size one.

    Raises:
        ShapeError: shapes that do not broadcast.

    Example:
        >>> pairwise_distance(jnp.array([[3.0, 4.0]]), jnp.zeros((1, 2)), eps=0.0).tolist()
        [5.0]

    Source: ``torch.nn.functional.pairwise_distance``.
    """
    a, b = broadcast("pairwise_distance", x1, x2)
    return length(a - b + eps, p, a.ndim - 1, keepdim)


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
    """1 - cos(x₁, x₂) where the target is 1, max(0, cos(x₁, x₂) - margin) where it is -1, reduced.

    Args:
        input1: x₁, (N, D) or (D,).
        input2: x₂, of that shape.
        target: 1 or -1, (N,) or ().
        margin: similarity that costs nothing.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``mean``, ``sum`` or ``none``.

    Raises:
        ArgumentError: an unknown reduction.

    Example:
        >>> x = jnp.array([[1.0, 0.0]])
        >>> round(float(cosine_embedding_loss(x, x, jnp.array([-1]), margin=0.25)), 4)
        0.75

    Source: ``torch.nn.functional.cosine_embedding_loss``.
    """
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
    """max(0, d(a, p) - d(a, n) + margin), reduced, where d is `pairwise_distance`.

    Args:
        anchor: a, (N, D) or (D,).
        positive: p, of that shape.
        negative: n, of that shape.
        margin: by how much the negative is to be further away.
        p: which norm.
        eps: added to each element of a difference.
        swap: take the smaller of d(a, n) and d(p, n).
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``mean``, ``sum`` or ``none``.

    Raises:
        ArgumentError: an unknown reduction.

    Example:
        >>> a = jnp.zeros((1, 2))
        >>> float(triplet_margin_loss(a, a, a, margin=0.5))
        0.5

    Source: ``torch.nn.functional.triplet_margin_loss``; Balntas et al., 2016.
    """
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
    """Return `triplet_margin_loss` with a distance of one's own.

    Args:
        anchor: what both are compared with.
        positive: what should be near.
        negative: what should be far.
        distance_function: of two tensors; `pairwise_distance` by default.
        margin: by how much the negative is to be further away.
        swap: also consider the distance between positive and negative.
        reduction: ``mean``, ``sum`` or ``none``.

    Source: ``torch.nn.functional.triplet_margin_with_distance_loss``.
    """
    distance = distance_function if distance_function is not None else pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    loss = (near - far + margin).clamp(min=0)
    if reduction == "none":
        return loss
    return loss.mean() if reduction == "mean" else loss.sum()
