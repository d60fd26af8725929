"""Checks and conversions that the operation families share."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import dtypes, errors
from xlagrad.core.errors import describe, message

# What a static argument ``dim`` may be: one, several, or None for all.
Dim = int | tuple[int, ...] | list[int] | None

# PyTorch's names of the ways to extend a dimension, and NumPy's.
PADDING = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class ValuesIndices(NamedTuple):
    """What ``max``, ``sort``, ``topk``, ``median`` and their kin return along a dimension."""

    values: Any
    indices: Any


def dim_of(who: str, dim: Any, ndim: int) -> int:
    """Return a dimension counted from the front.

    A 0-d tensor counts as having one dimension, as in PyTorch.

    Raises:
        IndexingError: it is out of range, or not an integer.

    Example:
        >>> dim_of("sum", -1, 3)
        2
    """
    span = max(ndim, 1)
    try:
        index = operator.index(dim)
    except TypeError:
        fix = "pass an int"
        raise errors.IndexingError(message(who, "dim to be an integer", describe(dim), fix)) from None
    if not -span <= index < span:
        fix = f"the tensor has {ndim} dimension{'s' * (ndim != 1)}"
        raise errors.IndexingError(message(who, f"dim in the range [{-span}, {span - 1}]", str(index), fix))
    return index % span


def dims_of(who: str, dim: Any, ndim: int) -> tuple[int, ...]:
    """Return the dimensions that an argument ``dim`` (None, int or sequence) names, counted from the front.

    None and the empty sequence mean all of them, as in PyTorch's reductions.

    Raises:
        IndexingError: one is out of range.
        ArgumentError: one appears twice.

    Example:
        >>> dims_of("sum", (0, -1), 3), dims_of("sum", None, 2)
        ((0, 2), (0, 1))
    """
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    wanted = dim if isinstance(dim, (tuple, list)) else (dim,)
    found = tuple(dim_of(who, d, ndim) for d in wanted)
    if len(set(found)) != len(found):
        raise errors.ArgumentError(message(who, "each dim once", str(tuple(wanted)), "drop the repeated one"))
    return found if ndim else ()


def is_float(x: Any) -> bool:
    """Return whether an array is of real floating point."""
    return bool(jnp.issubdtype(x.dtype, jnp.floating))


def is_complex(x: Any) -> bool:
    """Return whether an array is complex."""
    return bool(jnp.issubdtype(x.dtype, jnp.complexfloating))


def is_inexact(x: Any) -> bool:
    """Return whether an array is of floating point, real or complex."""
    return bool(jnp.issubdtype(x.dtype, jnp.inexact))


def is_bool(x: Any) -> bool:
    """Return whether an array is boolean."""
    return x.dtype == np.bool_


def floating(x: jax.Array) -> jax.Array:
    """Return integers and booleans in the default floating-point type, everything else as it is."""
    return x if is_inexact(x) else x.astype(dtypes.get_default_dtype().dtype)


def in_single(function: Callable[..., jax.Array], *xs: jax.Array) -> jax.Array:
    """Return ``function(*xs)``, of half precision computed in float32 and rounded once at the end."""
    kind = xs[0].dtype
    if not is_float(xs[0]) or kind.itemsize > 2:
        return function(*xs)
    return function(*[x.astype(jnp.float32) for x in xs]).astype(kind)


def int64() -> np.dtype[Any]:
    """Return the type of indices and of sums of integers: int64, or int32 where JAX runs with 32 bits."""
    return dtypes.as_jax("int64")


def require_inexact(who: str, x: jax.Array) -> None:
    """Raise a ``DtypeError`` unless ``x`` is of floating point, real or complex."""
    if not is_inexact(x):
        fix = "convert it with .float()"
        raise errors.DtypeError(message(who, "a floating-point or complex tensor", describe(x), fix))


def require_integer(who: str, x: jax.Array, name: str = "an integer tensor") -> None:
    """Raise a ``DtypeError`` unless ``x`` holds integers."""
    if not jnp.issubdtype(x.dtype, jnp.integer):
        raise errors.DtypeError(message(who, name, describe(x), "convert it with .long()"))


def refuse_bool(who: str, *xs: jax.Array, fix: str = "convert it with .int()") -> None:
    """Raise a ``DtypeError`` if one of ``xs`` is boolean."""
    for x in xs:
        if is_bool(x):
            raise errors.DtypeError(message(who, "a numeric tensor", describe(x), fix))


def refuse_complex(who: str, *xs: jax.Array) -> None:
    """Raise a ``DtypeError`` if one of ``xs`` is complex."""
    for x in xs:
        if is_complex(x):
            raise errors.DtypeError(message(who, "a real tensor", describe(x), "take .real, .imag or .abs()"))


def broadcast(who: str, *xs: jax.Array) -> tuple[int, ...]:
    """Return the shape to which all of ``xs`` broadcast.

    Raises:
        ShapeError: there is none.
    """
    try:
        return np.broadcast_shapes(*(x.shape for x in xs))
    except ValueError:
        got = " and ".join(describe(x) for x in xs)
        fix = "make the sizes equal, or 1, in each dimension counted from the last"
        raise errors.ShapeError(message(who, "shapes that broadcast together", got, fix)) from None


def require_elements(who: str, x: jax.Array, dims: tuple[int, ...]) -> None:
    """Raise an ``IndexingError`` if nothing is left to choose from along one of ``dims``.

    For operations without a neutral element: the maximum of nothing is not defined.
    """
    empty = [d for d in dims if x.ndim and x.shape[d] == 0]
    if empty:
        fix = "reduce over a dimension that has elements"
        want = f"at least one element along dim {empty[0]}"
        raise errors.IndexingError(message(who, want, describe(x), fix))
