"""AdamW: Adam whose weight decay does not pass through the running means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import optax

from xlagrad.core.tensor import Tensor
from xlagrad.train.optim.adam import Adam, adam
from xlagrad.train.optim.rule import Decay, Rate, Scalar


def adamw(
    lr: Rate = 1e-3,
    betas: tuple[Scalar | Decay, Scalar | Decay] = (0.9, 0.999),
    eps: Scalar = 1e-8,
    weight_decay: Scalar = 1e-2,
    amsgrad: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """θ ← (1 - γ λ) θ - γ m̂ / (√v̂ + ε): :func:`~xlagrad.train.optim.adam.adam` with decoupled decay.

    Args:
        lr, betas, eps, amsgrad, maximize: as for ``adam``.
        weight_decay: λ.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> tx = adamw(lr=0.5, weight_decay=0.5)
        >>> params = jnp.asarray([1.0])
        >>> updates, _ = tx.update(jnp.asarray([2.0]), tx.init(params), params)
        >>> optax.apply_updates(params, updates)
        Array([0.25], dtype=float32)

    Reference: Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019. Follows
    ``torch.optim.AdamW``.
    """
    return adam(lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True)


class AdamW(Adam):
    """Step parameters by :func:`adamw`, in place.

    Args:
        params: parameters, named parameters, or dicts of groups.
        lr, betas, eps, weight_decay, amsgrad, maximize: as for :func:`adamw`.
        differentiable: record the step on the tape; its parameters are then no leaves.
        foreach, capturable, fused: accepted for torch's sake.

    Follows ``torch.optim.AdamW``.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
