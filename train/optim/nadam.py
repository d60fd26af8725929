"""NAdam: Adam that looks ahead by a step of its momentum."""

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
    LeafRule,
    Rate,
    Scalar,
    Slots,
    Start,
    decay,
    directed,
    is_zero,
    rate_at,
    transformation,
    zeros_like,
)
from xlagrad.train.optim.stepping import RuleOptimizer, check_numbers


def nadam(
    lr: Rate = 2e-3,
    betas: tuple[Scalar | Decay, Scalar | Decay] = (0.9, 0.999),
    eps: Scalar = 1e-8,
    weight_decay: Scalar = 0,
    momentum_decay: Scalar = 4e-3,
    decoupled_weight_decay: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """θ ← θ - γ (μ' m / (1 - Π μ') + (1 - μ) g / (1 - Π)) / (√v̂ + ε), with Π the product of all μ so far.

    At step t, μ = β₁ (1 - 0.96^(t ψ) / 2), and μ' is the one of the next step.

    Args:
        lr: γ, a number or an optax schedule.
        betas: decay rates of the running means m of g and v of g².
        eps: ε, added outside the root.
        weight_decay: λ; coupled (g + λ θ in place of g) or, with ``decoupled_weight_decay``, θ ← (1 - γ λ) θ.
        momentum_decay: ψ.
        decoupled_weight_decay: as in AdamW.
        maximize: follow the gradient instead of its negative.

    Returns:
        An optax transformation; its state holds ``mu_product`` (Π), ``exp_avg`` and ``exp_avg_sq``.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> tx = nadam(lr=0.5, betas=(0.0, 0.5))
        >>> params = jnp.asarray([1.0])
        >>> updates, _ = tx.update(jnp.asarray([2.0]), tx.init(params), params)
        >>> optax.apply_updates(params, updates)
        Array([0.5], dtype=float32)

    Reference: Dozat, Incorporating Nesterov Momentum into Adam, 2016. Follows ``torch.optim.NAdam``.
    """
    first, second = map(decay, betas)

    def prepare(step: jax.Array) -> Sequence[Scalar]:
        mu, following = (first.rate * (1 - 0.5 * 0.96 ** (n * momentum_decay)) for n in (step, step + 1))
        gamma = rate_at(lr, step)
        ones = first.complement, second.complement
        return gamma, mu, following, second.correction(step), *ones, eps, weight_decay

    decays = "none" if is_zero(weight_decay) else "decoupled" if decoupled_weight_decay else "coupled"
    return transformation(("mu_product", "exp_avg", "exp_avg_sq"), prepare, _rule(maximize, decays), _start)


def _rule(maximize: bool, decays: str) -> LeafRule:
    def rule(grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array) -> tuple[jax.Array, Slots]:
        gamma, mu, following, correction, one_minus_1, one_minus_2, epsilon, lam = scalars
        grad = directed(grad, param, maximize, lam if decays == "coupled" else None)
        product = slots["mu_product"] * mu
        mean = slots["exp_avg"] + one_minus_1 * (grad - slots["exp_avg"])
        square = (1 - one_minus_2) * slots["exp_avg_sq"] + one_minus_2 * grad * grad
        spread = jnp.sqrt(square / correction) + epsilon
        change = -(gamma * (1 - mu) / (1 - product)) * (grad / spread)
        change = change - (gamma * following / (1 - product * following)) * (mean / spread)
        if decays == "decoupled":
            change = change - (gamma * lam) * param
        return change, {"mu_product": product, "exp_avg": mean, "exp_avg_sq": square}

    return rule


def _start(name: str, param: Any) -> Start:
    return Start((), jnp.float32, 1) if name == "mu_product" else zeros_like(name, param)


class NAdam(RuleOptimizer):
    """Step parameters by :func:`nadam`, in place.

    Args:
        params: parameters, named parameters, or dicts of groups.
        lr, betas, eps, weight_decay, momentum_decay, decoupled_weight_decay, maximize: as for :func:`nadam`.
        differentiable: record the step on the tape; its parameters are then no leaves.
        foreach, capturable: accepted for torch's sake; every update is one fused executable.

    Raises:
        ArgumentError: a negative number, or a beta outside [0, 1).

    Follows ``torch.optim.NAdam``.
    """

    factory = staticmethod(nadam)
    numbers = {
        "lr": "rate", "betas": "decay", "eps": "rate", "weight_decay": "rate", "momentum_decay": "rate"
    }  # fmt: skip
    optional = frozenset({"weight_decay"})
    options = ("decoupled_weight_decay", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_numbers("NAdam", lr=lr, eps=eps, beta1=betas[0], beta2=betas[1], weight_decay=weight_decay)
        check_numbers("NAdam", momentum_decay=momentum_decay)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
            },
        )

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the product of momenta and the running means."""
        return ("mu_product", "exp_avg", "exp_avg_sq")

    def start(self, name: str, param: Any) -> Start:
        """Return 1 for the product of momenta, zeros for the rest."""
        return _start(name, param)
