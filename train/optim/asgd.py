"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from xlagrad.core.tensor import Tensor
from xlagrad.train.optim.group import ParamGroup
from xlagrad.train.optim.rule import (
    Rate,
    Scalar,
    Slots,
    Start,
    directed,
    is_zero,
    rate_at,
    transformation,
    zeros_like,
)
from xlagrad.train.optim.stepping import RuleOptimizer, check_numbers


def asgd(
    lr: Rate = 1e-2,
    lambd: Scalar = 1e-4,
    alpha: Scalar = 0.75,
    t0: Scalar = 1e6,
    weight_decay: Scalar = 0,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """θ ← (1 - Λ η) θ - η g, with η = γ / (1 + Λ γ t)^α of the step before, and ax the mean of θ from t0 on.

    Args:
        lr: γ, a number or an optax schedule.
        lambd: Λ.
        alpha: α, the power at which the rate falls.
        t0: the step at which averaging begins; until then ax is θ.
        weight_decay: λ, coupled: g + λ θ takes the place of g.
        maximize: follow the gradient instead of its negative.

    Returns:
        An optax transformation; its state holds ``eta`` (η), ``mu`` (the weight of the next θ) and ``ax``.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> tx = asgd(lr=0.5, lambd=0.0)
        >>> params = jnp.asarray([1.0])
        >>> updates, _ = tx.update(jnp.asarray([2.0]), tx.init(params), params)
        >>> optax.apply_updates(params, updates)
        Array([0.], dtype=float32)

    Reference: Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992. Follows
    ``torch.optim.ASGD``.
    """
    decayed = not is_zero(weight_decay)

    def prepare(step: jax.Array) -> Sequence[Scalar]:
        gamma = rate_at(lr, step)
        rate = gamma / (1 + lambd * gamma * step) ** alpha
        weight = 1 / jnp.maximum(1, step - t0)
        return gamma, jnp.where(step == 1, 1.0, 0.0), rate, weight, lambd, weight_decay

    def rule(grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array) -> tuple[jax.Array, Slots]:
        gamma, first, rate, weight, shrink, lam = scalars
        grad = directed(grad, param, maximize, lam if decayed else None)
        # The rate of the very first step is not known where slots are made.
        eta = jnp.where(first > 0, gamma, slots["eta"])
        change = -(shrink * eta) * param - eta * grad
        moved, mean = param + change, slots["ax"]
        mean = jnp.where(slots["mu"] == 1, moved, mean + (moved - mean) * slots["mu"])
        return change, {"eta": rate, "mu": weight, "ax": mean}

    return transformation(("eta", "mu", "ax"), prepare, rule, _start)


def _start(name: str, param: Any) -> Start:
    return zeros_like(name, param) if name == "ax" else Start((), jnp.float32, 1)


class ASGD(RuleOptimizer):
    """Step parameters by :func:`asgd`, in place; the averages are ``state[p]["ax"]``.

    Args:
        params: parameters, named parameters, or dicts of groups.
        lr, lambd, alpha, t0, weight_decay, maximize: as for :func:`asgd`.
        differentiable: record the step on the tape; its parameters are then no leaves.
        foreach, capturable: accepted for torch's sake; every update is one fused executable.

    Raises:
        ArgumentError: a negative rate or weight decay.

    Follows ``torch.optim.ASGD``.
    """

    factory = staticmethod(asgd)
    numbers = {"lr": "rate", "lambd": "rate", "alpha": "rate", "t0": "rate", "weight_decay": "rate"}
    optional = frozenset({"weight_decay"})
    options = ("maximize",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_numbers("ASGD", lr=lr, weight_decay=weight_decay)
        super().__init__(
            params,
            {
                "lr": lr,
                "lambd": lambd,
                "alpha": alpha,
                "t0": t0,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the next step's rate and weight, and the averages."""
        return ("eta", "mu", "ax")

    def start(self, name: str, param: Any) -> Start:
        """Return zeros for the averages, one for the numbers."""
        return _start(name, param)
