"""Rprop: every element has a step size of its own, and only the signs of gradients count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.train.optim.group import ParamGroup
from xlagrad.train.optim.rule import Rate, Scalar, Slots, rate_at, transformation
from xlagrad.train.optim.stepping import RuleOptimizer, check_numbers


def rprop(
    lr: Rate = 1e-2,
    etas: tuple[Scalar, Scalar] = (0.5, 1.2),
    step_sizes: tuple[Scalar, Scalar] = (1e-6, 50),
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """θ ← θ - s sign(g), with s grown by η₊ where g kept its sign, and shrunk by η₋ where it changed.

    Where the sign changed, g counts as 0, in this step and as the last gradient of the next.

    Args:
        lr: what each s begins with, a number or an optax schedule.
        etas: η₋ and η₊.
        step_sizes: the smallest and the largest s.
        maximize: follow the gradient instead of its negative.

    Returns:
        An optax transformation; its state holds ``prev`` (the last gradient) and ``step_size`` (s).

    Example:
        >>> import jax.numpy as jnp, optax
        >>> tx = rprop(lr=0.5)
        >>> params = jnp.asarray([1.0])
        >>> updates, _ = tx.update(jnp.asarray([2.0]), tx.init(params), params)
        >>> optax.apply_updates(params, updates)
        Array([0.5], dtype=float32)

    Reference: Riedmiller and Braun, A direct adaptive method for faster backpropagation learning, 1993.
    Follows ``torch.optim.Rprop``.
    """

    def prepare(step: jax.Array) -> Sequence[Scalar]:
        return rate_at(lr, step), jnp.where(step == 1, 1.0, 0.0), *etas, *step_sizes

    def rule(grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array) -> tuple[jax.Array, Slots]:
        gamma, first, down, up, least, most = scalars
        if maximize:
            grad = -grad
        turn = jnp.sign(grad * slots["prev"])
        factor = jnp.where(turn > 0, up, jnp.where(turn < 0, down, jnp.where(turn == 0, 1, turn)))
        # The rate of the very first step is not known where slots are made.
        size = jnp.clip(jnp.where(first > 0, gamma, slots["step_size"]) * factor, least, most)
        grad = jnp.where(turn < 0, 0, grad)
        return -jnp.sign(grad) * size, {"prev": grad, "step_size": size}

    return transformation(("prev", "step_size"), prepare, rule)


class Rprop(RuleOptimizer):
    """Step parameters by :func:`rprop`, in place.

    Args:
        params: parameters, named parameters, or dicts of groups.
        lr, etas, step_sizes, maximize: as for :func:`rprop`.
        differentiable: record the step on the tape; its parameters are then no leaves.
        capturable, foreach: accepted for torch's sake; every update is one fused executable.

    Raises:
        ArgumentError: a negative rate, or etas that are not on both sides of 1.

    Follows ``torch.optim.Rprop``.
    """

    factory = staticmethod(rprop)
    numbers = {"lr": "rate", "etas": "rate", "step_sizes": "rate"}
    options = ("maximize",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_numbers("Rprop", lr=lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            expected = f"0 < η₋ < 1 < η₊ as etas (Invalid eta values: {etas[0]}, {etas[1]})"
            raise ArgumentError(message("Rprop", expected, str(tuple(etas))))
        super().__init__(
            params,
            {
                "lr": lr,
                "etas": tuple(etas),
                "step_sizes": tuple(step_sizes),
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the last gradient and the step sizes."""
        return ("prev", "step_size")
