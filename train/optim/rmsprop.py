"""RMSprop: steps scaled by a running root mean square of the gradient."""

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
from xlagrad.train.optim.stepping import RuleOptimizer, check_numbers


def rmsprop(
    lr: Rate = 1e-2,
    alpha: Scalar | Decay = 0.99,
    eps: Scalar = 1e-8,
    weight_decay: Scalar = 0,
    momentum: Scalar = 0,
    centered: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """θ ← θ - γ b, with b ← μ b + g / (√v + ε) and v a running mean of g² (centered: less g's mean squared).

    Args:
        lr: γ, a number or an optax schedule.
        alpha: decay rate of v.
        eps: ε, added outside the root.
        weight_decay: λ, coupled: g + λ θ takes the place of g.
        momentum: μ; a Python 0 leaves the buffer out.
        centered: divide by the standard deviation instead of the root mean square.
        maximize: follow the gradient instead of its negative.

    Returns:
        An optax transformation; its state holds ``square_avg`` and, where used, ``momentum_buffer`` and
        ``grad_avg``.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> tx = rmsprop(lr=0.5, alpha=0.0)
        >>> params = jnp.asarray([1.0])
        >>> updates, _ = tx.update(jnp.asarray([2.0]), tx.init(params), params)
        >>> optax.apply_updates(params, updates)
        Array([0.5], dtype=float32)

    References: Hinton, Neural Networks for Machine Learning, lecture 6, 2012; Graves, Generating Sequences
    With Recurrent Neural Networks, 2013. Follows ``torch.optim.RMSprop``.
    """
    running = decay(alpha)

    def prepare(step: jax.Array) -> Sequence[Scalar]:
        return rate_at(lr, step), running.complement, eps, weight_decay, momentum

    with_buffer = not is_zero(momentum)
    slots = ["square_avg", *(["momentum_buffer"] if with_buffer else []), *(["grad_avg"] if centered else [])]
    rule = _rule(maximize, not is_zero(weight_decay), centered, with_buffer)
    return transformation(slots, prepare, rule)


def _rule(maximize: bool, decayed: bool, centered: bool, with_buffer: bool) -> LeafRule:
    def rule(grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array) -> tuple[jax.Array, Slots]:
        gamma, one_minus, epsilon, lam, mu = scalars
        if maximize:
            grad = -grad
        if decayed:
            grad = grad + lam * param
        square = (1 - one_minus) * slots["square_avg"] + one_minus * grad * grad
        new = {"square_avg": square}
        spread = square
        if centered:
            new["grad_avg"] = slots["grad_avg"] + one_minus * (grad - slots["grad_avg"])
            spread = square - new["grad_avg"] * new["grad_avg"]
        step = grad / (jnp.sqrt(spread) + epsilon)
        if with_buffer:
            step = new["momentum_buffer"] = mu * slots["momentum_buffer"] + step
        return -gamma * step, new

    return rule


class RMSprop(RuleOptimizer):
    """Step parameters by :func:`rmsprop`, in place.

    Args:
        params: parameters, named parameters, or dicts of groups.
        lr, alpha, eps, weight_decay, momentum, centered, maximize: as for :func:`rmsprop`.
        differentiable: record the step on the tape; its parameters are then no leaves.
        capturable, foreach: accepted for torch's sake; every update is one fused executable.

    Raises:
        ArgumentError: a negative number.

    Follows ``torch.optim.RMSprop``.
    """

    factory = staticmethod(rmsprop)
    numbers = {"lr": "rate", "momentum": "rate", "alpha": "decay", "eps": "rate", "weight_decay": "rate"}
    optional = frozenset({"momentum", "weight_decay"})
    options = ("centered", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_numbers("RMSprop", lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum)
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "alpha": alpha,
                "eps": eps,
                "centered": centered,
                "weight_decay": weight_decay,
                "capturable": capturable,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
            },
        )

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the running mean square, the momentum and the running mean, where each is used."""
        momentum = () if group.is_zero("momentum") else ("momentum_buffer",)
        return ("square_avg", *momentum, *(("grad_avg",) if group["centered"] else ()))

    def counted(self, group: ParamGroup) -> bool:
        """Return False: the count is shown, and used for nothing."""
        return False
