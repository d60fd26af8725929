"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.train.optim.group import ParamGroup
from xlagrad.train.optim.rule import Decay, Rate, Scalar, Slots, decay, is_zero, rate_at, transformation
from xlagrad.train.optim.stepping import RuleOptimizer, check_forms, check_numbers


def sgd(
    lr: Rate = 1e-3,
    momentum: Scalar = 0,
    dampening: Scalar | Decay = 0,
    weight_decay: Scalar = 0,
    nesterov: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """θ ← θ - γ b, with b ← μ b + (1 - τ) g, and g + μ b in b's place under Nesterov's rule.

    The first b is g itself, undampened. Weight decay is coupled: g + λ θ takes the place of g.

    Args:
        lr: γ, a number or an optax schedule.
        momentum: μ; a Python 0 leaves the buffer out.
        dampening: τ.
        weight_decay: λ.
        nesterov: look ahead by one step of momentum.
        maximize: follow the gradient instead of its negative.

    Returns:
        An optax transformation; its state holds ``momentum_buffer``.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> tx = sgd(lr=0.5)
        >>> params = jnp.asarray([1.0])
        >>> updates, _ = tx.update(jnp.asarray([2.0]), tx.init(params), params)
        >>> optax.apply_updates(params, updates)
        Array([0.], dtype=float32)

    Reference: Sutskever et al., On the importance of initialization and momentum in deep learning, 2013.
    Follows ``torch.optim.SGD``, whose velocity carries no learning rate.
    """
    with_buffer = not is_zero(momentum)
    damped = not is_zero(dampening)
    decayed = not is_zero(weight_decay)

    def prepare(step: jax.Array) -> Sequence[Scalar]:
        kept = decay(dampening).complement
        return rate_at(lr, step), momentum, jnp.where(step == 1, 1.0, kept), weight_decay

    def rule(grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array) -> tuple[jax.Array, Slots]:
        gamma, mu, kept, lam = scalars
        if maximize:
            grad = -grad
        if decayed:
            grad = grad + lam * param
        if not with_buffer:
            return -gamma * grad, {}
        buffer = mu * slots["momentum_buffer"] + (kept * grad if damped else grad)
        direction = grad + mu * buffer if nesterov else buffer
        return -gamma * direction, {"momentum_buffer": buffer}

    return transformation(("momentum_buffer",) if with_buffer else (), prepare, rule)


class SGD(RuleOptimizer):
    """Step parameters by :func:`sgd`, in place.

    Args:
        params: parameters, named parameters, or dicts of groups.
        lr, momentum, dampening, weight_decay, nesterov, maximize: as for :func:`sgd`.
        differentiable: record the step on the tape; its parameters are then no leaves.
        foreach, fused: accepted for torch's sake; every update is one fused executable.

    Raises:
        ArgumentError: a negative rate, or Nesterov's rule without momentum or with dampening.

    Follows ``torch.optim.SGD``.
    """

    factory = staticmethod(sgd)
    numbers = {"lr": "rate", "momentum": "rate", "dampening": "decay", "weight_decay": "rate"}
    optional = frozenset({"momentum", "dampening", "weight_decay"})
    options = ("nesterov", "maximize")
    counter = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_numbers("SGD", lr=lr, momentum=momentum, weight_decay=weight_decay)
        check_forms("SGD", fused, foreach, differentiable)
        if nesterov and (is_zero(momentum) or not is_zero(dampening)):
            expected = "momentum above 0 and dampening 0 with nesterov"
            raise ArgumentError(message("SGD", expected, f"momentum={momentum}, dampening={dampening}"))
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return ``momentum_buffer`` where there is momentum."""
        return () if group.is_zero("momentum") else ("momentum_buffer",)

    def counted(self, group: ParamGroup) -> bool:
        """Return whether the first update differs: it is not dampened."""
        return bool(self.slots(group)) and not group.is_zero("dampening")
