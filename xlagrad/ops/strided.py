"""Views by strides: ``as_strided``, and the windows of ``Tensor.unfold``."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, StateError, describe, message
from xlagrad.core.handle import Handle, read
from xlagrad.core.view import (
    Step,
    Strides,
    attach,
    contiguous,
    is_contiguous,
    layout,
    places,
    strided_put,
    taken,
)
from xlagrad.ops.complex_view import view_as_complex, view_as_real
from xlagrad.ops.view import axis, clone, detach, view, whole


@op(name="_strided")
def _strided(input: Array, shape: Any, strides: Any, offset: int) -> Array:
    """The elements at given strides of the flat input."""
    flat = input.reshape(-1)
    if is_contiguous(shape, strides):
        return flat[offset : offset + math.prod(shape)].reshape(shape)
    return flat[places(shape, strides, offset)]


def storage(input: Any) -> tuple[Any, int]:
    """Return the tensor whose elements, in order, are the memory that ``input`` lies in, and where it begins.

    Raises:
        StateError: they lie in another order, in a view that was made a leaf.
    """
    known = input._view
    if known is None:
        return input, 0
    home = input if known.severed or (input.requires_grad and input.is_leaf) else known.home
    if home._view is not None and home._view.severed and not home.requires_grad:
        home = detach(known.base)
    if home.is_complex() != input.is_complex():
        home = view_as_real(home) if home.is_complex() else view_as_complex(view(home, -1, 2))
    shape, strides, start = layout(home)
    if not is_contiguous(shape, strides):
        got = f"strides {strides} of the detached or leaf view that it was taken from"
        raise StateError(message("as_strided", "row-major memory", got, "call .contiguous() on that view"))
    return home, start


def _sizes(who: str, name: str, values: Any) -> tuple[int, ...]:
    given = values if isinstance(values, (tuple, list)) else (values,)
    found = tuple(whole(who, name, n) for n in given)
    if min(found, default=0) < 0:
        raise ArgumentError(message(who, f"{name} of 0 or more", str(found)))
    return found


def _geometry(who: str, size: Any, stride: Any, offset: Any, default: int) -> Strides:
    shape, strides = _sizes(who, "size", size), _sizes(who, "stride", stride)
    if len(shape) != len(strides):
        got = f"{len(shape)} sizes and {len(strides)} strides"
        raise ShapeError(message(who, "one stride for each size", got))
    return shape, strides, default if offset is None else whole(who, "storage_offset", offset)


def _require_inside(who: str, at: Strides, count: int) -> None:
    shape, strides, first = at
    last = first + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    if first < 0 or (0 not in shape and last >= count):
        got = f"size {shape}, stride {strides} and storage_offset {first}, which ask for element {last}"
        raise ShapeError(message(who, f"places within the {count} elements of the storage", got))


def as_strided(input: Any, size: Any, stride: Any, storage_offset: Any = None) -> Any:
    """Return the view out[i, j, …] = storage[offset + i·stride[0] + j·stride[1] + …] of the input's storage.

    The storage is that of the tensor which ``input`` is a view of, in row-major order.

    Args:
        input: any tensor.
        size: shape of the view.
        stride: distance of neighbours in each dimension, in elements; it may be 0, or make elements repeat.
        storage_offset: place of the first element; by default that of ``input``.

    Raises:
        ShapeError: an element lies outside of the storage, or not one stride for each size.
        ArgumentError: a size or stride below zero.

    Example:
        >>> from xlagrad.core.tensor import Tensor
        >>> as_strided(Tensor([1, 2, 3, 4]), (3, 2), (1, 1)).tolist()
        [[1, 2], [2, 3], [3, 4]]

    Source: ``torch.as_strided``. Deviation: the result of an operation is row-major in any case.
    """
    if not isinstance(input, Handle):
        at = _geometry("as_strided", size, stride, storage_offset, 0)
        _require_inside("as_strided", at, input.size)
        return _strided.fn(input, *at)
    at = _geometry("as_strided", size, stride, storage_offset, layout(input)[2])
    home, start = storage(input)
    shape, strides, first = at
    _require_inside("as_strided", (shape, strides, first - start), home.numel())
    statics = {"shape": shape, "strides": strides, "offset": first - start}
    result = _strided(home, **statics)
    # Where a dimension repeats one element there is no way to write: the layout shows that.
    single = all(s != 0 or n <= 1 for n, s in zip(shape, strides, strict=True))
    attach(result, home, Step(_strided, strided_put if single else None, (), statics, lambda _: at))
    return result


@op(name="_strided_scatter")
def _strided_scatter(input: Array, src: Array, shape: Any, strides: Any, offset: int) -> Array:
    """The input with ``src`` at given strides of its flat form."""
    value = jnp.broadcast_to(src, shape).astype(input.dtype)
    return strided_put.fn(input, value, shape, strides, offset)


def as_strided_scatter(input: Any, src: Any, size: Any, stride: Any, storage_offset: Any = None) -> Any:
    """Return a copy of ``input`` in which ``src`` has been written to the view that `as_strided` gives.

    Raises:
        ShapeError: ``src`` has another shape than that view, or an element lies outside of the storage.

    Example:
        >>> from xlagrad.core.tensor import Tensor
        >>> as_strided_scatter(Tensor([0, 0, 0, 0]), Tensor([1, 2]), (2,), (2,), 1).tolist()
        [0, 1, 0, 2]

    Source: ``torch.as_strided_scatter``.
    """
    who = "as_strided_scatter"
    mine = layout(input) if isinstance(input, Handle) else (input.shape, contiguous(input.shape), 0)
    at = _geometry(who, size, stride, storage_offset, mine[2])
    if tuple(src.shape) != at[0]:
        raise ShapeError(message(who, f"a source of shape {at[0]}", describe(src), "reshape it"))
    count = math.prod(input.shape)
    if mine[2] or not is_contiguous(*mine[:2]) or (isinstance(input, Handle) and input._view is not None):
        home, start = storage(input)
        count, mine = home.numel(), (mine[0], mine[1], mine[2] - start)
        at = (at[0], at[1], at[2] - start)
        whole_of = clone(view(home, -1))
    else:
        whole_of = input
    _require_inside(who, at, count)
    apply: Any = _strided_scatter if isinstance(input, Handle) else _strided_scatter.fn
    result = apply(whole_of, src, shape=at[0], strides=at[1], offset=at[2])
    return result if whole_of is input else as_strided(result, *mine)


def _windows_at(length: int, size: int, step: int) -> np.ndarray[Any, Any]:
    return np.arange((length - size) // step + 1)[:, None] * step + np.arange(size)


@op(name="_unfold")
def _unfold(input: Array, dim: int, size: int, step: int) -> Array:
    """The windows along a dimension, as the last dimension."""
    x = input if input.ndim else input.reshape(1)
    found = jnp.take(x, _windows_at(x.shape[dim], size, step), axis=dim)
    result = jnp.moveaxis(found, dim + 1, -1)
    return result if input.ndim else result.reshape(size)


@op(name="_unfold_put")
def _unfold_put(input: Array, value: Array, dim: int, size: int, step: int) -> Array:
    """Write the windows along a dimension; where they overlap one of the values stays."""
    if not input.ndim:
        return value.reshape(()) if value.size else input
    index = (slice(None),) * dim + (_windows_at(input.shape[dim], size, step),)
    return input.at[index].set(jnp.moveaxis(value, -1, dim + 1))


def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """Return a view of the windows of a length along a dimension, each ``step`` after the one before.

    Args:
        input: any tensor; a 0-d one counts as having one element.
        dimension: along which.
        size: length of a window; it becomes the last dimension.
        step: distance between windows.

    Raises:
        ArgumentError: ``size`` is negative or longer than the dimension, or ``step`` is not positive.

    Example:
        >>> from xlagrad.core.tensor import Tensor
        >>> unfold(Tensor([1, 2, 3, 4]), 0, 2, 2).tolist()
        [[1, 2], [3, 4]]

    Source: ``torch.Tensor.unfold``.
    """
    shape = tuple(input.shape)
    at = axis("unfold", dimension, len(shape))
    length = shape[at] if shape else 1
    size, step = whole("unfold", "size", size), whole("unfold", "step", step)
    if not 0 <= size <= length:
        raise ArgumentError(message("unfold", f"a size of at most {length} for dimension {at}", str(size)))
    if step <= 0:
        raise ArgumentError(message("unfold", "a step above 0", str(step)))

    def move(old: Strides) -> Strides:
        sizes, strides, offset = old
        if not sizes:
            return (size,), (1,), offset
        count = (length - size) // step + 1
        new = (*sizes[:at], count, *sizes[at + 1 :], size)
        return new, (*strides[:at], strides[at] * step, *strides[at + 1 :], strides[at]), offset

    return taken(input, _unfold, _unfold_put, move, dim=at, size=size, step=step)


def slice_inverse(
    input: Any, src: Any, dim: int = 0, start: Any = None, end: Any = None, step: Any = 1
) -> Any:
    """Return the tensor ``src`` that ``input`` is a slice of, as a view of the storage of ``input``.

    Source: ``torch.slice_inverse``, which also takes the slice's bounds and needs none of them.
    """
    return as_strided(input, *layout(src))


def storage_size(input: Any) -> int:
    """Return how many elements the memory has that ``input`` lies in, from its beginning on."""
    home, start = storage(input)
    return start + int(np.prod(read(home).shape, dtype=np.int64))


def severed(shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Step:
    """Return how a detached tensor with a layout of its own is taken from a flat one."""
    statics = {"shape": shape, "strides": strides, "offset": offset}
    single = all(s != 0 or n <= 1 for n, s in zip(shape, strides, strict=True))
    put = strided_put if single else None
    return Step(_strided, put, (), statics, lambda _: (shape, strides, offset), severs=True)
