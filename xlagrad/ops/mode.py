"""The most frequent elements along a dimension."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.ops.common import ValuesIndices, refuse_complex
from xlagrad.ops.extremum import along, picked


@op(method=True)
def mode(input: Array, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """The most frequent elements along a dimension and their last places; of equally frequent ones the least.

    Every NaN counts as different from any other.

    Raises:
        IndexingError: the dimension is out of range, or has no elements.
        DtypeError: a complex tensor.

    Example:
        >>> [x.tolist() for x in mode(jnp.array([1, 2, 2, 1, 3]))]
        [1, 3]

    Source: ``torch.mode``.
    """
    refuse_complex("mode", input)
    line, at = along("mode", input, dim)
    kept = lax.stop_gradient(line)
    order = jnp.argsort(kept, axis=at, stable=True)
    sorted_ = jnp.take_along_axis(kept, order, axis=at)
    places = lax.broadcasted_iota(order.dtype, line.shape, at)
    first = lax.slice_in_dim(sorted_, 0, 1, axis=at)
    changed = lax.slice_in_dim(sorted_, 1, None, axis=at) != lax.slice_in_dim(sorted_, 0, -1, axis=at)
    fresh = jnp.concatenate([jnp.ones_like(first, bool), changed], axis=at)
    # How many equal ones there were up to each place: the first place of the longest run ends the least mode.
    run = places - lax.cummax(jnp.where(fresh, places, 0), at)
    end = jnp.argmax(run, axis=at, keepdims=True)
    return picked(input, jnp.take_along_axis(order, end, axis=at), line, at, keepdim)
