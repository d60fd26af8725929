"""What an index means: its basic part, which gives a view, and the arrays that pick from it."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from xlagrad.core.errors import IndexingError, TraceError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.core.tensor import as_array
from xlagrad.core.where import WAYS_OUT, user_line

# One entry for each dimension of the input or result: ("take", step, length), ("pick",), ("new",).
Entry = tuple[Any, ...]


class Plan(NamedTuple):
    """An index divided into its basic part, which gives a view, and the arrays that then pick from it.

    Attributes:
        spec: the basic part.
        starts: first index of each input dimension, ints or traced scalars.
        arrays: index arrays of the dimensions of the basic part's result.
        dims: which dimensions those are.
        picked: the shape that the arrays broadcast to.
        trivial: whether the basic part is the whole input.
    """

    spec: tuple[Entry, ...]
    starts: tuple[Any, ...]
    arrays: list[Any]
    dims: tuple[int, ...]
    picked: tuple[int, ...]
    trivial: bool


def _is_array_index(item: Any) -> bool:
    if isinstance(item, (bool, np.bool_, list, range)):
        return True
    if isinstance(item, tuple):
        return True
    return hasattr(item, "ndim") and (item.ndim > 0 or str(item.dtype).endswith("bool"))


def _consumed(item: Any) -> int:
    """Return how many dimensions of the input an item uses up."""
    if item is None or item is Ellipsis:
        return 0
    if isinstance(item, (bool, np.bool_)):
        return 0
    if hasattr(item, "ndim") and str(item.dtype).endswith("bool"):
        return int(item.ndim)
    return 1


def _expand_ellipsis(index: Any, ndim: int) -> list[Any]:
    items = list(index) if isinstance(index, tuple) else [index]
    items = [np.asarray(i) if isinstance(i, (list, range, tuple)) else i for i in map(_listed, items)]
    used = sum(map(_consumed, items))
    if used > ndim:
        raise IndexingError(
            message("index", f"at most {ndim} indices", f"too many indices for tensor: {used}")
        )
    dots = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise IndexingError(message("index", "at most one Ellipsis", str(len(dots))))
    at = dots[0] if dots else len(items)
    return items[:at] + [slice(None)] * (ndim - used) + items[at + 1 :]


def _listed(item: Any) -> Any:
    # A list of tensors cannot go through NumPy under a trace.
    if isinstance(item, (list, tuple)) and any(isinstance(v, Handle) for v in item):
        return as_array(item)
    return item


def _integer(item: Any, length: int, dim: int) -> Any:
    """Return a checked, non-negative start for an integer index, or the traced scalar itself."""
    if isinstance(item, Handle):
        item = read(item)
    if is_tracer(item):
        return jnp.where(item < 0, item + length, item)
    try:
        i = operator.index(item.item() if hasattr(item, "item") else item)
    except TypeError:
        raise IndexingError(
            message("index", "integers, slices, None, Ellipsis, and integer or boolean tensors",
                    f"{type(item).__name__} {describe(item)}")
        ) from None  # fmt: skip
    if not -length <= i < length:
        raise IndexingError(
            message("index", f"an index in [{-length}, {length - 1}] for dimension {dim} with size {length}",
                    f"index {i} is out of bounds")
        )  # fmt: skip
    return i % length


def _mask(item: Any) -> Any:
    """Return the indices of a mask's true elements, one array for each dimension."""
    value = read(item) if isinstance(item, Handle) else item
    if is_tracer(value):
        raise TraceError(
            message("index", "a mask whose value is known", f"a traced {describe(value)} at {user_line()}",
                    "the result's shape depends on it: multiply by the mask, " + WAYS_OUT)
        )  # fmt: skip
    return np.nonzero(np.asarray(value))


def parse(index: Any, shape: Sequence[int]) -> Plan:
    """Divide an index into its basic part and the index arrays.

    Raises:
        IndexingError: it does not fit ``shape``.
        TraceError: a mask is being traced.
    """
    spec: list[Entry] = []
    starts: list[Any] = []
    arrays: list[Any] = []
    dims: list[int] = []
    dim = out = 0
    for item in _expand_ellipsis(index, len(shape)):
        if item is None:
            spec.append(("new",))
            out += 1
        elif isinstance(item, slice):
            start, stop, step = _bounds(item, shape[dim])
            n = len(range(start, stop, step))
            spec.append(("take", step, n))
            starts.append(start)
            dim, out = dim + 1, out + 1
        elif _is_array_index(item):
            dim, out = _arrays(item, shape, dim, out, spec, starts, arrays, dims)
        else:
            spec.append(("pick",))
            starts.append(_integer(item, shape[dim], dim))
            dim += 1
    picked = _broadcast(arrays) if arrays else ()
    trivial = all(e[0] == "take" and e[1] == 1 and e[2] == n for e, n in zip(spec, shape, strict=False))
    return Plan(tuple(spec), tuple(starts), arrays, tuple(dims), picked, trivial and len(spec) == len(shape))


def _broadcast(arrays: Sequence[Any]) -> tuple[int, ...]:
    shapes = [tuple(a.shape) for a in arrays]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        got = f"shapes {' and '.join(map(str, shapes))} (shape mismatch)"
        raise IndexingError(message("index", "index tensors that broadcast together", got)) from None


def _bounds(item: slice, length: int) -> tuple[int, int, int]:
    for bound in (item.start, item.stop, item.step):
        if bound is not None and not hasattr(bound, "__index__"):
            raise IndexingError(message("index", "integers or None in a slice", describe(bound)))
    if item.step is not None and operator.index(item.step) == 0:
        raise IndexingError(message("index", "a slice step that is not zero", "0"))
    return item.indices(length)


def _arrays(
    item: Any,
    shape: Sequence[int],
    dim: int,
    out: int,
    spec: list[Entry],
    starts: list[Any],
    arrays: list[Any],
    dims: list[int],
) -> tuple[int, int]:
    """Note an index array or mask; return the next input and output dimension."""
    if isinstance(item, (bool, np.bool_)) or (str(item.dtype).endswith("bool") and item.ndim == 0):
        spec.append(("new",))
        arrays.append(np.zeros(int(bool(item)), np.int32))
        dims.append(out)
        return dim, out + 1
    if str(item.dtype).endswith("bool"):
        want = tuple(shape[dim : dim + item.ndim])
        if tuple(item.shape) != want:
            raise IndexingError(
                message("index", f"a mask of shape {want}", f"the shape of the mask {tuple(item.shape)}")
            )
        parts = list(_mask(item))
    else:
        if isinstance(item, np.ndarray) and item.size == 0:
            item = item.astype(np.int32)
        _check_integers(item)
        _check_bounds(item, shape[dim], dim)
        parts = [item]
    for part in parts:
        spec.append(("take", 1, shape[dim]))
        starts.append(0)
        arrays.append(part)
        dims.append(out)
        dim, out = dim + 1, out + 1
    return dim, out


def _check_integers(item: Any) -> None:
    name = np.dtype(item.dtype).name
    if name == "uint8":
        raise IndexingError(
            message("index", "an int64 tensor of positions or a bool mask",
                    "uint8, a mask in PyTorch and positions in NumPy", "cast it with .bool() or .long()")
        )  # fmt: skip
    if "int" not in name:
        raise IndexingError(
            message(
                "index", "integers or bools (tensors used as indices must be long, int or bool tensors)", name
            )
        )


def _check_bounds(item: Any, length: int, dim: int) -> None:
    """Raise for an index out of range, where looking costs no wait for an accelerator."""
    value = read(item) if isinstance(item, Handle) else item
    if is_tracer(value) or value.size == 0:
        return
    if not isinstance(value, np.ndarray) and next(iter(value.devices())).platform != "cpu":
        return
    host = np.asarray(value)
    low, high = int(host.min()), int(host.max())
    if low < -length or high >= length:
        bad = low if low < -length else high
        raise IndexingError(
            message("index", f"indices in [{-length}, {length - 1}] for dimension {dim} with size {length}",
                    f"index {bad} is out of bounds")
        )  # fmt: skip
