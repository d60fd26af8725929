"""Triangles, diagonals and traces of matrices."""

from __future__ import annotations

import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import dim_of, int64, is_inexact


def _matrices(who: str, input: Array) -> None:
    if input.ndim < 2:
        fix = "add dimensions with unsqueeze"
        raise errors.ShapeError(message(who, "a tensor of at least 2 dimensions", describe(input), fix))


@op(method=True, inplace=True)
def tril(input: Array, diagonal: int = 0) -> Array:
    """The lower triangles of matrices, zeros above the given diagonal.

    Args:
        input: (…, n, m).
        diagonal: the last one kept; 0 is the main one, positive ones lie above it.

    Raises:
        ShapeError: fewer than two dimensions.

    Example:
        >>> tril(jnp.ones((2, 2))).tolist()
        [[1.0, 0.0], [1.0, 1.0]]

    Source: ``torch.tril``.
    """
    _matrices("tril", input)
    return jnp.tril(input, diagonal)


@op(method=True, inplace=True)
def triu(input: Array, diagonal: int = 0) -> Array:
    """The upper triangles of matrices, zeros below the given diagonal.

    Args:
        input: (…, n, m).
        diagonal: the first one kept; 0 is the main one, positive ones lie above it.

    Raises:
        ShapeError: fewer than two dimensions.

    Example:
        >>> triu(jnp.ones((2, 2))).tolist()
        [[1.0, 1.0], [0.0, 1.0]]

    Source: ``torch.triu``.
    """
    _matrices("triu", input)
    return jnp.triu(input, diagonal)


@op(method=True)
def trace(input: Array) -> Array:
    """Σ of the main diagonal of a matrix; of integers in int64.

    Raises:
        ShapeError: not a matrix.

    Example:
        >>> trace(jnp.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
        5.0

    Source: ``torch.trace``.
    """
    if input.ndim != 2:
        fix = "use diagonal(...).sum(-1) for batches"
        raise errors.ShapeError(message("trace", "a matrix (2-d)", describe(input), fix))
    return jnp.trace(input, dtype=input.dtype if is_inexact(input) else int64())


@op(method=True)
def diag_embed(input: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Array:
    """Matrices with the last dimension of ``input`` on a diagonal, and zeros elsewhere.

    Args:
        input: (…, n).
        offset: which diagonal; 0 is the main one, positive ones lie above it.
        dim1: where the rows go in the result.
        dim2: where the columns go.

    Raises:
        IndexingError: a dimension is out of range.
        ArgumentError: both are the same.

    Example:
        >>> diag_embed(jnp.array([1.0, 2.0])).tolist()
        [[1.0, 0.0], [0.0, 2.0]]

    Source: ``torch.diag_embed``.
    """
    ndim = input.ndim + 1
    first, second = dim_of("diag_embed", dim1, ndim), dim_of("diag_embed", dim2, ndim)
    if first == second:
        raise errors.ArgumentError(message("diag_embed", "two different dims", f"{dim1} and {dim2}", ""))
    n = input.shape[-1] + abs(offset)
    rows = jnp.arange(input.shape[-1]) + max(-offset, 0)
    columns = jnp.arange(input.shape[-1]) + max(offset, 0)
    full = jnp.zeros(input.shape[:-1] + (n, n), input.dtype).at[..., rows, columns].set(input)
    return jnp.moveaxis(full, (-2, -1), (first, second))


@op(method=True)
def diag(input: Array, diagonal: int = 0) -> Array:
    """Of a vector the matrix with it on a diagonal, of a matrix the vector on a diagonal.

    Args:
        input: vector or matrix.
        diagonal: which one; 0 is the main one, positive ones lie above it.

    Raises:
        ShapeError: neither.

    Example:
        >>> diag(jnp.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [1.0, 4.0]

    Source: ``torch.diag``.
    """
    if input.ndim not in (1, 2):
        fix = "use diagonal or diag_embed for batches"
        raise errors.ShapeError(message("diag", "a vector or a matrix", describe(input), fix))
    return diag_embed(input, diagonal) if input.ndim == 1 else jnp.diagonal(input, diagonal)


@op(method=True)
def diagflat(input: Array, offset: int = 0) -> Array:
    """A matrix with all elements of ``input`` on a diagonal.

    Example:
        >>> diagflat(jnp.array([[1.0], [2.0]])).tolist()
        [[1.0, 0.0], [0.0, 2.0]]

    Source: ``torch.diagflat``.
    """
    return diag_embed(input.reshape(-1), offset)
