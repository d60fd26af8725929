"""Activation functions, elementwise but for ``glu``, ``prelu`` and ``softmin``."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op, registry
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.handle import Handle
from xlagrad.core.random import key_of, next_key
from xlagrad.layers.functional.arguments import require_float
from xlagrad.ops.methods import inplace as in_place
from xlagrad.ops.softmax import log_softmax, softmax


def activation(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Make a pure function an operation, called as torch's: with a last argument ``inplace``."""
    record = op(fn)
    write = in_place(record)
    count = len(record.signature.statics)

    @functools.wraps(fn)
    def run(input: Any, *args: Any, inplace: bool = False, **kwargs: Any) -> Any:
        if len(args) == count + 1:
            args, inplace = args[:count], args[count]
        if inplace and isinstance(input, Handle):
            return write(input, *args, **kwargs)
        return record(input, *args, **kwargs)

    return run


@op(method=True, inplace=True, name="relu")
def _relu(input: Array) -> Array:
    """max(x, 0), with slope 0 at 0."""
    return jnp.where(input <= 0, 0, input).astype(input.dtype)


_relu_ = in_place(_relu)


def relu(input: Any, inplace: bool = False) -> Any:
    """Return max(x, 0). The slope at 0 is 0. Follows ``torch.nn.functional.relu``.

    Example:
        >>> import jax.numpy as jnp
        >>> relu(jnp.array([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """
    return _relu_(input) if inplace and isinstance(input, Handle) else _relu(input)


def _between(x: Any, low: Any, high: Any) -> Any:
    # Slope 0 at both ends, and NaN stays NaN, as in torch.
    return jnp.where(x <= low, low, jnp.where(x >= high, high, x)).astype(x.dtype)


@activation
def relu6(input: Array) -> Array:
    """min(max(x, 0), 6). Follows ``torch.nn.functional.relu6``."""
    return _between(input, 0, 6)


@activation
def hardtanh(input: Array, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """x limited to [min_val, max_val]. Follows ``torch.nn.functional.hardtanh``.

    Raises:
        ArgumentError: ``min_val`` is larger than ``max_val``.
    """
    if min_val > max_val:
        raise ArgumentError(message("hardtanh", "min_val no larger than max_val", f"{min_val} and {max_val}"))
    return _between(input, min_val, max_val)


@activation
def leaky_relu(input: Array, negative_slope: float = 0.01) -> Array:
    """x where positive, else negative_slope · x. Follows ``torch.nn.functional.leaky_relu``."""
    return jnp.where(input > 0, input, input * negative_slope)


def _negative(x: Any) -> Any:
    # Exponentials of the branch that is not taken must not overflow into the gradient.
    return jnp.where(x > 0, 0, x)


@activation
def elu(input: Array, alpha: float = 1.0) -> Array:
    """x where positive, else alpha · (exp(x) − 1). Follows ``torch.nn.functional.elu``."""
    return jnp.where(input > 0, input, alpha * jnp.expm1(_negative(input)))


@activation
def selu(input: Array) -> Array:
    """scale · elu(x, alpha), with the constants under which activations keep mean 0 and variance 1.

    Klambauer et al., "Self-Normalizing Neural Networks", 2017. Follows ``torch.nn.functional.selu``.
    """
    alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
    return scale * jnp.where(input > 0, input, alpha * jnp.expm1(_negative(input)))


@activation
def celu(input: Array, alpha: float = 1.0) -> Array:
    """max(x, 0) + min(0, alpha · (exp(x / alpha) − 1)). Follows ``torch.nn.functional.celu``.

    Raises:
        ArgumentError: ``alpha`` is 0.
    """
    if alpha == 0:
        raise ArgumentError(message("celu", "alpha other than 0", "0 (ZeroDivisionError: alpha cannot be 0)"))
    return jnp.where(input > 0, input, alpha * jnp.expm1(_negative(input) / alpha))


@activation
def silu(input: Array) -> Array:
    """x · sigmoid(x). Follows ``torch.nn.functional.silu``."""
    return input * jax.nn.sigmoid(input)


@activation
def mish(input: Array) -> Array:
    """x · tanh(log(1 + exp(x))). Follows ``torch.nn.functional.mish``."""
    return input * jnp.tanh(jax.nn.softplus(input))


@activation
def hardsigmoid(input: Array) -> Array:
    """relu6(x + 3) / 6. Follows ``torch.nn.functional.hardsigmoid``."""
    return _between(input + 3, 0, 6) / 6


@activation
def hardswish(input: Array) -> Array:
    """x · relu6(x + 3) / 6. Follows ``torch.nn.functional.hardswish``."""
    middle = input * (input + 3) / 6
    return jnp.where(input <= -3, 0, jnp.where(input < 3, middle, input)).astype(input.dtype)


@activation
def threshold(input: Array, threshold: float, value: float) -> Array:
    """x where it exceeds ``threshold``, else ``value``. Follows ``torch.nn.functional.threshold``."""
    return jnp.where(input <= threshold, value, input).astype(input.dtype)


@op
def gelu(input: Array, approximate: str = "none") -> Array:
    """x · Φ(x), the Gaussian's distribution function, or its approximation by tanh.

    Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016. Follows ``torch.nn.functional.gelu``.

    Raises:
        ArgumentError: ``approximate`` is neither "none" nor "tanh".
    """
    if approximate not in ("none", "tanh"):
        raise ArgumentError(message("gelu", "approximate 'none' or 'tanh'", repr(approximate)))
    require_float("gelu", input)
    if approximate == "tanh":
        return jax.nn.gelu(input, approximate=True)
    # Half the time of jax.nn.gelu, which takes erfc; the accuracy is torch's.
    return 0.5 * input * (1 + lax.erf(input * math.sqrt(0.5)))


@op
def softplus(input: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """log(1 + exp(beta · x)) / beta, x itself where beta · x exceeds ``threshold``.

    Follows ``torch.nn.functional.softplus``.
    """
    scaled = input * beta
    small = jnp.where(scaled > threshold, 0, scaled)
    return jnp.where(scaled > threshold, input, jax.nn.softplus(small) / beta)


@op
def softsign(input: Array) -> Array:
    """x / (1 + |x|). Follows ``torch.nn.functional.softsign``."""
    return input / (1 + jnp.abs(input))


@op
def tanhshrink(input: Array) -> Array:
    """x − tanh(x). Follows ``torch.nn.functional.tanhshrink``."""
    return input - jnp.tanh(input)


@op
def softshrink(input: Array, lambd: float = 0.5) -> Array:
    """x moved towards 0 by lambd, and 0 within it. Follows ``torch.nn.functional.softshrink``.

    Raises:
        ArgumentError: ``lambd`` is negative.
    """
    if lambd < 0:
        raise ArgumentError(message("softshrink", "lambd of at least 0", str(lambd)))
    moved = jnp.where(input > lambd, input - lambd, jnp.where(input < -lambd, input + lambd, input * 0))
    return moved.astype(input.dtype)


@op
def hardshrink(input: Array, lambd: float = 0.5) -> Array:
    """x, and 0 within lambd of 0. Follows ``torch.nn.functional.hardshrink``."""
    return jnp.where((input >= -lambd) & (input <= lambd), 0, input).astype(input.dtype)


@op
def logsigmoid(input: Array) -> Array:
    """log(sigmoid(x)), without overflow. Follows ``torch.nn.functional.logsigmoid``."""
    return jax.nn.log_sigmoid(input)


@op
def glu(input: Array, dim: int = -1) -> Array:
    """The first half of a dimension, gated by the sigmoid of the second.

    Dauphin et al., "Language Modeling with Gated Convolutional Networks", 2016.

    Raises:
        ShapeError: the dimension's length is odd.
    """
    if input.ndim == 0 or input.shape[dim] % 2:
        raise ShapeError(message("glu", f"an even length of dimension {dim}", describe(input)))
    a, b = jnp.split(input, 2, axis=dim)
    return a * jax.nn.sigmoid(b)


@op(method=True)
def prelu(input: Array, weight: Array) -> Array:
    """x where positive, else weight · x, with one weight for all or one for each channel (dimension 1).

    Raises:
        ShapeError: there are neither one nor as many weights as channels.
    """
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.size not in (1, channels):
        raise ShapeError(message("prelu", f"1 or {channels} weights", describe(weight)))
    if weight.size > 1:
        weight = weight.reshape((-1,) + (1,) * (input.ndim - 2))
    elif weight.ndim:
        weight = weight.reshape(())
    return jnp.where(input > 0, input, weight * input)


def softmin(input: Any, dim: int | None = None, dtype: Any = None) -> Any:
    """Return softmax(−x). Follows ``torch.nn.functional.softmin``."""
    return softmax(-input, dim, dtype)


@op(name="_rrelu")
def _rrelu(input: Array, key: Array, lower: float, upper: float) -> Array:
    """Leaky, with a slope drawn for each element."""
    slope = jax.random.uniform(key_of(key), input.shape, input.dtype, lower, upper)
    return jnp.where(input > 0, input, input * jax.lax.stop_gradient(slope))


def rrelu(
    input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Any:
    """Return x where positive, else a · x, with a drawn from [lower, upper], their mean in evaluation.

    Raises:
        ArgumentError: ``lower`` is larger than ``upper``.
    """
    if lower > upper:
        raise ArgumentError(message("rrelu", "lower no larger than upper", f"{lower} and {upper}"))
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace=inplace)
    if inplace and isinstance(input, Handle):
        return in_place(registry["_rrelu"])(input, next_key(), lower=lower, upper=upper)
    return _rrelu(input, next_key(), lower=lower, upper=upper)


@op(name="_gumbel_softmax")
def _gumbel_softmax(logits: Array, key: Array, tau: float, hard: bool, dim: int) -> Array:
    """Softmax of logits with Gumbel noise; hard: one-hot forwards, soft backwards."""
    noise = jax.random.gumbel(key_of(key), logits.shape, logits.dtype)
    soft = jax.nn.softmax((logits + noise) / tau, axis=dim)
    if not hard:
        return soft
    best = jnp.argmax(soft, axis=dim)
    one = jax.nn.one_hot(best, logits.shape[dim], dtype=soft.dtype, axis=dim)
    return jax.lax.stop_gradient(one - soft) + soft


def gumbel_softmax(logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Any:
    """Return a sample of the Gumbel-softmax distribution; ``hard`` gives one-hot vectors with soft gradients.

    Jang et al., "Categorical Reparameterization with Gumbel-Softmax", 2016. ``eps`` is accepted and unused.

    Raises:
        ArgumentError: ``tau`` is not positive.
    """
    if tau <= 0:
        raise ArgumentError(message("gumbel_softmax", "a positive tau", str(tau), "raise tau"))
    return _gumbel_softmax(logits, next_key(), tau=tau, hard=hard, dim=dim)


def tanh(input: Any) -> Any:
    """Return the hyperbolic tangent."""
    return registry["tanh"](input)


def sigmoid(input: Any) -> Any:
    """Return 1 / (1 + exp(−x))."""
    return registry["sigmoid"](input)


__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "log_softmax",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
]
