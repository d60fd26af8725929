"""Parts of a dimension as views: narrow, select, split, chunk, unbind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.handle import Handle
from xlagrad.core.view import attach
from xlagrad.ops.index import getitem
from xlagrad.ops.slices import basic_step
from xlagrad.ops.view import axis, whole


def _axis(who: str, dim: Any, input: Any) -> int:
    """Return a dimension of a tensor that must have some, counted from the front."""
    if not len(input.shape):
        raise ShapeError(
            message(who, "a tensor with at least one dimension", describe(input), "unsqueeze it")
        )
    return axis(who, dim, len(input.shape))


def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """Return a view of ``length`` elements along ``dim`` from ``start`` on.

    Raises:
        ArgumentError: the range does not lie within the dimension.
    """
    shape = tuple(input.shape)
    at = _axis("narrow", dim, input)
    first, length = whole("narrow", "start", start), whole("narrow", "length", length)
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
    at = _axis("select", dim, input)
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
    at = _axis("split", dim, tensor)
    n = tensor.shape[at]
    if isinstance(split_size_or_sections, (tuple, list)):
        sizes = [whole("split", "lengths", s) for s in split_size_or_sections]
        if sum(sizes) != n or min(sizes, default=0) < 0:
            raise ArgumentError(message("split", f"lengths that sum to {n}", f"{sizes}"))
    else:
        size = whole("split", "the length", split_size_or_sections)
        if size < 0 or (size == 0 and n != 0):
            raise ArgumentError(message("split", "a positive length", str(size)))
        sizes = [min(size, n - i) for i in range(0, n, size)] if n else [0]
    return _pieces(tensor, at, sizes)


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """Return views of at most ``chunks`` parts of equal length (the last may be shorter)."""
    if whole("chunk", "chunks", chunks) <= 0:
        raise ArgumentError(message("chunk", "chunks to be greater than 0", str(chunks)))
    at = _axis("chunk", dim, input)
    return (
        split(input, max(-(-input.shape[at] // chunks), 0) or 0, at)
        if input.shape[at]
        else _pieces(input, at, [0] * chunks)
    )


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """Return views of all slices along a dimension, which is dropped."""
    at = _axis("unbind", dim, input)
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
