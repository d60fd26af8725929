"""RAdam: Adam that warms up by itself, while the variance of its step sizes is unknown."""

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
    decay,
    directed,
    is_zero,
    rate_at,
    transformation,
)
from xlagrad.train.optim.stepping import RuleOptimizer, check_numbers


def radam(
    lr: Rate = 1e-3,
    betas: tuple[Scalar | Decay, Scalar | Decay] = (0.9, 0.999),
    eps: Scalar = 1e-8,
    weight_decay: Scalar = 0,
    decoupled_weight_decay: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """θ ← θ - γ m̂ r / (√v̂ + ε), with the rectification r once enough steps are known; θ ← θ - γ m̂ until then.

    Enough is a length ρ of the simple moving average, to which v amounts, of more than 5.

    Args:
        lr: γ, a number or an optax schedule.
        betas: decay rates of the running means m of g and v of g².
        eps: ε, added to √v before its correction.
        weight_decay: λ; coupled (g + λ θ in place of g) or, with ``decoupled_weight_decay``, θ ← (1 - γ λ) θ.
        decoupled_weight_decay: as in AdamW.
        maximize: follow the gradient instead of its negative.

    Returns:
        An optax transformation; its state holds ``exp_avg`` and ``exp_avg_sq``.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> tx = radam(lr=0.5)
        >>> params = jnp.asarray([1.0])
        >>> updates, _ = tx.update(jnp.asarray([2.0]), tx.init(params), params)
        >>> optax.apply_updates(params, updates).round(3)
        Array([-0.], dtype=float32)

    Reference: Liu et al., On the Variance of the Adaptive Learning Rate and Beyond, 2020. Follows
    ``torch.optim.RAdam``.
    """
    first, second = map(decay, betas)

    def prepare(step: jax.Array) -> Sequence[Scalar]:
        gamma = rate_at(lr, step)
        size = gamma / first.correction(step)
        length, limit = _length(second.complement, step)
        enough = length > 5
        length = jnp.maximum(length, 5)
        rect = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
        scale = jnp.sqrt(jnp.maximum(rect, 0) * second.correction(step))
        rates = first.complement, second.complement
        return size, jnp.where(enough, 1.0, 0.0), scale, *rates, eps, weight_decay, gamma

    decays = "none" if is_zero(weight_decay) else "decoupled" if decoupled_weight_decay else "coupled"
    return transformation(("exp_avg", "exp_avg_sq"), prepare, _rule(maximize, decays))


def _length(complement: Scalar, step: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return ρ at a step and in the limit: ρ∞ - 2 t βᵗ / (1 - βᵗ) and ρ∞ = 2 / (1 - β) - 1.

    The difference cancels: in float32 it would be wrong by 2e-4 where it is compared with 5. With
    L = -log β and y = t L it is t + c - (2 / L) (y / 2 · coth(y / 2) - 1), where c = ρ∞ - 2 / L: all small.
    """
    q = jnp.minimum(jnp.asarray(complement, step.dtype), 1 - 1e-6)
    rate = -jnp.log1p(-q)
    limit = 2 / q - 1
    constant = jnp.where(q < 0.05, q * (1 / 6 + q * (1 / 12 + q * 19 / 360)), limit - 2 / rate)
    y = step * rate
    near = jnp.minimum(y, 1) ** 2
    series = near * (1 / 12 - near * (1 / 720 - near * (1 / 30240 - near / 1209600)))
    rest = jnp.where(y < 1, series, y / 2 / jnp.tanh(jnp.maximum(y, 1) / 2) - 1)
    return step + constant - 2 / rate * rest, limit


def _rule(maximize: bool, decays: str) -> LeafRule:
    def rule(grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array) -> tuple[jax.Array, Slots]:
        size, enough, scale, one_minus_1, one_minus_2, epsilon, lam, gamma = scalars
        grad = directed(grad, param, maximize, lam if decays == "coupled" else None)
        mean = slots["exp_avg"] + one_minus_1 * (grad - slots["exp_avg"])
        square = (1 - one_minus_2) * slots["exp_avg_sq"] + one_minus_2 * grad * grad
        step = jnp.where(enough > 0, mean * (scale / (jnp.sqrt(square) + epsilon)), mean)
        change = -size * step
        if decays == "decoupled":
            change = change - (gamma * lam) * param
        return change, {"exp_avg": mean, "exp_avg_sq": square}

    return rule


class RAdam(RuleOptimizer):
    """Step parameters by :func:`radam`, in place.

    Args:
        params: parameters, named parameters, or dicts of groups.
        lr, betas, eps, weight_decay, decoupled_weight_decay, maximize: as for :func:`radam`.
        differentiable: record the step on the tape; its parameters are then no leaves.
        foreach, capturable: accepted for torch's sake; every update is one fused executable.

    Raises:
        ArgumentError: a negative number, or a beta outside [0, 1).

    Follows ``torch.optim.RAdam``.
    """

    factory = staticmethod(radam)
    numbers = {"lr": "rate", "betas": "decay", "eps": "rate", "weight_decay": "rate"}
    optional = frozenset({"weight_decay"})
    options = ("decoupled_weight_decay", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_numbers("RAdam", lr=lr, eps=eps, beta1=betas[0], beta2=betas[1], weight_decay=weight_decay)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
            },
        )

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the running means."""
        return ("exp_avg", "exp_avg_sq")
