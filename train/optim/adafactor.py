"""Adafactor: second moments of a matrix from those of its rows and columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from xlagrad.core.errors import ArgumentError, DtypeError, describe, message
from xlagrad.core.tensor import Tensor
from xlagrad.train.optim.group import ParamGroup
from xlagrad.train.optim.rule import Rate, Scalar, Slots, Start, rate_at, transformation, zeros_like
from xlagrad.train.optim.stepping import RuleOptimizer, check_numbers


def adafactor(
    lr: Rate = 1e-2,
    beta2_decay: Scalar = -0.8,
    eps: tuple[float | None, float] = (None, 1e-3),
    d: Scalar = 1.0,
    weight_decay: Scalar = 0.0,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """θ ← (1 - γ λ) θ - α u / max(1, rms(u) / d), with u = g / √v and α = max(ε₂, rms(θ)) min(γ, 1 / √t).

    v is a running mean of g² that forgets at the rate t^``beta2_decay``. Of a matrix only the means of its
    rows r and of its columns c are kept, and v = r c / mean(r).

    Args:
        lr: γ, a number or an optax schedule.
        beta2_decay: a power of at most 0.
        eps: ε₁, below which √v does not go (None: the machine epsilon of the arithmetic, which is in float32
            for half precision), and ε₂.
        d: the largest root mean square of u.
        weight_decay: λ, decoupled.
        maximize: follow the gradient instead of its negative.

    Returns:
        An optax transformation; its state holds ``row_var`` and ``col_var`` of parameters with at least two
        dimensions, and ``variance`` of the others.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> tx = adafactor(lr=0.5)
        >>> params = jnp.asarray([1.0])
        >>> updates, _ = tx.update(jnp.asarray([2.0]), tx.init(params), params)
        >>> optax.apply_updates(params, updates)
        Array([0.5], dtype=float32)

    Reference: Shazeer and Stern, Adafactor, 2018. Follows ``torch.optim.Adafactor``.
    """
    least, smallest = eps

    def prepare(step: jax.Array) -> Sequence[Scalar]:
        gamma = rate_at(lr, step)
        return step**beta2_decay, jnp.minimum(gamma, 1 / jnp.sqrt(step)), gamma * weight_decay, d

    def rule(grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array) -> tuple[jax.Array, Slots]:
        new_share, rate, shrink, limit = scalars
        grad = -grad if maximize else grad
        floor = float(jnp.finfo(param.dtype).eps) if least is None else least
        size = jnp.maximum(smallest, _rms(param)) * rate
        new = {k: v + new_share * (_moment(k, grad) - v) for k, v in slots.items()}
        if "variance" in new:
            spread = new["variance"]
        else:
            row, column = new["row_var"], new["col_var"]
            spread = row @ column / jnp.maximum(row.mean(-2, keepdims=True), floor)
        update = jax.lax.rsqrt(jnp.maximum(spread, floor * floor)) * grad
        return -shrink * param - size / jnp.maximum(1, _rms(update) / limit) * update, new

    return transformation(("row_var", "col_var", "variance"), prepare, rule, _start)


def _rms(x: jax.Array) -> jax.Array:
    return jnp.linalg.norm(x.ravel()) / math.sqrt(max(x.size, 1))


def _moment(name: str, grad: jax.Array) -> jax.Array:
    square = grad * grad
    return square if name == "variance" else square.mean(-1 if name == "row_var" else -2, keepdims=True)


def _start(name: str, param: Any) -> Start | None:
    if jnp.issubdtype(param.dtype, jnp.complexfloating):
        got = f"{describe(param)} (Adafactor does not support complex parameters)"
        raise DtypeError(message("Adafactor", "real parameters", got, "use Adam"))
    shape = tuple(param.shape)
    if (len(shape) > 1) != (name != "variance"):
        return None
    if name == "row_var":
        return Start((*shape[:-1], 1), param.dtype)
    return Start((*shape[:-2], 1, shape[-1]), param.dtype) if name == "col_var" else zeros_like(name, param)


class Adafactor(RuleOptimizer):
    """Step parameters by :func:`adafactor`, in place.

    Args:
        params: parameters, named parameters, or dicts of groups.
        lr, beta2_decay, eps, d, weight_decay, maximize: as for :func:`adafactor`.
        foreach: accepted for torch's sake; every update is one fused executable.

    Raises:
        ArgumentError: a number out of its range.
        DtypeError: in a step, complex parameters.

    Follows ``torch.optim.Adafactor``.
    """

    factory = staticmethod(adafactor)
    numbers = {"lr": "rate", "beta2_decay": "rate", "d": "rate", "weight_decay": "rate"}
    options = ("eps", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_numbers("Adafactor", lr=lr, weight_decay=weight_decay, epsilon2=eps[1])
        if eps[0] is not None:
            check_numbers("Adafactor", epsilon1=eps[0])
        if not beta2_decay <= 0:
            expected = f"beta2_decay of at most 0 (beta2_decay should be <= 0 but is: {beta2_decay})"
            raise ArgumentError(message("Adafactor", expected, str(beta2_decay)))
        if not d >= 1:
            expected = f"d of at least 1 (Clipping threshold d should be >= 1 but is: {d})"
            raise ArgumentError(message("Adafactor", expected, str(d)))
        super().__init__(
            params,
            {
                "lr": lr,
                "beta2_decay": beta2_decay,
                "eps": tuple(eps),
                "d": d,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
            },
        )

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the names of the second moments; each parameter has two of them or one."""
        return ("row_var", "col_var", "variance")

    def start(self, name: str, param: Any) -> Start | None:
        """Return zeros: for rows and columns of a matrix, for every element otherwise."""
        return _start(name, param)
