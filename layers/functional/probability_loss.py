"""Losses of probabilities, of their logarithms and logits, and of rates."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.layers.functional.reduction import legacy_reduction, reduced, same_shape


@op
def binary_cross_entropy(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """-w · (t ln p + (1 - t) ln(1 - p)), with logarithms of at least -100, reduced.

    Args:
        input: p, probabilities.
        target: t, in [0, 1], of the same shape.
        weight: w, a factor that broadcasts with them.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``mean``, ``sum`` or ``none``.

    Raises:
        ShapeError: the shapes differ.
        ArgumentError: an unknown reduction.

    Example:
        >>> round(float(binary_cross_entropy(jnp.array([0.5]), jnp.array([1.0]))), 4)
        0.6931

    Source: ``torch.nn.functional.binary_cross_entropy``, gradients included: finite at p = 0 and p = 1.
    """
    same_shape("binary_cross_entropy", input, target)
    eps = 1e-12
    log_p, log_q = jnp.log(input), jnp.log1p(-input)
    loss = -(target * jnp.maximum(log_p, -100.0) + (1 - target) * jnp.maximum(log_q, -100.0))
    # The slope that torch gives: finite at probabilities of 0 and 1.
    slope = (input - target) / jnp.maximum(input * (1 - input), eps)
    loss = _with_slope(loss, input, slope, target, log_q - log_p)
    if weight is not None:
        loss = loss * weight
    return reduced("binary_cross_entropy", loss, legacy_reduction(size_average, reduce, reduction))


@jax.custom_jvp
def _with_slope(loss: Any, input: Any, slope: Any, target: Any, target_slope: Any) -> Any:
    return loss


@_with_slope.defjvp
def _with_slope_jvp(primals: Any, tangents: Any) -> Any:
    loss, _, slope, _, target_slope = primals
    return loss, tangents[1] * slope + tangents[3] * target_slope


@op(name="_binary_cross_entropy_with_logits")
def _bce_with_logits(
    input: Array, target: Array, weight: Array | None, pos_weight: Array | None, reduction: str
) -> Array:
    """Binary cross-entropy of logits."""
    who = "binary_cross_entropy_with_logits"
    same_shape(who, input, target)
    log_not = -jax.nn.softplus(input)
    log_yes = -jax.nn.softplus(-input)
    yes = target if pos_weight is None else target * pos_weight
    loss = -(yes * log_yes + (1 - target) * log_not)
    return reduced(who, loss if weight is None else loss * weight, reduction)


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """Return -w · (q t ln σ(x) + (1 - t) ln(1 - σ(x))), without overflow, reduced.

    Args:
        input: x, logits.
        target: t, in [0, 1], of the same shape.
        weight: w, a factor that broadcasts with them.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``mean``, ``sum`` or ``none``.
        pos_weight: q, a factor of the first term that broadcasts with them.

    Raises:
        ShapeError: the shapes differ.
        ArgumentError: an unknown reduction.

    Example:
        >>> x = jnp.array([1000.0, -1000.0])
        >>> binary_cross_entropy_with_logits(x, jnp.array([0.0, 0.0]), reduction="none").tolist()
        [1000.0, 0.0]

    Source: ``torch.nn.functional.binary_cross_entropy_with_logits``.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    return _bce_with_logits(input, target, weight, pos_weight, reduction=reduction)


@op
def kl_div(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Array:
    """t · (ln t - x), reduced: the divergence of t from a distribution whose logarithm is x.

    Args:
        input: x, log-probabilities.
        target: t, probabilities, or with ``log_target`` their logarithms.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``batchmean`` (the sum over the first length), ``mean``, ``sum`` or ``none``.
        log_target: whether the target holds logarithms.

    Raises:
        ArgumentError: an unknown reduction.

    Example:
        >>> float(kl_div(jnp.array([[-1.0, -1.0]]), jnp.array([[1.0, 0.0]]), reduction="batchmean"))
        1.0

    Source: ``torch.nn.functional.kl_div``. Deviation: at t = 0 the gradient in t is finite.
    """
    if log_target:
        loss = jnp.exp(target) * (target - input)
    else:
        positive = target > 0
        log_t = jnp.log(jnp.where(positive, target, 1))
        loss = jnp.where(positive, target * log_t, 0) - target * input
    reduction = legacy_reduction(size_average, reduce, reduction)
    if reduction == "batchmean":
        return jnp.sum(loss) / (input.shape[0] if input.ndim else 1)
    return reduced("kl_div", loss, reduction)


@op
def poisson_nll_loss(
    input: Array,
    target: Array,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """e^x - t x, reduced: -ln of the Poisson probability of t at the rate e^x, up to a constant.

    Args:
        input: x, logarithms of rates; or rates λ, whose loss is λ - t ln(λ + eps).
        target: t, counts.
        log_input: whether the input holds logarithms.
        full: add Stirling's approximation of ln t! where t > 1.
        size_average: older form of ``reduction``.
        eps: keeps the logarithm of a rate finite.
        reduce: older form of ``reduction``.
        reduction: ``mean``, ``sum`` or ``none``.

    Raises:
        ArgumentError: an unknown reduction.

    Example:
        >>> float(poisson_nll_loss(jnp.array([0.0]), jnp.array([3.0])))
        1.0

    Source: ``torch.nn.functional.poisson_nll_loss``.
    """
    loss = jnp.exp(input) - target * input if log_input else input - target * jnp.log(input + eps)
    if full:
        safe = jnp.where(target > 1, target, 1.0)
        stirling = safe * jnp.log(safe) - safe + 0.5 * jnp.log(2 * jnp.pi * safe)
        loss = loss + jnp.where(target > 1, stirling, 0)
    return reduced("poisson_nll_loss", loss, legacy_reduction(size_average, reduce, reduction))


@op
def multilabel_soft_margin_loss(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """-(t ln σ(x) + (1 - t) ln(1 - σ(x))), averaged over the classes and reduced over the rows.

    Args:
        input: x, logits (…, C).
        target: t, 0 or 1 for each.
        weight: a factor for each class.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: ``mean``, ``sum`` or ``none``.

    Raises:
        ArgumentError: an unknown reduction.

    Example:
        >>> round(float(multilabel_soft_margin_loss(jnp.zeros((1, 3)), jnp.array([[1, 0, 1]]))), 4)
        0.6931

    Source: ``torch.nn.functional.multilabel_soft_margin_loss``.
    """
    loss = -(target * jax.nn.log_sigmoid(input) + (1 - target) * jax.nn.log_sigmoid(-input))
    if weight is not None:
        loss = loss * weight
    who = "multilabel_soft_margin_loss"
    return reduced(who, jnp.mean(loss, axis=-1), legacy_reduction(size_average, reduce, reduction))
