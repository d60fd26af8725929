"""Basic indices as views: how their elements are taken and written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import Array, op
from xlagrad.core.handle import is_tracer
from xlagrad.core.modes import local
from xlagrad.core.view import Step, Strides
from xlagrad.ops.subscript import Entry


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


def result_shape(spec: Sequence[Entry]) -> tuple[int, ...]:
    """Return the shape that a basic index gives."""
    return tuple(1 if e[0] == "new" else e[2] for e in spec if e[0] != "pick")


@op(name="_slice")
def _slice(input: Array, starts: Array, spec: Any) -> Array:
    """Take a basic index with starts as data, so that each length is one executable."""
    if _unit(spec):
        import_shape = _lengths(spec)
        block = jnp.asarray(input)[()] if input.ndim == 0 else _dynamic_slice(input, starts, import_shape)
    else:
        block = input[_index_arrays(input.shape, starts, spec)]
    return block.reshape(result_shape(spec))


def _dynamic_slice(input: Array, starts: Array, lengths: tuple[int, ...]) -> Array:
    return jax.lax.dynamic_slice(input, [starts[i] for i in range(input.ndim)], lengths)


@op(name="_slice_put")
def _slice_put(input: Array, value: Array, starts: Array, spec: Any) -> Array:
    """Write a basic index with starts as data."""
    block = jnp.broadcast_to(value, result_shape(spec)).reshape(_lengths(spec)).astype(input.dtype)
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
