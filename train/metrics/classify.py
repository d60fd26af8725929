"""How often classes are right."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.train.metrics.base import Metric, Sums, ratio, spread
from xlagrad.train.metrics.mean import Mean


def class_axis(who: str, pred: jax.Array, target: jax.Array, dim: int | None) -> int:
    """Return the axis of ``pred`` that is over classes, where ``target`` holds class numbers.

    Scores are (batch, classes, ...) as torch has them, or (batch, ..., classes) as Keras does; where both
    fit, torch's order is taken.

    Raises:
        ShapeError: neither fits.
    """
    axes = [1, pred.ndim - 1] if dim is None else [dim % pred.ndim]
    for axis in axes:
        if axis < pred.ndim and pred.shape[:axis] + pred.shape[axis + 1 :] == target.shape:
            return axis
    expected = f"class numbers for scores {describe(pred)}, one axis fewer"
    raise ShapeError(message(f"{who}.update", expected, describe(target), "pass dim= if the axis is another"))


def as_classes(
    who: str, pred: jax.Array, target: jax.Array, threshold: float, dim: int | None
) -> tuple[jax.Array, jax.Array]:
    """Return predicted and true class numbers, of one shape.

    Args:
        who: the metric, for errors.
        pred: scores for each class, one score of being class 1, or class numbers.
        target: class numbers, or a one-hot row for each sample.
        threshold: from which score on a sample is of class 1.
        dim: the axis of classes.
    """
    if pred.ndim == target.ndim + 1 and pred.shape[-1] == 1 and pred.shape[:-1] == target.shape:
        pred = pred[..., 0]
    elif target.ndim > 1 and target.shape[-1] == 1:
        # Class numbers in a column, as Keras's data sets have them.
        if target.ndim == pred.ndim + 1 or (target.ndim == pred.ndim and pred.shape[-1] > 1):
            target = target[..., 0]
    if pred.ndim == target.ndim + 1:
        axis = class_axis(who, pred, target, dim)
        return pred.argmax(axis), target.astype(jnp.int32)
    if pred.shape != target.shape:
        expected = f"targets that fit predictions {describe(pred)}"
        raise ShapeError(message(f"{who}.update", expected, describe(target)))
    scores = jnp.issubdtype(pred.dtype, jnp.floating)
    if scores and pred.ndim > 1 and pred.shape[-1] > 1 and jnp.issubdtype(target.dtype, jnp.floating):
        axis = -1 if dim is None else dim
        return pred.argmax(axis), target.argmax(axis)
    return (pred > threshold if scores else pred).astype(jnp.int32), target.astype(jnp.int32)


class Accuracy(Mean):
    """The share of samples whose class is right.

    Args:
        name: of the metric.
        threshold: for one score a sample: from which on it is of class 1. 0 for logits.
        dim: the axis of classes in the predictions; by default 1, or else the last.
        ignore_index: targets with this number do not count.
    """

    def __init__(
        self,
        name: str = "accuracy",
        *,
        threshold: float = 0.5,
        dim: int | None = None,
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(name)
        self.threshold = threshold
        self.dim = dim
        self.ignore_index = ignore_index

    def _right(self, pred: jax.Array, target: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return where predictions are right, and the true classes."""
        got, want = as_classes(type(self).__name__, pred, target, self.threshold, self.dim)
        return got == want, want

    def advance(self, sums: Sums, *arrays: jax.Array, weight: jax.Array | None) -> Sums:
        """Return how many are right, and how many there are."""
        right, want = self._right(*arrays)
        counted = jnp.ones(right.shape) if weight is None else spread(weight, right)
        if self.ignore_index is not None:
            counted = jnp.where(want == self.ignore_index, 0.0, counted)
        return {"total": (right * counted).sum(), "count": counted.sum()}


class TopK(Accuracy):
    """The share of samples whose true class is among the k with the highest scores.

    Args:
        k: how many.
        name: of the metric, by default with k in it.
        dim, ignore_index: as for :class:`Accuracy`.
    """

    def __init__(
        self, k: int = 5, name: str | None = None, *, dim: int | None = None, ignore_index: int | None = None
    ) -> None:
        if not isinstance(k, int) or k < 1:
            raise ArgumentError(message("TopK", "a positive integer as k", repr(k)))
        super().__init__(name or f"top{k}", dim=dim, ignore_index=ignore_index)
        self.k = k

    def _right(self, pred: jax.Array, target: jax.Array) -> tuple[jax.Array, jax.Array]:
        axis = class_axis("TopK", pred, target, self.dim)
        scores = jnp.moveaxis(pred, axis, -1)
        want = target.astype(jnp.int32)
        own = jnp.take_along_axis(scores, want.clip(0, scores.shape[-1] - 1)[..., None], -1)
        # By rank rather than by sorting; of equal scores the first class goes first. NaN is never right.
        before = (scores > own) | ((scores == own) & (jnp.arange(scores.shape[-1]) < want[..., None]))
        return (before.sum(-1) < self.k) & ~jnp.isnan(own[..., 0]), want


class ConfusionMatrix(Metric):
    """Counts of samples by true class (row) and predicted class (column).

    Args:
        num_classes: how many there are; samples of other classes do not count.
        name, threshold, dim: as for :class:`Accuracy`.
        normalize: divide each row by its sum.
    """

    def __init__(
        self,
        num_classes: int,
        name: str = "confusion",
        *,
        threshold: float = 0.5,
        dim: int | None = None,
        normalize: bool = False,
    ) -> None:
        super().__init__(name)
        if not isinstance(num_classes, int) or num_classes < 2:
            got = repr(num_classes)
            raise ArgumentError(message(type(self).__name__, "at least 2 as num_classes", got))
        self.num_classes = num_classes
        self.threshold = threshold
        self.dim = dim
        self.normalize = normalize

    def shapes(self) -> dict[str, Sequence[int]]:
        """Return the shape of each sum."""
        return {"matrix": (self.num_classes, self.num_classes)}

    def advance(self, sums: Sums, *arrays: jax.Array, weight: jax.Array | None) -> Sums:
        """Return the batch's own matrix."""
        pred, target = arrays
        got, want = as_classes(type(self).__name__, pred, target, self.threshold, self.dim)
        n = self.num_classes
        counted = jnp.ones(got.shape) if weight is None else spread(weight, got)
        inside = (got >= 0) & (got < n) & (want >= 0) & (want < n)
        place = jnp.where(inside, want * n + got, n * n)
        flat = jnp.zeros(n * n + 1).at[place.ravel()].add(counted.ravel())
        return {"matrix": flat[:-1].reshape(n, n)}

    def value(self, sums: Sums) -> jax.Array:
        """Return the matrix."""
        matrix = sums["matrix"]
        return ratio(matrix, matrix.sum(1, keepdims=True), 0.0) if self.normalize else matrix


class _ByClass(ConfusionMatrix):
    """A number for each class from the confusion matrix, and their average.

    Args:
        num_classes: how many there are.
        average: ``"binary"`` (class 1 of two), ``"macro"``, ``"micro"``, ``"weighted"`` (by how often each
            class is true) or ``"none"`` (one number for each class). By default binary for two classes,
            else macro.
        name, threshold, dim: as for :class:`Accuracy`.
    """

    _default_name: str

    def __init__(
        self,
        num_classes: int = 2,
        average: str | None = None,
        name: str | None = None,
        *,
        threshold: float = 0.5,
        dim: int | None = None,
    ) -> None:
        who = type(self).__name__
        super().__init__(num_classes, name or self._default_name, threshold=threshold, dim=dim)
        average = average or ("binary" if num_classes == 2 else "macro")
        known = ("binary", "macro", "micro", "weighted", "none")
        if average not in known or (average == "binary" and num_classes != 2):
            expected = f"average one of {', '.join(known)} (binary with 2 classes)"
            raise ArgumentError(message(who, expected, f"{average!r} with {num_classes} classes"))
        self.average = average

    def score(self, right: jax.Array, predicted: jax.Array, true: jax.Array) -> jax.Array:
        """Return the number from counts of right ones, predicted ones and true ones."""
        raise NotImplementedError

    def value(self, sums: Sums) -> jax.Array:
        """Return the average, or the numbers themselves; 0 where a class never occurs."""
        matrix = sums["matrix"]
        right, predicted, true = jnp.diagonal(matrix), matrix.sum(0), matrix.sum(1)
        if self.average == "micro":
            return self.score(right.sum(), predicted.sum(), true.sum())
        scores = self.score(right, predicted, true)
        if self.average == "binary":
            return scores[1]
        if self.average == "none":
            return scores
        weights = true if self.average == "weighted" else jnp.ones_like(true)
        return ratio((scores * weights).sum(), weights.sum(), 0.0)


class Precision(_ByClass):
    """Of the samples predicted to be of a class, the share that are."""

    _default_name = "precision"

    def score(self, right: jax.Array, predicted: jax.Array, true: jax.Array) -> jax.Array:
        """Return right / predicted."""
        return ratio(right, predicted, 0.0)


class Recall(_ByClass):
    """Of the samples of a class, the share predicted to be."""

    _default_name = "recall"

    def score(self, right: jax.Array, predicted: jax.Array, true: jax.Array) -> jax.Array:
        """Return right / true."""
        return ratio(right, true, 0.0)


class F1(_ByClass):
    """The harmonic mean of precision and recall."""

    _default_name = "f1"

    def score(self, right: jax.Array, predicted: jax.Array, true: jax.Array) -> jax.Array:
        """Return 2 right / (predicted + true)."""
        return ratio(2 * right, predicted + true, 0.0)
