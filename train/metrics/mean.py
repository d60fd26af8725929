"""Means over elements: of anything, and of errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.errors import ShapeError, describe, message
from xlagrad.train.metrics.base import Metric, Sums, ratio, weighted_sum


class Mean(Metric):
    """Σ w x / Σ w over all elements of all batches."""

    def __init__(self, name: str = "mean") -> None:
        super().__init__(name)

    def shapes(self) -> dict[str, Sequence[int]]:
        """Return the shape of each sum."""
        return {"total": (), "count": ()}

    def advance(self, sums: Sums, *arrays: jax.Array, weight: jax.Array | None) -> Sums:
        """Return the batch's total and count."""
        (x,) = arrays
        if weight is not None and x.ndim == 0:
            # A mean over the batch stands for as many samples as were averaged.
            weight = weight.sum() if weight.ndim else weight
        total, count = weighted_sum(x, weight)
        return {"total": total, "count": count}

    def value(self, sums: Sums) -> jax.Array:
        """Return the mean."""
        return ratio(sums["total"], sums["count"])


class _Error(Mean):
    """A mean over elements of a function of predictions and targets."""

    def error(self, pred: jax.Array, target: jax.Array) -> jax.Array:
        """Return each element's error."""
        raise NotImplementedError

    def advance(self, sums: Sums, *arrays: jax.Array, weight: jax.Array | None) -> Sums:
        """Return the total of the errors, and how many there are."""
        pred, target = arrays
        if pred.shape != target.shape and pred.size == target.size:
            # (n, 1) against (n,), which would broadcast to (n, n).
            target = target.reshape(pred.shape)
        if pred.shape != target.shape:
            expected = f"targets shaped like the predictions {describe(pred)}"
            raise ShapeError(message(f"{type(self).__name__}.update", expected, describe(target)))
        wide = self.error(pred.astype(jnp.float32), target.astype(jnp.float32))
        total, count = weighted_sum(wide, weight)
        return {"total": total, "count": count}


class MSE(_Error):
    """The mean of (pred - target)²."""

    def __init__(self, name: str = "mse") -> None:
        super().__init__(name)

    def error(self, pred: jax.Array, target: jax.Array) -> jax.Array:
        """Return (pred - target)²."""
        return jnp.square(pred - target)


class RMSE(MSE):
    """The root of the mean of (pred - target)²."""

    def __init__(self, name: str = "rmse") -> None:
        super().__init__(name)

    def value(self, sums: Sums) -> jax.Array:
        """Return the root of the mean."""
        return jnp.sqrt(super().value(sums))


class MAE(_Error):
    """The mean of |pred - target|."""

    def __init__(self, name: str = "mae") -> None:
        super().__init__(name)

    def error(self, pred: jax.Array, target: jax.Array) -> jax.Array:
        """Return |pred - target|."""
        return jnp.abs(pred - target)


class MeanOf(Mean):
    """The mean of a function of predictions and targets.

    Args:
        fn: gives a number for each sample, or one for the batch.
        name: by default the function's own.
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None) -> None:
        super().__init__(name if name is not None else str(getattr(fn, "__name__", type(fn).__name__)))
        self.fn = fn

    def update(self, *values: Any, weight: Any = None) -> None:
        """Take a batch in."""
        super().update(self.fn(*values), weight=weight)
