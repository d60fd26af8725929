"""Normalization by statistics of a batch, a layer, a group of channels or a single image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.handle import Handle


def _per_channel(v: jax.Array, ndim: int) -> jax.Array:
    return v.reshape((1, -1) + (1,) * (ndim - 2))


def _scaled(
    input: jax.Array,
    mean: jax.Array,
    var: jax.Array,
    weight: jax.Array | None,
    bias: jax.Array | None,
    eps: float,
) -> jax.Array:
    """Return (x − mean) / √(var + ε) · weight + bias, statistics and parameters by channel."""
    ndim = input.ndim
    factor = lax.rsqrt(var + eps)
    if weight is not None:
        factor = factor * weight
    shift = -mean * factor if bias is None else bias - mean * factor
    return input * _per_channel(factor, ndim) + _per_channel(shift, ndim)


def _running(old: jax.Array, new: jax.Array, momentum: Any) -> jax.Array:
    return (old + momentum * (lax.stop_gradient(new) - old)).astype(old.dtype)


@op
def batch_norm_stats(
    input: Array,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None,
    bias: Array | None,
    momentum: ArrayLike,
    training: bool = False,
    eps: float = 1e-5,
) -> tuple[Array, Array, Array]:
    """(x − μ) / √(σ² + ε) · weight + bias by channel (dimension 1), and the new running statistics.

    In training μ and σ² are those of the batch (biased), and the running ones move towards them (σ²
    unbiased) by ``momentum``; otherwise the running ones serve. Without running statistics the second and
    third result are the batch's own.

    Raises:
        ShapeError: fewer than two dimensions, or one value for each channel in training.
    """
    if input.ndim < 2:
        raise ShapeError(message("batch_norm", "an input (N, C, …)", describe(input)))
    if not training:
        assert running_mean is not None and running_var is not None
        return _scaled(input, running_mean, running_var, weight, bias, eps), running_mean, running_var
    axes = (0, *range(2, input.ndim))
    count = math.prod(input.shape[i] for i in axes)
    if count == 1:
        raise ShapeError(
            message(
                "batch_norm", "more than 1 value per channel when training", describe(input), "use eval()"
            )
        )
    mean = jnp.mean(input, axis=axes)
    centered = input - _per_channel(mean, input.ndim)
    var = jnp.mean(jnp.square(centered), axis=axes)
    factor = lax.rsqrt(var + eps)
    if weight is not None:
        factor = factor * weight
    out = centered * _per_channel(factor, input.ndim)
    if bias is not None:
        out = out + _per_channel(bias, input.ndim)
    unbiased = var * (count / (count - 1))
    new_mean = mean if running_mean is None else _running(running_mean, mean, momentum)
    new_var = unbiased if running_var is None else _running(running_var, unbiased, momentum)
    return out, lax.stop_gradient(new_mean), lax.stop_gradient(new_var)


def _check_normalized(
    who: str, input: jax.Array, shape: tuple[int, ...], *params: jax.Array | None
) -> tuple[int, ...]:
    if not shape or tuple(input.shape[-len(shape) :]) != tuple(shape):
        raise ShapeError(message(who, f"an input whose last dimensions are {tuple(shape)}", describe(input)))
    for p in params:
        if p is not None and tuple(p.shape) != tuple(shape):
            raise ShapeError(message(who, f"weight and bias of shape {tuple(shape)}", describe(p)))
    return tuple(range(input.ndim - len(shape), input.ndim))


@op(name="_layer_norm")
def _layer_norm(
    input: Array,
    weight: Array | None,
    bias: Array | None,
    normalized_shape: Any,
    eps: float = 1e-5,
) -> Array:
    """Layer normalization."""
    axes = _check_normalized("layer_norm", input, normalized_shape, weight, bias)
    x = input.astype(jnp.promote_types(input.dtype, jnp.float32))
    mean = jnp.mean(x, axis=axes, keepdims=True)
    centered = x - mean
    var = jnp.mean(jnp.square(centered), axis=axes, keepdims=True)
    out = (centered * lax.rsqrt(var + eps)).astype(input.dtype)
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias


@op(name="_rms_norm")
def _rms_norm(input: Array, weight: Array | None, normalized_shape: Any, eps: float | None = None) -> Array:
    """x / √(mean(x²) + ε) · weight, the mean over the last dimensions; ε is the type's own by default."""
    axes = _check_normalized("rms_norm", input, normalized_shape, weight)
    wide = jnp.promote_types(input.dtype, jnp.float32)
    x = input.astype(wide)
    small = float(jnp.finfo(wide).eps) if eps is None else eps
    out = (x * lax.rsqrt(jnp.mean(jnp.square(x), axis=axes, keepdims=True) + small)).astype(input.dtype)
    return out if weight is None else out * weight


@op(name="_group_norm")
def _group_norm(
    input: Array, weight: Array | None, bias: Array | None, num_groups: int, eps: float = 1e-5
) -> Array:
    """(x − μ) / √(σ² + ε) · weight + bias, statistics by sample over each group of channels.

    Raises:
        ArgumentError: the groups do not divide the channels.
    """
    if input.ndim < 2:
        raise ShapeError(message("group_norm", "an input (N, C, …)", describe(input)))
    n, channels = input.shape[:2]
    if num_groups < 1 or channels % num_groups:
        raise ArgumentError(
            message("group_norm", f"num_groups that divides {channels} channels", str(num_groups))
        )
    x = input.reshape(n, num_groups, -1)
    mean = jnp.mean(x, axis=2, keepdims=True)
    centered = x - mean
    var = jnp.mean(jnp.square(centered), axis=2, keepdims=True)
    out = (centered * lax.rsqrt(var + eps)).reshape(input.shape)
    if weight is not None:
        out = out * _per_channel(weight, input.ndim)
    return out if bias is None else out + _per_channel(bias, input.ndim)


@op
def instance_norm_stats(
    input: Array,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None,
    bias: Array | None,
    momentum: ArrayLike,
    use_input_stats: bool = True,
    eps: float = 1e-5,
) -> tuple[Array, Array, Array]:
    """(x − μ) / √(σ² + ε) · weight + bias by sample and channel, and the new running statistics."""
    if input.ndim < 3:
        raise ShapeError(
            message("instance_norm", "an input (N, C, …) with spatial dimensions", describe(input))
        )
    channels = input.shape[1]
    if not use_input_stats:
        assert running_mean is not None and running_var is not None
        return _scaled(input, running_mean, running_var, weight, bias, eps), running_mean, running_var
    axes = tuple(range(2, input.ndim))
    count = math.prod(input.shape[2:])
    if count == 1:
        raise ShapeError(
            message("instance_norm", "more than 1 spatial element when training", describe(input))
        )
    mean = jnp.mean(input, axis=axes, keepdims=True)
    centered = input - mean
    var = jnp.mean(jnp.square(centered), axis=axes, keepdims=True)
    out = centered * lax.rsqrt(var + eps)
    if weight is not None:
        out = out * _per_channel(weight, input.ndim)
    if bias is not None:
        out = out + _per_channel(bias, input.ndim)
    mean_c = mean.reshape(-1, channels).mean(0)
    var_c = var.reshape(-1, channels).mean(0) * (count / (count - 1))
    new_mean = mean_c if running_mean is None else _running(running_mean, mean_c, momentum)
    new_var = var_c if running_var is None else _running(running_var, var_c, momentum)
    return out, lax.stop_gradient(new_mean), lax.stop_gradient(new_var)


@op
def local_response_norm(
    input: Array, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Array:
    """x / (k + α · mean of x² over ``size`` neighbouring channels)^β. Krizhevsky et al., 2012."""
    if input.ndim < 3:
        raise ShapeError(message("local_response_norm", "at least 3 dimensions", describe(input)))
    square = jnp.square(input)
    window = (1, size) + (1,) * (input.ndim - 2)
    pad = ((0, 0), (size // 2, (size - 1) // 2)) + ((0, 0),) * (input.ndim - 2)
    total = lax.reduce_window(square, 0.0, lax.add, window, (1,) * input.ndim, pad)
    return input / (k + alpha * total / size) ** beta


@op
def normalize(input: Array, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Array:
    """x / max(‖x‖_p, ε) along a dimension. Follows ``torch.nn.functional.normalize``."""
    if p == 2:
        square = jnp.sum(jnp.square(input), axis=dim, keepdims=True)
        positive = square > 0
        size = jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1)), 0)
    elif p == math.inf:
        size = jnp.max(jnp.abs(input), axis=dim, keepdims=True)
    else:
        size = jnp.sum(jnp.abs(input) ** p, axis=dim, keepdims=True) ** (1 / p)
    return input / jnp.maximum(size, eps)


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Return ``input`` normalised by channel; in training the running statistics are written.

    See :func:`batch_norm_stats`, the pure function. Follows ``torch.nn.functional.batch_norm``.

    Raises:
        ArgumentError: no running statistics in evaluation.
    """
    if not training and (running_mean is None or running_var is None):
        got = "None"
        raise ArgumentError(message("batch_norm", "running_mean and running_var when not training", got))
    out, mean, var = batch_norm_stats(
        input, running_mean, running_var, weight, bias, momentum, training=training, eps=eps
    )
    if training:
        _keep(running_mean, mean)
        _keep(running_var, var)
    return out


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Return ``input`` normalised by sample and channel; running statistics are written where given.

    See :func:`instance_norm_stats`. Follows ``torch.nn.functional.instance_norm``.
    """
    out, mean, var = instance_norm_stats(
        input, running_mean, running_var, weight, bias, momentum, use_input_stats=use_input_stats, eps=eps
    )
    if use_input_stats:
        _keep(running_mean, mean)
        _keep(running_var, var)
    return out


def _keep(running: Any, new: Any) -> None:
    if isinstance(running, Handle):
        running._write(new.data_array)  # type: ignore[attr-defined]


def layer_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Return (x − μ) / √(σ² + ε) · weight + bias, with statistics over the last dimensions.

    Args:
        input: (…, *normalized_shape).
        normalized_shape: the last dimensions.
        weight: factors of that shape.
        bias: offsets of that shape.
        eps: added to the variance.

    Raises:
        ShapeError: the shapes do not fit.

    Ba et al., "Layer Normalization", 2016. Follows ``torch.nn.functional.layer_norm``.
    """
    return _layer_norm(input, weight, bias, normalized_shape=tuple(normalized_shape), eps=eps)


def rms_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any = None, eps: float | None = None
) -> Any:
    """Return x / √(mean(x²) + ε) · weight, the mean over the last dimensions.

    Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019. Follows ``torch.nn.functional.rms_norm``.
    """
    return _rms_norm(input, weight, normalized_shape=tuple(normalized_shape), eps=eps)


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Return (x − μ) / √(σ² + ε) · weight + bias, with statistics by sample over each group of channels.

    Wu and He, "Group Normalization", 2018. Follows ``torch.nn.functional.group_norm``.
    """
    return _group_norm(input, weight, bias, num_groups=num_groups, eps=eps)
