"""Adamax: Adam with the largest gradient of late in place of the root mean square."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from xlagrad.core.tensor import Tensor
from xlagrad.train.optim.group import ParamGroup
from xlagrad.train.optim.rule import (
    Decay,
    Rate,
    Scalar,
    Slots,
    decay,
    directed,
    is_zero,
    rate_at,
    transformation,
)
from xlagrad.train.optim.stepping import RuleOptimizer, check_numbers


def adamax(
    lr: Rate = 2e-3,
    betas: tuple[Scalar | Decay, Scalar | Decay] = (0.9, 0.999),
    eps: Scalar = 1e-8,
    weight_decay: Scalar = 0,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """θ ← θ - γ m̂ / u, with m̂ the corrected running mean of g and u ← max(β₂ u, abs g + ε).

    Args:
        lr: γ, a number or an optax schedule.
        betas: decay rates of m and u.
        eps: ε.
        weight_decay: λ, coupled: g + λ θ takes the place of g.
        maximize: follow the gradient instead of its negative.

    Returns:
        An optax transformation; its state holds ``exp_avg`` (m) and ``exp_inf`` (u).

    Example:
        >>> import jax.numpy as jnp, optax
        >>> tx = adamax(lr=0.5)
        >>> params = jnp.asarray([1.0])
        >>> updates, _ = tx.update(jnp.asarray([2.0]), tx.init(params), params)
        >>> optax.apply_updates(params, updates)
        Array([0.5], dtype=float32)

    Reference: Kingma and Ba, Adam, 2015, section 7.1. Follows ``torch.optim.Adamax``.
    """
    first, second = map(decay, betas)
    decayed = not is_zero(weight_decay)

    def prepare(step: jax.Array) -> Sequence[Scalar]:
        size = rate_at(lr, step) / first.correction(step)
        return size, first.complement, second.complement, eps, weight_decay

    def rule(grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array) -> tuple[jax.Array, Slots]:
        size, one_minus_1, one_minus_2, epsilon, lam = scalars
        grad = directed(grad, param, maximize, lam if decayed else None)
        mean = slots["exp_avg"] + one_minus_1 * (grad - slots["exp_avg"])
        largest = jnp.maximum((1 - one_minus_2) * slots["exp_inf"], jnp.abs(grad) + epsilon)
        return -size * (mean / largest), {"exp_avg": mean, "exp_inf": largest}

    return transformation(("exp_avg", "exp_inf"), prepare, rule)


class Adamax(RuleOptimizer):
    """Step parameters by :func:`adamax`, in place.

    Args:
        params: parameters, named parameters, or dicts of groups.
        lr, betas, eps, weight_decay, maximize: as for :func:`adamax`.
        differentiable: record the step on the tape; its parameters are then no leaves.
        foreach, capturable: accepted for torch's sake; every update is one fused executable.

    Raises:
        ArgumentError: a negative number, or a beta outside [0, 1).

    Follows ``torch.optim.Adamax``.
    """

    factory = staticmethod(adamax)
    numbers = {"lr": "rate", "betas": "decay", "eps": "rate", "weight_decay": "rate"}
    optional = frozenset({"weight_decay"})
    options = ("maximize",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_numbers("Adamax", lr=lr, eps=eps, beta1=betas[0], beta2=betas[1], weight_decay=weight_decay)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the running mean and the running largest gradient."""
        return ("exp_avg", "exp_inf")
