"""Manipulation of shapes, and joining, under the standard's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xlagrad.core import errors
from xlagrad.core.errors import describe, message
from xlagrad.ops import count, join, parts, ranges, triangle, view
from xlagrad.ops.common import dims_of


def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Any, ...]:
    """Grids of coordinates from vectors, by columns and rows unless ``indexing="ij"``.

    Example:
        >>> import xlagrad as xg
        >>> [tuple(g.shape) for g in xg.meshgrid(xg.asarray([1, 2]), xg.asarray([3, 4, 5]))]
        [(3, 2), (3, 2)]
    """
    return tuple(view.clone(grid) for grid in ranges.meshgrid(*arrays, indexing=indexing))


def tril(x: Any, /, *, k: int = 0) -> Any:
    """The lower triangles of matrices, up to the k-th diagonal.

    Example:
        >>> import xlagrad as xg
        >>> xg.tril(xg.ones((2, 2))).tolist()
        [[1.0, 0.0], [1.0, 1.0]]
    """
    return triangle.tril(x, k)


def triu(x: Any, /, *, k: int = 0) -> Any:
    """The upper triangles of matrices, from the k-th diagonal on.

    Example:
        >>> import xlagrad as xg
        >>> xg.triu(xg.ones((2, 2))).tolist()
        [[1.0, 1.0], [0.0, 1.0]]
    """
    return triangle.triu(x, k)


def reshape(x: Any, /, shape: Sequence[int], *, copy: bool | None = None) -> Any:
    """The elements in another shape: a view unless ``copy`` is true.

    Example:
        >>> import xlagrad as xg
        >>> xg.reshape(xg.asarray([1, 2, 3, 4]), (2, 2)).tolist()
        [[1, 2], [3, 4]]
    """
    found = view.reshape(x, tuple(shape))
    return found.clone() if copy else found


def permute_dims(x: Any, /, axes: Sequence[int]) -> Any:
    """The axes in another order, a view.

    Example:
        >>> import xlagrad as xg
        >>> xg.permute_dims(xg.asarray([[1, 2]]), (1, 0)).tolist()
        [[1], [2]]
    """
    return view.permute(x, tuple(axes))


def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int], /) -> Any:
    """The array with some axes at other places, a view.

    Example:
        >>> import xlagrad as xg
        >>> tuple(xg.moveaxis(xg.asarray([[[1, 2]]]), 2, 0).shape)
        (2, 1, 1)
    """
    return view.movedim(x, source, destination)


def expand_dims(x: Any, /, axis: int | Sequence[int] = 0) -> Any:
    """The array with axes of length one at these places of the result, a view.

    Raises:
        IndexingError: there is no such place.
        ArgumentError: a place twice.

    Example:
        >>> import xlagrad as xg
        >>> tuple(xg.expand_dims(xg.asarray([1, 2]), axis=(0, 2)).shape)
        (1, 2, 1)
    """
    many = isinstance(axis, (tuple, list))
    wanted = tuple(axis) if many else (axis,)  # type: ignore[arg-type]
    for d in sorted(dims_of("expand_dims", wanted, x.ndim + len(wanted))) if wanted else ():
        x = view.unsqueeze(x, d)
    return x


def squeeze(x: Any, /, axis: int | Sequence[int]) -> Any:
    """The array without the given axes, which must have length one; a view.

    Raises:
        ShapeError: one has another length.

    Example:
        >>> import xlagrad as xg
        >>> xg.squeeze(xg.asarray([[1, 2]]), 0).tolist()
        [1, 2]
    """
    shape = tuple(x.shape)
    dims = dims_of("squeeze", axis, len(shape)) if axis != () else ()
    for d in dims:
        if shape[d] != 1:
            text = message("squeeze", f"axis {d} to have length 1", describe(x), "name axes of length 1")
            raise errors.ShapeError(text)
    return view.squeeze(x, dims)


def broadcast_to(x: Any, /, shape: Sequence[int]) -> Any:
    """The array repeated along axes of length one, and new ones in front, to a shape; a view.

    Example:
        >>> import xlagrad as xg
        >>> xg.broadcast_to(xg.asarray([1, 2]), (2, 2)).tolist()
        [[1, 2], [1, 2]]
    """
    return view.broadcast_to(x, tuple(shape))


def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    """All arrays, broadcast against each other; views.

    Raises:
        ShapeError: they do not broadcast.

    Example:
        >>> import xlagrad as xg
        >>> [tuple(x.shape) for x in xg.broadcast_arrays(xg.asarray([[1], [2]]), xg.asarray([3, 4]))]
        [(2, 2), (2, 2)]
    """
    shape = broadcast_shapes(*(tuple(x.shape) for x in arrays))
    return tuple(view.broadcast_to(x, shape) for x in arrays)


def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape to which all of the shapes broadcast.

    Raises:
        ShapeError: there is none.

    Example:
        >>> import xlagrad as xg
        >>> xg.broadcast_shapes((2, 1), (3,))
        (2, 3)
    """
    try:
        return np.broadcast_shapes(*map(tuple, shapes))
    except ValueError:
        got, fix = " and ".join(map(str, shapes)), "make the sizes equal, or 1"
        text = message("broadcast_shapes", "shapes that broadcast together", got, fix)
        raise errors.ShapeError(text) from None


def concat(arrays: Sequence[Any], /, *, axis: int | None = 0) -> Any:
    """The arrays one after the other along an axis; flattened first without one.

    Example:
        >>> import xlagrad as xg
        >>> xg.concat([xg.asarray([1, 2]), xg.asarray([3])]).tolist()
        [1, 2, 3]
    """
    if axis is None:
        return join.cat([view.ravel(x) for x in arrays], 0)
    return join.cat(list(arrays), axis)


def stack(arrays: Sequence[Any], /, *, axis: int = 0) -> Any:
    """The arrays side by side along a new axis.

    Example:
        >>> import xlagrad as xg
        >>> xg.stack([xg.asarray([1, 2]), xg.asarray([3, 4])], axis=1).tolist()
        [[1, 3], [2, 4]]
    """
    return join.stack(list(arrays), axis)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The slices along an axis, views.

    Example:
        >>> import xlagrad as xg
        >>> [s.tolist() for s in xg.unstack(xg.asarray([[1, 2], [3, 4]]))]
        [[1, 2], [3, 4]]
    """
    return tuple(parts.unbind(x, axis))


def flip(x: Any, /, *, axis: int | Sequence[int] | None = None) -> Any:
    """The array with the order of the elements along axes reversed; along all by default.

    Example:
        >>> import xlagrad as xg
        >>> xg.flip(xg.asarray([1, 2, 3])).tolist()
        [3, 2, 1]
    """
    return join.flip(x, dims_of("flip", axis, len(x.shape)))


def roll(x: Any, /, shift: int | Sequence[int], *, axis: int | Sequence[int] | None = None) -> Any:
    """The array with its elements moved on along axes, those that fall off put in at the front.

    Example:
        >>> import xlagrad as xg
        >>> xg.roll(xg.asarray([1, 2, 3]), 1).tolist()
        [3, 1, 2]
    """
    many = isinstance(axis, (tuple, list))
    shifts = (shift,) * len(axis) if many and isinstance(shift, int) else shift  # type: ignore[arg-type]
    return join.roll(x, shifts, axis)


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    """Each element, or slice along an axis, repeated in a row.

    Example:
        >>> import xlagrad as xg
        >>> xg.repeat(xg.asarray([1, 2]), 2).tolist()
        [1, 1, 2, 2]
    """
    return count.repeat_interleave(x, repeats, axis)


def tile(x: Any, repetitions: Sequence[int], /) -> Any:
    """The array laid out that many times along each axis.

    Example:
        >>> import xlagrad as xg
        >>> xg.tile(xg.asarray([1, 2]), (2,)).tolist()
        [1, 2, 1, 2]
    """
    return join.tile(x, tuple(repetitions))
