"""Writing and selecting where a mask holds, and finding where values are nonzero."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.choose import choose
from xlagrad.ops.common import broadcast, int64, is_bool
from xlagrad.ops.composed import composed
from xlagrad.ops.limits import on_host
from xlagrad.ops.values import alike, concrete


def _require_mask(who: str, mask: Array) -> None:
    if not is_bool(mask):
        fix = "compare it with something, or convert it with .bool()"
        raise errors.DtypeError(message(who, "a boolean mask", describe(mask), fix))


@op(method=True, inplace=True)
def masked_fill(input: Array, mask: Array, value: ArrayLike) -> Array:
    """``value`` where the mask holds, else the tensor, whose type stays.

    Args:
        input: tensor.
        mask: booleans that broadcast with it.
        value: a number or a 0-d tensor.

    Raises:
        DtypeError: the mask is not boolean.
        ShapeError: the value has dimensions, or the shapes do not broadcast.

    Example:
        >>> masked_fill(jnp.array([1.0, 2.0]), jnp.array([True, False]), 0).tolist()
        [0.0, 2.0]

    Source: ``torch.masked_fill``.
    """
    _require_mask("masked_fill", mask)
    number = jnp.asarray(value)
    if number.ndim:
        fix = "use where for a tensor of values"
        raise errors.ShapeError(message("masked_fill", "a number or 0-d tensor", describe(number), fix))
    broadcast("masked_fill", input, mask)
    return jnp.where(mask, number.astype(input.dtype), input)


@op
def masked_scatter_from(input: Array, mask: Array, source: Array) -> Array:
    """Write elements in order where a mask holds. See `masked_scatter`."""
    _require_mask("masked_scatter", mask)
    if source.dtype != input.dtype:
        got = f"{describe(input)} and {describe(source)}"
        raise errors.DtypeError(message("masked_scatter", "one dtype", got, "convert the source"))
    shape = broadcast("masked_scatter", input, mask)
    where = jnp.broadcast_to(mask, shape)
    place = jnp.cumsum(where.reshape(-1)).reshape(shape) - 1
    values = jnp.take(source.reshape(-1), jnp.where(where, place, 0), mode="fill")
    return jnp.where(where, values, jnp.broadcast_to(input, shape))


@composed(method=True, inplace=True)
def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """The tensor with its elements where the mask holds replaced by those of ``source``, in order.

    Raises:
        DtypeError: the mask is not boolean, or the types differ.
        ShapeError: the shapes do not broadcast, or the source is too short.

    Example:
        >>> masked_scatter(jnp.zeros(3), jnp.array([True, False, True]), jnp.array([1.0, 2.0])).tolist()
        [1.0, 0.0, 2.0]

    Source: ``torch.masked_scatter``. Under ``compile``, and on an accelerator, a source that is too short
    fills up with NaN.
    """
    held = on_host(mask)
    if held is not None and held.dtype == bool:
        count = int(np.count_nonzero(np.broadcast_to(held, broadcast("masked_scatter", input, mask))))
        if count > math.prod(source.shape):
            want = f"a source of at least {count} elements, as many as the mask holds"
            raise errors.ShapeError(message("masked_scatter", want, describe(source)))
    return masked_scatter_from(input, mask, source)


@op
def masked_take(input: Array, places: Array, shape: tuple[int, ...]) -> Array:
    """The elements at known places of the tensor, broadcast and flattened; see `masked_select`."""
    return jnp.take(jnp.broadcast_to(input, shape).reshape(-1), places, mode="clip")


@composed(method=True)
def masked_select(input: Any, mask: Any) -> Any:
    """The elements where the mask holds, as a vector.

    Raises:
        DtypeError: the mask is not boolean.
        ShapeError: the shapes do not broadcast.
        TraceError: under ``compile``, where the length of the result would not be known.

    Example:
        >>> masked_select(jnp.array([1.0, 2.0, 3.0]), jnp.array([True, False, True])).tolist()
        [1.0, 3.0]

    Source: ``torch.masked_select``.
    """
    found = concrete("masked_select", mask, "use where(mask, x, 0) and keep the shape")
    _require_mask("masked_select", found)  # type: ignore[arg-type]
    shape = broadcast("masked_select", input, mask)
    places = np.flatnonzero(np.broadcast_to(found, shape))
    return masked_take(input, alike(input, places, int64()), shape)


@op
def nonzero_sized(input: Array, size: int, fill_value: int = 0) -> Array:
    """The coordinates of the first ``size`` nonzero elements, filled up with ``fill_value``. See `nonzero`.

    Example:
        >>> nonzero_sized(jnp.array([0, 5, 6]), 3, -1).tolist()
        [[1], [2], [-1]]
    """
    if not input.ndim:
        return jnp.zeros((size, 0), int64())
    if not input.size:
        # jnp.nonzero leaves its fill value out here.
        return jnp.full((size, input.ndim), fill_value, int64())
    found = jnp.nonzero(input, size=size, fill_value=fill_value)
    return jnp.stack(found, axis=1).astype(int64())


@composed(method=True)
def nonzero(input: Any, *, as_tuple: bool = False, size: int | None = None, fill_value: int = 0) -> Any:
    """The coordinates of the nonzero elements, in row-major order.

    Args:
        input: tensor.
        as_tuple: return one vector for each dimension instead of one (n, ndim) matrix.
        size: how many to return, so that it works under ``compile``.
        fill_value: coordinate to fill up with if there are fewer.

    Raises:
        TraceError: under ``compile`` without ``size``.

    Example:
        >>> nonzero(jnp.array([[0, 1], [2, 0]])).tolist()
        [[0, 1], [1, 0]]

    Source: ``torch.nonzero``; ``size`` and ``fill_value`` as in JAX.
    """
    if size is not None:
        table = nonzero_sized(input, size, fill_value)
        return tuple(table[:, d] for d in range(table.shape[1])) if as_tuple else table
    value = concrete("nonzero", input, "pass size=, or use where")
    if as_tuple:
        return tuple(alike(input, i, int64()) for i in np.nonzero(np.atleast_1d(value)))
    return alike(input, np.argwhere(value), int64())


@composed(method=True)
def nonzero_static(input: Any, *, size: int, fill_value: int = -1) -> Any:
    """The coordinates of the first ``size`` nonzero elements; ``fill_value`` where there are fewer.

    Works under ``compile``, as the shape of the result is known.

    Raises:
        ArgumentError: ``size`` is negative.

    Example:
        >>> nonzero_static(jnp.array([0, 5, 6]), size=3).tolist()
        [[1], [2], [-1]]

    Source: ``torch.nonzero_static``.
    """
    if size < 0:
        raise errors.ArgumentError(message("nonzero_static", "a size of 0 or more", str(size)))
    return nonzero_sized(input, size, fill_value)


@composed(method=True)
def argwhere(input: Any) -> Any:
    """The coordinates of the nonzero elements as an (n, ndim) matrix; errors are those of `nonzero`.

    Example:
        >>> argwhere(jnp.array([0, 5])).tolist()
        [[1]]

    Source: ``torch.argwhere``.
    """
    return nonzero(input)


@composed()
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """``input`` where the condition holds, else ``other``; of the condition alone, the places where it holds.

    Args:
        condition: booleans.
        input: tensor or number.
        other: tensor or number.

    Raises:
        ArgumentError: just one of ``input`` and ``other`` is given.
        DtypeError: the condition is not boolean.
        ShapeError: the shapes do not broadcast.
        TraceError: under ``compile``, for the condition alone.

    Example:
        >>> where(jnp.array([True, False]), 1.0, 0.0).tolist()
        [1.0, 0.0]

    Source: ``torch.where``.
    """
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    if input is None or other is None:
        want, fix = "both input and other, or neither", "pass the missing one"
        raise errors.ArgumentError(message("where", want, "one of them", fix))
    return choose(condition, input, other)
