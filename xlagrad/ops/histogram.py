"""Histograms: how many elements, or what weight, falls between edges."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, Arrays, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.composed import composed
from xlagrad.ops.failure import known


class Histogram(NamedTuple):
    """What ``histogram`` and ``histogramdd`` return."""

    hist: Any
    bin_edges: Any


def _require_float(who: str, x: Any) -> None:
    if not jnp.issubdtype(np.dtype(str(x.dtype).removeprefix("torch.")), jnp.floating):
        fix = "convert it with .float()"
        raise errors.DtypeError(message(who, "a floating-point tensor", describe(x), fix))


def _require_bins(who: str, bins: Any) -> None:
    if not isinstance(bins, int):
        raise errors.DtypeError(message(who, "bins to be an integer", describe(bins)))
    if bins < 1:
        raise errors.ArgumentError(message(who, "bins > 0", str(bins)))


def _limits(x: Array, low: float, high: float, given: bool, margin: float) -> tuple[Array, Array]:
    """Return the ends of the range: those given, else those of the data; equal ones are moved apart."""
    if given or not x.size:
        ends = jnp.asarray(low, x.dtype), jnp.asarray(high, x.dtype)
    else:
        ends = jnp.min(x), jnp.max(x)
    flat = ends[0] == ends[1]
    return jnp.where(flat, ends[0] - margin, ends[0]), jnp.where(flat, ends[1] + margin, ends[1])


@op(differentiable=False)
def histc_of(input: Array, bins: int, low: float, high: float) -> tuple[Array, Array, Array]:
    """The counts, and the ends of the range. See `histc`."""
    x = input.reshape(-1)
    start, stop = _limits(x, low, high, low != high, 1)
    place = ((x - start) * bins / (stop - start)).astype(jnp.int32)
    inside = (x >= start) & (x <= stop)
    counts = jnp.zeros(bins, jnp.int32).at[jnp.minimum(place, bins - 1)].add(inside.astype(jnp.int32))
    return counts.astype(x.dtype), start, stop


def _require_range(who: str, low: Any, high: Any) -> None:
    """Raise if the ends of a range, where known, do not bound numbers."""
    values = [known(end) if hasattr(end, "dtype") else end for end in (low, high)]
    if values[0] is None or values[1] is None:
        return
    start, stop = float(values[0]), float(values[1])
    if not (math.isfinite(start) and math.isfinite(stop)):
        fix = "pass min and max, or range="
        raise errors.ArgumentError(message(who, "a range that is finite", f"[{start}, {stop}]", fix))
    if start > stop:
        raise errors.ArgumentError(message(who, "min that does not exceed max", f"{start} and {stop}"))


@composed(method=True)
def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:
    """How many elements fall into each of ``bins`` equal parts of [min, max]; others do not count.

    Args:
        input: tensor of floating point.
        bins: how many parts.
        min: lower end.
        max: upper end; where both are equal they are those of the data.

    Raises:
        ArgumentError: min exceeds max, an end is not finite (where that is known), or no bins.
        DtypeError: integers.

    Example:
        >>> histc(jnp.array([1.0, 2.0, 1.0]), 3, 0, 3).tolist()
        [0.0, 2.0, 1.0]

    Source: ``torch.histc``, which has no gradient.
    """
    _require_float("histc", input)
    _require_bins("histc", bins)
    _require_range("histc", min, max)
    counts, low, high = histc_of(input, bins, min, max)
    _require_range("histc", low, high)
    return counts


@op(differentiable=False)
def bin_edges_of(input: Array, bins: int, limits: tuple[float, float] | None) -> Array:
    """The edges of equal bins over a range or over that of the data. See `histogram`."""
    low, high = _limits(input, *(limits or (0.0, 1.0)), limits is not None, 0.5)
    # From the nearer end, so that both ends are exact.
    places = jnp.arange(bins + 1, dtype=input.dtype)
    step = (high - low) / bins
    return jnp.where(places < (bins + 1) // 2, low + step * places, high - step * (bins - places))


@op(differentiable=False)
def counts_between(input: Array, weight: Array | None, edges: Arrays, density: bool) -> Array:
    """The weights of the rows of (n, d) numbers in each bin. See `histogramdd`."""
    shape = tuple(e.shape[0] - 1 for e in edges)
    inside = jnp.ones(input.shape[:1], bool)
    places = []
    for column, edge in zip(jnp.moveaxis(input, -1, 0), edges, strict=True):
        place = jnp.searchsorted(edge, column, side="right") - 1
        # The last bin holds its upper end too.
        places.append(jnp.clip(jnp.where(column == edge[-1], edge.shape[0] - 2, place), 0, edge.shape[0] - 2))
        inside &= (column >= edge[0]) & (column <= edge[-1])
    added = jnp.where(inside, 1 if weight is None else weight, 0).astype(input.dtype)
    hist = jnp.zeros(shape, input.dtype).at[tuple(places)].add(added)
    if not density:
        return hist
    volume = functools.reduce(jnp.multiply.outer, [e[1:] - e[:-1] for e in edges])
    return hist / jnp.sum(hist) / volume


def _histogram(
    who: str, rows: Any, bins: Sequence[Any], limits: Any, weight: Any, density: bool
) -> tuple[Any, list[Any]]:
    """Return the histogram of (n, d) numbers, and the edges."""
    _require_float(who, rows)
    width = rows.shape[-1]
    if len(bins) != width:
        raise errors.ShapeError(message(who, f"bins for each of {width} columns", f"{len(bins)}"))
    if weight is not None and (tuple(weight.shape) != tuple(rows.shape[:-1]) or weight.dtype != rows.dtype):
        want = f"a weight of {rows.dtype} for each of the {rows.shape[0]} points"
        raise errors.ShapeError(message(who, want, describe(weight)))
    edges = []
    for i, part in enumerate(bins):
        if hasattr(part, "ndim"):
            if part.ndim != 1 or part.shape[0] < 2:
                raise errors.ShapeError(message(who, "a vector of at least 2 edges", describe(part)))
            edges.append(part)
            continue
        _require_bins(who, part)
        ends = None if limits is None else (float(limits[2 * i]), float(limits[2 * i + 1]))
        if ends is not None:
            _require_range(who, *ends)
        edge = bin_edges_of(rows[:, i], part, ends)
        _require_range(who, edge[0], edge[-1])
        edges.append(edge)
    return counts_between(rows, weight, edges, density), edges


@composed(method=True)
def histogram(
    input: Any, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False
) -> Histogram:
    """How many elements fall between edges, or their weights; the last bin holds its upper end too.

    Args:
        input: tensor of floating point.
        bins: the number of equal bins, or a vector of ascending edges.
        range: (lower, upper) end of equal bins; those of the data if left out.
        weight: of each element, of the shape and type of ``input``.
        density: divide by the total weight and the width of each bin.

    Raises:
        DtypeError: integers.
        ArgumentError: a range that is empty or not finite (where that is known), or no bins.
        ShapeError: a weight of another shape, or fewer than two edges.

    Example:
        >>> [x.tolist() for x in histogram(jnp.array([1.0, 2.0, 1.0]), 2, range=(0.0, 2.0))]
        [[0.0, 3.0], [0.0, 1.0, 2.0]]

    Source: ``torch.histogram``. Deviation: no gradient is promised that fails when asked for.
    """
    if weight is not None and tuple(weight.shape) != tuple(input.shape):
        want = "a weight for each element"
        raise errors.ShapeError(message("histogram", want, f"{describe(weight)} for {describe(input)}"))
    flat = None if weight is None else weight.reshape(-1)
    hist, edges = _histogram("histogram", input.reshape(-1, 1), [bins], range, flat, density)
    return Histogram(hist, edges[0])


@composed()
def histogramdd(
    input: Any, bins: Any, range: Any = None, weight: Any = None, density: bool = False
) -> Histogram:
    """How many points of d dimensions fall between edges, or their weights.

    Args:
        input: (…, d), of floating point.
        bins: the number of bins of each dimension, one for all, or for each a vector of ascending edges.
        range: the lower and the upper end of each dimension, one after the other.
        weight: of each point.
        density: divide by the total weight and the volume of each bin.

    Raises:
        DtypeError: integers.
        ArgumentError: a range that is empty or not finite (where that is known), or no bins.
        ShapeError: a weight of another shape, other bins than dimensions, or fewer than two edges.

    Example:
        >>> histogramdd(jnp.array([[0.0, 1.0], [1.0, 0.0]]), [2, 1]).hist.tolist()
        [[1.0], [1.0]]

    Source: ``torch.histogramdd``. Deviation: no gradient is promised that fails when asked for.
    """
    if input.ndim < 2:
        raise errors.ShapeError(message("histogramdd", "at least 2 dimensions", describe(input)))
    width = input.shape[-1]
    given = bins if isinstance(bins, (tuple, list)) else [bins] * width
    if weight is not None and tuple(weight.shape) != tuple(input.shape[:-1]):
        want = "a weight for each point"
        raise errors.ShapeError(message("histogramdd", want, f"{describe(weight)} for {describe(input)}"))
    flat = None if weight is None else weight.reshape(-1)
    hist, edges = _histogram("histogramdd", input.reshape(-1, width), given, range, flat, density)
    return Histogram(hist, tuple(edges))
