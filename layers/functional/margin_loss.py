"""Losses that ask for a margin between scores."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.layers.functional.reduction import legacy_reduction, reduced


@op
def hinge_embedding_loss(
    input: Array,
    target: Array,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """x where the target is 1, max(0, margin - x) where it is -1, their sum elsewhere, reduced.

    Args:
        input: x, such as distances.
        target: 1 or -1 for each.
        margin: distance that costs nothing.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``mean``, ``sum`` or ``none``.

    Raises:
        ArgumentError: an unknown reduction.

    Example:
        >>> hinge_embedding_loss(jnp.array([0.5, 0.5]), jnp.array([1, -1]), 2.0, reduction="none").tolist()
        [0.5, 1.5]

    Source: ``torch.nn.functional.hinge_embedding_loss``.
    """
    near, far = jnp.where(target != -1, input, 0), jnp.where(target != 1, jnp.maximum(margin - input, 0), 0)
    loss = near + far
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
    """max(0, margin - t · (x₁ - x₂)), reduced.

    Args:
        input1: x₁.
        input2: x₂.
        target: t: 1 where the first should rank higher, -1 where the second.
        margin: by how much.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``mean``, ``sum`` or ``none``.

    Raises:
        ArgumentError: an unknown reduction.

    Example:
        >>> float(margin_ranking_loss(jnp.array([1.0]), jnp.array([3.0]), jnp.array([1]), 0.5))
        2.5

    Source: ``torch.nn.functional.margin_ranking_loss``.
    """
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
    """ln(1 + e^(-t · x)), reduced.

    Args:
        input: x, scores.
        target: t, 1 or -1 for each.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``mean``, ``sum`` or ``none``.

    Raises:
        ArgumentError: an unknown reduction.

    Example:
        >>> round(float(soft_margin_loss(jnp.array([0.0]), jnp.array([1]))), 4)
        0.6931

    Source: ``torch.nn.functional.soft_margin_loss``.
    """
    loss = jax.nn.softplus(-target * input)
    return reduced("soft_margin_loss", loss, legacy_reduction(size_average, reduce, reduction))


@op(name="_multi_margin_loss")
def _multi_margin_loss(
    input: Array, target: Array, weight: Array | None, p: int, margin: float, reduction: str
) -> Array:
    """`multi_margin_loss`, with the operands first."""
    if p not in (1, 2):
        raise ArgumentError(message("multi_margin_loss", "p of 1 or 2", str(p), "pass p=1 or p=2"))
    x = input if input.ndim == 2 else input.reshape(1, -1)
    t = target.reshape(-1).astype(jnp.int32)
    if t.shape[0] != x.shape[0]:
        fix = "give one class for each row"
        raise ShapeError(message("multi_margin_loss", f"{x.shape[0]} targets", describe(target), fix))
    right = jnp.take_along_axis(x, t[:, None], 1)
    gap = jnp.maximum(margin - right + x, 0) ** p
    if weight is not None:
        gap = gap * weight[t][:, None]
    gap = jnp.where(jnp.arange(x.shape[1])[None] == t[:, None], 0, gap)
    loss = jnp.sum(gap, axis=1) / x.shape[1]
    return reduced("multi_margin_loss", loss if input.ndim == 2 else loss[0], reduction)


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Return Σ_c max(0, margin - x[t] + x[c])^p / C over the classes c other than t, reduced.

    Args:
        input: scores, (N, C) or (C,).
        target: t, the right class of each row, (N,) or ().
        p: 1 or 2.
        margin: by how much the right class is to win.
        weight: a factor for each class t, (C,).
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``mean``, ``sum`` or ``none``.

    Raises:
        ShapeError: not one target for each row.
        ArgumentError: another ``p``, or an unknown reduction.

    Example:
        >>> float(multi_margin_loss(jnp.array([0.0, 0.5]), jnp.array(0)))
        0.75

    Source: ``torch.nn.functional.multi_margin_loss``.
    """
    how = legacy_reduction(size_average, reduce, reduction)
    return _multi_margin_loss(input, target, weight, p=p, margin=margin, reduction=how)


@op
def multilabel_margin_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """Σ_r,c max(0, 1 - (x[r] - x[c])) / C over the right classes r and the wrong ones c, reduced.

    Args:
        input: scores, (N, C) or (C,).
        target: the right classes of each row, up to its first -1, of the input's shape.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``mean``, ``sum`` or ``none``.

    Raises:
        ShapeError: a target of another shape.
        ArgumentError: an unknown reduction.

    Example:
        >>> float(multilabel_margin_loss(jnp.array([0.0, 0.5]), jnp.array([0, -1])))
        0.75

    Source: ``torch.nn.functional.multilabel_margin_loss``.
    """
    x = input if input.ndim == 2 else input.reshape(1, -1)
    t = target if target.ndim == 2 else target.reshape(1, -1)
    if x.shape != t.shape:
        want = f"a target of shape {tuple(input.shape)}"
        fix = "fill up the rows with -1"
        raise ShapeError(message("multilabel_margin_loss", want, describe(target), fix))
    listed = jnp.cumsum(t < 0, axis=1) == 0
    index = jnp.where(listed, t, 0).astype(jnp.int32)
    at = jnp.arange(x.shape[0])[:, None]
    right = jnp.zeros(x.shape, bool).at[at, index].max(listed)
    scores = jnp.take_along_axis(x, index, 1)
    gap = jnp.maximum(1 - (scores[:, :, None] - x[:, None, :]), 0)
    counted = listed[:, :, None] & ~right[:, None, :]
    loss = jnp.sum(jnp.where(counted, gap, 0), axis=(1, 2)) / x.shape[1]
    reduction = legacy_reduction(size_average, reduce, reduction)
    return reduced("multilabel_margin_loss", loss if input.ndim == 2 else loss[0], reduction)
