"""Losses of scores and log-probabilities of classes."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.layers.functional.arguments import require_float
from xlagrad.layers.functional.reduction import (
    check_classes,
    check_reduction,
    legacy_reduction,
    same_shape,
)


def _class_axis(input: jax.Array) -> int:
    return 0 if input.ndim == 1 else 1


def _check_target(who: str, input: jax.Array, target: jax.Array) -> None:
    axis = _class_axis(input)
    want = input.shape[:axis] + input.shape[axis + 1 :]
    if target.shape != want:
        raise ShapeError(
            message(who, f"a target of shape {want} for input {describe(input)}", describe(target),
                    "give one class for each row")
        )  # fmt: skip


# Up to so many classes a comparison with each beats a gather, whose gradient is a scatter.
_COMPARED = 128


def _at_class(x: jax.Array, index: jax.Array, axis: int) -> jax.Array:
    """Return, for each row, the entry of x at its class."""
    index = jnp.expand_dims(index, axis)
    if x.shape[axis] > _COMPARED:
        return jnp.take_along_axis(x, index, axis, mode="promise_in_bounds").squeeze(axis)
    chosen = lax.broadcasted_iota(index.dtype, x.shape, axis) == index
    return jnp.sum(jnp.where(chosen, x, 0), axis)


def _along(weight: jax.Array, ndim: int, axis: int) -> jax.Array:
    """Return one number for each class in a shape that broadcasts with the scores."""
    return weight.reshape((-1,) + (1,) * (ndim - axis - 1))


class _Rows(NamedTuple):
    """Scores of classes, and by what each row of them is normalised: log p = (scores - top) - norm."""

    scores: jax.Array
    axis: int
    top: jax.Array | float = 0.0
    norm: jax.Array | float = 0.0

    def relative(self) -> jax.Array:
        """Return the scores relative to the largest of their row."""
        return self.scores - (
            self.top if isinstance(self.top, float) else jnp.expand_dims(self.top, self.axis)
        )


def _normalised(input: jax.Array, axis: int) -> _Rows:
    """Return scores with the largest of each row, and the logarithm of the sum of their exponentials.

    Nothing as large as the scores has to be kept, where the logarithm of softmax would be.
    """
    x = input.astype(jnp.promote_types(input.dtype, jnp.float32))
    top = lax.stop_gradient(jnp.max(x, axis, initial=-jnp.inf))
    rows = _Rows(x, axis, top)
    return rows._replace(norm=jnp.log(jnp.sum(jnp.exp(rows.relative()), axis)))


def _of_classes(
    who: str, rows: _Rows, target: jax.Array, weight: jax.Array | None, ignore_index: int, reduction: str,
    smoothing: float,
) -> jax.Array:  # fmt: skip
    """Return Σ -w[t] · log p[t], smoothed, over the rows that are not ignored."""
    check_reduction(who, reduction)
    axis, count = rows.axis, rows.scores.shape[rows.axis]
    kept = target != ignore_index
    index = jnp.clip(jnp.where(kept, target, 0), 0, count - 1).astype(jnp.int32)
    loss = rows.norm - (_at_class(rows.scores, index, axis) - rows.top)
    scale = None if weight is None else jnp.take(weight, index)
    if scale is not None:
        loss = loss * scale
    if smoothing:
        # The mean loss over all classes of a row.
        if weight is None:
            uniform = rows.norm - jnp.mean(rows.relative(), axis)
        else:
            total = jnp.sum(rows.relative() * _along(weight, rows.scores.ndim, axis), axis)
            uniform = (rows.norm * jnp.sum(weight) - total) / count
        loss = (1 - smoothing) * loss + smoothing * uniform
    loss = jnp.where(kept, loss, 0)
    if reduction == "mean":
        return jnp.sum(loss) / jnp.sum(kept if scale is None else jnp.where(kept, scale, 0))
    return loss if reduction == "none" else jnp.sum(loss)


@op(name="_cross_entropy")
def _cross_entropy(
    input: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str, smoothing: float
) -> Array:
    """Cross-entropy of scores with classes or with probabilities."""
    who = "cross_entropy"
    require_float(who, input)
    axis = _class_axis(input)
    if weight is not None and weight.shape != input.shape[axis : axis + 1]:
        want = f"a weight for each of the {input.shape[axis]} classes"
        raise ShapeError(message(who, want, describe(weight), "give one number per class"))
    rows = _normalised(input, axis)
    if not jnp.issubdtype(target.dtype, jnp.inexact):
        _check_target(who, input, target)
        loss = _of_classes(who, rows, target, weight, ignore_index, reduction, smoothing)
        return loss.astype(input.dtype)
    same_shape(who, input, target)
    check_reduction(who, reduction)
    if smoothing:
        target = target * (1 - smoothing) + smoothing / input.shape[axis]
    if weight is not None:
        target = target * _along(weight, input.ndim, axis)
    loss = jnp.sum((jnp.expand_dims(rows.norm, axis) - rows.relative()) * target, axis)
    if reduction == "mean":
        loss = jnp.sum(loss) / max(loss.size, 1)
    return (jnp.sum(loss) if reduction == "sum" else loss).astype(input.dtype)


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Return the cross-entropy −Σ_c p(c) log softmax(input)(c) of unnormalised scores.

    Args:
        input: scores (C,), (N, C) or (N, C, d1, …).
        target: classes, without the dimension C, or probabilities of the input's shape.
        weight: a factor for each class.
        size_average: older form of ``reduction``.
        ignore_index: class whose rows do not count.
        reduce: older form of ``reduction``.
        reduction: "mean" (over the weights of the rows that count), "sum" or "none".
        label_smoothing: part of the probability that is spread over all classes.

    Raises:
        ShapeError: the target does not fit the input.
        IndexingError: a class is out of range.
        DtypeError: scores that are not of floating point.
        ArgumentError: ``label_smoothing`` is not in [0, 1], or an unknown reduction.

    Example:
        >>> round(float(cross_entropy(jnp.array([[0.0, 0.0]]), jnp.array([1]))), 4)
        0.6931

    Source: ``torch.nn.functional.cross_entropy``. Deviation: a class out of range raises where its value is
    at hand, on CPU and outside of compiled functions; elsewhere it counts as the nearest class.
    """
    if not 0.0 <= label_smoothing <= 1.0:
        raise ArgumentError(message("cross_entropy", "label_smoothing in [0, 1]", str(label_smoothing)))
    check_classes("cross_entropy", target, input.shape[0 if input.ndim == 1 else 1], ignore_index)
    reduction = legacy_reduction(size_average, reduce, reduction)
    return _cross_entropy(
        input, target, weight, ignore_index=ignore_index, reduction=reduction, smoothing=label_smoothing
    )


@op(name="_nll_loss")
def _nll_loss(input: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str) -> Array:
    """Negative log-likelihood of classes."""
    _check_target("nll_loss", input, target)
    return _of_classes(
        "nll_loss", _Rows(input, _class_axis(input)), target, weight, ignore_index, reduction, 0.0
    )


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Return -input[target] of log-probabilities, weighted and reduced.

    Args:
        input: log-probabilities (C,), (N, C) or (N, C, d1, …).
        target: classes, without the dimension C.
        weight: a factor for each class.
        size_average: older form of ``reduction``.
        ignore_index: class whose rows do not count.
        reduce: older form of ``reduction``.
        reduction: ``mean`` (over the weights of the rows that count), ``sum`` or ``none``.

    Raises:
        ShapeError: the target does not fit the input.
        IndexingError: a class is out of range, as in `cross_entropy`.
        ArgumentError: an unknown reduction.

    Example:
        >>> float(nll_loss(jnp.array([[-1.0, -2.0]]), jnp.array([1])))
        2.0

    Source: ``torch.nn.functional.nll_loss``.
    """
    check_classes("nll_loss", target, input.shape[0 if input.ndim == 1 else 1], ignore_index)
    reduction = legacy_reduction(size_average, reduce, reduction)
    return _nll_loss(input, target, weight, ignore_index=ignore_index, reduction=reduction)
