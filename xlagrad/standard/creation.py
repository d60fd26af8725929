"""New arrays under the standard's names and argument names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xlagrad.core import dtypes
from xlagrad.core.devices import from_host
from xlagrad.ops import create, ranges
from xlagrad.ops.making import finish, size_of

Shape = int | Sequence[int]


def zeros(shape: Shape, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """An array of zeros.

    Args:
        shape: the sizes, or one size.
        dtype: element type; the default floating-point type if left out.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.

    Raises:
        ShapeError: a size below zero.
        DtypeError: a size that is no integer.

    Example:
        >>> import xlagrad as xg
        >>> xg.zeros((2, 2), dtype=xg.int32).tolist()
        [[0, 0], [0, 0]]
    """
    return create.zeros(size_of("zeros", (shape,)), dtype=dtype, device=device, requires_grad=requires_grad)


def ones(shape: Shape, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """An array of ones; arguments and errors as for `zeros`.

    Example:
        >>> import xlagrad as xg
        >>> xg.ones(2).tolist()
        [1.0, 1.0]
    """
    return create.ones(size_of("ones", (shape,)), dtype=dtype, device=device, requires_grad=requires_grad)


def empty(shape: Shape, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """An array whose values are not to be relied on; arguments and errors as for `zeros`.

    Example:
        >>> import xlagrad as xg
        >>> tuple(xg.empty((2, 3)).shape)
        (2, 3)
    """
    return create.empty(size_of("empty", (shape,)), dtype=dtype, device=device, requires_grad=requires_grad)


def full(
    shape: Shape, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """An array of one value, by default of that number's type; other arguments as for `zeros`.

    Raises:
        ArgumentError: the type cannot hold the value.

    Example:
        >>> import xlagrad as xg
        >>> xg.full((2,), 7).tolist()
        [7, 7]
    """
    size = size_of("full", (shape,))
    return create.full(size, fill_value, dtype=dtype, device=device, requires_grad=requires_grad)


def arange(
    start: Any,
    /,
    stop: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """start, start + step, …, as far as they lie before stop; none where the step leads away from it.

    Args:
        start: the first number; the end, from 0, if there is no ``stop``.
        stop: the end, which is left out.
        step: the distance, not zero.
        dtype: element type; the default integer type for integers, else the default floating-point type.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.

    Raises:
        ArgumentError: a step of zero, or numbers that the type cannot hold.

    Example:
        >>> import xlagrad as xg
        >>> xg.arange(1, 6, 2).tolist(), xg.arange(1, 0).tolist()
        ([1, 3, 5], [])
    """
    first, last = (0, start) if stop is None else (start, stop)
    if step and (last - first) * step < 0:
        whole = all(isinstance(v, int) for v in (first, last, step))
        found = (dtypes.int64 if whole else dtypes.get_default_dtype()) if dtype is None else dtype
        return create.zeros((0,), dtype=found, device=device, requires_grad=requires_grad)
    return ranges.arange(first, last, step, dtype=dtype, device=device, requires_grad=requires_grad)


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
    requires_grad: bool = False,
) -> Any:
    """``num`` numbers at equal distances from start to stop, both included unless ``endpoint`` is false.

    Args:
        start: the first.
        stop: the last.
        num: how many.
        dtype: element type; the default floating-point or complex type if left out.
        device: where to put it.
        endpoint: False leaves the last one out.
        requires_grad: whether gradients are wanted with respect to it.

    Raises:
        ShapeError: fewer than 0 numbers.

    Example:
        >>> import xlagrad as xg
        >>> xg.linspace(0, 1, 3).tolist(), xg.linspace(0, 1, 2, endpoint=False).tolist()
        ([0.0, 0.5, 1.0], [0.0, 0.5])
    """
    (count,) = size_of("linspace", (num,))
    first, last = (v.item() if hasattr(v, "item") else v for v in (start, stop))
    turning = isinstance(first, complex) or isinstance(last, complex)
    if dtype is None:
        dtype = dtypes.default_complex() if turning else dtypes.get_default_dtype()
    # In double precision, rounded once.
    wide = np.dtype(np.complex128 if turning else np.float64)
    values = np.linspace(first, last, count, endpoint=endpoint, dtype=wide)
    return finish(from_host(values.astype(dtypes.as_jax(dtype))), device, requires_grad)
