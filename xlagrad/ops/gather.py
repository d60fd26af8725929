"""Reading and writing along a dimension at positions that tensors of indices give."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import dim_of, is_complex, require_integer
from xlagrad.ops.composed import composed
from xlagrad.ops.scattering import (
    add_at,
    checked,
    grid_of,
    length_of,
    line_of,
    reduced_along,
    require_fit,
    require_inside,
    write_at,
)


@op
def gather_along(input: Array, index: Array, dim: int) -> Array:
    """Read along ``dim`` at ``index``, operands first. See `gather`."""
    if not index.size:
        dim_of("gather", dim, input.ndim)
        return jnp.zeros(index.shape, input.dtype)
    x, i, at = checked("gather", input, dim, index)
    require_fit("gather", i, x, at, "tensor")
    part = x[tuple(slice(None) if d == at else slice(n) for d, n in enumerate(i.shape))]
    return jnp.take_along_axis(part, i, axis=at).reshape(index.shape)


@composed(method=True)
def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
    """out[i][j] = input[index[i][j]][j] for dim 0, and likewise for every other dimension.

    Args:
        input: tensor to read.
        dim: dimension that ``index`` counts along.
        index: integers, no larger than ``input`` in the other dimensions; the result has its shape.
        sparse_grad: taken for compatibility; gradients are dense.

    Raises:
        ShapeError: the index has other dimensions, or is larger than the tensor.
        IndexingError: the dimension is out of range.
        DtypeError: the index holds no integers.

    Example:
        >>> gather(jnp.array([[1, 2], [3, 4]]), 1, jnp.array([[0], [1]])).tolist()
        [[1], [4]]

    Source: ``torch.gather``. Deviation: under ``compile``, and on an accelerator, an index out of range reads
    NaN (the least integer) instead of raising.
    """
    require_inside("gather", index, length_of("gather", input, dim))
    return gather_along(input, index, dim)


def _same_type(who: str, x: Array, values: Array) -> None:
    if values.dtype != x.dtype:
        got = f"{describe(values)} for {describe(x)}"
        raise errors.DtypeError(message(who, "values of the tensor's own dtype", got, "cast one of them"))


@op
def scatter_along(input: Array, index: Array, src: ArrayLike, dim: int) -> Array:
    """Write ``src`` along ``dim`` at ``index``, operands first. See `scatter`."""
    if not index.size:
        dim_of("scatter", dim, input.ndim)
        return input
    x, i, at = checked("scatter", input, dim, index)
    require_fit("scatter", i, x, at, "tensor")
    values = jnp.asarray(src)
    if values.ndim:
        _same_type("scatter", x, values)
        require_fit("scatter", i, values, None, "source")
        values = values[tuple(slice(n) for n in i.shape)]
    else:
        values = jnp.broadcast_to(values.astype(x.dtype), i.shape)
    return write_at(x, grid_of(i, at), values).reshape(input.shape)


@op
def scatter_add_along(input: Array, index: Array, src: Array, dim: int) -> Array:
    """Add ``src`` along ``dim`` at ``index``, operands first. See `scatter_add`."""
    if not index.size:
        dim_of("scatter_add", dim, input.ndim)
        return input
    x, i, at = checked("scatter_add", input, dim, index)
    require_fit("scatter_add", i, x, at, "tensor")
    values = src if src.ndim else src.reshape(1)
    require_fit("scatter_add", i, values, None, "source")
    _same_type("scatter_add", x, values)
    part = values[tuple(slice(n) for n in i.shape)]
    return add_at(x, grid_of(i, at), part).reshape(input.shape)


@op
def scatter_with(input: Array, index: Array, src: ArrayLike, dim: int, reduce: str) -> Array:
    """Add, or multiply by, ``src`` along ``dim`` at ``index``, operands first. See `scatter`."""
    values = jnp.asarray(src, input.dtype)
    values = values if values.ndim or not index.ndim else jnp.broadcast_to(values, index.shape)
    if reduce == "add":
        return scatter_add_along.fn(input, index, values, dim)
    return reduced_along("scatter", input, index, values, dim, "prod", True)


@composed(method=True, inplace=True)
def scatter(
    input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Any:
    """input, with out[index[i][j]][j] = src[i][j] for dim 0, and likewise for every other dimension.

    Args:
        input: tensor to start from.
        dim: dimension that ``index`` counts along.
        index: integers, no larger than ``src``, nor than ``input`` in the other dimensions.
        src: tensor of values, or one number.
        value: the number, by keyword.
        reduce: None to replace, "add" to add, "multiply" to multiply.

    Raises:
        ShapeError: the index has other dimensions, or is larger than the tensor or the source.
        IndexingError: the dimension is out of range.
        DtypeError: the index holds no integers, or the values are of a higher kind than the tensor.
        ArgumentError: no source, or an unknown reduction.

    Example:
        >>> scatter(jnp.zeros((2, 2)), 1, jnp.array([[1], [0]]), 5.0).tolist()
        [[0.0, 5.0], [5.0, 0.0]]

    Source: ``torch.scatter``. Where indices repeat one of the values stays; under ``compile``, and on an
    accelerator, an index out of range is left out.
    """
    given = src if value is None else value
    if given is None:
        raise errors.ArgumentError(message("scatter", "src or value", "neither", "pass what to write"))
    require_inside("scatter", index, length_of("scatter", input, dim))
    if reduce is None:
        return scatter_along(input, index, given, dim)
    if reduce not in ("add", "multiply"):
        want = "reduce None, 'add' or 'multiply'"
        raise errors.ArgumentError(message("scatter", want, repr(reduce), "choose one"))
    return scatter_with(input, index, given, dim, reduce)


@composed(method=True, inplace=True)
def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """input, with out[index[i][j]][j] += src[i][j] for dim 0, and likewise for every other dimension.

    Arguments and errors are those of `scatter`.

    Example:
        >>> scatter_add(jnp.zeros(2), 0, jnp.array([1, 1]), jnp.array([2.0, 3.0])).tolist()
        [0.0, 5.0]

    Source: ``torch.scatter_add``.
    """
    require_inside("scatter_add", index, length_of("scatter_add", input, dim))
    return scatter_add_along(input, index, src, dim)


@op
def index_select_along(input: Array, index: Array, dim: int) -> Array:
    """Read whole slices at ``index``, operands first. See `index_select`."""
    at = dim_of("index_select", dim, input.ndim)
    i = line_of("index_select", index)
    if not input.ndim:
        return jnp.take(input.reshape(1), i, axis=0).reshape(())
    return jnp.take(input, i, axis=at)


@composed(method=True)
def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices of the tensor along a dimension that a vector of indices names, in its order.

    Raises:
        ShapeError: the index has more than one dimension.
        IndexingError: the dimension is out of range.
        DtypeError: the index holds no integers.

    Example:
        >>> index_select(jnp.array([[1, 2], [3, 4]]), 1, jnp.array([1])).tolist()
        [[2], [4]]

    Source: ``torch.index_select``. Under ``compile``, and on an accelerator, an index out of range reads NaN
    (the least integer).
    """
    require_inside("index_select", index, length_of("index_select", input, dim))
    return index_select_along(input, index, dim)


def _slices(who: str, input: Array, index: Array, source: Array, dim: int) -> tuple[Array, Any, Array]:
    """Return the tensor, the place of its slices, and the values to put there, all with dimensions."""
    at = dim_of(who, dim, input.ndim)
    x = input if input.ndim else input.reshape(1)
    values = source if source.ndim or not input.ndim else source.reshape((1,) * x.ndim)
    i = line_of(who, index)
    wanted = x.shape[:at] + i.shape + x.shape[at + 1 :]
    values = values if values.ndim else values.reshape(1)
    if values.shape != wanted:
        got = f"{describe(source)} for {describe(input)} at {describe(index)}"
        raise errors.ShapeError(message(who, f"a source of shape {list(wanted)}", got, "reshape the source"))
    _same_type(who, x, values)
    return x, (slice(None),) * at + (i,), values


@op
def index_add_along(input: Array, index: Array, source: Array, alpha: ArrayLike | None, dim: int) -> Array:
    """Add slices at ``index``, operands first. See `index_add`."""
    x, place, values = _slices("index_add", input, index, source, dim)
    if alpha is not None:
        values = values * jnp.asarray(alpha, x.dtype)
    return add_at(x, place, values).reshape(input.shape)


@op
def index_copy_along(input: Array, index: Array, source: Array, dim: int) -> Array:
    """Replace slices at ``index``, operands first. See `index_copy`."""
    x, place, values = _slices("index_copy", input, index, source, dim)
    at = len(place) - 1
    front = write_at(jnp.moveaxis(x, at, 0), place[at:], jnp.moveaxis(values, at, 0))
    return jnp.moveaxis(front, 0, at).reshape(input.shape)


@op
def index_fill_along(input: Array, index: Array, value: ArrayLike, dim: int) -> Array:
    """Set slices at ``index`` to a number, operands first. See `index_fill`."""
    at = dim_of("index_fill", dim, input.ndim)
    x = input if input.ndim else input.reshape(1)
    number = jnp.asarray(value)
    if number.ndim:
        raise errors.ShapeError(message("index_fill", "a number", describe(number), "use index_copy"))
    if is_complex(number) and not is_complex(x):
        raise errors.DtypeError(message("index_fill", f"a real number for {x.dtype}", describe(number)))
    i = line_of("index_fill", index)
    # A mask rather than a scatter: the same number may be written to a place many times.
    hit = jnp.zeros(x.shape[at], bool).at[i].set(True)
    mask = hit.reshape((-1,) + (1,) * (x.ndim - at - 1))
    return jnp.where(mask, number.astype(x.dtype), x).reshape(input.shape)


@composed(method=True, inplace=True)
def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = None) -> Any:
    """input, with ``alpha * source`` added to the slices along a dimension that ``index`` names.

    Raises:
        ShapeError: the source has not the shape of those slices.
        IndexingError: the dimension is out of range.

    Example:
        >>> index_add(jnp.zeros(2), 0, jnp.array([1, 1]), jnp.array([2.0, 3.0])).tolist()
        [0.0, 5.0]

    Source: ``torch.index_add``.
    """
    require_inside("index_add", index, length_of("index_add", input, dim))
    return index_add_along(input, index, source, alpha, dim)


@composed(method=True, inplace=True)
def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """input, with the slices along a dimension that ``index`` names replaced by those of ``source``.

    Raises:
        ShapeError: the source has not the shape of those slices.
        IndexingError: the dimension is out of range.

    Example:
        >>> index_copy(jnp.zeros(2), 0, jnp.array([1]), jnp.array([2.0])).tolist()
        [0.0, 2.0]

    Source: ``torch.index_copy``.
    """
    require_inside("index_copy", index, length_of("index_copy", input, dim))
    return index_copy_along(input, index, source, dim)


@composed(method=True, inplace=True)
def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """input, with the slices along a dimension that ``index`` names set to a number.

    Raises:
        ShapeError: the value is no number.
        IndexingError: the dimension is out of range.

    Example:
        >>> index_fill(jnp.zeros(2), 0, jnp.array([1]), 7.0).tolist()
        [0.0, 7.0]

    Source: ``torch.index_fill``.
    """
    require_inside("index_fill", index, length_of("index_fill", input, dim), negative=True)
    return index_fill_along(input, index, value, dim)


@op
def take_at(input: Array, index: Array) -> Array:
    """Read places of the flattened tensor. See `take`."""
    require_integer("take", index, "an integer index")
    return jnp.take(input.reshape(-1), index)


@composed(method=True)
def take(input: Any, index: Any) -> Any:
    """The elements of the flattened tensor at ``index``, whose shape the result has; negatives count back.

    Raises:
        IndexingError: an index is out of range.
        DtypeError: the index holds no integers.

    Example:
        >>> take(jnp.array([[1, 2], [3, 4]]), jnp.array([3, 0])).tolist()
        [4, 1]

    Source: ``torch.take``. Under ``compile``, and on an accelerator, an index out of range reads NaN (the
    least integer).
    """
    require_inside("take", index, math.prod(input.shape), negative=True)
    return take_at(input, index)


@op(method=True)
def take_along_dim(input: Array, indices: Array, dim: int | None = None) -> Array:
    """Read along a dimension at ``indices``, which broadcast against the other dimensions.

    Without ``dim`` both are flattened. What ``argmax`` or ``argsort`` return is what it takes.

    Raises:
        ShapeError: other numbers of dimensions, or sizes that do not broadcast.
        IndexingError: the dimension is out of range.

    Example:
        >>> take_along_dim(jnp.array([[3, 1, 2]]), jnp.array([[1, 2, 0]]), 1).tolist()
        [[1, 2, 3]]

    Source: ``torch.take_along_dim``.
    """
    require_integer("take_along_dim", indices, "an integer index")
    if dim is None:
        return jnp.take_along_axis(input.reshape(-1), indices.reshape(-1), axis=0)
    x, i, at = checked("take_along_dim", input, dim, indices)
    try:
        np_shape = jnp.broadcast_shapes(x.shape[:at] + x.shape[at + 1 :], i.shape[:at] + i.shape[at + 1 :])
    except ValueError:
        got = f"{describe(indices)} for {describe(input)}"
        raise errors.ShapeError(
            message("take_along_dim", "indices that broadcast to the tensor", got, "reshape them")
        ) from None
    full = np_shape[:at], np_shape[at:]
    x = jnp.broadcast_to(x, full[0] + (x.shape[at],) + full[1])
    i = jnp.broadcast_to(i, full[0] + (i.shape[at],) + full[1])
    return jnp.take_along_axis(x, i, axis=at)
