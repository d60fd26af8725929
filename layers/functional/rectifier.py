"""Activation functions made of straight pieces: rectifiers, limited and leaky ones, and shrinkage."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.handle import Handle
from xlagrad.core.random import key_of, next_key
from xlagrad.ops.methods import inplace as in_place


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
    """Return max(x, 0), with slope 0 at 0.

    Args:
        input: of any shape and real type.
        inplace: write the result to ``input``.

    Example:
        >>> relu(jnp.array([-1.0, 2.0])).tolist()
        [0.0, 2.0]

    Source: ``torch.nn.functional.relu``.
    """
    return _relu_(input) if inplace and isinstance(input, Handle) else _relu(input)


def _between(x: Any, low: Any, high: Any) -> Any:
    # Slope 0 at both ends, and NaN stays NaN, as in torch.
    return jnp.where(x <= low, low, jnp.where(x >= high, high, x)).astype(x.dtype)


@activation
def relu6(input: Array) -> Array:
    """min(max(x, 0), 6), with slope 0 at both ends.

    Example:
        >>> relu6(jnp.array([-1.0, 3.0, 9.0])).tolist()
        [0.0, 3.0, 6.0]

    Source: ``torch.nn.functional.relu6``.
    """
    return _between(input, 0, 6)


@activation
def hardtanh(input: Array, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """x limited to [min_val, max_val], with slope 0 at both ends.

    Args:
        input: of any shape and real type.
        min_val: the lower limit.
        max_val: the upper limit.

    Raises:
        ArgumentError: ``min_val`` is larger than ``max_val``.

    Example:
        >>> hardtanh(jnp.array([-3.0, 0.5, 3.0])).tolist()
        [-1.0, 0.5, 1.0]

    Source: ``torch.nn.functional.hardtanh``.
    """
    if min_val > max_val:
        raise ArgumentError(message("hardtanh", "min_val no larger than max_val", f"{min_val} and {max_val}"))
    return _between(input, min_val, max_val)


@activation
def leaky_relu(input: Array, negative_slope: float = 0.01) -> Array:
    """x where positive, else negative_slope · x.

    Args:
        input: of any shape.
        negative_slope: slope where x is not positive.

    Example:
        >>> leaky_relu(jnp.array([-2.0, 2.0]), 0.5).tolist()
        [-1.0, 2.0]

    Source: ``torch.nn.functional.leaky_relu``; Maas et al., 2013.
    """
    return jnp.where(input > 0, input, input * negative_slope)


@activation
def hardsigmoid(input: Array) -> Array:
    """`relu6` (x + 3) / 6.

    Example:
        >>> hardsigmoid(jnp.array([-4.0, 0.0, 4.0])).tolist()
        [0.0, 0.5, 1.0]

    Source: ``torch.nn.functional.hardsigmoid``.
    """
    return _between(input + 3, 0, 6) / 6


@activation
def hardswish(input: Array) -> Array:
    """x · `relu6` (x + 3) / 6.

    Example:
        >>> hardswish(jnp.array([-4.0, 0.0, 4.0])).tolist()
        [0.0, 0.0, 4.0]

    Source: ``torch.nn.functional.hardswish``; Howard et al., 2019.
    """
    middle = input * (input + 3) / 6
    return jnp.where(input <= -3, 0, jnp.where(input < 3, middle, input)).astype(input.dtype)


@activation
def threshold(input: Array, threshold: float, value: float) -> Array:
    """x where it exceeds ``threshold``, else ``value``.

    Args:
        input: of any shape.
        threshold: what x has to exceed.
        value: what stands for it otherwise.

    Example:
        >>> threshold(jnp.array([1.0, 3.0]), 2.0, -1.0).tolist()
        [-1.0, 3.0]

    Source: ``torch.nn.functional.threshold``.
    """
    return jnp.where(input <= threshold, value, input).astype(input.dtype)


@op
def softshrink(input: Array, lambd: float = 0.5) -> Array:
    """x moved towards 0 by lambd, and 0 within it.

    Args:
        input: of any shape.
        lambd: by how much.

    Raises:
        ArgumentError: ``lambd`` is negative.

    Example:
        >>> softshrink(jnp.array([-2.0, 0.25])).tolist()
        [-1.5, 0.0]

    Source: ``torch.nn.functional.softshrink``.
    """
    if lambd < 0:
        raise ArgumentError(message("softshrink", "lambd of at least 0", str(lambd)))
    moved = jnp.where(input > lambd, input - lambd, jnp.where(input < -lambd, input + lambd, input * 0))
    return moved.astype(input.dtype)


@op(method=True)
def hardshrink(input: Array, lambd: float = 0.5) -> Array:
    """x, and 0 within lambd of 0.

    Args:
        input: of any shape.
        lambd: how near.

    Example:
        >>> hardshrink(jnp.array([-2.0, 0.25])).tolist()
        [-2.0, 0.0]

    Source: ``torch.nn.functional.hardshrink``.
    """
    return jnp.where((input >= -lambd) & (input <= lambd), 0, input).astype(input.dtype)


@op(method=True)
def prelu(input: Array, weight: Array) -> Array:
    """x where positive, else weight · x.

    Args:
        input: of any shape.
        weight: one number for all, or one for each channel (dimension 1).

    Raises:
        ShapeError: another number of weights.

    Example:
        >>> prelu(jnp.array([-2.0, 2.0]), jnp.array(0.25)).tolist()
        [-0.5, 2.0]

    Source: ``torch.nn.functional.prelu``; He et al., 2015.
    """
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.size not in (1, channels):
        raise ShapeError(message("prelu", f"1 or {channels} weights", describe(weight)))
    if weight.size > 1:
        weight = weight.reshape((-1,) + (1,) * (input.ndim - 2))
    elif weight.ndim:
        weight = weight.reshape(())
    return jnp.where(input > 0, input, weight * input)


@op(name="_rrelu")
def _rrelu(input: Array, key: Array, lower: float, upper: float) -> Array:
    """Leaky, with a slope drawn for each element."""
    slope = jax.random.uniform(key_of(key), input.shape, input.dtype, lower, upper)
    return jnp.where(input > 0, input, input * jax.lax.stop_gradient(slope))


_rrelu_ = in_place(_rrelu)


def rrelu(
    input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False,
    inplace: bool = False, generator: Any = None,
) -> Any:  # fmt: skip
    """Return x where positive, else a · x, with a drawn from [lower, upper] for each element.

    Args:
        input: of any shape.
        lower: smallest slope.
        upper: largest slope.
        training: whether to draw; otherwise the slope is the mean of both.
        inplace: write the result to ``input``.
        generator: what to draw from, by default the one that all share.

    Raises:
        ArgumentError: ``lower`` is larger than ``upper``.

    Example:
        >>> rrelu(jnp.array([-2.0, 2.0]), 0.25, 0.75).tolist()
        [-1.0, 2.0]

    Source: ``torch.nn.functional.rrelu``; Xu et al., 2015.
    """
    if lower > upper:
        raise ArgumentError(message("rrelu", "lower no larger than upper", f"{lower} and {upper}"))
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace=inplace)
    if inplace and isinstance(input, Handle):
        return _rrelu_(input, next_key(generator), lower=lower, upper=upper)
    return _rrelu(input, next_key(generator), lower=lower, upper=upper)
