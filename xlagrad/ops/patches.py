"""Copies of a tensor with one part replaced: select_scatter, slice_scatter, diagonal_scatter."""

from __future__ import annotations

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, IndexingError, ShapeError, describe, message
from xlagrad.ops import view
from xlagrad.ops.common import dim_of


def _fits(who: str, src: Array, shape: tuple[int, ...]) -> None:
    if src.shape != shape:
        raise ShapeError(message(who, f"a source of shape {list(shape)}", describe(src), "reshape it"))


@op(method=True)
def select_scatter(input: Array, src: Array, dim: int, index: int) -> Array:
    """The tensor with its slice at one index of a dimension replaced by ``src``.

    Raises:
        ShapeError: ``src`` has not the shape of that slice, or the tensor has no dimension.
        IndexingError: the dimension or the index is out of range.

    Example:
        >>> import jax.numpy as jnp
        >>> select_scatter(jnp.zeros((2, 2)), jnp.ones(2), 0, 1).tolist()
        [[0.0, 0.0], [1.0, 1.0]]

    Source: ``torch.select_scatter``.
    """
    who = "select_scatter"
    if not input.ndim:
        raise ShapeError(message(who, "at least one dimension", describe(input), "unsqueeze it"))
    at = dim_of(who, dim, input.ndim)
    length = input.shape[at]
    if not -length <= index < length:
        raise IndexingError(message(who, f"an index in [{-length}, {length - 1}]", str(index)))
    _fits(who, src, input.shape[:at] + input.shape[at + 1 :])
    return input.at[(slice(None),) * at + (index,)].set(src.astype(input.dtype))


@op(method=True)
def slice_scatter(
    input: Array, src: Array, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Array:
    """The tensor with the slice ``start:end:step`` of a dimension replaced by ``src``.

    Raises:
        ShapeError: ``src`` has not the shape of that slice, or the tensor has no dimension.
        IndexingError: the dimension is out of range.
        ArgumentError: ``step`` is not positive.

    Example:
        >>> import jax.numpy as jnp
        >>> slice_scatter(jnp.zeros(4), jnp.ones(2), 0, 1, 3).tolist()
        [0.0, 1.0, 1.0, 0.0]

    Source: ``torch.slice_scatter``.
    """
    who = "slice_scatter"
    if not input.ndim:
        raise ShapeError(message(who, "at least one dimension", describe(input), "unsqueeze it"))
    at = dim_of(who, dim, input.ndim)
    if step <= 0:
        raise ArgumentError(message(who, "a step above 0", str(step)))
    part = range(*slice(start, end, step).indices(input.shape[at]))
    _fits(who, src, (*input.shape[:at], len(part), *input.shape[at + 1 :]))
    if not part:
        return input
    return input.at[(slice(None),) * at + (slice(part.start, part.stop, step),)].set(src.astype(input.dtype))


@op(method=True)
def diagonal_scatter(input: Array, src: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """The tensor with a diagonal, which `diagonal` gives, replaced by ``src``.

    Raises:
        ShapeError: ``src`` has not the shape of that diagonal.
        IndexingError: a dimension is out of range.

    Example:
        >>> import jax.numpy as jnp
        >>> diagonal_scatter(jnp.zeros((2, 2)), jnp.ones(2)).tolist()
        [[1.0, 0.0], [0.0, 1.0]]

    Source: ``torch.diagonal_scatter``.
    """
    part = view.diagonal(input, offset, dim1, dim2)
    _fits("diagonal_scatter", src, part.shape)
    a, b = dim_of("diagonal_scatter", dim1, input.ndim), dim_of("diagonal_scatter", dim2, input.ndim)
    return view.diagonal_put.fn(input, src.astype(input.dtype), offset, a, b)
