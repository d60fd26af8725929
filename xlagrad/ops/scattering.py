"""Several values that meet in one place: scatter_reduce, index_reduce, put, and what scatters share."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import dim_of, is_bool, is_inexact, require_integer
from xlagrad.ops.composed import composed
from xlagrad.ops.limits import on_host

# PyTorch takes these two as well.
_SHORT = {"max": "amax", "min": "amin"}
_REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


def checked(who: str, input: Array, dim: int, index: Array) -> tuple[Array, Array, int]:
    """Return input and index with at least one dimension, and the dimension counted from the front.

    Raises:
        ShapeError: the index has another number of dimensions than the input.
        DtypeError: it holds no integers.
    """
    require_integer(who, index, "an integer index")
    at = dim_of(who, dim, input.ndim)
    x = input if input.ndim else input.reshape(1)
    i = index if index.ndim else index.reshape(1)
    if x.ndim != i.ndim:
        got = f"{describe(index)} for {describe(input)}"
        raise errors.ShapeError(
            message(who, "an index with as many dimensions as the tensor", got, "reshape it")
        )
    return x, i, at


def require_fit(who: str, index: Array, x: Array, dim: int | None, name: str) -> None:
    """Raise a ``ShapeError`` if the index is larger than ``x`` in a dimension other than ``dim``."""
    for d in range(index.ndim):
        if d != dim and index.shape[d] > x.shape[d]:
            got = f"{describe(index)} and {describe(x)}"
            want = f"an index no larger than the {name} in dim {d}"
            raise errors.ShapeError(message(who, want, got, "cut the index"))


def grid_of(index: Array, dim: int) -> tuple[Array, ...]:
    """Return the coordinates at which a scatter along ``dim`` writes."""
    parts = [lax.broadcasted_iota(index.dtype, index.shape, d) for d in range(index.ndim)]
    parts[dim] = index
    return tuple(parts)


def require_inside(who: str, index: Any, length: int, negative: bool = False) -> None:
    """Raise an ``IndexingError`` for an index out of range, if looking does not wait for an accelerator."""
    values = on_host(index)
    if values is None or not values.size or values.dtype.kind not in "iu":
        return
    low, high, least = int(values.min()), int(values.max()), -length if negative else 0
    if low < least or high >= length:
        got = f"index {low if low < least else high}, which is out of bounds"
        raise errors.IndexingError(message(who, f"indices in [{least}, {length - 1}]", got))


def length_of(who: str, input: Any, dim: int) -> int:
    """Return the length of a dimension; a 0-d tensor counts as having one element."""
    shape = tuple(input.shape)
    return int(shape[dim_of(who, dim, len(shape))]) if shape else 1


def line_of(who: str, index: Array) -> Array:
    """Return an index of whole slices as a vector.

    Raises:
        ShapeError: it has more dimensions.
        DtypeError: it holds no integers.
    """
    require_integer(who, index, "an integer index")
    if index.ndim > 1:
        fix = "flatten it, or use gather"
        raise errors.ShapeError(message(who, "an index of one dimension", describe(index), fix))
    return index.reshape(-1)


@jax.custom_jvp
def write_at(x: Array, grid: tuple[Array, ...], values: Array) -> Array:
    """Return ``x`` with the values written at the places of the grid."""
    return x.at[grid].set(values)


@write_at.defjvp
def _write_jvp(primals: tuple[Any, Any, Any], tangents: tuple[Any, Any, Any]) -> tuple[Any, Any]:
    # Where two values meet in one place PyTorch gives both its gradient; to claim that the places are
    # unique does the same, and JAX can transpose it.
    (x, grid, values), (dx, _, dvalues) = primals, tangents
    return write_at(x, grid, values), dx.at[grid].set(dvalues, unique_indices=True)


def neutral(how: str, dtype: Any) -> Any:
    """Return what changes nothing when it is reduced with."""
    if how in ("sum", "mean"):
        return jnp.zeros((), dtype)
    if how == "prod":
        return jnp.ones((), dtype)
    if dtype == jnp.bool_:
        return jnp.asarray(how == "amin")
    if jnp.issubdtype(dtype, jnp.inexact):
        return jnp.asarray(-jnp.inf if how == "amax" else jnp.inf, dtype)
    limits = jnp.iinfo(dtype)
    return jnp.asarray(limits.min if how == "amax" else limits.max, dtype)


def add_at(x: Array, grid: Any, values: Array) -> Array:
    """Return ``x`` with the values added at the places of the grid; the sum of truth values is "or"."""
    return x.at[grid].max(values) if is_bool(x) else x.at[grid].add(values)


@functools.partial(jax.custom_jvp, nondiff_argnums=(3,))
def _extreme(x: Array, grid: Any, values: Array, how: str) -> Array:
    return x.at[grid].max(values) if how == "amax" else x.at[grid].min(values)


@_extreme.defjvp
def _extreme_jvp(how: str, primals: Any, tangents: Any) -> tuple[Array, Array]:
    # Those that attain the extreme share its gradient evenly, as in PyTorch.
    (x, grid, values), (dx, _, dvalues) = primals, tangents
    out = _extreme(x, grid, values, how)
    mine, theirs = x == out, values == out[grid]
    count = mine.astype(x.dtype).at[grid].add(theirs.astype(x.dtype))
    count = jnp.maximum(count, 1)
    moved = jnp.where(mine, dx, 0).at[grid].add(jnp.where(theirs, dvalues, 0))
    return out, moved / count


@jax.custom_jvp
def _product(x: Array, grid: Any, values: Array) -> Array:
    return x.at[grid].multiply(values)


@_product.defjvp
def _product_jvp(primals: Any, tangents: Any) -> tuple[Array, Array]:
    # The derivative by a factor is the product of the others, which a division cannot give at a zero.
    (x, grid, values), (dx, _, dvalues) = primals, tangents
    zeros = (x == 0).astype(jnp.int32).at[grid].add((values == 0).astype(jnp.int32))
    rest = _product(jnp.where(x == 0, 1, x), grid, jnp.where(values == 0, 1, values))

    def others(factor: Array, count: Array, product: Array) -> Array:
        safe = jnp.where(factor == 0, 1, factor)
        alone = jnp.where(factor == 0, count == 1, count == 0)
        return jnp.where(alone, product / safe, 0)

    moved = others(x, zeros, rest) * dx
    return _product(x, grid, values), moved.at[grid].add(others(values, zeros[grid], rest[grid]) * dvalues)


def _mean(total: Array, start: Array, grid: Any, values: Array) -> Array:
    count = jnp.maximum(start.astype(jnp.int32).at[grid].add(jnp.ones(values.shape, jnp.int32)), 1)
    if is_inexact(total):
        return total / count.astype(total.real.dtype)
    return total // count.astype(total.dtype)


def reduce_at(x: Array, grid: Any, values: Array, how: str, include_self: bool) -> Array:
    """Return ``x`` with all values at a place of the grid, and its own if that counts, reduced to one."""
    own = jnp.ones(x.shape, bool)
    if not include_self:
        own = own.at[grid].set(False)
        x = jnp.where(own, x, neutral(how, x.dtype))
    if how in ("sum", "mean"):
        total = add_at(x, grid, values)
        return total if how == "sum" else _mean(total, own, grid, values)
    if how == "prod":
        return _product(x, grid, values) if is_inexact(x) else x.at[grid].multiply(values)
    return _extreme(x, grid, values, how)


def _require(who: str, input: Array, src: Array, how: str, known: tuple[str, ...]) -> None:
    if how not in known:
        names = ", ".join(map(repr, known))
        raise errors.ArgumentError(message(who, f"reduce among {names}", repr(how), "choose one"))
    if src.dtype != input.dtype:
        got = f"{describe(input)} and {describe(src)}"
        raise errors.DtypeError(message(who, "a tensor and a source of one dtype", got, "convert the source"))


def reduced_along(
    who: str, input: Array, index: Array, src: Array, dim: int, how: str, include_self: bool
) -> Array:
    """Return ``input`` with the values of ``src`` reduced into it along ``dim`` at ``index``."""
    if not index.size:
        dim_of(who, dim, input.ndim)
        return input
    x, i, at = checked(who, input, dim, index)
    require_fit(who, i, x, at, "tensor")
    values = src if src.ndim else src.reshape(1)
    if values.ndim != i.ndim:
        got = f"{describe(src)} for {describe(index)}"
        raise errors.ShapeError(message(who, "a source with as many dimensions as the index", got))
    require_fit(who, i, values, None, "source")
    part = values[tuple(slice(n) for n in i.shape)]
    return reduce_at(x, grid_of(i, at), part, how, include_self).reshape(input.shape)


@op
def scatter_reduce_along(
    input: Array, index: Array, src: Array, dim: int, reduce: str, include_self: bool
) -> Array:
    """Reduce ``src`` into the tensor along ``dim`` at ``index``, operands first. See `scatter_reduce`."""
    _require("scatter_reduce", input, src, reduce, _REDUCTIONS)
    return reduced_along("scatter_reduce", input, index, src, dim, reduce, include_self)


@composed(method=True, inplace=True)
def scatter_reduce(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """input, with all src[i][j] of one place input[index[i][j]][j] reduced to one value; so for every dim.

    Args:
        input: tensor to start from.
        dim: dimension that ``index`` counts along.
        index: integers, no larger than ``src``, nor than ``input`` in the other dimensions.
        src: values, of the tensor's type.
        reduce: "sum", "prod", "mean", "amax" or "amin".
        include_self: whether the tensor's own value counts; places without values keep it in any case.

    Raises:
        ShapeError: the index has other dimensions, or is larger than the tensor or the source.
        IndexingError: the dimension is out of range.
        DtypeError: the index holds no integers, or the types differ.
        ArgumentError: an unknown reduction.

    Example:
        >>> scatter_reduce(jnp.zeros(2), 0, jnp.array([1, 1]), jnp.array([2.0, 3.0]), "amax").tolist()
        [0.0, 3.0]

    Source: ``torch.scatter_reduce``. Those that attain an extreme share its gradient; an index out of range
    is left out where one cannot look: under ``compile`` and on an accelerator.
    """
    require_inside("scatter_reduce", index, length_of("scatter_reduce", input, dim))
    return scatter_reduce_along(input, index, src, dim, _SHORT.get(reduce, reduce), include_self)


@op
def index_reduce_along(
    input: Array, index: Array, source: Array, dim: int, reduce: str, include_self: bool
) -> Array:
    """Reduce slices into the tensor at ``index``, operands first. See `index_reduce`."""
    _require("index_reduce", input, source, reduce, _REDUCTIONS[1:])
    at = dim_of("index_reduce", dim, input.ndim)
    line = line_of("index_reduce", index)
    x = input if input.ndim else input.reshape(1)
    values = source if source.ndim else source.reshape((1,) * x.ndim)
    wanted = x.shape[:at] + line.shape + x.shape[at + 1 :]
    if values.shape != wanted:
        got = f"{describe(source)} for {describe(input)} at {describe(index)}"
        raise errors.ShapeError(message("index_reduce", f"a source of shape {list(wanted)}", got))
    shape = [-1 if d == at else 1 for d in range(x.ndim)]
    full = jnp.broadcast_to(line.reshape(shape), wanted)
    return reduced_along("index_reduce", x, full, values, at, reduce, include_self).reshape(input.shape)


@composed(method=True, inplace=True)
def index_reduce(
    input: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """input, with the slices of ``source`` reduced into those along a dimension that ``index`` names.

    Args:
        input: tensor to start from.
        dim: along which dimension.
        index: vector of integers.
        source: slices, of the tensor's type, one for each index.
        reduce: "prod", "mean", "amax" or "amin".
        include_self: whether the tensor's own slice counts.

    Raises:
        ShapeError: the source has not the shape of those slices.
        IndexingError: the dimension is out of range.
        DtypeError: the types differ.
        ArgumentError: an unknown reduction.

    Example:
        >>> index_reduce(jnp.ones(2), 0, jnp.array([1, 1]), jnp.array([2.0, 3.0]), "prod").tolist()
        [1.0, 6.0]

    Source: ``torch.index_reduce``. Those that attain an extreme share its gradient.
    """
    require_inside("index_reduce", index, length_of("index_reduce", input, dim))
    return index_reduce_along(input, index, source, dim, reduce, include_self)


@op
def put_at(input: Array, index: Array, source: Array, accumulate: bool) -> Array:
    """Write, or add, at places of the flattened tensor. See `put`."""
    require_integer("put", index, "an integer index")
    _require("put", input, source, "sum", ("sum",))
    if index.size != source.size:
        got = f"{describe(index)} and {describe(source)}"
        raise errors.ShapeError(message("put", "an index and a source of as many elements", got))
    flat, at, values = input.reshape(-1), index.reshape(-1), source.reshape(-1)
    if accumulate:
        return add_at(flat, at, values).reshape(input.shape)
    return write_at(flat, (at,), values).reshape(input.shape)


@composed(method=True, inplace=True)
def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """input, with the elements of ``source`` written, or added, at places of the flattened tensor.

    Args:
        input: tensor to start from.
        index: integers; negative ones count from the end.
        source: as many values, of the tensor's type.
        accumulate: add instead of replace.

    Raises:
        ShapeError: not as many values as indices.
        DtypeError: the index holds no integers, or the types differ.
        IndexingError: an index is out of range.

    Example:
        >>> put(jnp.zeros((2, 2)), jnp.array([3, 0]), jnp.array([1.0, 2.0])).tolist()
        [[2.0, 0.0], [0.0, 1.0]]

    Source: ``torch.put``. Under ``compile``, and on an accelerator, an index out of range is left out.
    """
    require_inside("put", index, math.prod(input.shape), negative=True)
    return put_at(input, index, source, bool(accumulate))
