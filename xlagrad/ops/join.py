"""Joining tensors, repeating them, and turning them over."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, Arrays, op
from xlagrad.core.dtypes import get_default_dtype
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import wrap
from xlagrad.core.promotion import result_type
from xlagrad.ops.common import Dim, dim_of, dims_of
from xlagrad.ops.composed import composed


def _several(who: str, tensors: Arrays) -> list[Array]:
    """Return the tensors in their common type.

    Every tensor counts alike here, 0-d ones too.
    """
    if not tensors:
        raise errors.ArgumentError(message(who, "at least one tensor", "an empty list", "pass tensors"))
    dtype = result_type(*(x.dtype for x in tensors)).dtype
    return [x.astype(dtype) for x in tensors]


def _join(who: str, tensors: Arrays, dim: int) -> Array:
    xs = _several(who, tensors)
    # PyTorch's cat has always skipped tensors of shape (0,), whatever the others' shapes.
    kept = [x for x in xs if x.shape != (0,)] or xs[:1]
    first = kept[0]
    if first.ndim == 0:
        fix = "use stack for numbers"
        raise errors.ShapeError(message(who, "tensors with dimensions", describe(first), fix))
    at = dim_of(who, dim, first.ndim)
    for x in kept:
        if (
            x.ndim != first.ndim
            or x.shape[:at] + x.shape[at + 1 :] != first.shape[:at] + first.shape[at + 1 :]
        ):
            got = f"{describe(first)} and {describe(x)}"
            raise errors.ShapeError(
                message(who, f"tensors of equal sizes except along dim {at}", got, "check how they were made")
            )
    return kept[0] if len(kept) == 1 else jnp.concatenate(kept, axis=at)


@op(aliases=("concat", "concatenate"))
def cat(tensors: Arrays, dim: int = 0) -> Array:
    """The tensors one after the other along a dimension.

    Args:
        tensors: of equal sizes except along ``dim``; types are promoted.
        dim: where to join.

    Raises:
        ShapeError: the other sizes differ, or a tensor is 0-d.
        IndexingError: the dimension is out of range.
        ArgumentError: there are no tensors.

    Example:
        >>> cat([jnp.array([1, 2]), jnp.array([3])]).tolist()
        [1, 2, 3]

    Source: ``torch.cat``.
    """
    return _join("cat", tensors, dim)


@op
def stack(tensors: Arrays, dim: int = 0) -> Array:
    """The tensors side by side along a new dimension.

    Args:
        tensors: of one shape; types are promoted.
        dim: where the new dimension goes.

    Raises:
        ShapeError: the shapes differ.
        IndexingError: the dimension is out of range.
        ArgumentError: there are no tensors.

    Example:
        >>> stack([jnp.array([1, 2]), jnp.array([3, 4])], dim=1).tolist()
        [[1, 3], [2, 4]]

    Source: ``torch.stack``.
    """
    xs = _several("stack", tensors)
    for x in xs:
        if x.shape != xs[0].shape:
            got = f"{describe(xs[0])} and {describe(x)}"
            raise errors.ShapeError(message("stack", "tensors of one shape", got, "use cat to join sizes"))
    return jnp.stack(xs, axis=dim_of("stack", dim, xs[0].ndim + 1))


@op
def hstack(tensors: Arrays) -> Array:
    """The tensors joined along the second dimension, or the first for 1-d ones.

    Example:
        >>> hstack([jnp.array([1, 2]), jnp.array([3])]).tolist()
        [1, 2, 3]

    Source: ``torch.hstack``.
    """
    xs = [x.reshape(1) if x.ndim == 0 else x for x in tensors]
    return _join("hstack", xs, 0 if xs and xs[0].ndim == 1 else 1)


@op(aliases=("row_stack",))
def vstack(tensors: Arrays) -> Array:
    """The tensors joined along the first dimension, 1-d ones as rows.

    Example:
        >>> vstack([jnp.array([1, 2]), jnp.array([3, 4])]).tolist()
        [[1, 2], [3, 4]]

    Source: ``torch.vstack``.
    """
    return _join("vstack", [jnp.atleast_2d(x) for x in tensors], 0)


@op
def dstack(tensors: Arrays) -> Array:
    """The tensors joined along the third dimension, after each has been given three.

    Example:
        >>> dstack([jnp.array([1, 2]), jnp.array([3, 4])]).tolist()
        [[[1, 3], [2, 4]]]

    Source: ``torch.dstack``.
    """
    return _join("dstack", [jnp.atleast_3d(x) for x in tensors], 2)


@op
def column_stack(tensors: Arrays) -> Array:
    """The tensors joined along the second dimension, 1-d ones as columns.

    Example:
        >>> column_stack([jnp.array([1, 2]), jnp.array([3, 4])]).tolist()
        [[1, 3], [2, 4]]

    Source: ``torch.column_stack``.
    """
    return _join("column_stack", [x.reshape(-1, 1) if x.ndim < 2 else x for x in tensors], 1)


@op
def block_diag_of(tensors: Arrays) -> Array:
    """The tensors as blocks on the diagonal of a matrix. See `block_diag`."""
    xs = [jnp.atleast_2d(x) for x in _several("block_diag", tensors)]
    width = sum(x.shape[1] for x in xs)
    rows, left = [], 0
    for x in xs:
        if x.ndim != 2:
            fix = "pass matrices, vectors or numbers"
            raise errors.ShapeError(message("block_diag", "at most 2 dimensions", describe(x), fix))
        rows.append(jnp.pad(x, ((0, 0), (left, width - left - x.shape[1]))))
        left += x.shape[1]
    return jnp.concatenate(rows, axis=0)


@composed()
def block_diag(*tensors: Any) -> Any:
    """A matrix with the tensors as blocks on its diagonal and zeros elsewhere; vectors count as rows.

    Raises:
        ShapeError: a tensor has more than two dimensions.

    Example:
        >>> block_diag(jnp.array([[1]]), jnp.array([[2, 3]])).tolist()
        [[1, 0, 0], [0, 2, 3]]

    Source: ``torch.block_diag``.
    """
    return block_diag_of(list(tensors)) if tensors else wrap(jnp.zeros((1, 0), get_default_dtype().dtype))


@op(method=True)
def repeat(input: Array, *repeats: int) -> Array:
    """The tensor laid out that many times along each dimension; extra counts in front add dimensions.

    Raises:
        ShapeError: fewer counts than dimensions, or a negative one.

    Example:
        >>> repeat(jnp.array([1, 2]), 2, 2).tolist()
        [[1, 2, 1, 2], [1, 2, 1, 2]]

    Source: ``torch.Tensor.repeat``.
    """
    if len(repeats) < input.ndim or any(n < 0 for n in repeats):
        want = f"at least {input.ndim} counts that are not negative"
        raise errors.ShapeError(
            message("repeat", want, f"{repeats} for {describe(input)}", "add ones in front")
        )
    return jnp.tile(input, repeats)


@op(method=True)
def tile(input: Array, *dims: int) -> Array:
    """The tensor laid out that many times along each dimension; missing counts in front are one.

    Example:
        >>> tile(jnp.array([[1, 2]]), 2).tolist()
        [[1, 2, 1, 2]]

    Source: ``torch.tile``.
    """
    return jnp.tile(input, dims)


@op(method=True)
def flip(input: Array, *dims: int) -> Array:
    """The tensor with the order of the elements along the given dimensions reversed.

    Raises:
        IndexingError: a dimension is out of range.

    Example:
        >>> flip(jnp.array([[1, 2], [3, 4]]), 1).tolist()
        [[2, 1], [4, 3]]

    Source: ``torch.flip``. Deviation: a copy in any case, as in PyTorch.
    """
    return jnp.flip(input, dims_of("flip", dims, input.ndim)) if dims else input


@op(method=True)
def fliplr(input: Array) -> Array:
    """The tensor with its second dimension reversed.

    Raises:
        ShapeError: fewer than two dimensions.

    Example:
        >>> fliplr(jnp.array([[1, 2], [3, 4]])).tolist()
        [[2, 1], [4, 3]]

    Source: ``torch.fliplr``.
    """
    if input.ndim < 2:
        raise errors.ShapeError(message("fliplr", "at least 2 dimensions", describe(input), "use flip"))
    return jnp.flip(input, 1)


@op(method=True)
def flipud(input: Array) -> Array:
    """The tensor with its first dimension reversed.

    Raises:
        ShapeError: no dimension.

    Example:
        >>> flipud(jnp.array([1, 2])).tolist()
        [2, 1]

    Source: ``torch.flipud``.
    """
    if input.ndim < 1:
        raise errors.ShapeError(message("flipud", "at least 1 dimension", describe(input), "unsqueeze it"))
    return jnp.flip(input, 0)


@op(method=True)
def rot90(input: Array, k: int = 1, dims: tuple[int, int] = (0, 1)) -> Array:
    """The tensor turned k times by 90 degrees in the plane of two dimensions, from the first to the second.

    Raises:
        IndexingError: a dimension is out of range.
        ArgumentError: not two different dimensions.

    Example:
        >>> rot90(jnp.array([[1, 2], [3, 4]])).tolist()
        [[2, 4], [1, 3]]

    Source: ``torch.rot90``.
    """
    at = dims_of("rot90", dims, input.ndim)
    if len(at) != 2:
        raise errors.ArgumentError(message("rot90", "two dims", str(dims), "name the plane to turn in"))
    return jnp.rot90(input, k, at)


@op(method=True)
def roll(input: Array, shifts: int | tuple[int, ...], dims: Dim = None) -> Array:
    """The tensor with its elements moved on along dimensions, those that fall off put in at the front.

    Args:
        input: tensor.
        shifts: by how many places, for each dimension.
        dims: along which; None rolls the flattened tensor and restores its shape.

    Raises:
        IndexingError: a dimension is out of range.
        ArgumentError: as many shifts as dims are needed.

    Example:
        >>> roll(jnp.array([1, 2, 3]), 1).tolist()
        [3, 1, 2]

    Source: ``torch.roll``.
    """
    moves = shifts if isinstance(shifts, tuple) else (shifts,)
    if (dims is None or dims == ()) and len(moves) == 1:
        return jnp.roll(input, moves[0])
    wanted = dims if isinstance(dims, (tuple, list)) else () if dims is None else (dims,)
    if len(moves) != len(wanted):
        got = f"{len(moves)} shifts and {len(wanted)} dims"
        raise errors.ArgumentError(
            message("roll", "one shift for each dim", got, "pass tuples of one length")
        )
    return jnp.roll(input, moves, tuple(dim_of("roll", d, input.ndim) for d in wanted))


@op
def repeat_each(input: Array, repeats: int, dim: int | None = None) -> Array:
    """Each element ``repeats`` times in a row along a dimension. See `repeat_interleave`.

    Example:
        >>> repeat_each(jnp.array([1, 2]), 2).tolist()
        [1, 1, 2, 2]

    Source: ``torch.repeat_interleave`` with a number.
    """
    x = input.reshape(-1) if dim is None else input
    at = 0 if dim is None else dim_of("repeat_interleave", dim, input.ndim)
    if repeats < 0:
        want = "a count that is not negative"
        raise errors.ArgumentError(message("repeat_interleave", want, str(repeats), "pass 0 or more"))
    return jnp.repeat(x, repeats, axis=at)
