"""Adadelta: steps scaled by the ratio of two running root mean squares, of past steps and of gradients."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from xlagrad.core.errors import ArgumentError, message
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


def adadelta(
    lr: Rate = 1.0,
    rho: Scalar | Decay = 0.9,
    eps: Scalar = 1e-6,
    weight_decay: Scalar = 0,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """θ ← θ - γ Δ, with Δ = g √(u + ε) / √(v + ε), v a running mean of g² and u one of Δ².

    Args:
        lr: γ, a number or an optax schedule.
        rho: decay rate of u and v.
        eps: ε, added inside the roots.
        weight_decay: λ, coupled: g + λ θ takes the place of g.
        maximize: follow the gradient instead of its negative.

    Returns:
        An optax transformation; its state holds ``square_avg`` (v) and ``acc_delta`` (u).

    Example:
        >>> import jax.numpy as jnp, optax
        >>> tx = adadelta(lr=0.5, rho=0.0, eps=1.0)
        >>> params = jnp.asarray([1.0])
        >>> updates, _ = tx.update(jnp.asarray([0.0]), tx.init(params), params)
        >>> optax.apply_updates(params, updates)
        Array([1.], dtype=float32)

    Reference: Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012. Follows ``torch.optim.Adadelta``.
    """
    running = decay(rho)
    decayed = not is_zero(weight_decay)

    def prepare(step: jax.Array) -> Sequence[Scalar]:
        return rate_at(lr, step), running.complement, eps, weight_decay

    def rule(grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array) -> tuple[jax.Array, Slots]:
        gamma, one_minus, epsilon, lam = scalars
        grad = directed(grad, param, maximize, lam if decayed else None)
        square = (1 - one_minus) * slots["square_avg"] + one_minus * grad * grad
        delta = jnp.sqrt(slots["acc_delta"] + epsilon) / jnp.sqrt(square + epsilon) * grad
        past = (1 - one_minus) * slots["acc_delta"] + one_minus * delta * delta
        return -gamma * delta, {"square_avg": square, "acc_delta": past}

    return transformation(("square_avg", "acc_delta"), prepare, rule)


class Adadelta(RuleOptimizer):
    """Step parameters by :func:`adadelta`, in place.

    Args:
        params: parameters, named parameters, or dicts of groups.
        lr, rho, eps, weight_decay, maximize: as for :func:`adadelta`.
        differentiable: record the step on the tape; its parameters are then no leaves.
        foreach, capturable: accepted for torch's sake; every update is one fused executable.

    Raises:
        ArgumentError: a negative number, or ``rho`` above 1.

    Follows ``torch.optim.Adadelta``.
    """

    factory = staticmethod(adadelta)
    numbers = {"lr": "rate", "rho": "decay", "eps": "rate", "weight_decay": "rate"}
    optional = frozenset({"weight_decay"})
    options = ("maximize",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_numbers("Adadelta", lr=lr, rho=rho, eps=eps, weight_decay=weight_decay)
        if not isinstance(rho, Tensor) and rho > 1:
            raise ArgumentError(message("Adadelta", f"rho in [0, 1] (Invalid rho value: {rho})", str(rho)))
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "capturable": capturable,
                "foreach": foreach,
                "differentiable": differentiable,
            },
        )

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the running mean squares of gradients and of steps."""
        return ("square_avg", "acc_delta")

    def counted(self, group: ParamGroup) -> bool:
        """Return False: the count is shown, and used for nothing."""
        return False
