"""Searching, sorting, indexing and sets, under the standard's names."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from xlagrad.core import errors
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle
from xlagrad.ops import convert, count, data, extremum, gather, masked, numbers
from xlagrad.ops import sort as sorting
from xlagrad.ops.common import int64
from xlagrad.ops.values import alike, concrete
from xlagrad.standard.types import agreed, result_type


class UniqueAll(NamedTuple):
    """What `unique_all` returns."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCounts(NamedTuple):
    """What `unique_counts` returns."""

    values: Any
    counts: Any


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns."""

    values: Any
    inverse_indices: Any


def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first largest element along an axis, or in the flattened array.

    Example:
        >>> import xlagrad as xg
        >>> xg.argmax(xg.asarray([1, 4, 3])).item()
        1
    """
    return extremum.argmax(x, axis, keepdims)


def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first smallest element along an axis, or in the flattened array.

    Example:
        >>> import xlagrad as xg
        >>> xg.argmin(xg.asarray([1, 4, 3])).item()
        0
    """
    return extremum.argmin(x, axis, keepdims)


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The indices that sort an array along an axis.

    Example:
        >>> import xlagrad as xg
        >>> xg.argsort(xg.asarray([3, 1, 2])).tolist()
        [1, 2, 0]
    """
    return sorting.argsort(x, axis, descending, stable)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The elements in order along an axis.

    Example:
        >>> import xlagrad as xg
        >>> xg.sort(xg.asarray([3, 1, 2])).tolist()
        [1, 2, 3]
    """
    return sorting.sort(x, axis, descending, stable).values


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    """Where each element of x2, an array or a number, would be inserted to keep x1 sorted.

    Args:
        x1: a sorted vector, or one that ``sorter`` sorts.
        x2: what to look for.
        side: "left" finds the first place, "right" the last.
        sorter: indices that sort ``x1``.

    Example:
        >>> import xlagrad as xg
        >>> xg.searchsorted(xg.asarray([1.0, 3.0]), xg.asarray([0.0, 3.0])).tolist()
        [0, 1]
    """
    values = x2 if isinstance(x2, Handle) else data.asarray(x2, dtype=result_type(x1, x2), device=x1.device)
    dtype = result_type(x1, values)
    return sorting.searchsorted(convert.cast(x1, dtype), convert.cast(values, dtype), sorter, side=side)


def nonzero(x: Any, /) -> tuple[Any, ...]:
    """The indices of the nonzero elements, one vector for each axis; not under ``compile``.

    Raises:
        ShapeError: an array without axes.

    Example:
        >>> import xlagrad as xg
        >>> xg.nonzero(xg.asarray([0, 5, 6]))[0].tolist()
        [1, 2]
    """
    if not x.ndim:
        raise errors.ShapeError(message("nonzero", "an array with axes", describe(x), "compare it with 0"))
    return tuple(masked.nonzero(x, as_tuple=True))


def isin(x1: Any, x2: Any, /, *, invert: bool = False) -> Any:
    """Whether each element of x1 is among those of x2, or is not with ``invert``.

    Example:
        >>> import xlagrad as xg
        >>> xg.isin(xg.asarray([1, 2, 3]), xg.asarray([3, 1])).tolist()
        [True, False, True]
    """
    return numbers.isin(*agreed(x1, x2), invert=invert)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """The slices along an axis that a vector of indices names; negative ones count back.

    Example:
        >>> import xlagrad as xg
        >>> xg.take(xg.asarray([4, 5, 6]), xg.asarray([2, 0])).tolist()
        [6, 4]
    """
    return gather.index_select(x, 0 if axis is None else axis, indices)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """Read along an axis at indices, which broadcast against the other axes.

    Example:
        >>> import xlagrad as xg
        >>> xg.take_along_axis(xg.asarray([[3, 1, 2]]), xg.asarray([[1, 2, 0]])).tolist()
        [[1, 2, 3]]
    """
    return gather.take_along_dim(x, indices, axis)


def unique_values(x: Any, /) -> Any:
    """The distinct elements, in order; not under ``compile``.

    Example:
        >>> import xlagrad as xg
        >>> xg.unique_values(xg.asarray([3, 1, 3])).tolist()
        [1, 3]
    """
    return count.unique(x)


def unique_counts(x: Any, /) -> UniqueCounts:
    """The distinct elements, and how often each occurs; not under ``compile``.

    Example:
        >>> import xlagrad as xg
        >>> xg.unique_counts(xg.asarray([3, 1, 3])).counts.tolist()
        [1, 2]
    """
    return UniqueCounts(*count.unique(x, return_counts=True))


def unique_inverse(x: Any, /) -> UniqueInverse:
    """The distinct elements, and where among them each element is; not under ``compile``.

    Example:
        >>> import xlagrad as xg
        >>> xg.unique_inverse(xg.asarray([3, 1, 3])).inverse_indices.tolist()
        [1, 0, 1]
    """
    return UniqueInverse(*count.unique(x, return_inverse=True))


def unique_all(x: Any, /) -> UniqueAll:
    """The distinct elements, where each is first, where each element is among them, and how often.

    Example:
        >>> import xlagrad as xg
        >>> xg.unique_all(xg.asarray([3, 1, 3])).indices.tolist()
        [1, 0]
    """
    values, inverse, counts = count.unique(x, return_inverse=True, return_counts=True)
    first = np.unique(concrete("unique_all", x, "sort and compare"), return_index=True, equal_nan=False)[1]
    return UniqueAll(values, alike(x, first, int64()), inverse, counts)
