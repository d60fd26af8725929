"""Sequences and grids of numbers: arange, linspace, logspace, index pairs of triangles, meshgrid."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import dtypes, errors
from xlagrad.core.devices import from_host
from xlagrad.core.errors import describe, message
from xlagrad.core.tensor import Tensor
from xlagrad.ops.making import finish, refuse, size_of
from xlagrad.ops.view import expand, reshape

# Longer integer sequences are computed where they live instead of copied there.
_SMALL = 1 << 14


def _number(who: str, name: str, value: Any) -> Any:
    """Return a bound as a Python number; tensors of one element and NumPy's numbers count."""
    if isinstance(value, (Tensor, jax.Array, np.ndarray, np.generic)):
        value = value.item()
    if not isinstance(value, (int, float, complex)):
        raise errors.DtypeError(message(who, f"{name} to be a number", describe(value)))
    return int(value) if isinstance(value, bool) else value


def arange(
    start: Any = None,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return start, start + step, … up to but without ``end``: ⌈(end − start) / step⌉ numbers.

    Args:
        start: the first; with one argument that is the end, and the first is 0.
        end: where to stop; also called ``stop``, as in the array API.
        step: the distance.
        dtype: element type; by default int64 if all three are integers, else the default type.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        out: a tensor of this size to write into and return instead.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        ArgumentError: a step of zero, or one that leads away from the end; an infinite range.
        DtypeError: a bool or complex dtype.

    Example:
        >>> arange(3), arange(1, 2.5, 0.5)
        (tensor([0, 1, 2]), tensor([1.0000, 1.5000, 2.0000]))

    Source: ``torch.arange``.
    """
    end = options.pop("stop", end)
    refuse("arange", options)
    if end is None:
        start, end = None, start
    first, last, by = (
        _number("arange", name, value)
        for name, value in (("start", 0 if start is None else start), ("end", end), ("step", step))
    )
    whole = all(isinstance(v, int) for v in (first, last, by))
    if dtype is None and out is not None:
        dtype = out.dtype
    if dtype is None:
        dtype = dtypes.int64 if whole else dtypes.get_default_dtype()
    target = dtypes.as_jax(dtype)
    if target.kind in "bc":
        raise errors.DtypeError(message("arange", "a real numeric dtype", target.name))
    if dtypes.as_dtype(dtype) is dtypes.int64 and not whole and math.isfinite(first) and math.isfinite(last):
        # Of the integer types it is this one whose bounds PyTorch cuts, once they are checked.
        _count("arange", first, last, by)
        first, last, by = int(first), int(last), 0 if by != by else int(by)
    count = _count("arange", first, last, by)
    if target.kind in "iu":
        first, by = int(first), int(by)
    return finish(_sequence("arange", first, by, count, target), device, requires_grad, out, "arange")


def _count(who: str, first: Any, last: Any, by: Any) -> int:
    if any(isinstance(v, complex) for v in (first, last, by)):
        raise errors.DtypeError(message(who, "real numbers", f"{first}, {last}, {by}"))
    if not (math.isfinite(first) and math.isfinite(last)):
        raise errors.ArgumentError(message(who, "finite start and end", f"{first} and {last}"))
    if by == 0 or by != by:
        raise errors.ArgumentError(message(who, "a step other than zero", str(by)))
    if (last - first) * by < 0:
        got = f"start {first}, end {last} and step {by}"
        fix = "change the sign of the step"
        raise errors.ArgumentError(message(who, "a step that leads from start to end", got, fix))
    if isinstance(first, int) and isinstance(last, int) and isinstance(by, int):
        return -((first - last) // by)
    return math.ceil((last - first) / by)


def range_(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return start, start + step, … up to and with ``end``: ⌊(end − start) / step⌋ + 1 numbers.

    Args:
        start: the first; with one argument that is the end, and the first is 0.
        end: the last, if the steps lead there.
        step: the distance.
        dtype: element type; the default type if left out, even for integers.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        out: a tensor of this size to write into and return instead.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        ArgumentError: a step of zero, or one that leads away from the end; an infinite range.
        DtypeError: a bool or complex dtype.

    Example:
        >>> range_(1, 3)
        tensor([1., 2., 3.])

    Source: ``torch.range``, which PyTorch advises against in favour of `arange`.
    """
    refuse("range", options)
    if end is None:
        start, end = 0, start
    first, last, by = (
        _number("range", name, value) for name, value in (("start", start), ("end", end), ("step", step))
    )
    if dtype is None:
        dtype = dtypes.get_default_dtype() if out is None else out.dtype
    target = dtypes.as_jax(dtype)
    if target.kind in "bc":
        raise errors.DtypeError(message("range", "a real numeric dtype", target.name))
    _count("range", first, last, by)
    count = math.floor((last - first) / by) + 1
    if target.kind in "iu":
        first, by = int(first), int(by)
    return finish(_sequence("range", first, by, count, target), device, requires_grad, out, "range")


def _sequence(who: str, first: Any, by: Any, count: int, target: np.dtype[Any]) -> jax.Array:
    ends = (first, first + by * max(count - 1, 0))
    if target.kind in "iu" and count:
        limits = np.iinfo(target)
        wraps = target.kind == "u" and min(ends) >= -limits.max and max(ends) <= 2 * limits.max
        if (min(ends) < limits.min or max(ends) > limits.max) and not wraps:
            wide = target.itemsize == 4 and not dtypes.x64_enabled()
            fix = "set JAX_ENABLE_X64=1 before starting Python for 64 bits" if wide else "pass a wider dtype"
            got = f"{ends[0]} to {ends[1]}"
            raise errors.ArgumentError(message(who, f"numbers that {target.name} can hold", got, fix))
    exact = float(first).is_integer() and float(by).is_integer() and max(map(abs, ends)) < 2**24
    if count > _SMALL and exact:
        return (jax.lax.iota(jnp.int32, count) * int(by) + int(first)).astype(target)
    # NumPy's double precision, rounded once, is what PyTorch does.
    steps = np.arange(count)
    return from_host((first + steps * by).astype(target))


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    endpoint: bool = True,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return ``steps`` numbers at equal distances from start to end, both included.

    Args:
        start: the first.
        end: the last.
        steps: how many.
        endpoint: False leaves the last one out, as the array API can.
        dtype: element type; the default type if left out.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        out: a tensor of this size to write into and return instead.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        ShapeError: fewer than 0 steps.

    Example:
        >>> linspace(0, 1, 5)
        tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])

    Source: ``torch.linspace``.
    """
    refuse("linspace", options)
    values, target = _spaced("linspace", start, end, steps, endpoint, dtype, out)
    return finish(from_host(values.astype(target)), device, requires_grad, out, "linspace")


def _spaced(
    who: str, start: Any, end: Any, steps: Any, endpoint: bool, dtype: Any, out: Any
) -> tuple[np.ndarray[Any, Any], np.dtype[Any]]:
    """Return the numbers in double precision, and the type to round them to."""
    first, last = _number(who, "start", start), _number(who, "end", end)
    (count,) = size_of(who, (steps,))
    if dtype is None and out is not None:
        dtype = out.dtype
    if dtype is None:
        mixed = isinstance(first, complex) or isinstance(last, complex)
        dtype = dtypes.default_complex() if mixed else dtypes.get_default_dtype()
    target = dtypes.as_jax(dtype)
    if target.kind in "iu":
        first, last = int(first), int(last)
    by = (last - first) / max(count - 1 if endpoint else count, 1)
    steps_from_start = np.arange(count)
    if not endpoint or count < 2:
        return first + by * steps_from_start, target
    # From both ends, so that the last number is exact and the sequence symmetric.
    steps_to_end = count - 1 - steps_from_start
    near = steps_from_start < count / 2
    return np.where(near, first + by * steps_from_start, last - by * steps_to_end), target


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return base ** x for `linspace`'s x from start to end.

    Raises:
        ShapeError: fewer than 0 steps.

    Example:
        >>> logspace(0, 2, 3)
        tensor([  1.,  10., 100.])

    Source: ``torch.logspace``.
    """
    refuse("logspace", options)
    values, target = _spaced("logspace", start, end, steps, True, dtype, out)
    with np.errstate(all="ignore"):
        powers = np.power(np.float64(base), values)
    return finish(from_host(powers.astype(target)), device, requires_grad, out, "logspace")


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, **options: Any
) -> Tensor:
    """Return the places of a matrix's lower triangle: their rows and their columns, [2, count].

    Args:
        row: rows of the matrix.
        col: columns of the matrix.
        offset: the last diagonal that counts; 0 is the main one, positive ones lie above it.
        dtype: an integer type; int64 if left out.
        device: where to put it.
        options: ``pin_memory`` and the like, without effect.

    Example:
        >>> tril_indices(2, 2)
        tensor([[0, 1, 1],
                [0, 0, 1]])

    Source: ``torch.tril_indices``.
    """
    refuse("tril_indices", options)
    rows, columns = size_of("tril_indices", (row, col))
    return _pairs(np.tril_indices(rows, offset, columns), dtype, device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, **options: Any
) -> Tensor:
    """Return the places of a matrix's upper triangle: their rows and their columns, [2, count].

    Arguments as for `tril_indices`; ``offset`` is the first diagonal that counts.

    Example:
        >>> triu_indices(2, 2)
        tensor([[0, 0, 1],
                [0, 1, 1]])

    Source: ``torch.triu_indices``.
    """
    refuse("triu_indices", options)
    rows, columns = size_of("triu_indices", (row, col))
    return _pairs(np.triu_indices(rows, offset, columns), dtype, device)


def _pairs(pairs: tuple[Any, ...], dtype: Any, device: Any) -> Tensor:
    kind = dtypes.as_jax(dtypes.int64 if dtype is None else dtype)
    return finish(from_host(np.stack(pairs).astype(kind)), device)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """Return grids of coordinates: tensor ``i`` along dimension ``i``, repeated along the others.

    Args:
        tensors: 1-d tensors (or 0-d ones, which count as 1-d of one element), or one list of them.
        indexing: "ij" for this order of dimensions; "xy" exchanges the first two.

    Returns:
        One grid for each tensor, all of the same shape: expanded views of them.

    Raises:
        ShapeError: a tensor has more dimensions.
        DtypeError: the tensors differ in type.
        ArgumentError: another indexing, or no tensors.

    Example:
        >>> rows, columns = meshgrid(arange(2), arange(3))
        >>> rows
        tensor([[0, 0, 0],
                [1, 1, 1]])

    Source: ``torch.meshgrid``.
    """
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    if indexing not in ("ij", "xy"):
        raise errors.ArgumentError(message("meshgrid", "indexing 'ij' or 'xy'", repr(indexing)))
    if not given:
        raise errors.ArgumentError(message("meshgrid", "at least one tensor", "none"))
    for x in given:
        if not hasattr(x, "dtype"):
            raise errors.DtypeError(
                message("meshgrid", "tensors", describe(x), "convert it with tensor(...)")
            )
        if len(x.shape) > 1:
            text = message("meshgrid", "0-d or 1-d tensors", describe(x), "flatten them first")
            raise errors.ShapeError(text)
        if x.dtype != given[0].dtype:
            got = f"{describe(given[0])} and {describe(x)}"
            raise errors.DtypeError(message("meshgrid", "tensors of one dtype", got, "convert one with .to"))
    places = list(range(len(given)))
    if indexing == "xy":
        places[:2] = places[:2][::-1]
    shape = [math.prod(given[i].shape) for i in places]
    lines = [[-1 if d == place else 1 for d in range(len(given))] for place in places]
    return tuple(expand(reshape(x, line), shape) for x, line in zip(given, lines, strict=True))
