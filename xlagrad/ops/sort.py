"""Sorting along a dimension, the largest elements, and places in sorted sequences."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import ValuesIndices, dim_of, int64, refuse_bool, refuse_complex


def _order(who: str, input: Array, dim: int, descending: bool) -> tuple[Array, Array, int]:
    """Return the tensor with a dimension, the indices that sort it, and the dimension."""
    refuse_complex(who, input)
    at = dim_of(who, dim, input.ndim)
    line = input if input.ndim else input.reshape(1)
    order = jnp.argsort(lax.stop_gradient(line), axis=at, stable=True, descending=descending)
    return line, order.astype(int64()), at


def _at(line: Array, order: Array, at: int) -> Array:
    return jnp.take_along_axis(line, order, axis=at, mode="promise_in_bounds")


@op(method=True)
def sort(input: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> ValuesIndices:
    """The elements in order along a dimension, and where each was; NaN counts as the largest.

    Always stable: equal elements stay in order.

    Raises:
        IndexingError: the dimension is out of range.
        DtypeError: a complex tensor.

    Example:
        >>> [x.tolist() for x in sort(jnp.array([3.0, 1.0, 2.0]))]
        [[1.0, 2.0, 3.0], [1, 2, 0]]

    Source: ``torch.sort``.
    """
    line, order, at = _order("sort", input, dim, descending)
    return ValuesIndices(_at(line, order, at).reshape(input.shape), order.reshape(input.shape))


@op(method=True)
def argsort(input: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> Array:
    """The indices that sort the tensor along a dimension; see `sort`.

    Example:
        >>> argsort(jnp.array([3.0, 1.0, 2.0])).tolist()
        [1, 2, 0]

    Source: ``torch.argsort``.
    """
    return _order("argsort", input, dim, descending)[1].reshape(input.shape)


@op(method=True)
def msort(input: Array) -> Array:
    """The elements in order along the first dimension.

    Example:
        >>> msort(jnp.array([3.0, 1.0, 2.0])).tolist()
        [1.0, 2.0, 3.0]

    Source: ``torch.msort``.
    """
    return sort(input, 0).values


@op(method=True)
def topk(input: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesIndices:
    """The k largest (or smallest) elements along a dimension, in order, and where they were.

    Args:
        input: tensor.
        k: how many.
        dim: along which dimension.
        largest: False for the smallest; NaN counts as the largest.
        sorted: taken for compatibility; the result is always in order.

    Raises:
        ArgumentError: k is negative, or more than there are.
        IndexingError: the dimension is out of range.
        DtypeError: a boolean or complex tensor.

    Example:
        >>> [x.tolist() for x in topk(jnp.array([3.0, 1.0, 2.0]), 2)]
        [[3.0, 2.0], [0, 2]]

    Source: ``torch.topk``.
    """
    refuse_bool("topk", input)
    refuse_complex("topk", input)
    at = dim_of("topk", dim, input.ndim)
    line = input if input.ndim else input.reshape(1)
    if not 0 <= k <= line.shape[at]:
        fix = f"the tensor is {describe(input)}"
        raise errors.ArgumentError(message("topk", f"k from 0 to {line.shape[at]}", str(k), fix))
    if largest:
        last = jnp.moveaxis(lax.stop_gradient(line), at, -1)
        order = jnp.moveaxis(lax.top_k(last, k)[1], -1, at)
    else:
        order = lax.slice_in_dim(_order("topk", line, at, False)[1], 0, k, axis=at)
    order = order.astype(int64())
    shape = order.shape if input.ndim else order.shape if k != 1 else ()
    return ValuesIndices(_at(line, order, at).reshape(shape), order.reshape(shape))


@op
def searchsorted(
    sorted_sequence: Array,
    input: ArrayLike,
    sorter: Array | None = None,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
) -> Array:
    """Where each value would be inserted to keep a sequence sorted.

    Args:
        sorted_sequence: (…, n), ascending along the last dimension.
        input: values; of the same leading dimensions unless the sequence is a vector.
        sorter: indices that sort the sequence if it is not.
        out_int32: return int32.
        right: after equal elements instead of before.
        side: "left" or "right", the same in words.

    Raises:
        ShapeError: the leading dimensions differ.
        ArgumentError: an unknown side.

    Example:
        >>> searchsorted(jnp.array([1.0, 3.0]), jnp.array([0.0, 3.0])).tolist()
        [0, 1]

    Source: ``torch.searchsorted``.
    """
    if side not in (None, "left", "right"):
        raise errors.ArgumentError(
            message("searchsorted", "side 'left' or 'right'", repr(side), "choose one")
        )
    if side == "left" and right:
        got = "side='left' and right=True"
        raise errors.ArgumentError(message("searchsorted", "side and right to agree", got))
    values = jnp.asarray(input)
    sequence = sorted_sequence
    if sorter is not None:
        sequence = jnp.take_along_axis(sequence, sorter, axis=-1)
    where = "right" if right or side == "right" else "left"
    dtype = jnp.int32 if out_int32 else int64()
    if sequence.ndim == 1:
        if not sequence.size:
            return jnp.zeros(values.shape, dtype)
        return jnp.searchsorted(sequence, values, side=where).astype(dtype)
    if sequence.shape[:-1] != values.shape[:-1]:
        got = f"{describe(sequence)} and {describe(values)}"
        raise errors.ShapeError(
            message("searchsorted", "equal leading dimensions", got, "expand one of them")
        )
    if not sequence.size or not values.size:
        return jnp.zeros(values.shape, dtype)
    rows = sequence.reshape(-1, sequence.shape[-1]), values.reshape(-1, values.shape[-1])
    found = jax.vmap(lambda s, v: jnp.searchsorted(s, v, side=where))(*rows)
    return found.reshape(values.shape).astype(dtype)


@op
def bucketize(input: ArrayLike, boundaries: Array, *, out_int32: bool = False, right: bool = False) -> Array:
    """The number of the bucket, between ascending boundaries, that each value falls into.

    Example:
        >>> bucketize(jnp.array([0.5, 2.0]), jnp.array([1.0, 2.0])).tolist()
        [0, 1]

    Source: ``torch.bucketize``.
    """
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)
