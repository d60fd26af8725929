"""Normalizations and dropout that also return what gradients need; convolution in its general form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.handle import Handle
from xlagrad.core.random import key_of, next_key
from xlagrad.layers.functional import arrange, batch_normalization, conv, normalization
from xlagrad.layers.functional.arguments import probability
from xlagrad.layers.functional.normalization import wide
from xlagrad.ops import view


@op(name="_moments_of")
def _moments_of(input: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Array]:
    """The mean over some axes (kept) and 1 / √(variance + eps)."""
    x = wide(input)
    mean = jnp.mean(x, axes, keepdims=True)
    return mean, lax.rsqrt(jnp.mean(jnp.square(x - mean), axes, keepdims=True) + eps)


def _detached(x: Any) -> Any:
    return view.detach(x) if isinstance(x, Handle) else lax.stop_gradient(x)


def native_layer_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any, bias: Any, eps: float
) -> tuple[Any, Any, Any]:
    """Return `layer_norm`, the mean of each row and 1 / √(variance + eps).

    Example:
        >>> native_layer_norm(jnp.array([1.0, 3.0]), (2,), None, None, 0.0)[1].tolist()
        [2.0]

    Source: ``torch.native_layer_norm``.
    """
    out = normalization.layer_norm(input, normalized_shape, weight, bias, eps)
    count = 1 if isinstance(normalized_shape, int) else len(normalized_shape)
    axes = tuple(range(input.ndim - count, input.ndim))
    mean, rstd = _moments_of(_detached(input), axes=axes, eps=eps)
    return out, mean, rstd


def native_group_norm(
    input: Any, weight: Any, bias: Any, N: int, C: int, HxW: int, group: int, eps: float
) -> tuple[Any, Any, Any]:
    """Return `group_norm`, the mean of each group (N, group) and 1 / √(variance + eps).

    Args:
        input: N · C · HxW elements.
        weight: factors, (C,), or None.
        bias: offsets, (C,), or None.
        N: number of images.
        C: number of channels.
        HxW: number of elements of a channel.
        group: number of groups.
        eps: keeps the root away from zero.

    Raises:
        ShapeError: an input of another number of elements.

    Source: ``torch.native_group_norm``.
    """
    if N * C * HxW != _count(input):
        fix = "pass the sizes of the input"
        raise ShapeError(message("native_group_norm", f"{N} × {C} × {HxW} elements", describe(input), fix))
    flat = input.reshape((N, C, HxW))
    out = normalization.group_norm(flat, group, weight, bias, eps).reshape(tuple(input.shape))
    mean, rstd = _moments_of(input.reshape((N, group, C // group * HxW)), axes=(2,), eps=eps)
    return out, mean.reshape((N, group)), rstd.reshape((N, group))


def _count(x: Any) -> int:
    total = 1
    for n in x.shape:
        total *= n
    return total


def native_batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float,
    eps: float,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Return `batch_norm`, and in training the mean of each channel and 1 / √(variance + eps).

    Running statistics are written in training; not in training, the last two are empty.

    Source: ``torch.native_batch_norm``.
    """
    out = batch_normalization.batch_norm(
        input, running_mean, running_var, weight, bias, training, momentum, eps
    )
    axes = (0, *range(2, input.ndim))
    mean, rstd = _moments_of(_detached(input), axes=axes, eps=eps)
    shape = (input.shape[1],) if training else (0,)
    return out, *(x.reshape((-1,))[: shape[0]] for x in (mean, rstd))


@op(name="_native_dropout")
def _native_dropout(input: Array, key: Array, p: float) -> tuple[Array, Array]:
    """Zero with probability p and scale the rest; also which elements are kept."""
    kept = jax.random.bernoulli(key_of(key), 1 - p, input.shape)
    return jnp.where(kept, input * (1 / (1 - p) if p < 1 else 0), 0).astype(input.dtype), kept


def native_dropout(input: Any, p: float, train: bool | None) -> tuple[Any, Any]:
    """Return `dropout` and which elements it kept.

    Args:
        input: any tensor.
        p: probability of an element to be zeroed.
        train: whether to drop; None means yes.

    Raises:
        ArgumentError: ``p`` is not in [0, 1].

    Source: ``torch.native_dropout``.
    """
    probability("native_dropout", p)
    drop = 0.0 if train is False else float(p)
    return _native_dropout(input, next_key(), p=drop)


def convolution(
    input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, transposed: bool,
    output_padding: Any, groups: int,
) -> Any:  # fmt: skip
    """Return the convolution or transposed convolution of as many dimensions as the weight has.

    Arguments as `conv2d` and `conv_transpose2d`.

    Raises:
        ShapeError: a weight of other than 3, 4 or 5 dimensions, or operands that do not fit.

    Example:
        >>> x, w = jnp.ones((1, 1, 3)), jnp.ones((1, 1, 2))
        >>> convolution(x, w, None, [1], [0], [1], False, [0], 1).tolist()
        [[[2.0, 2.0]]]

    Source: ``torch.convolution``.
    """
    n = weight.ndim - 2
    if n not in (1, 2, 3):
        fix = "unsqueeze or reshape the weight"
        raise ShapeError(message("convolution", "a weight of 3 to 5 dimensions", describe(weight), fix))
    if transposed:
        across = (conv.conv_transpose1d, conv.conv_transpose2d, conv.conv_transpose3d)[n - 1]
        return across(input, weight, bias, stride, padding, output_padding, groups, dilation)
    along = (conv.conv1d, conv.conv2d, conv.conv3d)[n - 1]
    return along(input, weight, bias, stride, padding, dilation, groups)


@op
def conv_tbc(input: Array, weight: Array, bias: Array, pad: int = 0) -> Array:
    """The convolution of sequences (T, N, C) with a kernel (K, C, O) along T, plus a bias (O,).

    Example:
        >>> conv_tbc(jnp.arange(3.0).reshape(3, 1, 1), jnp.ones((2, 1, 1)), jnp.zeros(1)).ravel().tolist()
        [1.0, 3.0]

    Source: ``torch.conv_tbc``.
    """
    if input.ndim != 3 or weight.ndim != 3:
        got = f"{describe(input)} and {describe(weight)}"
        fix = "make time the first dimension, then batch and channels"
        raise ShapeError(message("conv_tbc", "(T, N, C) and a weight (K, C, O)", got, fix))
    x, kernel = jnp.moveaxis(input, 0, -1), jnp.moveaxis(weight, 0, -1).swapaxes(0, 1)
    return jnp.moveaxis(conv.conv1d.fn(x, kernel, bias, 1, pad), -1, 0)


def native_channel_shuffle(input: Any, groups: int) -> Any:
    """Return `channel_shuffle` of the same arguments.

    Source: ``torch.native_channel_shuffle``.
    """
    return arrange.channel_shuffle(input, groups)


def word(reduction: int | str) -> str:
    """Return the reduction that one of torch's numbers means: 0 none, 1 mean, 2 sum.

    Raises:
        ArgumentError: another number.

    Example:
        >>> word(1), word("sum")
        ('mean', 'sum')
    """
    if isinstance(reduction, str):
        return reduction
    if reduction not in (0, 1, 2):
        want = "a reduction of 0 (none), 1 (mean) or 2 (sum)"
        raise ArgumentError(message("torch", want, repr(reduction), "pass one of these"))
    return ("none", "mean", "sum")[reduction]
