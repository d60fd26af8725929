"""Indexing as torch and NumPy have it: slices, integers, None, Ellipsis, integer and boolean tensors, mixed."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import Array, Arrays, op
from xlagrad.core.errors import ArgumentError, IndexingError, ShapeError, TraceError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.core.modes import local
from xlagrad.core.tensor import as_array
from xlagrad.core.view import Step, Strides, attach
from xlagrad.core.where import WAYS_OUT, user_line
from xlagrad.ops.view import axis, expand

# One entry for each dimension of the input or result: ("take", step, length), ("pick",), ("new",).
Entry = tuple[Any, ...]


class Plan(NamedTuple):
    """An index divided into its basic part, which gives a view, and the arrays that then pick from it.

    Attributes:
        spec: the basic part.
        starts: first index of each input dimension, ints or traced scalars.
        arrays: index arrays of the dimensions of the basic part's result.
        dims: which dimensions those are.
        masks: boolean masks that could not be turned into integers because they are traced.
    """

    spec: tuple[Entry, ...]
    starts: tuple[Any, ...]
    arrays: list[Any]
    dims: tuple[int, ...]
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
                    "the result's shape would depend on it: use xg.where, multiply by the mask, or " + WAYS_OUT)
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
            start, stop, step = item.indices(shape[dim]) if _plain(item) else _traced_slice(item)
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
    trivial = all(e[0] == "take" and e[1] == 1 and e[2] == n for e, n in zip(spec, shape, strict=False))
    return Plan(tuple(spec), tuple(starts), arrays, tuple(dims), trivial and len(spec) == len(shape))


def _plain(item: slice) -> bool:
    return not any(isinstance(v, Handle) or is_tracer(v) for v in (item.start, item.stop, item.step))


def _traced_slice(item: slice) -> tuple[int, int, int]:
    bounds = [v.__index__() if hasattr(v, "__index__") else v for v in (item.start, item.stop, item.step)]
    return slice(*bounds).indices(2**31 - 1)


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
        if item.ndim == 1 and item.shape[0] == 0 and isinstance(item, np.ndarray):
            item = item.astype(np.int32)
        if not any(k in str(item.dtype) for k in ("int",)):
            raise IndexingError(
                message(
                    "index",
                    "tensors used as indices must be long, int, byte or bool tensors",
                    str(item.dtype),
                )
            )
        _check_bounds(item, shape[dim], dim)
        parts = [item]
    for part in parts:
        spec.append(("take", 1, shape[dim]))
        starts.append(0)
        arrays.append(part)
        dims.append(out)
        dim, out = dim + 1, out + 1
    return dim, out


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


@op(name="_slice_fixed")
def _slice_fixed(input: Array, spec: Any, starts: Any) -> Array:
    """Take a basic index whose starts are known."""
    return input[_static_index(spec, starts)]


def _static_index(spec: Sequence[Entry], starts: Sequence[int]) -> tuple[Any, ...]:
    index: list[Any] = []
    first = iter(starts)
    for entry in spec:
        if entry[0] == "new":
            index.append(None)
        elif entry[0] == "pick":
            index.append(next(first))
        else:
            start, step, n = next(first), entry[1], entry[2]
            stop = start + step * n
            index.append(slice(start, stop if stop >= 0 else None, step) if n else slice(0, 0))
    return tuple(index)


@op(name="_slice_fixed_put")
def _slice_fixed_put(input: Array, value: Array, spec: Any, starts: Any) -> Array:
    """Write a basic index whose starts are known."""
    return input.at[_static_index(spec, starts)].set(value.astype(input.dtype))


def _index_arrays(shape: Sequence[int], starts: Array, spec: Sequence[Entry]) -> tuple[Any, ...]:
    """Return open-mesh index arrays for a basic index with starts that are only known at run time."""
    entries = [e for e in spec if e[0] != "new"]
    ndim = len(entries)
    grid = []
    for i, entry in enumerate(entries):
        step, n = (1, 1) if entry[0] == "pick" else entry[1:]
        line = starts[i] + step * jnp.arange(n, dtype=jnp.int32)
        grid.append(line.reshape([-1 if d == i else 1 for d in range(ndim)]))
    return tuple(grid)


def _unit(spec: Sequence[Entry]) -> bool:
    return all(e[0] != "take" or e[1] == 1 for e in spec)


def _lengths(spec: Sequence[Entry]) -> tuple[int, ...]:
    return tuple(1 if e[0] == "pick" else e[2] for e in spec if e[0] != "new")


def _result_shape(spec: Sequence[Entry]) -> tuple[int, ...]:
    return tuple(1 if e[0] == "new" else e[2] for e in spec if e[0] != "pick")


@op(name="_slice")
def _slice(input: Array, starts: Array, spec: Any) -> Array:
    """Take a basic index with starts as data, so that each length is one executable."""
    if _unit(spec):
        import_shape = _lengths(spec)
        block = jnp.asarray(input)[()] if input.ndim == 0 else _dynamic_slice(input, starts, import_shape)
    else:
        block = input[_index_arrays(input.shape, starts, spec)]
    return block.reshape(_result_shape(spec))


def _dynamic_slice(input: Array, starts: Array, lengths: tuple[int, ...]) -> Array:
    return jax.lax.dynamic_slice(input, [starts[i] for i in range(input.ndim)], lengths)


@op(name="_slice_put")
def _slice_put(input: Array, value: Array, starts: Array, spec: Any) -> Array:
    """Write a basic index with starts as data."""
    block = jnp.broadcast_to(value, _result_shape(spec)).reshape(_lengths(spec)).astype(input.dtype)
    return input.at[_index_arrays(input.shape, starts, spec)].set(block)


def _move(spec: tuple[Entry, ...], starts: tuple[Any, ...], at: Strides) -> Strides:
    shape, strides, offset = [], [], at[2]
    dim = 0
    for entry in spec:
        if entry[0] == "new":
            shape.append(1)
            strides.append(1)
            continue
        offset += (0 if is_tracer(starts[dim]) else int(starts[dim])) * at[1][dim]
        if entry[0] == "take":
            shape.append(entry[2])
            strides.append(at[1][dim] * entry[1])
        dim += 1
    return tuple(shape), tuple(strides), offset


def basic_step(spec: tuple[Entry, ...], starts: tuple[Any, ...]) -> Step:
    """Return the view step of a basic index."""

    def move(at: Strides) -> Strides:
        return _move(spec, starts, at)

    if not any(map(is_tracer, starts)) and (local.trace is not None or not starts):
        statics = {"spec": spec, "starts": starts}
        return Step(_slice_fixed, _slice_fixed_put, (), statics, move)
    first = (
        jnp.stack([jnp.asarray(s, jnp.int32) for s in starts])
        if any(map(is_tracer, starts))
        else np.asarray(starts, np.int32)
    )
    return Step(_slice, _slice_put, (first,), {"spec": spec}, move)


def _basic(input: Any, plan: Plan) -> Any:
    step = basic_step(plan.spec, plan.starts)
    result = step.apply(input)
    attach(result, input, step)
    return result


@op(name="_pick")
def _pick(input: Array, arrays: Arrays, dims: Any) -> Array:
    """Pick elements by index arrays on some dimensions, NumPy's advanced indexing."""
    return input[_mixed(arrays, dims)]


@op(name="_pick_put")
def _pick_put(input: Array, value: Array, arrays: Arrays, dims: Any, accumulate: bool) -> Array:
    """Write, or add to, the elements that index arrays pick."""
    target = input.at[_mixed(arrays, dims)]
    value = value.astype(input.dtype)
    return target.add(value) if accumulate else target.set(value)


def _mixed(arrays: Sequence[Any], dims: Sequence[int]) -> tuple[Any, ...]:
    index: list[Any] = [slice(None)] * (max(dims) + 1)
    for array, dim in zip(arrays, dims, strict=True):
        index[dim] = array
    return tuple(index)


def getitem(input: Any, index: Any) -> Any:
    """Return ``input[index]``: a view for slices, integers, None and Ellipsis; a copy for index tensors.

    An integer selects before index tensors do, as torch has it, where NumPy would broadcast it with them.

    Raises:
        IndexingError: out of range, or of an unusable kind.
        TraceError: a mask that is being traced, whose count of true elements is not known.
    """
    plan = parse(index, tuple(input.shape))
    result = input
    if not plan.trivial or not plan.arrays:
        result = _basic(input, plan)
    if plan.arrays:
        result = _pick(result, plan.arrays, dims=plan.dims)
    return result


@op(name="_where_put")
def _where_put(input: Array, mask: Array, value: Array) -> Array:
    """Write a value where a mask over the leading dimensions holds."""
    mask = mask.reshape(mask.shape + (1,) * (input.ndim - mask.ndim))
    return jnp.where(mask, value.astype(input.dtype), input)


def put(input: Any, index: Any, value: Any, accumulate: bool = False) -> Any:
    """Return ``input`` with ``input[index]`` replaced by ``value`` (or added to).

    Raises:
        ShapeError: the value does not broadcast to the indexed shape.
    """
    if not isinstance(value, Handle):
        value = as_array(value).astype(read(input).dtype)
    if _traced_mask(index):
        if value.ndim > 0 and value.size != 1:  # type: ignore[union-attr]
            raise TraceError(
                message("setitem", "a scalar value for a traced mask", f"{describe(value)} at {user_line()}",
                        "use xg.where(mask, value, tensor)")
            )  # fmt: skip
        value = value.reshape(())
        return _where_put(input, index, value)
    plan = parse(index, tuple(input.shape))
    if not plan.arrays:
        step = basic_step(plan.spec, plan.starts)
        shape = _result_shape(plan.spec)
        return step.write(input, _fit(value, shape))
    if plan.trivial:
        return _picked_put(input, value, plan, accumulate)
    step = basic_step(plan.spec, plan.starts)
    return step.write(input, _picked_put(step.apply(input), value, plan, accumulate))


def _picked_put(target: Any, value: Any, plan: Plan, accumulate: bool) -> Any:
    try:
        return _pick_put(target, value, plan.arrays, dims=plan.dims, accumulate=accumulate)
    except ValueError as error:
        picked = np.broadcast_shapes(*[tuple(a.shape) for a in plan.arrays])
        raise ShapeError(
            message("setitem", f"a value that broadcasts to the indexed elements {picked}", describe(value))
        ) from error


def _traced_mask(index: Any) -> bool:
    return (
        isinstance(index, Handle) and index.dtype.name == "bool" and is_tracer(read(index))  # type: ignore[attr-defined]
    )


def _fit(value: Any, shape: tuple[int, ...]) -> Any:
    """Return ``value`` in ``shape``, leading dimensions of length 1 dropped as torch allows."""
    have = tuple(value.shape)
    while len(have) > len(shape) and have[0] == 1:
        have = have[1:]
    try:
        fits = np.broadcast_shapes(have, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            message("setitem", f"a value that broadcasts to shape {shape}", describe(value), "reshape it")
        )
    if isinstance(value, Handle):
        value = value if have == tuple(value.shape) else value.reshape(have)  # type: ignore[attr-defined]
        return expand(value, shape) if have != shape else value
    return jnp.broadcast_to(value.reshape(have), shape)


def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """Return a view of ``length`` elements along ``dim`` from ``start`` on.

    Raises:
        ArgumentError: the range does not lie within the dimension.
    """
    shape = tuple(input.shape)
    at = axis("narrow", dim, len(shape))
    first = int(start)
    first += shape[at] if first < 0 else 0
    if not 0 <= first <= shape[at] or length < 0 or first + length > shape[at]:
        raise ArgumentError(
            message(
                "narrow",
                f"a range within dimension {at} of size {shape[at]}",
                f"start {start}, length {length}",
            )
        )
    return getitem(input, (slice(None),) * at + (slice(first, first + length),))


def select(input: Any, dim: int, index: Any) -> Any:
    """Return a view at one index of a dimension, which is dropped."""
    at = axis("select", dim, len(input.shape))
    return getitem(input, (slice(None),) * at + (index,))


@op(name="_parts")
def _parts(input: Array, dim: int, sizes: Any) -> tuple[Array, ...]:
    """Cut a dimension into parts."""
    cuts = np.cumsum(sizes)[:-1].tolist()
    return tuple(jnp.split(input, cuts, axis=dim))


def _pieces(input: Any, dim: int, sizes: Sequence[int]) -> tuple[Any, ...]:
    if not isinstance(input, Handle):
        return tuple(_parts.fn(input, dim, tuple(sizes)))
    results = _parts(input, dim=dim, sizes=tuple(sizes))
    shape, at = tuple(input.shape), 0  # type: ignore[attr-defined]
    for result, n in zip(results, sizes, strict=True):
        spec = tuple(("take", 1, n if d == dim else m) for d, m in enumerate(shape))
        attach(result, input, basic_step(spec, tuple(at if d == dim else 0 for d in range(len(shape)))))
        at += n
    return tuple(results)


def split(tensor: Any, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Return views of consecutive parts of a dimension.

    Args:
        tensor: what to cut.
        split_size_or_sections: the length of each part (the last may be shorter), or all lengths.
        dim: the dimension to cut.

    Raises:
        ArgumentError: the lengths do not add up to the dimension's.
    """
    at = axis("split", dim, len(tensor.shape))
    n = tensor.shape[at]
    if isinstance(split_size_or_sections, (tuple, list)):
        sizes = [int(s) for s in split_size_or_sections]
        if sum(sizes) != n or min(sizes, default=0) < 0:
            raise ArgumentError(message("split", f"lengths that sum to {n}", f"{sizes}"))
    else:
        size = int(split_size_or_sections)
        if size < 0 or (size == 0 and n != 0):
            raise ArgumentError(message("split", "a positive length", str(size)))
        sizes = [min(size, n - i) for i in range(0, n, size)] if n else [0]
    return _pieces(tensor, at, sizes)


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """Return views of at most ``chunks`` parts of equal length (the last may be shorter)."""
    if chunks <= 0:
        raise ArgumentError(message("chunk", "chunks to be greater than 0", str(chunks)))
    at = axis("chunk", dim, len(input.shape))
    return (
        split(input, max(-(-input.shape[at] // chunks), 0) or 0, at)
        if input.shape[at]
        else _pieces(input, at, [0] * chunks)
    )


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """Return views of all slices along a dimension, which is dropped."""
    at = axis("unbind", dim, len(input.shape))
    if not isinstance(input, Handle):
        return tuple(jnp.unstack(input, axis=at))
    results = _unbind(input, dim=at)
    shape = tuple(input.shape)  # type: ignore[attr-defined]
    for i, result in enumerate(results):
        spec = tuple(("pick",) if d == at else ("take", 1, m) for d, m in enumerate(shape))
        attach(result, input, basic_step(spec, tuple(i if d == at else 0 for d in range(len(shape)))))
    return tuple(results)


@op(name="_unbind")
def _unbind(input: Array, dim: int) -> tuple[Array, ...]:
    """All slices along a dimension."""
    return tuple(jnp.unstack(input, axis=dim))

