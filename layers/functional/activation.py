"""Smooth activation functions, elementwise but for `glu` and those that normalise along a dimension."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.random import key_of, next_key
from xlagrad.layers.functional.arguments import require_float
from xlagrad.layers.functional.rectifier import activation
from xlagrad.ops.common import dim_of
from xlagrad.ops.softmax import softmax


def _negative(x: Any) -> Any:
    # Exponentials of the branch that is not taken must not overflow into the gradient.
    return jnp.where(x > 0, 0, x)


@activation
def elu(input: Array, alpha: float = 1.0) -> Array:
    """x where positive, else alpha · (e^x - 1).

    Args:
        input: of any shape.
        alpha: minus the limit at -∞.

    Example:
        >>> elu(jnp.array([-jnp.inf, 2.0])).tolist()
        [-1.0, 2.0]

    Source: ``torch.nn.functional.elu``; Clevert et al., 2015.
    """
    return jnp.where(input > 0, input, alpha * jnp.expm1(_negative(input)))


@activation
def selu(input: Array) -> Array:
    """scale · `elu` (x, alpha), with the constants under which activations keep mean 0 and variance 1.

    Example:
        >>> selu(jnp.array([0.0, 1.0])).tolist()
        [0.0, 1.0507010221481323]

    Source: ``torch.nn.functional.selu``; Klambauer et al., 2017.
    """
    alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
    return scale * jnp.where(input > 0, input, alpha * jnp.expm1(_negative(input)))


@activation
def celu(input: Array, alpha: float = 1.0) -> Array:
    """max(x, 0) + min(0, alpha · (e^(x / alpha) - 1)).

    Args:
        input: of any shape.
        alpha: minus the limit at -∞.

    Raises:
        ArgumentError: ``alpha`` is 0.

    Example:
        >>> celu(jnp.array([-jnp.inf, 2.0]), 0.5).tolist()
        [-0.5, 2.0]

    Source: ``torch.nn.functional.celu``; Barron, 2017.
    """
    if alpha == 0:
        raise ArgumentError(message("celu", "alpha other than 0", "0 (ZeroDivisionError: alpha cannot be 0)"))
    return jnp.where(input > 0, input, alpha * jnp.expm1(_negative(input) / alpha))


@activation
def silu(input: Array) -> Array:
    """x · σ(x).

    Example:
        >>> silu(jnp.array([0.0, 100.0])).tolist()
        [0.0, 100.0]

    Source: ``torch.nn.functional.silu``; Elfwing et al., 2017.
    """
    return input * jax.nn.sigmoid(input)


@activation
def mish(input: Array) -> Array:
    """x · tanh(ln(1 + e^x)).

    Example:
        >>> mish(jnp.array([0.0, 100.0])).tolist()
        [0.0, 100.0]

    Source: ``torch.nn.functional.mish``; Misra, 2019.
    """
    return input * jnp.tanh(jax.nn.softplus(input))


@op
def gelu(input: Array, approximate: str = "none") -> Array:
    """x · Φ(x), where Φ is the distribution function of the standard normal distribution.

    Args:
        input: of any shape, of floating point.
        approximate: ``none``, or ``tanh`` for ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).

    Raises:
        ArgumentError: another ``approximate``.
        DtypeError: not of floating point.

    Example:
        >>> gelu(jnp.array([0.0, 100.0])).tolist()
        [0.0, 100.0]

    Source: ``torch.nn.functional.gelu``; Hendrycks and Gimpel, 2016.
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
    """ln(1 + e^(beta · x)) / beta, x itself where beta · x exceeds ``threshold``.

    Args:
        input: of any shape.
        beta: sharpness of the bend.
        threshold: where the function goes over into x.

    Example:
        >>> softplus(jnp.array([0.0, 30.0])).tolist()
        [0.6931471824645996, 30.0]

    Source: ``torch.nn.functional.softplus``.
    """
    scaled = input * beta
    small = jnp.where(scaled > threshold, 0, scaled)
    return jnp.where(scaled > threshold, input, jax.nn.softplus(small) / beta)


@op
def softsign(input: Array) -> Array:
    """x / (1 + |x|).

    Example:
        >>> softsign(jnp.array([-1.0, 3.0])).tolist()
        [-0.5, 0.75]

    Source: ``torch.nn.functional.softsign``.
    """
    return input / (1 + jnp.abs(input))


@op
def tanhshrink(input: Array) -> Array:
    """x - tanh(x).

    Example:
        >>> tanhshrink(jnp.array([0.0, 30.0])).tolist()
        [0.0, 29.0]

    Source: ``torch.nn.functional.tanhshrink``.
    """
    return input - jnp.tanh(input)


@op
def logsigmoid(input: Array) -> Array:
    """ln σ(x), without overflow.

    Example:
        >>> logsigmoid(jnp.array([-1000.0])).tolist()
        [-1000.0]

    Source: ``torch.nn.functional.logsigmoid``.
    """
    return jax.nn.log_sigmoid(input)


@op
def glu(input: Array, dim: int = -1) -> Array:
    """The first half of a dimension, times σ of the second.

    Args:
        input: of at least one dimension.
        dim: the dimension, of even length.

    Raises:
        ShapeError: its length is odd.
        IndexingError: it is out of range.

    Example:
        >>> glu(jnp.array([3.0, 0.0])).tolist()
        [1.5]

    Source: ``torch.nn.functional.glu``; Dauphin et al., 2016.
    """
    axis = dim_of("glu", dim, input.ndim)
    if input.ndim == 0 or input.shape[axis] % 2:
        fix = "split another dimension, or pad this one"
        raise ShapeError(message("glu", f"an even length of dimension {dim}", describe(input), fix))
    a, b = jnp.split(input, 2, axis=axis)
    return a * jax.nn.sigmoid(b)


def softmin(input: Any, dim: int | None = None, dtype: Any = None) -> Any:
    """Return the softmax of -x.

    Args:
        input: of floating point.
        dim: the dimension along which the result sums to one.
        dtype: type to convert to first.

    Example:
        >>> softmin(jnp.zeros(2), 0).tolist()
        [0.5, 0.5]

    Source: ``torch.nn.functional.softmin``.
    """
    return softmax(-input, dim, dtype)


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
    """Return a sample of the Gumbel-softmax distribution: softmax((logits + noise) / tau).

    Args:
        logits: logarithms of probabilities, which need not sum to one.
        tau: temperature; the lower, the nearer to one-hot.
        hard: return one-hot vectors, with the gradients of the soft ones.
        eps: not used.
        dim: the dimension of the classes.

    Raises:
        ArgumentError: ``tau`` is not positive.

    Source: ``torch.nn.functional.gumbel_softmax``; Jang et al., 2016.
    """
    if tau <= 0:
        raise ArgumentError(message("gumbel_softmax", "a positive tau", str(tau), "raise tau"))
    return _gumbel_softmax(logits, next_key(), tau=tau, hard=hard, dim=dim)
