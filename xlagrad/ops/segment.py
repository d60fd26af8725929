"""Reductions of consecutive runs of a dimension: ``segment_reduce``."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.ops.common import dim_of, require_inexact, require_integer
from xlagrad.ops.composed import composed
from xlagrad.ops.scattering import neutral, reduce_at

_KINDS = {"sum": "sum", "mean": "mean", "prod": "prod", "max": "amax", "min": "amin"}
_KINDS |= {how: how for how in ("amax", "amin")}


@op
def segment_reduce_by(data: Array, lengths: Array, reduce: str, axis: int, initial: float | None) -> Array:
    """Reduce runs of known lengths, operands first. See `segment_reduce`."""
    how, lead = _KINDS[reduce], data.shape[:axis]
    size, count, rest = data.shape[axis], lengths.shape[-1], data.shape[axis + 1 :]
    x = data.reshape(math.prod(lead), size, math.prod(rest))
    ends = jnp.cumsum(lengths.reshape(x.shape[0], count), axis=-1)
    run = jnp.sum(jnp.arange(size)[None, :, None] >= ends[:, None, :], axis=-1)
    rows, _, columns = jnp.indices(x.shape, sparse=True)
    grid = rows, run[..., None], columns
    filler = neutral(how, x.dtype) if initial is None else jnp.asarray(initial, x.dtype)
    start = jnp.full((x.shape[0], count, x.shape[2]), filler)
    if how != "mean":
        found = reduce_at(start, grid, x, how, True)
    else:
        number = lengths.reshape(x.shape[0], count, 1)
        empty = jnp.nan if initial is None else initial
        total = reduce_at(start, grid, x, "sum", True)
        found = jnp.where(number == 0, empty, total / jnp.maximum(number, 1).astype(x.dtype))
    return found.reshape(*lead, count, *rest).astype(data.dtype)


def _require_runs(data: Any, lengths: Any, axis: int) -> None:
    """Raise unless the runs are those of the dimension, as far as their lengths are known."""
    want, have = tuple(data.shape[:axis]), tuple(lengths.shape)
    if not have or have[:-1] != want:
        got = f"{describe(lengths)} for {describe(data)} along axis {axis}"
        text = message("segment_reduce", f"lengths of shape {[*want, 'n']}", got)
        raise errors.ShapeError(text)
    array = read(lengths) if isinstance(lengths, Handle) else lengths
    if is_tracer(array):
        return
    known = np.asarray(array)
    if known.size and (known.min() < 0 or (known.sum(-1) != data.shape[axis]).any()):
        want_text = f"lengths of 0 or more that sum to {data.shape[axis]}"
        raise errors.ArgumentError(message("segment_reduce", want_text, str(known.tolist())))


@composed()
def segment_reduce(
    data: Any,
    reduce: str,
    *,
    lengths: Any = None,
    indices: Any = None,
    offsets: Any = None,
    axis: int = 0,
    unsafe: bool = False,
    initial: float | None = None,
) -> Any:
    """The runs of a dimension, one after the other, each reduced to one value.

    Args:
        data: a floating-point tensor.
        reduce: "sum", "mean", "prod", "max" or "min".
        lengths: how long the runs are: integers [..., n] with the dimensions before ``axis`` in front.
        indices: not available, as in PyTorch.
        offsets: instead of lengths, where the runs begin and the last one ends: [..., n + 1].
        axis: the dimension.
        unsafe: do not look at the lengths.
        initial: what a run starts with; what a run of length 0 gives.

    Raises:
        ArgumentError: neither lengths nor offsets, an unknown reduction, lengths that do not sum to the
            dimension's.
        ShapeError: lengths of another shape.
        DtypeError: data that are not of floating point, or lengths that are no integers.

    Example:
        >>> segment_reduce(jnp.array([1.0, 2.0, 4.0]), "sum", lengths=jnp.array([2, 1])).tolist()
        [3.0, 4.0]

    Source: ``torch.segment_reduce``.
    """
    who = "segment_reduce"
    if reduce not in _KINDS:
        names = ", ".join(map(repr, _KINDS))
        raise errors.ArgumentError(message(who, f"reduce among {names}", repr(reduce), "choose one"))
    if indices is not None or (lengths is None) == (offsets is None):
        got = "indices" if indices is not None else "both or neither"
        raise errors.ArgumentError(message(who, "lengths or offsets", got, "pass one of the two"))
    runs = lengths if lengths is not None else offsets[..., 1:] - offsets[..., :-1]
    array, counts = (read(x) if isinstance(x, Handle) else x for x in (data, runs))
    require_inexact(who, array)
    require_integer(who, counts, "integer lengths")
    at = dim_of(who, axis, len(data.shape))
    if not unsafe:
        _require_runs(data, runs, at)
    return segment_reduce_by(data, runs, reduce, at, initial)
