"""Normalization by channel, with running statistics: over the batch, and over each image."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.handle import Handle, read
from xlagrad.layers.functional.normalization import check_channels, per_channel, scaled, standardized, wide


def _moved(old: jax.Array | None, new: jax.Array, momentum: Any) -> jax.Array:
    """Return the running average after a new value; without one, the value."""
    new = lax.stop_gradient(new)
    return new if old is None else ((1 - momentum) * old + momentum * new).astype(old.dtype)


def _by_running(
    who: str, input: Array, mean: Array | None, var: Array | None, weight: Array | None, bias: Array | None,
    eps: float,
) -> tuple[Array, Array, Array]:  # fmt: skip
    if mean is None or var is None:
        fix = "pass them, or normalise by the input's own statistics"
        raise ArgumentError(message(who, "running_mean and running_var when not training", "None", fix))
    shape, x = per_channel(input.ndim), wide(input)
    y = (x - mean.reshape(shape)) * lax.rsqrt(var.reshape(shape).astype(x.dtype) + eps)
    return scaled(y, weight, bias, shape, input.dtype), mean, var


def _of_nothing(
    input: Array, mean: Array | None, var: Array | None, weight: Array | None, bias: Array | None
) -> tuple[Array, Array, Array]:
    """Return an input without elements, and the statistics as they are; it stays differentiable in all."""
    none = jnp.zeros(0, input.dtype)
    parts = [jnp.sum(p) for p in (weight, bias) if p is not None]
    out = input + sum(parts[1:], parts[0]) if parts else input
    return out.astype(input.dtype), none if mean is None else mean, none if var is None else var


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
    """(x - E[x]) / √(Var[x] + eps) · weight + bias by channel, and the new running statistics.

    Args:
        input: (N, C, …), of floating point.
        running_mean: (C,), or None.
        running_var: (C,), or None.
        weight: factors, (C,).
        bias: offsets, (C,).
        momentum: weight of this batch in the running statistics.
        training: take the statistics of the batch, not the running ones.
        eps: keeps the root away from zero.

    Returns:
        The result; (1 - momentum) · running_mean + momentum · mean; the same of the unbiased variance. Not
        in training, the running statistics as they are. Where they are None, those of the batch.

    Raises:
        ShapeError: operands that do not fit, or a single value for each channel in training.
        ArgumentError: no running statistics outside of training.
        DtypeError: not of floating point.

    Example:
        >>> y, mean, var = batch_norm_stats(jnp.array([[1.0], [3.0]]), None, None, None, None, 0.1, True, 0.0)
        >>> y.ravel().tolist(), mean.tolist(), var.tolist()
        ([-1.0, 1.0], [2.0], [2.0])

    Source: ``torch.nn.functional.batch_norm``, as a pure function; Ioffe and Szegedy, "Batch
    Normalization", 2015.
    """
    who = "batch_norm"
    if input.size == 0:
        return _of_nothing(input, running_mean, running_var, weight, bias)
    check_channels(who, input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not training:
        return _by_running(who, input, running_mean, running_var, weight, bias, eps)
    axes = (0, *range(2, input.ndim))
    count = math.prod(input.shape[i] for i in axes)
    if count == 1:
        fix = "use a larger batch, or eval()"
        raise ShapeError(message(who, "more than 1 value per channel when training", describe(input), fix))
    x = wide(input)
    mean = jnp.mean(x, axes)
    unbiased = jnp.sum(jnp.square(x - mean.reshape(per_channel(x.ndim))), axes) / (count - 1)
    out = scaled(standardized(x, axes, eps), weight, bias, per_channel(x.ndim), input.dtype)
    return out, _moved(running_mean, mean, momentum), _moved(running_var, unbiased, momentum)


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
    """(x - E[x]) / √(Var[x] + eps) · weight + bias by image and channel, and the new running statistics.

    Args:
        input: (N, C, …) of at least 3 dimensions, of floating point.
        running_mean: (C,), or None.
        running_var: (C,), or None.
        weight: factors, (C,).
        bias: offsets, (C,).
        momentum: weight of this batch in the running statistics.
        use_input_stats: take the statistics of each image, not the running ones.
        eps: keeps the root away from zero.

    Returns:
        As `batch_norm_stats`, the statistics averaged over the images.

    Raises:
        ShapeError: operands that do not fit, or a single value for each channel of an image.
        ArgumentError: no running statistics where they are to be used.
        DtypeError: not of floating point.

    Example:
        >>> instance_norm_stats(jnp.array([[[1.0, 3.0]]]), None, None, None, None, 0.1, eps=0.0)[0].tolist()
        [[[-1.0, 1.0]]]

    Source: ``torch.nn.functional.instance_norm``, as a pure function; Ulyanov et al., 2016.
    """
    who = "instance_norm"
    check_channels(who, input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not use_input_stats:
        return _by_running(who, input, running_mean, running_var, weight, bias, eps)
    axes = tuple(range(2, input.ndim))
    count = math.prod(input.shape[2:])
    if input.ndim < 3 or count == 1:
        fix = "give it images of more than one element"
        raise ShapeError(message(who, "more than 1 spatial element when training", describe(input), fix))
    x = wide(input)
    mean = jnp.mean(x, axes, keepdims=True)
    unbiased = (jnp.sum(jnp.square(x - mean), axes) / (count - 1)).mean(0)
    out = scaled(standardized(x, axes, eps), weight, bias, per_channel(x.ndim), input.dtype)
    mean = mean.reshape(mean.shape[:2]).mean(0)
    return out, _moved(running_mean, mean, momentum), _moved(running_var, unbiased, momentum)


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

    Args:
        input: (N, C, …), of floating point.
        running_mean: (C,), or None.
        running_var: (C,), or None.
        weight: factors, (C,).
        bias: offsets, (C,).
        training: take the statistics of the batch, not the running ones.
        momentum: weight of this batch in the running statistics.
        eps: keeps the root away from zero.

    Raises:
        ShapeError: operands that do not fit, or a single value for each channel in training.
        ArgumentError: no running statistics outside of training.

    Source: ``torch.nn.functional.batch_norm``. The pure function is `batch_norm_stats`.
    """
    out, mean, var = batch_norm_stats(
        input, running_mean, running_var, weight, bias, momentum, training=training, eps=eps
    )
    if training:
        _keep("batch_norm", running_mean, mean)
        _keep("batch_norm", running_var, var)
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
    """Return ``input`` normalised by image and channel; running statistics are written where given.

    Arguments and errors as those of `batch_norm`; ``use_input_stats`` stands for ``training``.

    Source: ``torch.nn.functional.instance_norm``. The pure function is `instance_norm_stats`.
    """
    out, mean, var = instance_norm_stats(
        input, running_mean, running_var, weight, bias, momentum, use_input_stats=use_input_stats, eps=eps
    )
    if use_input_stats:
        _keep("instance_norm", running_mean, mean)
        _keep("instance_norm", running_var, var)
    return out


def _keep(who: str, running: Any, new: Any) -> None:
    if isinstance(running, Handle):
        running._write(read(new))  # type: ignore[attr-defined]
    elif running is not None:
        fix = "pass tensors, or use the pure function, which returns the new ones"
        raise ArgumentError(message(who, "running statistics that can be written", describe(running), fix))
