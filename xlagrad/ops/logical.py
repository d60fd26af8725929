"""Logic on truth values and on the bits of integers."""

from __future__ import annotations

import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.arithmetic import pair
from xlagrad.ops.common import is_bool, is_inexact, refuse_bool


@op(method=True, inplace=True)
def logical_and(input: ArrayLike, other: ArrayLike) -> Array:
    """Whether both elements are nonzero, with broadcasting.

    Example:
        >>> logical_and(jnp.array([1, 0]), jnp.array([2, 3])).tolist()
        [True, False]

    Source: ``torch.logical_and``.
    """
    x, y = pair("logical_and", input, other)
    return jnp.logical_and(x, y)


@op(method=True, inplace=True)
def logical_or(input: ArrayLike, other: ArrayLike) -> Array:
    """Whether at least one of both elements is nonzero, with broadcasting.

    Example:
        >>> logical_or(jnp.array([1, 0]), jnp.array([2, 3])).tolist()
        [True, True]

    Source: ``torch.logical_or``.
    """
    x, y = pair("logical_or", input, other)
    return jnp.logical_or(x, y)


@op(method=True, inplace=True)
def logical_xor(input: ArrayLike, other: ArrayLike) -> Array:
    """Whether just one of both elements is nonzero, with broadcasting.

    Example:
        >>> logical_xor(jnp.array([1, 0]), jnp.array([2, 3])).tolist()
        [False, True]

    Source: ``torch.logical_xor``.
    """
    x, y = pair("logical_xor", input, other)
    return jnp.logical_xor(x, y)


@op(method=True, inplace=True)
def logical_not(input: Array) -> Array:
    """Whether each element is zero.

    Example:
        >>> logical_not(jnp.array([1, 0])).tolist()
        [False, True]

    Source: ``torch.logical_not``.
    """
    return jnp.logical_not(input)


def _bits(who: str, input: ArrayLike, other: ArrayLike) -> tuple[Array, Array]:
    x, y = pair(who, input, other)
    if is_inexact(x):
        fix = "convert them with .int()"
        raise errors.DtypeError(message(who, "integer or boolean tensors", describe(x), fix))
    return x, y


@op(method=True, inplace=True)
def bitwise_and(input: ArrayLike, other: ArrayLike) -> Array:
    """The bits that both have; of booleans, logical and, with broadcasting.

    Raises:
        DtypeError: floating-point or complex operands.

    Example:
        >>> bitwise_and(jnp.array([6]), jnp.array([3])).tolist()
        [2]

    Source: ``torch.bitwise_and``.
    """
    return jnp.bitwise_and(*_bits("bitwise_and", input, other))


@op(method=True, inplace=True)
def bitwise_or(input: ArrayLike, other: ArrayLike) -> Array:
    """The bits that either has; of booleans, logical or, with broadcasting.

    Raises:
        DtypeError: floating-point or complex operands.

    Example:
        >>> bitwise_or(jnp.array([6]), jnp.array([3])).tolist()
        [7]

    Source: ``torch.bitwise_or``.
    """
    return jnp.bitwise_or(*_bits("bitwise_or", input, other))


@op(method=True, inplace=True)
def bitwise_xor(input: ArrayLike, other: ArrayLike) -> Array:
    """The bits that just one has; of booleans, logical xor, with broadcasting.

    Raises:
        DtypeError: floating-point or complex operands.

    Example:
        >>> bitwise_xor(jnp.array([6]), jnp.array([3])).tolist()
        [5]

    Source: ``torch.bitwise_xor``.
    """
    return jnp.bitwise_xor(*_bits("bitwise_xor", input, other))


@op(method=True, inplace=True)
def bitwise_not(input: Array) -> Array:
    """All bits turned over; of booleans, logical not.

    Raises:
        DtypeError: a floating-point or complex tensor.

    Example:
        >>> bitwise_not(jnp.array([0, 5])).tolist()
        [-1, -6]

    Source: ``torch.bitwise_not``.
    """
    if is_inexact(input):
        fix = "convert it with .int()"
        raise errors.DtypeError(message("bitwise_not", "an integer or boolean tensor", describe(input), fix))
    return jnp.logical_not(input) if is_bool(input) else jnp.bitwise_not(input)


@op(method=True, inplace=True)
def bitwise_left_shift(input: ArrayLike, other: ArrayLike) -> Array:
    """input · 2^other, by shifting the bits, with broadcasting.

    Raises:
        DtypeError: operands other than integers.

    Example:
        >>> bitwise_left_shift(jnp.array([3]), 2).tolist()
        [12]

    Source: ``torch.bitwise_left_shift``.
    """
    x, y = _bits("bitwise_left_shift", input, other)
    refuse_bool("bitwise_left_shift", x)
    return jnp.left_shift(x, y)


@op(method=True, inplace=True)
def bitwise_right_shift(input: ArrayLike, other: ArrayLike) -> Array:
    """input / 2^other rounded down, by shifting the bits, with broadcasting.

    Raises:
        DtypeError: operands other than integers.

    Example:
        >>> bitwise_right_shift(jnp.array([3]), 1).tolist()
        [1]

    Source: ``torch.bitwise_right_shift``.
    """
    x, y = _bits("bitwise_right_shift", input, other)
    refuse_bool("bitwise_right_shift", x)
    return jnp.right_shift(x, y)
