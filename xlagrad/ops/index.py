"""Indexing as torch and NumPy have it: slices, integers, None, Ellipsis, index tensors and masks, mixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import Array, Arrays, op
from xlagrad.core.errors import ShapeError, TraceError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.core.tensor import as_array
from xlagrad.core.view import attach
from xlagrad.core.where import user_line
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
        if value.ndim > 0 and value.size != 1:
            raise TraceError(
                message("setitem", "a scalar value for a traced mask", f"{describe(value)} at {user_line()}",
                        "use xg.where(mask, value, tensor)")
            )  # fmt: skip
        value = value.reshape(())
        return _where_put(input, index, value)
    plan = parse(index, tuple(input.shape))
    if not plan.arrays:
        step = basic_step(plan.spec, plan.starts)
        shape = result_shape(plan.spec)
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
