"""Indexing as torch and NumPy have it: slices, integers, None, Ellipsis, index tensors and masks, mixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core.data import to_array
from xlagrad.core.dispatch import Array, Arrays, op
from xlagrad.core.errors import DtypeError, IndexingError, ShapeError, TraceError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.core.view import attach
from xlagrad.core.where import user_line
from xlagrad.ops.common import is_bool
from xlagrad.ops.composed import composed
from xlagrad.ops.scattering import add_at
from xlagrad.ops.slices import basic_step, result_shape
from xlagrad.ops.subscript import Plan, parse
from xlagrad.ops.view import expand


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
    at, value = _mixed(arrays, dims), value.astype(input.dtype)
    return add_at(input, at, value) if accumulate else input.at[at].set(value)


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
def _where_put(input: Array, mask: Array, value: Array, accumulate: bool) -> Array:
    """Write a value, or add it, where a mask over the leading dimensions holds."""
    mask = mask.reshape(mask.shape + (1,) * (input.ndim - mask.ndim))
    value = value.astype(input.dtype)
    summed = input | value if is_bool(input) else input + value
    return jnp.where(mask, summed if accumulate else value, input)


def _masked_put(input: Any, mask: Any, value: Any, accumulate: bool) -> Any:
    """Write where a mask holds whose value is not known: the same value for every element that it picks."""
    shape, depth = tuple(input.shape), mask.ndim
    if tuple(mask.shape) != shape[:depth]:
        raise IndexingError(
            message("index", f"a mask of shape {shape[:depth]}", f"the shape of the mask {tuple(mask.shape)}")
        )
    rest = shape[depth:]
    if not _fits(tuple(value.shape), rest):
        if value.size != 1:
            raise TraceError(
                message("setitem", f"a value of shape () or {rest} for a traced mask",
                        f"{describe(value)} at {user_line()}", "use xg.where(mask, value, tensor)")
            )  # fmt: skip
        value = value.reshape(())
    return _where_put(input, mask, value, accumulate=accumulate)


def put(input: Any, index: Any, value: Any, accumulate: bool = False) -> Any:
    """Return ``input`` with ``input[index]`` replaced by ``value`` (or added to).

    Raises:
        ShapeError: the value does not broadcast to the indexed shape.
    """
    target = read(input).dtype if isinstance(input, Handle) else input.dtype
    if not isinstance(value, Handle):
        value = to_array("setitem", value, target, copy=False)
    elif read(value).dtype.kind == "c" and target.kind != "c":
        raise DtypeError(message("setitem", f"real values for {target}", describe(value), "take .real"))
    if type(index) is tuple and len(index) == 1:
        index = index[0]
    if _traced_mask(index):
        return _masked_put(input, index, value, accumulate)
    plan = parse(index, tuple(input.shape))
    if not plan.arrays:
        step = basic_step(plan.spec, plan.starts)
        shape = result_shape(plan.spec)
        return step.write(input, _fit(value, shape))
    if plan.trivial:
        return _picked_put(input, value, plan, accumulate)
    step = basic_step(plan.spec, plan.starts)
    return step.write(input, _picked_put(step.apply(input), value, plan, accumulate))


@composed(method=True)
def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """input, with ``values`` written, or added, at the positions that a tuple of index tensors names.

    Args:
        input: tensor to start from.
        indices: one tensor of integers or booleans for each of the first dimensions; None for all of one.
        values: a tensor that broadcasts to what the indices pick.
        accumulate: add instead of replace; what is named twice is added twice.

    Raises:
        IndexingError: an index is out of range, or of another type.
        ShapeError: the values do not broadcast.

    Example:
        >>> index_put(jnp.zeros(3), (jnp.array([0, 0]),), jnp.array(1.0), accumulate=True).tolist()
        [2.0, 0.0, 0.0]

    Source: ``torch.index_put``.
    """
    picks = tuple(slice(None) if i is None else i for i in indices)
    return put(input, picks, values, accumulate)


def _picked_put(target: Any, value: Any, plan: Plan, accumulate: bool) -> Any:
    shape, dims, picked = tuple(target.shape), plan.dims, plan.picked
    first, last = dims[0], dims[-1]
    if last - first + 1 == len(dims):
        shape = (*shape[:first], *picked, *shape[last + 1 :])
    else:
        shape = (*picked, *[n for d, n in enumerate(shape) if d not in dims])
    return _pick_put(target, _fit(value, shape), plan.arrays, dims=dims, accumulate=accumulate)


def _traced_mask(index: Any) -> bool:
    return (
        isinstance(index, Handle) and index.dtype.name == "bool" and is_tracer(read(index))  # type: ignore[attr-defined]
    )


def _fits(shape: tuple[int, ...], into: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, into) == into
    except ValueError:
        return False


def _fit(value: Any, shape: tuple[int, ...]) -> Any:
    """Return ``value`` in ``shape``, leading dimensions of length 1 dropped as torch allows."""
    have = tuple(value.shape)
    while len(have) > len(shape) and have[0] == 1:
        have = have[1:]
    if not _fits(have, shape):
        raise ShapeError(
            message("setitem", f"a value that broadcasts to shape {shape}", describe(value), "reshape it")
        )
    if isinstance(value, Handle):
        value = value if have == tuple(value.shape) else value.reshape(have)  # type: ignore[attr-defined]
        return expand(value, shape) if have != shape else value
    return jnp.broadcast_to(value.reshape(have), shape)
