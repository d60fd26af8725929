"""Products of vectors: scalar, outer and cross."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.core.promotion import promote
from xlagrad.ops.common import broadcast, dim_of, is_inexact, require_inexact
from xlagrad.ops.composed import composed
from xlagrad.ops.linear import check_dims, check_product, contract, mismatch


@op(method=True)
def dot(input: Array, tensor: Array) -> Array:
    """Σ input · tensor for two vectors.

    Raises:
        ShapeError: they are not vectors of one length.
        DtypeError: the types differ, or are boolean.

    Example:
        >>> dot(jnp.array([1.0, 2.0]), jnp.array([3.0, 4.0])).tolist()
        11.0

    Source: ``torch.dot``.
    """
    check_dims("dot", input, 1)
    check_dims("dot", tensor, 1)
    return contract("dot", input, tensor)


@op(method=True)
def vdot(input: Array, other: Array) -> Array:
    """Σ conj(input) · other for two vectors.

    Raises:
        ShapeError: they are not vectors of one length.
        DtypeError: the types differ, or are boolean.

    Example:
        >>> vdot(jnp.array([1j]), jnp.array([1j])).tolist()
        (1+0j)

    Source: ``torch.vdot``.
    """
    check_dims("vdot", input, 1)
    check_dims("vdot", other, 1)
    return contract("vdot", jnp.conj(input), other)


@op
def vecdot(x: Array, y: Array, *, dim: int = -1) -> Array:
    """Σ conj(x) · y along a dimension of numbers of any type, the others broadcast; see `linalg_vecdot`.

    Example:
        >>> vecdot(jnp.ones((2, 3)), jnp.ones(3)).tolist()
        [3.0, 3.0]
    """
    who = "linalg.vecdot"
    check_product(who, x, y)
    broadcast(who, x, y)
    at = dim_of(who, dim, max(x.ndim, y.ndim))
    if not x.ndim and not y.ndim:
        return jnp.conj(x) * y
    # 16-bit numbers are summed in 32 bits.
    kind = jnp.float32 if x.dtype.itemsize == 2 and is_inexact(x) else x.dtype
    return jnp.sum(jnp.conj(x).astype(kind) * y.astype(kind), axis=at).astype(x.dtype)


@composed()
def linalg_vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """Σ conj(x) · y along a dimension, the others broadcast.

    Raises:
        ShapeError: the shapes do not broadcast.
        IndexingError: the dimension is out of range.
        DtypeError: the types differ, or are not of floating point.

    Example:
        >>> linalg_vecdot(jnp.ones((2, 3)), jnp.ones(3)).tolist()
        [3.0, 3.0]

    Source: ``torch.linalg.vecdot``.
    """
    for t in (x, y):
        require_inexact("linalg.vecdot", t)
    return vecdot(x, y, dim=dim)


@op(method=True)
def inner(input: Array, other: Array) -> Array:
    """Σ over the last dimension of both: of vectors `dot`, with a number the multiple.

    Raises:
        ShapeError: the last dimensions differ.
        DtypeError: the types differ, or are boolean.

    Example:
        >>> inner(jnp.ones((2, 3)), jnp.ones((4, 3))).shape
        (2, 4)

    Source: ``torch.inner``.
    """
    check_product("inner", input, other)
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise mismatch("inner", input, other, "equal last dimensions")
    return jnp.inner(input, other)


@op(method=True, aliases=("ger",))
def outer(input: Array, vec2: Array) -> Array:
    """input_i · vec2_j for two vectors.

    Raises:
        ShapeError: they are not vectors.

    Example:
        >>> outer(jnp.array([1.0, 2.0]), jnp.array([3.0, 4.0])).tolist()
        [[3.0, 4.0], [6.0, 8.0]]

    Source: ``torch.outer``.
    """
    check_dims("outer", input, 1)
    check_dims("outer", vec2, 1)
    x, y = promote(input, vec2)
    return x[:, None] * y[None, :]


@op
def linalg_cross(input: Array, other: Array, *, dim: int = -1) -> Array:
    """The cross product of 3-vectors along a dimension, with broadcasting.

    Raises:
        ShapeError: that dimension has not size 3 in both, or the shapes do not broadcast.

    Example:
        >>> linalg_cross(jnp.array([1.0, 0.0, 0.0]), jnp.array([0.0, 1.0, 0.0])).tolist()
        [0.0, 0.0, 1.0]

    Source: ``torch.linalg.cross``.
    """
    check_product("linalg.cross", input, other)
    got = f"{describe(input)} and {describe(other)}"
    if input.ndim != other.ndim or not input.ndim:
        raise errors.ShapeError(message("linalg.cross", "equal numbers of dimensions", got, "unsqueeze one"))
    at = dim_of("linalg.cross", dim, input.ndim)
    if input.shape[at] != 3 or other.shape[at] != 3:
        raise errors.ShapeError(message("linalg.cross", f"size 3 along dim {at}", got, "name another dim"))
    broadcast("linalg.cross", input, other)
    return jnp.cross(input, other, axis=at)


@composed(method=True)
def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """The cross product of 3-vectors, along the first dimension of size 3 by default; see `linalg_cross`.

    Raises:
        ShapeError: no dimension has size 3, or the shapes do not broadcast.

    Example:
        >>> cross(jnp.array([1.0, 0.0, 0.0]), jnp.array([0.0, 1.0, 0.0])).tolist()
        [0.0, 0.0, 1.0]

    Source: ``torch.cross``.
    """
    if dim is None:
        if 3 not in tuple(input.shape):
            raise errors.ShapeError(message("cross", "a dimension of size 3", describe(input), "pad with 0"))
        dim = tuple(input.shape).index(3)
    return linalg_cross(input, other, dim=dim)
