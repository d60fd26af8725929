"""Losses of differences between numbers."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.layers.functional.reduction import broadcast, legacy_reduction, reduced


def _weighted(who: str, loss: Array, weight: Array | None, reduction: str, by_weight: bool) -> Array:
    """Return the loss times a weight for each element, reduced; the mean may be over the weights."""
    if weight is None:
        return reduced(who, loss, reduction)
    if weight.shape != loss.shape:
        fix = "give one number per element"
        raise ShapeError(message(who, f"a weight of shape {loss.shape}", describe(weight), fix))
    if reduction == "mean" and by_weight:
        return jnp.sum(loss * weight) / jnp.sum(weight)
    return reduced(who, loss * weight, reduction)


@op(name="_mse_loss")
def _mse_loss(input: Array, target: Array, weight: Array | None, reduction: str) -> Array:
    """(x - t)², weighted."""
    a, b = broadcast("mse_loss", input, target)
    return _weighted("mse_loss", jnp.square(a - b), weight, reduction, by_weight=True)


def mse_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """Return (x - t)², reduced.

    Args:
        input: x, of any shape.
        target: t, which broadcasts with it.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``mean`` (over the weights, if any), ``sum``, or ``none`` for the loss of each element.
        weight: a factor for each element.

    Raises:
        ShapeError: shapes that do not broadcast, or a weight of another shape.
        ArgumentError: an unknown reduction.

    Example:
        >>> float(mse_loss(jnp.array([1.0, 3.0]), jnp.array([1.0, 1.0])))
        2.0

    Source: ``torch.nn.functional.mse_loss``.
    """
    return _mse_loss(input, target, weight, reduction=legacy_reduction(size_average, reduce, reduction))


@op(name="_l1_loss")
def _l1_loss(input: Array, target: Array, weight: Array | None, reduction: str) -> Array:
    """|x - t|, weighted."""
    a, b = broadcast("l1_loss", input, target)
    return _weighted("l1_loss", jnp.abs(a - b), weight, reduction, by_weight=True)


def l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """Return |x - t|, reduced. Arguments and errors as those of `mse_loss`.

    Example:
        >>> float(l1_loss(jnp.array([1.0, 3.0]), jnp.array([1.0, 1.0])))
        1.0

    Source: ``torch.nn.functional.l1_loss``.
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
    """½ d² / β for |d| < β, else |d| - ½ β, of d = x - t, reduced.

    Args:
        input: x, of any shape.
        target: t, which broadcasts with it.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``mean``, ``sum``, or ``none`` for the loss of each element.
        beta: where the square goes over into the straight line; at 0 this is `l1_loss`.

    Raises:
        ShapeError: shapes that do not broadcast.
        ArgumentError: an unknown reduction, or a negative ``beta``.

    Example:
        >>> smooth_l1_loss(jnp.array([0.5, 3.0]), jnp.zeros(2), reduction="none").tolist()
        [0.125, 2.5]

    Source: ``torch.nn.functional.smooth_l1_loss``; Girshick, "Fast R-CNN", 2015.
    """
    if beta < 0:
        raise ArgumentError(message("smooth_l1_loss", "beta of at least 0", str(beta), "raise beta"))
    a, b = broadcast("smooth_l1_loss", input, target)
    d = jnp.abs(a - b)
    loss = d if beta == 0 else jnp.where(d < beta, 0.5 * d * d / beta, d - 0.5 * beta)
    return reduced("smooth_l1_loss", loss, legacy_reduction(size_average, reduce, reduction))


@op(name="_huber_loss")
def _huber_loss(input: Array, target: Array, weight: Array | None, reduction: str, delta: float) -> Array:
    """`huber_loss`, with the operands first."""
    if delta <= 0:
        raise ArgumentError(message("huber_loss", "a positive delta", str(delta), "raise delta"))
    a, b = broadcast("huber_loss", input, target)
    d = jnp.abs(a - b)
    loss = jnp.where(d <= delta, 0.5 * d * d, delta * (d - 0.5 * delta))
    return _weighted("huber_loss", loss, weight, reduction, by_weight=False)


def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Any:
    """Return ½ d² for |d| ≤ δ, else δ (|d| - ½ δ), of d = x - t, reduced.

    Args:
        input: x, of any shape.
        target: t, which broadcasts with it.
        reduction: ``mean`` (over the elements), ``sum``, or ``none`` for the loss of each element.
        delta: δ, where the square goes over into the straight line.
        weight: a factor for each element.

    Raises:
        ShapeError: shapes that do not broadcast, or a weight of another shape.
        ArgumentError: an unknown reduction, or a ``delta`` that is not positive.

    Example:
        >>> huber_loss(jnp.array([0.5, 3.0]), jnp.zeros(2), "none", 2.0).tolist()
        [0.125, 4.0]

    Source: ``torch.nn.functional.huber_loss``; Huber, 1964.
    """
    return _huber_loss(input, target, weight, reduction=reduction, delta=delta)


def _one_each_or_shared(full: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Return whether a shape is the full one, or that with 1 in one place."""
    if len(full) != len(shape):
        return False
    return [own for whole, own in zip(full, shape, strict=True) if whole != own] in ([], [1])


@op
def gaussian_nll_loss(
    input: Array, target: Array, var: Array, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Array:
    """½ (ln v + (x - t)² / v) with v = max(var, eps), reduced: -ln of the normal density of the target.

    Args:
        input: x, the means.
        target: t, which broadcasts with them.
        var: variances, of the input's shape, or without its last dimension, or with 1 in one of its places.
        full: add the constant ½ ln 2π.
        eps: smallest variance; the gradient passes as if it were not raised to it.
        reduction: ``mean``, ``sum``, or ``none`` for the loss of each element.

    Raises:
        ShapeError: variances that do not fit.
        ArgumentError: an unknown reduction.

    Example:
        >>> gaussian_nll_loss(jnp.array([1.0]), jnp.array([3.0]), jnp.array([1.0])).tolist()
        2.0

    Source: ``torch.nn.functional.gaussian_nll_loss``. Deviation: negative variances are raised to ``eps``
    too, since a compiled function cannot look for them.
    """
    if input.shape[:-1] == var.shape and input.ndim:
        var = var[..., None]
    elif not _one_each_or_shared(input.shape, var.shape):
        fix = "give one variance per element or per row"
        raise ShapeError(message("gaussian_nll_loss", f"var to fit {describe(input)}", describe(var), fix))
    var = var + lax.stop_gradient(jnp.maximum(var, eps) - var)
    loss = 0.5 * (jnp.log(var) + jnp.square(input - target) / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced("gaussian_nll_loss", loss, reduction)
