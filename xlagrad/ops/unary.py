"""Functions of one tensor on its sign, magnitude, fraction, and real and imaginary parts."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import (
    floating,
    is_bool,
    is_complex,
    is_float,
    is_inexact,
    refuse_bool,
    refuse_complex,
)
from xlagrad.ops.composed import composed
from xlagrad.ops.kinks import absolute, unit


@op(method=True, inplace=True, aliases=("negative",))
def neg(input: Array) -> Array:
    """-input, elementwise; unsigned integers wrap.

    Raises:
        DtypeError: a boolean tensor.

    Example:
        >>> neg(jnp.array([1, -2])).tolist()
        [-1, 2]

    Source: ``torch.neg``.
    """
    refuse_bool("neg", input, fix="use ~ on booleans")
    return jnp.negative(input)


@op(method=True)
def positive(input: Array) -> Array:
    """The tensor itself.

    Raises:
        DtypeError: a boolean tensor.

    Example:
        >>> positive(jnp.array([1, -2])).tolist()
        [1, -2]

    Source: ``torch.positive``.
    """
    refuse_bool("positive", input)
    return input


@op(method=True, inplace=True, aliases=("absolute",))
def abs(input: Array) -> Array:
    """``|input|``, elementwise; real for complex input. The gradient at zero is zero.

    Raises:
        DtypeError: a boolean tensor.

    Example:
        >>> abs(jnp.array([-1.5, 2.0])).tolist()
        [1.5, 2.0]

    Source: ``torch.abs``.
    """
    refuse_bool("abs", input)
    return absolute(input) if is_inexact(input) else jnp.abs(input)


def _sign(x: Array) -> Array:
    return (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype)


@op(method=True, inplace=True)
def sign(input: Array) -> Array:
    """-1, 0 or 1 by the sign of each element; the gradient is zero.

    Raises:
        DtypeError: a complex tensor, for which `sgn` is meant.

    Example:
        >>> sign(jnp.array([-2.0, 0.0, 3.0])).tolist()
        [-1.0, 0.0, 1.0]

    Source: ``torch.sign``. A NaN gives 0.
    """
    refuse_complex("sign", input)
    return input if is_bool(input) else _sign(input)


@op(method=True, inplace=True)
def sgn(input: Array) -> Array:
    """input / |input|, elementwise, 0 at 0; equal to `sign` for real tensors.

    Example:
        >>> sgn(jnp.array([3 + 4j, 0])).tolist()
        [(0.6000000238418579+0.800000011920929j), 0j]

    Source: ``torch.sgn``.
    """
    if is_complex(input):
        return unit(input)
    return input if is_bool(input) else _sign(input)


@op(method=True)
def signbit(input: Array) -> Array:
    """Whether the sign bit is set: of -0.0 it is, unlike ``input < 0``.

    Example:
        >>> signbit(jnp.array([-0.0, 0.0, -3.0])).tolist()
        [True, False, True]

    Source: ``torch.signbit``.
    """
    refuse_complex("signbit", input)
    return jnp.signbit(input) if is_float(input) else input < 0


def _whole(who: str, input: Array) -> bool:
    """Return whether ``input`` has no fraction to round, after refusing what cannot be rounded."""
    refuse_complex(who, input)
    refuse_bool(who, input)
    return not is_inexact(input)


@op(method=True, inplace=True)
def floor(input: Array) -> Array:
    """The largest integer not above each element; the gradient is zero.

    Raises:
        DtypeError: a boolean or complex tensor.

    Example:
        >>> floor(jnp.array([1.7, -1.2])).tolist()
        [1.0, -2.0]

    Source: ``torch.floor``.
    """
    return input if _whole("floor", input) else jnp.floor(input)


@op(method=True, inplace=True)
def ceil(input: Array) -> Array:
    """The smallest integer not below each element; the gradient is zero.

    Raises:
        DtypeError: a boolean or complex tensor.

    Example:
        >>> ceil(jnp.array([1.2, -1.7])).tolist()
        [2.0, -1.0]

    Source: ``torch.ceil``.
    """
    return input if _whole("ceil", input) else jnp.ceil(input)


@op(method=True, inplace=True, aliases=("fix",))
def trunc(input: Array) -> Array:
    """The integer part of each element, towards zero; the gradient is zero.

    Raises:
        DtypeError: a boolean or complex tensor.

    Example:
        >>> trunc(jnp.array([1.7, -1.7])).tolist()
        [1.0, -1.0]

    Source: ``torch.trunc``.
    """
    return input if _whole("trunc", input) else jnp.trunc(input)


@op(method=True, inplace=True)
def round(input: Array, *, decimals: int = 0) -> Array:
    """The nearest integer, halves to even; with ``decimals`` to that many places. The gradient is zero.

    Raises:
        DtypeError: a boolean or complex tensor.

    Example:
        >>> round(jnp.array([0.5, 1.5, 2.6])).tolist()
        [0.0, 2.0, 3.0]

    Source: ``torch.round``.
    """
    if _whole("round", input):
        return input
    if decimals == 0:
        return lax.round(input, lax.RoundingMethod.TO_NEAREST_EVEN)
    scale = jnp.asarray(10.0 ** math.fabs(decimals), input.dtype)
    moved = input * scale if decimals > 0 else input / scale
    near = lax.round(moved, lax.RoundingMethod.TO_NEAREST_EVEN)
    return near / scale if decimals > 0 else near * scale


@op(method=True, inplace=True)
def frac(input: Array) -> Array:
    """input - trunc(input): the fraction, with the sign of the element; the gradient is one.

    Raises:
        DtypeError: integers.

    Example:
        >>> frac(jnp.array([1.5, -1.25])).tolist()
        [0.5, -0.25]

    Source: ``torch.frac``.
    """
    if not is_float(input):
        fix = "convert it with .float()"
        raise errors.DtypeError(message("frac", "a floating-point tensor", describe(input), fix))
    return input - jnp.trunc(input)


@op(method=True, inplace=True)
def nan_to_num(
    input: Array, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Array:
    """Replace NaN, +inf and -inf by numbers: by default 0 and the largest and smallest finite ones.

    Where something was replaced the gradient is zero.

    Example:
        >>> nan_to_num(jnp.array([float("nan"), 1.0]), nan=7.0).tolist()
        [7.0, 1.0]

    Source: ``torch.nan_to_num``.
    """
    if not is_inexact(input):
        return input
    return jnp.nan_to_num(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


@op(method=True, inplace=True)
def deg2rad(input: Array) -> Array:
    """input · π / 180.

    Example:
        >>> deg2rad(jnp.array([180.0])).tolist()
        [3.1415927410125732]

    Source: ``torch.deg2rad``.
    """
    refuse_complex("deg2rad", input)
    return floating(input) * (math.pi / 180)


@op(method=True, inplace=True)
def rad2deg(input: Array) -> Array:
    """input · 180 / π.

    Example:
        >>> rad2deg(jnp.array([3.1415927410125732])).tolist()
        [180.0]

    Source: ``torch.rad2deg``.
    """
    refuse_complex("rad2deg", input)
    return floating(input) * (180 / math.pi)


@op(method=True)
def conj(input: Array) -> Array:
    """The complex conjugate; a real tensor is its own.

    Example:
        >>> conj(jnp.array([1 + 2j])).tolist()
        [(1-2j)]

    Source: ``torch.conj``. Deviation: a new tensor, not a lazily conjugated view.
    """
    return jnp.conj(input) if is_complex(input) else input


# PyTorch's name for a conjugation that is carried out at once, as all are here; it also works in place.
conj_physical = composed(name="conj_physical", inplace=True)(conj)


@op
def real(input: Array) -> Array:
    """The real part; a real tensor is its own.

    Example:
        >>> real(jnp.array([1 + 2j])).tolist()
        [1.0]

    Source: ``torch.real``.
    """
    return jnp.real(input)


@op
def imag(input: Array) -> Array:
    """The imaginary part of a complex tensor.

    Raises:
        DtypeError: a real tensor.

    Example:
        >>> imag(jnp.array([1 + 2j])).tolist()
        [2.0]

    Source: ``torch.imag``.
    """
    if not is_complex(input):
        raise errors.DtypeError(message("imag", "a complex tensor", describe(input), "it has no such part"))
    return jnp.imag(input)


@op(method=True)
def angle(input: Array) -> Array:
    """The angle of each number in the complex plane, in radians: π for negative real ones, 0 for others.

    Example:
        >>> angle(jnp.array([1j, 1])).tolist()
        [1.5707963705062866, 0.0]

    Source: ``torch.angle``.
    """
    x = floating(input)
    if is_complex(x):
        return jnp.angle(x)
    return lax.stop_gradient(jnp.where(jnp.isnan(x), x, jnp.where(x < 0, math.pi, 0.0).astype(x.dtype)))
