"""Losses of differences between numbers."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.layers.functional.reduction import broadcast, legacy_reduction, reduced


@op(name="_mse_loss")
def _mse_loss(input: Array, target: Array, weight: Array | None, reduction: str) -> Array:
    """(x − t)², weighted."""
    a, b = broadcast("mse_loss", input, target)
    loss = jnp.square(a - b)
    return reduced("mse_loss", loss if weight is None else loss * weight, reduction)


def mse_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """Return (x − t)², reduced. Follows ``torch.nn.functional.mse_loss``.

    Args:
        input: any tensor.
        target: one that broadcasts with it.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        weight: a factor for each element.

    Raises:
        ShapeError: the shapes do not broadcast.
    """
    return _mse_loss(input, target, weight, reduction=legacy_reduction(size_average, reduce, reduction))


@op(name="_l1_loss")
def _l1_loss(input: Array, target: Array, weight: Array | None, reduction: str) -> Array:
    """|x − t|, weighted."""
    a, b = broadcast("l1_loss", input, target)
    loss = jnp.abs(a - b)
    return reduced("l1_loss", loss if weight is None else loss * weight, reduction)


def l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """Return |x − t|, reduced. Follows ``torch.nn.functional.l1_loss``.

    Args:
        input: any tensor.
        target: one that broadcasts with it.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        weight: a factor for each element.

    Raises:
        ShapeError: the shapes do not broadcast.
    """
    return _l1_loss(input, target, weight, reduction=legacy_reduction(size_average, reduce, reduction))


@op
def smooth_l1_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Array:
    """½ d² / β for |d| < β, else |d| − ½ β, of d = x − t.

    Raises:
        ArgumentError: ``beta`` is negative.
    """
    if beta < 0:
        raise ArgumentError(message("smooth_l1_loss", "beta of at least 0", str(beta)))
    a, b = broadcast("smooth_l1_loss", input, target)
    d = jnp.abs(a - b)
    loss = d if beta == 0 else jnp.where(d < beta, 0.5 * d * d / beta, d - 0.5 * beta)
    return reduced("smooth_l1_loss", loss, legacy_reduction(size_average, reduce, reduction))


@op
def huber_loss(
    input: Array, target: Array, weight: Array | None = None, reduction: str = "mean", delta: float = 1.0
) -> Array:
    """½ d² for |d| ≤ δ, else δ (|d| − ½ δ), of d = x − t.

    Raises:
        ArgumentError: ``delta`` is not positive.
    """
    if delta <= 0:
        raise ArgumentError(message("huber_loss", "a positive delta", str(delta)))
    a, b = broadcast("huber_loss", input, target)
    d = jnp.abs(a - b)
    loss = jnp.where(d <= delta, 0.5 * d * d, delta * (d - 0.5 * delta))
    if weight is not None:
        loss = loss * weight
    return reduced("huber_loss", loss, reduction)


@op
def gaussian_nll_loss(
    input: Array, target: Array, var: Array, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Array:
    """½ (log max(v, ε) + (x − t)² / max(v, ε)), and with ``full`` ½ log 2π more.

    Raises:
        ShapeError: ``var`` fits neither the input nor the input without its last dimension.
    """
    if var.shape != input.shape:
        if input.shape[:-1] == var.shape:
            var = var[..., None]
        elif input.shape[:-1] != var.shape[:-1] or var.shape[-1] != 1:
            raise ShapeError(message("gaussian_nll_loss", f"var that fits {describe(input)}", describe(var)))
    # No gradient is lost where the variance is raised to eps: torch clamps without recording it.
    var = var + jnp.maximum(eps - var, 0) * 1.0
    loss = 0.5 * (jnp.log(var) + jnp.square(input - target) / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced("gaussian_nll_loss", loss, reduction)
