"""Normalization of each input by its own statistics: over features, groups of channels or neighbours."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.layers.functional.arguments import require_float
from xlagrad.ops.common import dim_of, is_complex
from xlagrad.ops.kinks import absolute, root


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def standardized(x: jax.Array, axes: tuple[int, ...], eps: float) -> jax.Array:
    """Return (x - mean) / √(var + eps) with mean and biased variance over ``axes``.

    Its derivative d ↦ (d - mean(d) - y · mean(y · d)) / √(var + eps) reads x once where what follows from
    the formula reads it several times.

    Args:
        x: an array of floating point.
        axes: what the statistics are taken over.
        eps: keeps the root away from zero.
    """
    return _statistics(x, axes, eps)[0]


def _statistics(x: jax.Array, axes: tuple[int, ...], eps: float) -> tuple[jax.Array, jax.Array]:
    centered = x - jnp.mean(x, axes, keepdims=True)
    factor = lax.rsqrt(jnp.mean(jnp.square(centered), axes, keepdims=True) + eps)
    return centered * factor, factor


@standardized.defjvp
def _standardized_jvp(
    axes: tuple[int, ...], eps: float, primals: tuple[Any], tangents: tuple[Any]
) -> tuple[Any, Any]:
    (x,), (d,) = primals, tangents
    # Written out, not as a call of itself: derivatives of any order follow from the formula.
    y, factor = _statistics(x, axes, eps)
    along = jnp.mean(y * d, axes, keepdims=True)
    return y, factor * (d - jnp.mean(d, axes, keepdims=True) - y * along)


def wide(x: jax.Array) -> jax.Array:
    """Return x in a type of at least 32 bits, in which statistics are taken."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def scaled(
    y: jax.Array, weight: jax.Array | None, bias: jax.Array | None, shape: tuple[int, ...], dtype: Any
) -> jax.Array:
    """Return y · weight + bias in type ``dtype``, the parameters in a ``shape`` that broadcasts with y."""
    if weight is not None:
        y = y * weight.reshape(shape)
    if bias is not None:
        y = y + bias.reshape(shape)
    return y.astype(dtype)


def _last_axes(who: str, input: Array, shape: tuple[int, ...], *params: Array | None) -> tuple[int, ...]:
    """Return the axes of ``normalized_shape`` after checking it and the parameters against the input."""
    require_float(who, input)
    if not shape or input.shape[-len(shape) :] != shape:
        want = f"an input whose last dimensions are normalized_shape {shape}"
        raise ShapeError(message(who, want, describe(input), "make normalized_shape the input's last sizes"))
    for p in params:
        if p is not None and p.shape != shape:
            fix = "give one number per normalized element"
            raise ShapeError(message(who, f"weight and bias of shape {shape}", describe(p), fix))
    return tuple(range(input.ndim - len(shape), input.ndim))


@op(name="_layer_norm")
def _layer_norm(input: Array, weight: Array | None, bias: Array | None, shape: Any, eps: float) -> Array:
    """`layer_norm`, with the operands first."""
    axes = _last_axes("layer_norm", input, shape, weight, bias)
    return scaled(standardized(wide(input), axes, eps), weight, bias, shape, input.dtype)


def layer_norm(
    input: Any,
    normalized_shape: int | Sequence[int],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> Any:
    """Return (x - E[x]) / √(Var[x] + eps) · weight + bias, with statistics over the last dimensions.

    Args:
        input: (…, *normalized_shape), of floating point.
        normalized_shape: sizes of the last dimensions.
        weight: factors of that shape.
        bias: offsets of that shape.
        eps: keeps the root away from zero.

    Raises:
        ShapeError: the shapes do not fit.
        DtypeError: not of floating point.

    Example:
        >>> layer_norm(jnp.array([1.0, 3.0]), (2,), eps=0.0).tolist()
        [-1.0, 1.0]

    Source: ``torch.nn.functional.layer_norm``; Ba et al., "Layer Normalization", 2016.
    """
    return _layer_norm(input, weight, bias, shape=_shape(normalized_shape), eps=eps)


def _shape(normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


@op(name="_rms_norm")
def _rms_norm(input: Array, weight: Array | None, shape: Any, eps: float | None) -> Array:
    """`rms_norm`, with the operands first."""
    axes = _last_axes("rms_norm", input, shape, weight)
    x = wide(input)
    small = float(jnp.finfo(x.dtype).eps) if eps is None else eps
    y = x * lax.rsqrt(jnp.mean(jnp.square(x), axes, keepdims=True) + small)
    return scaled(y, weight, None, shape, input.dtype)


def rms_norm(
    input: Any, normalized_shape: int | Sequence[int], weight: Any = None, eps: float | None = None
) -> Any:
    """Return x / √(E[x²] + eps) · weight, with the mean over the last dimensions.

    Args:
        input: (…, *normalized_shape), of floating point.
        normalized_shape: sizes of the last dimensions.
        weight: factors of that shape.
        eps: keeps the root away from zero; by default the spacing of floating-point numbers at 1.

    Raises:
        ShapeError: the shapes do not fit.
        DtypeError: not of floating point.

    Example:
        >>> rms_norm(jnp.array([3.0, 3.0]), (2,)).tolist()
        [1.0, 1.0]

    Source: ``torch.nn.functional.rms_norm``; Zhang and Sennrich, 2019.
    """
    return _rms_norm(input, weight, shape=_shape(normalized_shape), eps=eps)


def check_channels(who: str, input: Array, **params: Array | None) -> None:
    """Raise a ``ShapeError`` unless the input is (N, C, …) and each parameter (C,)."""
    require_float(who, input)
    if input.ndim < 2:
        fix = "add a batch dimension with unsqueeze(0)"
        raise ShapeError(message(who, "an input (N, C, …) of at least 2 dimensions", describe(input), fix))
    channels = input.shape[1]
    for name, p in params.items():
        if p is not None and p.shape != (channels,):
            fix = f"give one number for each of the {channels} channels (dimension 1) of the input"
            raise ShapeError(message(who, f"{name} of shape ({channels},)", describe(p), fix))


def per_channel(ndim: int) -> tuple[int, ...]:
    """Return the shape in which (C,) broadcasts with (N, C, …) of ``ndim`` dimensions."""
    return (1, -1) + (1,) * (ndim - 2)


@op(name="_group_norm")
def _group_norm(input: Array, weight: Array | None, bias: Array | None, num_groups: int, eps: float) -> Array:
    """`group_norm`, with the operands first."""
    check_channels("group_norm", input, weight=weight, bias=bias)
    n, channels = input.shape[:2]
    if num_groups < 1 or channels % num_groups:
        want = f"num_groups that divides the {channels} channels of {describe(input)}"
        raise ArgumentError(message("group_norm", want, str(num_groups), "change num_groups or the channels"))
    size = channels // num_groups * math.prod(input.shape[2:])
    y = standardized(wide(input).reshape(n, num_groups, size), (2,), eps).reshape(input.shape)
    return scaled(y, weight, bias, per_channel(input.ndim), input.dtype)


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Return (x - E[x]) / √(Var[x] + eps) · weight + bias, with statistics of each group of channels.

    Args:
        input: (N, C, …), of floating point.
        num_groups: how many groups of neighbouring channels; divides C.
        weight: factors, (C,).
        bias: offsets, (C,).
        eps: keeps the root away from zero.

    Raises:
        ShapeError: fewer than two dimensions, or parameters that do not fit.
        ArgumentError: ``num_groups`` does not divide the channels.
        DtypeError: not of floating point.

    Example:
        >>> group_norm(jnp.array([[1.0, 3.0, 2.0, 6.0]]), 2, eps=0.0).tolist()
        [[-1.0, 1.0, -1.0, 1.0]]

    Source: ``torch.nn.functional.group_norm``; Wu and He, "Group Normalization", 2018.
    """
    return _group_norm(input, weight, bias, num_groups=num_groups, eps=eps)


@op
def local_response_norm(
    input: Array, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Array:
    """x / (k + α · s)^β, with s the mean of x² over ``size`` neighbouring channels, zeros beyond the ends.

    Args:
        input: (N, C, …) of at least 3 dimensions, of floating point.
        size: how many channels.
        alpha: factor of the mean.
        beta: exponent.
        k: offset.

    Raises:
        ShapeError: fewer dimensions.
        ArgumentError: ``size`` is not positive.
        DtypeError: not of floating point.

    Example:
        >>> local_response_norm(jnp.ones((1, 2, 1)), 1, alpha=1.0, beta=1.0).tolist()
        [[[0.5], [0.5]]]

    Source: ``torch.nn.functional.local_response_norm``; Krizhevsky et al., 2012.
    """
    require_float("local_response_norm", input)
    if input.ndim < 3:
        fix = "add dimensions with unsqueeze"
        raise ShapeError(message("local_response_norm", "at least 3 dimensions", describe(input), fix))
    if size < 1:
        raise ArgumentError(message("local_response_norm", "size of at least 1", str(size), "raise size"))
    around = ((0, 0), (size // 2, (size - 1) // 2)) + ((0, 0),) * (input.ndim - 2)
    square = jnp.pad(jnp.square(input), around)
    total = sum(lax.slice_in_dim(square, i, i + input.shape[1], axis=1) for i in range(size))
    return input / (k + alpha * total / size) ** beta


def length(x: jax.Array, p: float, axis: int, keepdims: bool = False) -> jax.Array:
    """Return the p-norm along an axis, with gradient 0, not NaN, at 0."""
    x = absolute(x) if is_complex(x) else x
    if p == 2:
        return root(jnp.sum(jnp.square(x), axis, keepdims=keepdims))
    if p == 1:
        return jnp.sum(jnp.abs(x), axis, keepdims=keepdims)
    if p == math.inf:
        return jnp.max(jnp.abs(x), axis, keepdims=keepdims)
    if p == 0:
        return jnp.sum(x != 0, axis, keepdims=keepdims).astype(x.dtype)
    size = jnp.abs(x)
    nothing = jnp.all(size == 0, axis, keepdims=True)
    total = jnp.sum(jnp.where(nothing, 1, size) ** p, axis, keepdims=keepdims) ** (1 / p)
    return jnp.where(nothing if keepdims else nothing.squeeze(axis), 0, total)


@op
def normalize(input: Array, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Array:
    """x / max(‖x‖_p, eps) along a dimension.

    Args:
        input: of floating point.
        p: which norm.
        dim: the dimension whose vectors are scaled.
        eps: smallest divisor.

    Raises:
        IndexingError: the dimension is out of range.
        DtypeError: not of floating point.

    Example:
        >>> normalize(jnp.array([[3.0, 4.0]])).round(2).tolist()
        [[0.6000000238418579, 0.800000011920929]]

    Source: ``torch.nn.functional.normalize``.
    """
    require_float("normalize", input)
    axis = dim_of("normalize", dim, input.ndim)
    x = input if input.ndim else input[None]
    return (x / jnp.maximum(length(x, p, axis, True), eps)).reshape(input.shape)
