"""The largest, smallest and middle elements along dimensions, and where they are."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle
from xlagrad.ops.choose import maximum, minimum
from xlagrad.ops.common import (
    Dim,
    ValuesIndices,
    dim_of,
    dims_of,
    int64,
    is_float,
    is_inexact,
    refuse_bool,
    refuse_complex,
    require_elements,
)
from xlagrad.ops.composed import composed
from xlagrad.ops.kinks import pick, spread


class MinMax(NamedTuple):
    """What ``aminmax`` returns."""

    min: Any
    max: Any


def _extreme(who: str, x: Array, dim: Any, keepdim: bool) -> Array:
    """Return the largest (``amax``) or smallest elements, the gradient split evenly among ties."""
    refuse_complex(who, x)
    dims = dims_of(who, dim, x.ndim)
    require_elements(who, x, dims)
    reduce = jnp.max if who.endswith("max") else jnp.min
    kept = spread(x, reduce(lax.stop_gradient(x), axis=dims, keepdims=True), dims)
    return kept if keepdim else jnp.squeeze(kept, dims)


@op(method=True)
def amax(input: Array, dim: Dim = (), keepdim: bool = False) -> Array:
    """The largest element over the given dimensions; NaN if there is one. Ties share the gradient evenly.

    Raises:
        IndexingError: a dimension is out of range, or has no elements.

    Example:
        >>> amax(jnp.array([[1.0, 4.0], [3.0, 2.0]]), 1).tolist()
        [4.0, 3.0]

    Source: ``torch.amax``.
    """
    return _extreme("amax", input, dim, keepdim)


@op(method=True)
def amin(input: Array, dim: Dim = (), keepdim: bool = False) -> Array:
    """The smallest element over the given dimensions; NaN if there is one. Ties share the gradient evenly.

    Raises:
        IndexingError: a dimension is out of range, or has no elements.

    Example:
        >>> amin(jnp.array([[1.0, 4.0], [3.0, 2.0]]), 1).tolist()
        [1.0, 2.0]

    Source: ``torch.amin``.
    """
    return _extreme("amin", input, dim, keepdim)


@op(method=True)
def aminmax(input: Array, *, dim: int | None = None, keepdim: bool = False) -> MinMax:
    """(amin(input), amax(input)) over one dimension or all.

    Example:
        >>> [x.tolist() for x in aminmax(jnp.array([3.0, 1.0]))]
        [1.0, 3.0]

    Source: ``torch.aminmax``.
    """
    return MinMax(_extreme("amin", input, dim, keepdim), _extreme("amax", input, dim, keepdim))


def _where(who: str, x: Array, dim: Any, keepdim: bool) -> Array:
    """Return the first position of the largest (``argmax``) or smallest element; a NaN is both."""
    refuse_complex(who, x)
    refuse_bool(who, x)
    if dim is None:
        require_elements(who, x.reshape(-1), (0,))
        flat, at = x.reshape(-1), 0
    else:
        at = dim_of(who, dim, x.ndim)
        require_elements(who, x, (at,))
        flat = x if x.ndim else x.reshape(1)
    find = jnp.argmax if who == "argmax" else jnp.argmin
    found = find(flat, axis=at).astype(int64())
    if dim is None:
        return found.reshape((1,) * x.ndim) if keepdim else found
    return jnp.expand_dims(found, at) if keepdim and x.ndim else found


@op(method=True)
def argmax(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the largest element along a dimension, or in the flattened tensor; of ties the first.

    Raises:
        IndexingError: the dimension is out of range, or has no elements.
        DtypeError: a boolean or complex tensor.

    Example:
        >>> argmax(jnp.array([[1.0, 4.0], [3.0, 2.0]]), 1).tolist()
        [1, 0]

    Source: ``torch.argmax``.
    """
    return _where("argmax", input, dim, keepdim)


@op(method=True)
def argmin(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the smallest element along a dimension, or in the flattened tensor; of ties the first.

    Raises:
        IndexingError: the dimension is out of range, or has no elements.
        DtypeError: a boolean or complex tensor.

    Example:
        >>> argmin(jnp.array([[1.0, 4.0], [3.0, 2.0]]), 1).tolist()
        [0, 1]

    Source: ``torch.argmin``.
    """
    return _where("argmin", input, dim, keepdim)


def along(who: str, x: Array, dim: int) -> tuple[Array, int]:
    """Return ``x`` with at least one dimension, and ``dim`` counted from the front, which has elements."""
    at = dim_of(who, dim, x.ndim)
    line = x if x.ndim else x.reshape(1)
    require_elements(who, line, (at,))
    return line, at


def picked(x: Array, indices: Array, line: Array, at: int, keepdim: bool) -> ValuesIndices:
    """Return the elements of ``line`` at ``indices`` (kept) in the shape that a reduction of ``x`` has."""
    values, indices = pick(line, indices, at), indices.astype(int64())
    if keepdim and x.ndim:
        return ValuesIndices(values, indices)
    return ValuesIndices(jnp.squeeze(values, at), jnp.squeeze(indices, at))


def _along_dim(who: str, x: Array, dim: int, keepdim: bool) -> ValuesIndices:
    refuse_complex(who, x)
    line, at = along(who, x, dim)
    find = jnp.argmax if who == "max" else jnp.argmin
    return picked(x, find(line, axis=at, keepdims=True), line, at, keepdim)


@op
def max_dim(input: Array, dim: int, keepdim: bool = False) -> ValuesIndices:
    """The largest elements along a dimension and their indices; the first of ties has all the gradient.

    Raises:
        IndexingError: the dimension is out of range, or has no elements.

    Example:
        >>> [x.tolist() for x in max_dim(jnp.array([[1.0, 4.0], [3.0, 2.0]]), 1)]
        [[4.0, 3.0], [1, 0]]

    Source: ``torch.max`` with a dimension.
    """
    return _along_dim("max", input, dim, keepdim)


@op
def min_dim(input: Array, dim: int, keepdim: bool = False) -> ValuesIndices:
    """The smallest elements along a dimension and their indices; the first of ties has all the gradient.

    Raises:
        IndexingError: the dimension is out of range, or has no elements.

    Example:
        >>> [x.tolist() for x in min_dim(jnp.array([[1.0, 4.0], [3.0, 2.0]]), 1)]
        [[1.0, 2.0], [0, 1]]

    Source: ``torch.min`` with a dimension.
    """
    return _along_dim("min", input, dim, keepdim)


@composed(method=True)
def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest element; with ``dim`` the largest along it and their indices; with ``other`` `maximum`.

    Args:
        input: tensor.
        dim: dimension to reduce, or another tensor.
        keepdim: keep the dimension with size one.
        other: tensor to compare with elementwise.

    Returns:
        A 0-d tensor, in whose gradient ties share evenly; or ``(values, indices)``, where the first of the
        ties has it all; or the elementwise maximum.

    Raises:
        IndexingError: the dimension is out of range, or there are no elements.

    Example:
        >>> max(jnp.array([1.0, 3.0])).tolist(), max(jnp.array([1.0, 3.0]), 0).indices.tolist()
        (3.0, 1)

    Source: ``torch.max``.
    """
    if other is not None or _is_tensor(dim):
        return maximum(input, dim if other is None else other)
    return amax(input) if dim is None else max_dim(input, dim, keepdim)


@composed(method=True)
def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element; with ``dim`` the smallest along it and their indices; with ``other`` `minimum`.

    Arguments, results and errors are those of `max`.

    Example:
        >>> min(jnp.array([1.0, 3.0])).tolist(), min(jnp.array([1.0, 3.0]), 0).indices.tolist()
        (1.0, 0)

    Source: ``torch.min``.
    """
    if other is not None or _is_tensor(dim):
        return minimum(input, dim if other is None else other)
    return amin(input) if dim is None else min_dim(input, dim, keepdim)


def _is_tensor(x: Any) -> bool:
    return isinstance(x, (Handle, Array))


def _middle(line: Array, at: int, ignore_nan: bool) -> Array:
    """Return the index (kept) of the lower median; of the first NaN if there is one that counts."""
    order = jnp.argsort(line, axis=at, stable=True)
    last = line.shape[at] - 1
    if not is_inexact(line):
        return lax.slice_in_dim(order, last // 2, last // 2 + 1, axis=at)
    # NaNs are sorted to the end.
    gone = jnp.isnan(line)
    count = jnp.sum(~gone, axis=at, keepdims=True)
    if ignore_nan:
        return jnp.take_along_axis(order, jnp.maximum(count - 1, 0) // 2, axis=at)
    middle = lax.slice_in_dim(order, last // 2, last // 2 + 1, axis=at)
    return jnp.where(count <= last, jnp.argmax(gone, axis=at, keepdims=True), middle)


def _median_all(who: str, x: Array) -> Array:
    refuse_complex(who, x)
    refuse_bool(who, x)
    if x.size == 0:
        return (
            jnp.full((), jnp.nan, x.dtype) if is_float(x) else jnp.full((), jnp.iinfo(x.dtype).min, x.dtype)
        )
    line = x.reshape(-1)
    at = _middle(lax.stop_gradient(line), 0, who == "nanmedian")
    return jnp.squeeze(spread(line, line[at], (0,)), 0)


@op
def median_all(input: Array) -> Array:
    """The median of all elements: of an even number the lower middle one. See `median`."""
    return _median_all("median", input)


@op
def nanmedian_all(input: Array) -> Array:
    """The median of all elements that are not NaN. See `nanmedian`."""
    return _median_all("nanmedian", input)


def _median_dim(who: str, x: Array, dim: int, keepdim: bool) -> ValuesIndices:
    refuse_complex(who, x)
    refuse_bool(who, x)
    line, at = along(who, x, dim)
    return picked(x, _middle(lax.stop_gradient(line), at, who == "nanmedian"), line, at, keepdim)


@op
def median_dim(input: Array, dim: int, keepdim: bool = False) -> ValuesIndices:
    """The medians along a dimension and their indices. See `median`."""
    return _median_dim("median", input, dim, keepdim)


@op
def nanmedian_dim(input: Array, dim: int, keepdim: bool = False) -> ValuesIndices:
    """The medians along a dimension of what is not NaN, and their indices. See `nanmedian`."""
    return _median_dim("nanmedian", input, dim, keepdim)


@composed(method=True)
def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle element in order, the lower of two; NaN if there is one.

    Returns:
        A 0-d tensor without ``dim``; with it ``(values, indices)``.

    Raises:
        IndexingError: the dimension is out of range, or has no elements.

    Example:
        >>> median(jnp.array([4.0, 1.0, 3.0, 2.0])).tolist()
        2.0

    Source: ``torch.median``.
    """
    return median_all(input) if dim is None else median_dim(input, dim, keepdim)


@composed(method=True)
def nanmedian(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle element in order of those that are not NaN, the lower of two.

    Returns:
        A 0-d tensor without ``dim``; with it ``(values, indices)``.

    Raises:
        IndexingError: the dimension is out of range, or has no elements.

    Example:
        >>> nanmedian(jnp.array([4.0, float("nan"), 3.0])).tolist()
        3.0

    Source: ``torch.nanmedian``.
    """
    return nanmedian_all(input) if dim is None else nanmedian_dim(input, dim, keepdim)


@op(method=True)
def kthvalue(input: Array, k: int, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """The k-th smallest elements along a dimension, k counted from 1, and their indices.

    Raises:
        IndexingError: the dimension is out of range, or has no elements.
        ArgumentError: k is not between 1 and the number of elements.

    Example:
        >>> kthvalue(jnp.array([4.0, 1.0, 3.0]), 2).values.tolist()
        3.0

    Source: ``torch.kthvalue``.
    """
    refuse_complex("kthvalue", input)
    refuse_bool("kthvalue", input)
    line, at = along("kthvalue", input, dim)
    if not 1 <= k <= line.shape[at]:
        fix = f"the tensor is {describe(input)}"
        raise errors.ArgumentError(message("kthvalue", f"k from 1 to {line.shape[at]}", str(k), fix))
    order = jnp.argsort(line, axis=at, stable=True)
    return picked(input, lax.slice_in_dim(order, k - 1, k, axis=at), line, at, keepdim)
