"""Reductions and running sums, under the standard's names and defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlagrad.core import dtypes, errors
from xlagrad.core.errors import describe, message
from xlagrad.ops import compare, convert, cumulative, extremum, join, reduce, view
from xlagrad.ops.common import dim_of

Axis = int | Sequence[int] | None


def _tuple(axis: Axis) -> Any:
    return tuple(axis) if isinstance(axis, (tuple, list)) else axis


def _over(record: Any, x: Any, axis: Axis, keepdims: bool, **options: Any) -> Any:
    """Call a reduction, for which an empty tuple of axes means none, not all as in PyTorch."""
    if axis is None or not isinstance(axis, (tuple, list)) or len(axis):
        return record(x, _tuple(axis), keepdim=keepdims, **options)
    return view.squeeze(record(view.unsqueeze(x, -1), -1, keepdim=True, **options), -1)


def _accumulator(x: Any, dtype: Any) -> Any:
    """Return the type to add in: for unsigned integers the unsigned kin of the default integer type."""
    if dtype is not None or x.dtype.dtype.kind != "u":
        return dtype
    wide = dtypes.canonical(dtypes.uint64)
    return None if x.dtype.itemsize > wide.itemsize else wide


def sum(x: Any, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Σ x over the axes; of integers in the default integer type at least.

    Example:
        >>> import xlagrad as xg
        >>> xg.sum(xg.asarray([[1, 2], [3, 4]]), axis=0).tolist()
        [4, 6]
    """
    return _over(reduce.sum, x, axis, keepdims, dtype=_accumulator(x, dtype))


def prod(x: Any, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Π x over the axes; of integers in the default integer type at least.

    Example:
        >>> import xlagrad as xg
        >>> xg.prod(xg.asarray([[1, 2], [3, 4]]), axis=0).tolist()
        [3, 8]
    """
    return _over(reduce.prod, x, axis, keepdims, dtype=_accumulator(x, dtype))


def mean(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Σ x / n over the axes.

    Example:
        >>> import xlagrad as xg
        >>> xg.mean(xg.asarray([1.0, 3.0])).item()
        2.0
    """
    return _over(reduce.mean, x, axis, keepdims)


def var(x: Any, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """Σ |x - mean|² / (n - correction) over the axes.

    Example:
        >>> import xlagrad as xg
        >>> xg.var(xg.asarray([1.0, 3.0])).item()
        1.0
    """
    return _over(reduce.var, x, axis, keepdims, correction=correction)


def std(x: Any, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The square root of `var`.

    Example:
        >>> import xlagrad as xg
        >>> xg.std(xg.asarray([1.0, 3.0])).item()
        1.0
    """
    return _over(reduce.std, x, axis, keepdims, correction=correction)


def max(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest element over the axes.

    Example:
        >>> import xlagrad as xg
        >>> xg.max(xg.asarray([[1, 4], [3, 2]]), axis=1).tolist()
        [4, 3]
    """
    return _over(extremum.amax, x, axis, keepdims)


def min(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest element over the axes.

    Example:
        >>> import xlagrad as xg
        >>> xg.min(xg.asarray([[1, 4], [3, 2]]), axis=1).tolist()
        [1, 2]
    """
    return _over(extremum.amin, x, axis, keepdims)


def any(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether some element over the axes is nonzero.

    Example:
        >>> import xlagrad as xg
        >>> xg.any(xg.asarray([True, False])).item()
        True
    """
    return convert.cast(_over(reduce.any, x, axis, keepdims), bool)


def all(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether every element over the axes is nonzero.

    Example:
        >>> import xlagrad as xg
        >>> xg.all(xg.asarray([True, False])).item()
        False
    """
    return convert.cast(_over(reduce.all, x, axis, keepdims), bool)


def count_nonzero(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The number of nonzero elements over the axes.

    Example:
        >>> import xlagrad as xg
        >>> xg.count_nonzero(xg.asarray([1, 0, 2])).item()
        2
    """
    return sum(compare.ne(x, 0), axis=axis, keepdims=keepdims)


def _one_axis(who: str, x: Any, axis: int | None) -> int:
    if axis is None and x.ndim != 1:
        text = message(who, "an axis for other than 1-d arrays", describe(x), "pass axis=")
        raise errors.ShapeError(text)
    return 0 if axis is None else axis


def _running(record: Any, neutral: int, x: Any, axis: int | None, dtype: Any, include_initial: bool) -> Any:
    at = _one_axis(f"cumulative_{record.name[3:]}", x, axis)
    found = record(x, at, dtype=_accumulator(x, dtype))
    if not include_initial:
        return found
    place = dim_of("cumulative", at, x.ndim)
    shape = tuple(1 if i == place else n for i, n in enumerate(found.shape))
    return join.cat([found.new_full(shape, neutral), found], at)


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Σ of the elements up to each one along an axis; ``include_initial`` puts a zero in front.

    Example:
        >>> import xlagrad as xg
        >>> xg.cumulative_sum(xg.asarray([1, 2, 3]), include_initial=True).tolist()
        [0, 1, 3, 6]
    """
    return _running(cumulative.cumsum, 0, x, axis, dtype, include_initial)


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Π of the elements up to each one along an axis; ``include_initial`` puts a one in front.

    Example:
        >>> import xlagrad as xg
        >>> xg.cumulative_prod(xg.asarray([1, 2, 3])).tolist()
        [1, 2, 6]
    """
    return _running(cumulative.cumprod, 1, x, axis, dtype, include_initial)


def diff(x: Any, /, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Each element minus the one before along an axis, n times over.

    ``n`` and ``axis`` can be given by position too, as NumPy and scikit-learn do.

    Example:
        >>> import xlagrad as xg
        >>> xg.diff(xg.asarray([1, 4, 9])).tolist()
        [3, 5]
    """
    return cumulative.diff(x, n, axis, prepend, append)
