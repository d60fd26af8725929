"""Tensors in one shape, in products and in combinations: broadcast_tensors, cartesian_prod, atleast_2d."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle
from xlagrad.core.size import Size
from xlagrad.ops.common import int64, require_integer
from xlagrad.ops.composed import composed
from xlagrad.ops.gather import index_select
from xlagrad.ops.join import stack
from xlagrad.ops.ranges import meshgrid
from xlagrad.ops.values import alike
from xlagrad.ops.view import expand, reshape, whole


def _given(tensors: tuple[Any, ...]) -> Sequence[Any]:
    """Return tensors that were given one by one, or as one sequence."""
    return tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors


def _require_tensors(who: str, tensors: Sequence[Any]) -> None:
    for x in tensors:
        if not hasattr(x, "shape"):
            got = f"{type(x).__name__} {describe(x)}"
            raise errors.DtypeError(message(who, "tensors", got, "convert it with tensor(...)"))


def _at_least(name: str, fit: Callable[[tuple[int, ...]], tuple[int, ...]], doc: str) -> Callable[..., Any]:
    def atleast(*tensors: Any) -> Any:
        given = _given(tensors)
        _require_tensors(name, given)
        views = [
            x if fit(tuple(x.shape)) == tuple(x.shape) else reshape(x, fit(tuple(x.shape))) for x in given
        ]
        return views[0] if len(tensors) == 1 and given is tensors else tuple(views)

    atleast.__name__ = atleast.__qualname__ = name
    more = "Several tensors, or a sequence of them, give a tuple."
    atleast.__doc__ = f"{doc}\n\n    {more}\n\n    Source: ``torch.{name}``.\n    "
    return atleast


def _two(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape if len(shape) >= 2 else (1, *shape) if shape else (1, 1)


def _three(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) >= 3:
        return shape
    return (*shape, 1) if len(shape) == 2 else (1, *(shape or (1,)), 1)


atleast_1d = _at_least("atleast_1d", lambda s: s or (1,), "Return a view with at least one dimension.")
atleast_2d = _at_least("atleast_2d", _two, "Return a view with at least two dimensions; a vector is a row.")
atleast_3d = _at_least(
    "atleast_3d",
    _three,
    "Return a view with at least three dimensions: a matrix gets a last one, a vector both.",
)


def broadcast_shapes(*shapes: Any) -> Size:
    """Return the shape to which shapes broadcast; an integer is a shape of one dimension.

    Raises:
        ShapeError: there is none.

    Example:
        >>> broadcast_shapes((2,), (3, 1), 1)
        torch.Size([3, 2])

    Source: ``torch.broadcast_shapes``.
    """
    sizes = []
    for shape in shapes:
        given = shape if isinstance(shape, (tuple, list)) else (shape,)
        sizes.append(tuple(whole("broadcast_shapes", "sizes", n) for n in given))
    try:
        return Size(np.broadcast_shapes(*sizes))
    except ValueError:
        fix = "make the sizes equal, or 1, in each dimension counted from the last"
        got = " and ".join(map(str, sizes))
        raise errors.ShapeError(
            message("broadcast_shapes", "shapes that broadcast together", got, fix)
        ) from None


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """Return views of the tensors expanded to the shape to which they broadcast.

    Raises:
        ShapeError: there is none.

    Example:
        >>> import jax.numpy as jnp
        >>> [x.shape for x in broadcast_tensors(jnp.zeros((2, 1)), jnp.zeros(3))]
        [(2, 3), (2, 3)]

    Source: ``torch.broadcast_tensors``.
    """
    given = _given(tensors)
    _require_tensors("broadcast_tensors", given)
    shape = tuple(broadcast_shapes(*(tuple(x.shape) for x in given)))
    return tuple(expand(x, shape) for x in given)


def cartesian_prod(*tensors: Any) -> Any:
    """Return all choices of one element from each vector as rows, the last one changing fastest.

    A single vector is returned as it is.

    Raises:
        ShapeError: a tensor is no vector.
        DtypeError: the tensors differ in type.

    Example:
        >>> import jax.numpy as jnp
        >>> cartesian_prod(jnp.array([1, 2]), jnp.array([3, 4])).tolist()
        [[1, 3], [1, 4], [2, 3], [2, 4]]

    Source: ``torch.cartesian_prod``.
    """
    given = _given(tensors)
    _require_tensors("cartesian_prod", given)
    for x in given:
        if len(x.shape) != 1:
            raise errors.ShapeError(message("cartesian_prod", "vectors", describe(x), "flatten them first"))
    if len(given) == 1:
        return given[0]
    return stack([reshape(x, -1) for x in meshgrid(*given, indexing="ij")], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """Return all combinations of ``r`` elements of a vector as rows, in the order of ``itertools``.

    Raises:
        ShapeError: the tensor is no vector.
        ArgumentError: ``r`` is negative.

    Example:
        >>> import jax.numpy as jnp
        >>> combinations(jnp.array([1, 2, 3])).tolist()
        [[1, 2], [1, 3], [2, 3]]

    Source: ``torch.combinations``.
    """
    if len(input.shape) != 1:
        raise errors.ShapeError(message("combinations", "a vector", describe(input), "flatten it first"))
    if r < 0:
        raise errors.ArgumentError(message("combinations", "r of 0 or more", str(r)))
    if not r:
        return alike(input, np.zeros(0), input.dtype.numpy if isinstance(input, Handle) else input.dtype)  # type: ignore[attr-defined]
    choose: Any = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = list(choose(range(input.shape[0]), r))
    at = alike(input, np.asarray(rows, np.int64).reshape(-1), int64())
    return reshape(index_select(input, 0, at), (len(rows), r))


@op(name="_unravel")
def _unravel(indices: Array, shape: tuple[int, ...]) -> tuple[Array, ...]:
    """Coordinates of places in a row-major tensor."""
    found, rest = [], indices.astype(int64())
    for n in reversed(shape):
        found.append(rest % max(n, 1))
        rest = rest // max(n, 1)
    return tuple(reversed(found))


@composed()
def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """The coordinates, one tensor for each dimension, of places in a row-major tensor of a shape.

    Args:
        indices: integers.
        shape: a size, or a sequence of sizes.

    Raises:
        DtypeError: not integers.
        ArgumentError: a size below zero.

    Example:
        >>> import jax.numpy as jnp
        >>> [x.tolist() for x in unravel_index(jnp.array([0, 5]), (2, 3))]
        [[0, 1], [0, 2]]

    Source: ``torch.unravel_index``.
    """
    require_integer("unravel_index", indices.data_array if isinstance(indices, Handle) else indices)  # type: ignore[attr-defined]
    given = shape if isinstance(shape, (tuple, list, Size)) else (shape,)
    sizes = tuple(whole("unravel_index", "sizes", n) for n in given)
    if min(sizes, default=0) < 0:
        raise errors.ArgumentError(message("unravel_index", "sizes of 0 or more", str(sizes)))
    apply: Any = _unravel if isinstance(indices, Handle) else _unravel.fn
    return tuple(apply(indices, shape=sizes))
