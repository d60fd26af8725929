"""Muon: momentum whose steps are made orthogonal, for matrices."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError, describe, message
from xlagrad.core.tensor import Tensor
from xlagrad.train.optim.group import ParamGroup
from xlagrad.train.optim.rule import (
    Decay,
    Rate,
    Scalar,
    Slots,
    Start,
    decay,
    rate_at,
    transformation,
    zeros_like,
)
from xlagrad.train.optim.stepping import RuleOptimizer, check_numbers

COEFFICIENTS = (3.4445, -4.775, 2.0315)


def muon(
    lr: Rate = 1e-3,
    weight_decay: Scalar = 0.1,
    momentum: Scalar | Decay = 0.95,
    nesterov: bool = True,
    ns_coefficients: tuple[float, float, float] = COEFFICIENTS,
    eps: float = 1e-7,
    ns_steps: int = 5,
    adjust_lr_fn: str | None = None,
) -> optax.GradientTransformation:
    """θ ← (1 - γ λ) θ - γ' orth(b), with b a running mean of g (Nesterov: g moved towards it), for matrices.

    orth(U S Vᵀ) is about U Vᵀ, by Newton and Schulz's iteration in bfloat16.

    Args:
        lr: γ, a number or an optax schedule.
        weight_decay: λ, decoupled.
        momentum: decay rate of b.
        nesterov: look ahead by one step of momentum.
        ns_coefficients: of the iteration's quintic polynomial.
        eps: the least norm to divide by.
        ns_steps: how many iterations.
        adjust_lr_fn: None or ``"original"``: γ' = γ √max(1, rows / columns); ``"match_rms_adamw"``:
            γ' = 0.2 γ √max(rows, columns).

    Returns:
        An optax transformation; its state holds ``momentum_buffer`` (b).

    Example:
        >>> import jax.numpy as jnp
        >>> tx = muon(lr=0.5)
        >>> params = jnp.zeros((2, 2))
        >>> updates, _ = tx.update(jnp.eye(2), tx.init(params), params)
        >>> updates.shape
        (2, 2)

    Reference: Jordan et al., Muon: An optimizer for hidden layers, 2024. Follows ``torch.optim.Muon``.
    """
    running = decay(momentum)

    def prepare(step: jax.Array) -> Sequence[Scalar]:
        gamma = rate_at(lr, step)
        return gamma, gamma * weight_decay, running.complement

    def rule(grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array) -> tuple[jax.Array, Slots]:
        gamma, shrink, one_minus = scalars
        buffer = slots["momentum_buffer"] + one_minus * (grad - slots["momentum_buffer"])
        # As far towards the buffer as the momentum says: by the complement from the buffer's side.
        update = buffer - one_minus * (buffer - grad) if nesterov else buffer
        update = orthogonal(update, ns_coefficients, ns_steps, eps).astype(param.dtype)
        rows, columns = param.shape
        ratio = math.sqrt(max(1, rows / columns))
        if adjust_lr_fn == "match_rms_adamw":
            ratio = 0.2 * math.sqrt(max(rows, columns))
        return -shrink * param - (gamma * ratio) * update, {"momentum_buffer": buffer}

    return transformation(("momentum_buffer",), prepare, rule, _start)


def orthogonal(
    x: jax.Array, coefficients: tuple[float, float, float] = COEFFICIENTS, steps: int = 5, eps: float = 1e-7
) -> jax.Array:
    """Return about U Vᵀ of x = U S Vᵀ, in bfloat16.

    Singular values come near 1 by x ← a x + (b A + c A²) x with A = x xᵀ.
    """
    a, b, c = coefficients
    tall = x.shape[0] > x.shape[1]
    x = _rounded(x.T if tall else x)
    norm = _rounded(jnp.linalg.norm(x.astype(jnp.float32)))
    x = _rounded(x.astype(jnp.float32) / jnp.maximum(norm, jnp.asarray(eps, norm.dtype)).astype(jnp.float32))
    for _ in range(steps):
        gram = _rounded(_product(x, x.T))
        x = _sum_of_product(a, x, 1, _sum_of_product(b, gram, c, gram, gram), x)
    return x.T if tall else x


def _rounded(x: jax.Array) -> jax.Array:
    # XLA leaves conversions to and from bfloat16 out where it fuses; this it does not.
    return jax.lax.reduce_precision(x, 8, 7).astype(jnp.bfloat16)


def _product(y: jax.Array, z: jax.Array) -> jax.Array:
    return jnp.matmul(y, z, preferred_element_type=jnp.float32)


def _sum_of_product(beta: float, x: jax.Array, alpha: float, y: jax.Array, z: jax.Array) -> jax.Array:
    """Return ``beta x + alpha y z``, rounded once."""
    return _rounded(beta * x.astype(jnp.float32) + alpha * _product(y, z))


def _start(name: str, param: Any) -> Start:
    if jnp.issubdtype(param.dtype, jnp.complexfloating):
        got = f"{describe(param)} (Muon does not support complex parameters)"
        raise DtypeError(message("Muon", "real parameters", got, "use Adam for them"))
    return zeros_like(name, param)


class Muon(RuleOptimizer):
    """Step matrices by :func:`muon`, in place.

    Args:
        params: parameters of two dimensions, named parameters, or dicts of groups.
        lr, weight_decay, momentum, nesterov, ns_coefficients, eps, ns_steps, adjust_lr_fn: as for
            :func:`muon`.

    Raises:
        ArgumentError: a negative number, 100 iterations or more, or an unknown ``adjust_lr_fn``.
        ShapeError: a parameter that is no matrix.

    Follows ``torch.optim.Muon``.
    """

    factory = staticmethod(muon)
    numbers = {"lr": "rate", "weight_decay": "rate", "momentum": "decay"}
    options = ("nesterov", "ns_coefficients", "eps", "ns_steps", "adjust_lr_fn")
    counter = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = COEFFICIENTS,
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_numbers("Muon", lr=lr, momentum=momentum, weight_decay=weight_decay)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            expected = "adjust_lr_fn None, 'original' or 'match_rms_adamw'"
            got = f"{adjust_lr_fn!r} (Adjust learning rate function {adjust_lr_fn} is not supported)"
            raise ArgumentError(message("Muon", expected, got))
        if ns_steps >= 100 or len(ns_coefficients) != 3:
            expected = "fewer than 100 ns_steps and 3 ns_coefficients"
            raise ArgumentError(message("Muon", expected, f"{ns_steps} and {len(ns_coefficients)}"))
        super().__init__(
            params,
            {
                "lr": lr,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "nesterov": nesterov,
                "ns_coefficients": tuple(ns_coefficients),
                "eps": eps,
                "ns_steps": ns_steps,
                "adjust_lr_fn": adjust_lr_fn,
            },
        )
        for p in (p for group in self.param_groups for p in group["params"]):
            if p.ndim != 2:
                fix = "give the others to AdamW (Muon only supports 2D parameters)"
                raise ShapeError(message("Muon", "parameters of two dimensions", describe(p), fix))

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the running mean."""
        return ("momentum_buffer",)

    def counted(self, group: ParamGroup) -> bool:
        """Return False: every step is like the first."""
        return False

    def start(self, name: str, param: Any) -> Start:
        """Return zeros; complex parameters are refused."""
        return _start(name, param)
