"""How well scores order samples."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.train.metrics.base import Metric, Sums, ratio, spread


class AUC(Metric):
    """The probability that a sample of class 1 scores higher than one of class 0: the area under the ROC.

    Scores are counted in bins of equal width; two in one bin are taken as tied. The error is at most half
    the share of such pairs.

    Args:
        name: of the metric.
        bins: how many.
        from_logits: pass scores through a sigmoid first; otherwise they are to lie in [0, 1].
    """

    def __init__(self, name: str = "auc", *, bins: int = 2048, from_logits: bool = False) -> None:
        super().__init__(name)
        if not isinstance(bins, int) or bins < 2:
            raise ArgumentError(message("AUC", "at least 2 bins", repr(bins)))
        self.bins = bins
        self.from_logits = from_logits

    def shapes(self) -> dict[str, Sequence[int]]:
        """Return the shape of each sum."""
        return {"positive": (self.bins,), "negative": (self.bins,)}

    def advance(self, sums: Sums, *arrays: jax.Array, weight: jax.Array | None) -> Sums:
        """Return how many of each class fall into each bin."""
        pred, target = arrays
        if pred.size != target.size or pred.shape[:1] != target.shape[:1]:
            raise ShapeError(
                message("AUC.update", f"a target for each of {describe(pred)}", describe(target))
            )
        target = target.reshape(pred.shape)
        counted = (jnp.ones(pred.shape) if weight is None else spread(weight, pred)).ravel()
        score = jax.nn.sigmoid(pred) if self.from_logits else pred
        place = jnp.clip(score.ravel().astype(jnp.float32) * self.bins, 0, self.bins - 1).astype(jnp.int32)
        one = (target.ravel() > 0).astype(jnp.float32)
        empty = jnp.zeros(self.bins)
        return {
            "positive": empty.at[place].add(counted * one),
            "negative": empty.at[place].add(counted * (1 - one)),
        }

    def value(self, sums: Sums) -> jax.Array:
        """Return the share of pairs in the right order, ties counted by half."""
        positive, negative = sums["positive"], sums["negative"]
        below = jnp.cumsum(negative) - negative
        return ratio((positive * (below + negative / 2)).sum(), positive.sum() * negative.sum())
