"""Checks of arguments that the functions of this package share."""

from __future__ import annotations

import operator
from typing import Any

import jax

from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError, describe, message
from xlagrad.ops.common import is_inexact

Ints = int | tuple[int, ...]


def sizes(who: str, name: str, value: Any, count: int, least: int) -> tuple[int, ...]:
    """Return an argument that is one integer for all spatial dimensions, or one for each.

    Args:
        who: the function that was called.
        name: the argument.
        value: what was given.
        count: number of spatial dimensions.
        least: smallest allowed integer.

    Raises:
        DtypeError: not integers.
        ArgumentError: too many, too few, or too small.

    Example:
        >>> sizes("conv2d", "stride", 2, 2, 1), sizes("conv2d", "padding", (0, 1), 2, 0)
        ((2, 2), (0, 1))
    """
    given = value if isinstance(value, (tuple, list)) else (value,)
    try:
        found = tuple(operator.index(n) for n in given)
    except TypeError:
        want = f"{name} as an integer or {count} of them"
        raise DtypeError(message(who, want, repr(value), f"pass {name} as int or tuple of ints")) from None
    if len(found) == 1:
        found *= count
    if len(found) != count:
        fix = f"give one for each of the {count} spatial dimensions, or a single one"
        raise ArgumentError(message(who, f"{name} with 1 or {count} integers", str(len(found)), fix))
    if min(found) < least:
        raise ArgumentError(message(who, f"{name} of at least {least}", repr(value), f"raise {name}"))
    return found


def image_layout(n: int) -> str:
    """Return how an input with ``n`` spatial dimensions is laid out.

    Example:
        >>> image_layout(2)
        '(N, C, H, W) or (C, H, W)'
    """
    spatial = {1: "L", 2: "H, W", 3: "D, H, W"}[n]
    return f"(N, C, {spatial}) or (C, {spatial})"


def require_float(who: str, *xs: jax.Array | None) -> None:
    """Raise a ``DtypeError`` unless all given arrays are of floating point, real or complex."""
    for x in xs:
        if x is not None and not is_inexact(x):
            fix = "convert it with .float()"
            raise DtypeError(message(who, "a floating-point tensor", describe(x), fix))


def require_same_dtype(who: str, input: jax.Array, **others: jax.Array | None) -> None:
    """Raise a ``DtypeError`` unless all given arrays are of the type of ``input``."""
    for name, x in others.items():
        if x is not None and x.dtype != input.dtype:
            want = f"{name} of the input's dtype {input.dtype}"
            fix = f"convert one of them, as in input.to({name}.dtype)"
            raise DtypeError(message(who, want, describe(x), fix))


def require_ndim(who: str, x: jax.Array, allowed: tuple[int, ...], layout: str) -> None:
    """Raise a ``ShapeError`` unless ``x`` has one of the allowed numbers of dimensions."""
    if x.ndim not in allowed:
        counts = " or ".join(f"{n}-d" for n in allowed)
        fix = "add or remove dimensions with unsqueeze, reshape or flatten"
        raise ShapeError(message(who, f"{counts} input {layout}", describe(x), fix))


def one_of(who: str, name: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Raise an ``ArgumentError`` unless ``value`` is one of the allowed words."""
    if value not in allowed:
        words = ", ".join(repr(word) for word in allowed)
        raise ArgumentError(message(who, f"{name} among {words}", repr(value), "pass one of these"))


def probability(who: str, p: float) -> None:
    """Raise an ``ArgumentError`` unless ``p`` lies in [0, 1]."""
    if not 0 <= p <= 1:
        raise ArgumentError(message(who, "a probability p in [0, 1]", repr(p), "pass 0 <= p <= 1"))
