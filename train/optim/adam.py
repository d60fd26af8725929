"""Adam, with coupled or decoupled weight decay."""

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
    is_zero,
    rate_at,
    transformation,
)
from xlagrad.train.optim.stepping import RuleOptimizer, check_forms, check_numbers


def adam(
    lr: Rate = 1e-3,
    betas: tuple[Scalar | Decay, Scalar | Decay] = (0.9, 0.999),
    eps: Scalar = 1e-8,
    weight_decay: Scalar = 0,
    amsgrad: bool = False,
    *,
    maximize: bool = False,
    decoupled_weight_decay: bool = False,
) -> optax.GradientTransformation:
    """θ ← θ - γ m̂ / (√v̂ + ε), with running means m of g and v of g², corrected for their start at zero.

    Args:
        lr: γ, a number or an optax schedule.
        betas: decay rates of m and v.
        eps: ε, added outside the root.
        weight_decay: λ; coupled (g + λ θ in place of g) or, with ``decoupled_weight_decay``, θ ← (1 - γ λ) θ.
        amsgrad: divide by the largest v so far.
        maximize: follow the gradient instead of its negative.
        decoupled_weight_decay: AdamW.

    Returns:
        An optax transformation; its state holds ``exp_avg``, ``exp_avg_sq`` and, with ``amsgrad``,
        ``max_exp_avg_sq``.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> tx = adam(lr=0.5)
        >>> params = jnp.asarray([1.0])
        >>> updates, _ = tx.update(jnp.asarray([2.0]), tx.init(params), params)
        >>> optax.apply_updates(params, updates)
        Array([0.5], dtype=float32)

    References: Kingma and Ba, Adam, 2015; Reddi et al., On the Convergence of Adam and Beyond, 2018;
    Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019. Follows ``torch.optim.Adam``. From
    ``optax.adamw`` it differs in AMSGrad, which torch takes over v before its correction.
    """
    first, second = map(decay, betas)

    def prepare(step: jax.Array) -> Sequence[Scalar]:
        gamma = rate_at(lr, step)
        size = gamma / first.correction(step)
        root = jnp.sqrt(second.correction(step))
        return size, root, first.complement, second.complement, eps, weight_decay, gamma

    decays = "none" if is_zero(weight_decay) else "decoupled" if decoupled_weight_decay else "coupled"
    slots = ("exp_avg", "exp_avg_sq") + (("max_exp_avg_sq",) if amsgrad else ())
    return transformation(slots, prepare, _rule(amsgrad, maximize, decays))


def _rule(amsgrad: bool, maximize: bool, decays: str) -> LeafRule:
    def rule(grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array) -> tuple[jax.Array, Slots]:
        size, root, one_minus_1, one_minus_2, epsilon, lam, gamma = scalars
        if maximize:
            grad = -grad
        if decays == "coupled":
            grad = grad + lam * param
        mean = slots["exp_avg"] + one_minus_1 * (grad - slots["exp_avg"])
        square = (1 - one_minus_2) * slots["exp_avg_sq"] + one_minus_2 * grad * grad
        new = {"exp_avg": mean, "exp_avg_sq": square}
        if amsgrad:
            square = new["max_exp_avg_sq"] = jnp.maximum(slots["max_exp_avg_sq"], square)
        change = -size * (mean / (jnp.sqrt(square) / root + epsilon))
        return change - (gamma * lam) * param if decays == "decoupled" else change, new

    return rule


class Adam(RuleOptimizer):
    """Step parameters by :func:`adam`, in place.

    Args:
        params: parameters, named parameters, or dicts of groups.
        lr, betas, eps, weight_decay, amsgrad, maximize, decoupled_weight_decay: as for :func:`adam`.
        differentiable: record the step on the tape; its parameters are then no leaves.
        foreach, capturable, fused: accepted for torch's sake; every update is one fused
            executable whose counts are on the device.

    Raises:
        ArgumentError: a negative number, or a beta outside [0, 1).

    Follows ``torch.optim.Adam``.
    """

    factory = staticmethod(adam)
    numbers = {"lr": "rate", "betas": "decay", "eps": "rate", "weight_decay": "rate"}
    optional = frozenset({"weight_decay"})
    options = ("amsgrad", "maximize", "decoupled_weight_decay")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        who = type(self).__name__
        check_numbers(who, lr=lr, eps=eps, weight_decay=weight_decay, beta1=betas[0], beta2=betas[1])
        check_forms(who, fused, foreach, differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the running means, with the largest second one under AMSGrad."""
        return ("exp_avg", "exp_avg_sq") + (("max_exp_avg_sq",) if group["amsgrad"] else ())
