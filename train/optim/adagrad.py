"""Adagrad: steps scaled by the root of all squared gradients so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from xlagrad.core import state
from xlagrad.core.tensor import Tensor, wrap
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
)
from xlagrad.train.optim.stepping import RuleOptimizer, check_forms, check_numbers


def adagrad(
    lr: Rate = 1e-2,
    lr_decay: Scalar = 0,
    weight_decay: Scalar = 0,
    initial_accumulator_value: float = 0,
    eps: Scalar = 1e-10,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """θ ← θ - γ' g / (√s + ε), with s the sum of all g² and γ' = γ / (1 + (t - 1) η) at step t.

    Args:
        lr: γ, a number or an optax schedule.
        lr_decay: η.
        weight_decay: λ, coupled: g + λ θ takes the place of g.
        initial_accumulator_value: what s begins with.
        eps: ε, added outside the root.
        maximize: follow the gradient instead of its negative.

    Returns:
        An optax transformation; its state holds ``sum``.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> tx = adagrad(lr=0.5)
        >>> params = jnp.asarray([1.0])
        >>> updates, _ = tx.update(jnp.asarray([2.0]), tx.init(params), params)
        >>> optax.apply_updates(params, updates)
        Array([0.5], dtype=float32)

    Reference: Duchi et al., Adaptive Subgradient Methods, 2011. Follows ``torch.optim.Adagrad``.
    """
    decayed = not is_zero(weight_decay)

    def prepare(step: jax.Array) -> Sequence[Scalar]:
        return rate_at(lr, step) / (1 + (step - 1) * lr_decay), eps, weight_decay

    def rule(grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array) -> tuple[jax.Array, Slots]:
        gamma, epsilon, lam = scalars
        grad = directed(grad, param, maximize, lam if decayed else None)
        total = slots["sum"] + grad * grad
        return -gamma * grad / (jnp.sqrt(total) + epsilon), {"sum": total}

    def starts(name: str, param: Any) -> Start:
        return _start(param, initial_accumulator_value)

    return transformation(("sum",), prepare, rule, starts)


def _start(param: Any, value: float) -> Start:
    both = complex(value, value) if jnp.issubdtype(param.dtype, jnp.complexfloating) else value
    return Start(tuple(param.shape), param.dtype, both)


class Adagrad(RuleOptimizer):
    """Step parameters by :func:`adagrad`, in place.

    Args:
        params: parameters, named parameters, or dicts of groups.
        lr, lr_decay, weight_decay, initial_accumulator_value, eps, maximize: as for :func:`adagrad`.
        differentiable: record the step on the tape; its parameters are then no leaves.
        foreach, fused: accepted for torch's sake; every update is one fused executable.

    Raises:
        ArgumentError: a negative number.

    Follows ``torch.optim.Adagrad``: its state is there before the first step.
    """

    factory = staticmethod(adagrad)
    numbers = {"lr": "rate", "lr_decay": "rate", "eps": "rate", "weight_decay": "rate"}
    optional = frozenset({"weight_decay"})
    options = ("maximize",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_numbers("Adagrad", lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, eps=eps)
        check_numbers("Adagrad", initial_accumulator_value=initial_accumulator_value)
        check_forms("Adagrad", fused, foreach, differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "fused": fused,
            },
        )
        if not state.tracing():
            for p in (p for group in self.param_groups for p in group["params"]):
                self._slots.entries[p]["step"] = wrap(jnp.zeros((), jnp.float32))
                self._slots.make(p, "sum", self.start("sum", p.data_array), False)

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the sum of squares."""
        return ("sum",)

    def start(self, name: str, param: Any) -> Start:
        """Return the initial value of the sum."""
        return _start(param, self.defaults["initial_accumulator_value"])
