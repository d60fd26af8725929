"""Arithmetic on two tensors: sums, products, quotients, remainders, and their combinations."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import describe, message
from xlagrad.core.promotion import promote, promote_float
from xlagrad.ops.common import broadcast, in_single, is_inexact, refuse_bool, refuse_complex


def pair(who: str, input: ArrayLike, other: ArrayLike) -> tuple[Array, Array]:
    """Return both operands in their common type, after checking that they broadcast.

    Raises:
        ShapeError: they do not.
        DtypeError: they have no common type.
    """
    x, y = promote(input, other)
    broadcast(who, x, y)
    return x, y


def float_pair(who: str, input: ArrayLike, other: ArrayLike) -> tuple[Array, Array]:
    """Return both operands in their common floating-point type, after checking that they broadcast.

    Raises:
        ShapeError: they do not.
    """
    x, y = promote_float(input, other)
    broadcast(who, x, y)
    return x, y


def float_quotient(input: ArrayLike, other: ArrayLike) -> Array:
    """Return the true quotient of both operands in their common floating-point type."""
    x, y = float_pair("div", input, other)
    return x / y


def _scaled(who: str, x: Array, alpha: ArrayLike | None) -> Array:
    """Return ``alpha * x`` in the type of ``x``, or ``x`` itself without an alpha."""
    if alpha is None:
        return x
    factor = jnp.asarray(alpha)
    if is_inexact(factor) and not is_inexact(x):
        fix = "pass an int, or convert the tensors with .float()"
        raise errors.DtypeError(message(who, "an integer alpha for integer tensors", describe(factor), fix))
    return x * factor.astype(x.dtype)


@op(method=True, inplace=True)
def add(input: ArrayLike, other: ArrayLike, alpha: ArrayLike | None = None) -> Array:
    """input + alpha * other, elementwise with broadcasting; of booleans, their disjunction.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: a floating-point alpha for integer tensors.

    Example:
        >>> add(jnp.array([1.0, 2.0]), 10, alpha=2).tolist()
        [21.0, 22.0]

    Source: ``torch.add``.
    """
    x, y = pair("add", input, other)
    return jnp.add(x, _scaled("add", y, alpha))


def _refuse_truth(who: str, *xs: ArrayLike) -> None:
    refuse_bool(who, *map(jnp.asarray, xs), fix="use ^ (logical_xor) on booleans")


@op(method=True, inplace=True, aliases=("subtract",))
def sub(input: ArrayLike, other: ArrayLike, alpha: ArrayLike | None = None) -> Array:
    """input - alpha * other, elementwise with broadcasting.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: one is boolean, or a floating-point alpha for integer tensors.

    Example:
        >>> sub(jnp.array([1.0, 2.0]), jnp.array([3.0, 3.0])).tolist()
        [-2.0, -1.0]

    Source: ``torch.sub``.
    """
    x, y = pair("sub", input, other)
    _refuse_truth("sub", input, other)
    return x - _scaled("sub", y, alpha)


@op
def rsub(input: ArrayLike, other: ArrayLike, alpha: ArrayLike | None = None) -> Array:
    """other - alpha * input, elementwise with broadcasting.

    Example:
        >>> rsub(jnp.array([1.0, 2.0]), 5).tolist()
        [4.0, 3.0]

    Source: ``torch.rsub``.
    """
    x, y = pair("rsub", input, other)
    _refuse_truth("rsub", input, other)
    return y - _scaled("rsub", x, alpha)


@op(method=True, inplace=True, aliases=("multiply",))
def mul(input: ArrayLike, other: ArrayLike) -> Array:
    """input * other, elementwise with broadcasting; of booleans, their conjunction.

    Example:
        >>> mul(jnp.array([1.0, 2.0]), 3).tolist()
        [3.0, 6.0]

    Source: ``torch.mul``.
    """
    x, y = pair("mul", input, other)
    return jnp.multiply(x, y)


@op(method=True, inplace=True, aliases=("divide",))
def div(input: ArrayLike, other: ArrayLike, *, rounding_mode: str | None = None) -> Array:
    """input / other, elementwise with broadcasting.

    Args:
        input: dividend.
        other: divisor.
        rounding_mode: None divides truly (integers become the default floating-point type), "trunc"
            rounds towards zero and "floor" down, in the common type of the operands.

    Raises:
        ShapeError: the shapes do not broadcast.
        ArgumentError: another rounding mode.

    Example:
        >>> div(jnp.array([-3, 3]), 2).tolist(), div(jnp.array([-3, 3]), 2, rounding_mode="floor").tolist()
        ([-1.5, 1.5], [-2, 1])

    Source: ``torch.div``. Deviation: integers divided by zero give what XLA gives (-1), not an error,
    since that would need the values.
    """
    if rounding_mode is None:
        return float_quotient(input, other)
    x, y = pair("div", input, other)
    refuse_complex("div with a rounding_mode", x)
    if rounding_mode in ("floor", "trunc"):
        refuse_bool("div with a rounding_mode", x)
    if rounding_mode == "floor":
        return _floor_quotient(x, y)
    if rounding_mode == "trunc":
        return jnp.trunc(x / y) if is_inexact(x) else lax.div(*jnp.broadcast_arrays(x, y))
    fix = "choose one of those"
    raise errors.ArgumentError(
        message("div", "rounding_mode None, 'trunc' or 'floor'", repr(rounding_mode), fix)
    )


@op(method=True, inplace=True)
def true_divide(input: ArrayLike, other: ArrayLike) -> Array:
    """input / other, elementwise; another name of `div` without rounding.

    Example:
        >>> true_divide(jnp.array([1, 2]), 2).tolist()
        [0.5, 1.0]

    Source: ``torch.true_divide``.
    """
    return float_quotient(input, other)


def _floor_quotient(x: Array, y: Array) -> Array:
    if not is_inexact(x):
        return jnp.floor_divide(x, y)
    # From the exact remainder, as Python divides floats: floor(x / y) would round up first.
    x, y = jnp.broadcast_arrays(lax.stop_gradient(x), lax.stop_gradient(y))
    rest = lax.rem(x, y)
    quotient = (x - rest) / y - ((rest != 0) & ((y < 0) != (rest < 0))).astype(x.dtype)
    near = jnp.floor(quotient)
    whole = jnp.where(quotient - near > 0.5, near + 1, near)
    return jnp.where(y == 0, x / y, jnp.where(quotient == 0, jnp.copysign(jnp.zeros_like(x), x / y), whole))


@op(method=True, inplace=True)
def floor_divide(input: ArrayLike, other: ArrayLike) -> Array:
    """floor(input / other), elementwise, in the common type of the operands; its gradient is zero.

    Raises:
        DtypeError: a complex operand, or only booleans.

    Example:
        >>> floor_divide(jnp.array([7.0, -7.0]), 2).tolist()
        [3.0, -4.0]

    Source: ``torch.floor_divide``.
    """
    x, y = pair("floor_divide", input, other)
    refuse_complex("floor_divide", x)
    refuse_bool("floor_divide", x)
    return _floor_quotient(x, y)


@op
def floordiv(input: ArrayLike, other: ArrayLike) -> Array:
    """floor(input / other), elementwise: Python's ``//`` on tensors.

    It differs from `floor_divide` at infinities, where that has NaN or -1: ∞ // 2 is ∞, and -1 // ∞ is -0.

    Raises:
        DtypeError: a complex operand.

    Example:
        >>> floordiv(jnp.array([7.0, jnp.inf]), 2).tolist()
        [3.0, inf]

    Source: the array API's ``floor_divide``. Deviation: PyTorch's operator is its ``floor_divide``.
    """
    x, y = pair("floordiv", input, other)
    refuse_complex("floordiv", x)
    found = _floor_quotient(x, y)
    if not is_inexact(x):
        return found
    x, y = lax.stop_gradient(x), lax.stop_gradient(y)
    return jnp.where(jnp.isfinite(x) & jnp.isfinite(y), found, x / y)


@jax.custom_jvp
def _zero_like(x: Array, y: Array) -> Array:
    """Return x, its zeros with the sign of y, as Python has them."""
    return jnp.where(x == 0, jnp.copysign(jnp.zeros_like(x), y), x)


@_zero_like.defjvp
def _zero_like_jvp(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    return _zero_like(*primals), tangents[0]


@op(method=True, inplace=True)
def remainder(input: ArrayLike, other: ArrayLike) -> Array:
    """input - other * floor(input / other), elementwise: Python's ``%``, with the sign of the divisor.

    Raises:
        DtypeError: a complex or boolean operand.

    Example:
        >>> remainder(jnp.array([5.0, -5.0]), 3).tolist()
        [2.0, 1.0]

    Source: ``torch.remainder``.
    """
    x, y = pair("remainder", input, other)
    refuse_complex("remainder", x)
    refuse_bool("remainder", x)
    found = jnp.remainder(x, y)
    return _zero_like(found, y) if is_inexact(found) else found


@op(method=True, inplace=True)
def fmod(input: ArrayLike, other: ArrayLike) -> Array:
    """input - other * trunc(input / other), elementwise: C's ``fmod``, with the sign of the dividend.

    Raises:
        DtypeError: a complex or boolean operand.

    Example:
        >>> fmod(jnp.array([5.0, -5.0]), 3).tolist()
        [2.0, -2.0]

    Source: ``torch.fmod``.
    """
    x, y = pair("fmod", input, other)
    refuse_complex("fmod", x)
    refuse_bool("fmod", x)
    return lax.rem(*jnp.broadcast_arrays(x, y))


@op(method=True, inplace=True)
def addcmul(input: Array, tensor1: ArrayLike, tensor2: ArrayLike, value: ArrayLike | None = None) -> Array:
    """input + value * tensor1 * tensor2, elementwise with broadcasting.

    Example:
        >>> addcmul(jnp.ones(2), jnp.full(2, 2.0), jnp.full(2, 3.0), value=0.5).tolist()
        [4.0, 4.0]

    Source: ``torch.addcmul``.
    """
    x, a, b = promote(input, tensor1, tensor2)
    broadcast("addcmul", x, a, b)
    return in_single(lambda x, a, b: x + _scaled("addcmul", a * b, value), x, a, b)


@op(method=True, inplace=True)
def addcdiv(input: Array, tensor1: ArrayLike, tensor2: ArrayLike, value: ArrayLike | None = None) -> Array:
    """input + value * tensor1 / tensor2, elementwise with broadcasting.

    Raises:
        DtypeError: all are integers.

    Example:
        >>> addcdiv(jnp.ones(2), jnp.full(2, 3.0), jnp.full(2, 2.0), value=2).tolist()
        [4.0, 4.0]

    Source: ``torch.addcdiv``.
    """
    x, a, b = promote(input, tensor1, tensor2)
    broadcast("addcdiv", x, a, b)
    if not is_inexact(x):
        fix = "convert one with .float()"
        raise errors.DtypeError(message("addcdiv", "a floating-point tensor", describe(x), fix))
    return in_single(lambda x, a, b: x + _scaled("addcdiv", a / b, value), x, a, b)


@op(method=True, inplace=True)
def lerp(input: Array, end: ArrayLike, weight: ArrayLike) -> Array:
    """input + weight * (end - input), elementwise with broadcasting.

    Raises:
        DtypeError: integers.

    Example:
        >>> lerp(jnp.array([0.0, 10.0]), jnp.array([10.0, 20.0]), 0.25).tolist()
        [2.5, 12.5]

    Source: ``torch.lerp``, which also starts from the nearer end so that weight 1 gives ``end`` exactly.
    """
    x, y = promote(input, end)
    w = jnp.asarray(weight).astype(x.dtype)
    broadcast("lerp", x, y, w)
    if not is_inexact(x):
        fix = "convert the tensors with .float()"
        raise errors.DtypeError(message("lerp", "floating-point tensors", describe(x), fix))
    return jnp.where(jnp.abs(w) < 0.5, x + w * (y - x), y - (y - x) * (1 - w))
