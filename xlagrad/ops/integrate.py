"""Integrals and derivatives of sampled functions: the trapezoidal rule and finite differences."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, Arrays, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import dim_of, dims_of, floating, is_bool, is_inexact, refuse_bool
from xlagrad.ops.composed import composed


def _ends(x: Array, dim: int) -> tuple[Array, Array]:
    """Return all but the last and all but the first along a dimension."""
    return lax.slice_in_dim(x, 0, -1, axis=dim), lax.slice_in_dim(x, 1, None, axis=dim)


def _samples(who: str, y: Array, x: Array | None, dim: int) -> tuple[int, Array | None]:
    """Return the dimension, and the sample points with as many dimensions as ``y``."""
    if not y.ndim:
        fix = "give it a dimension"
        raise errors.IndexingError(message(who, "a tensor with dimensions for y", describe(y), fix))
    refuse_bool(who, *([y] if x is None else [y, x]))
    at = dim_of(who, dim, y.ndim)
    if x is None:
        return at, None
    if x.ndim == 1:
        if x.shape[0] != y.shape[at]:
            want = f"one x for each of the {y.shape[at]} samples"
            raise errors.ShapeError(message(who, want, describe(x)))
        return at, x.reshape([-1 if i == at else 1 for i in range(y.ndim)])
    return at, x.reshape((1,) * (y.ndim - x.ndim) + x.shape)


def _areas(y: Array, x: Array | None, dx: Array | float, at: int) -> Array:
    """Return twice the area between neighbouring samples, of integers in integers."""
    left, right = _ends(y, at)
    if x is None:
        return (left + right) * dx if is_inexact(y) else floating(left + right) * dx
    before, after = _ends(x, at) if x.shape[at] > 1 or y.shape[at] == 1 else (x, x)
    step = after - before
    return step * (left + right)


@op
def trapezoid_of(y: Array, x: Array | None, dx: float, dim: int) -> Array:
    """The integral by the trapezoidal rule. See `trapezoid`."""
    at, points = _samples("trapezoid", y, x, dim)
    if not y.shape[at]:
        return jnp.zeros(y.shape[:at] + y.shape[at + 1 :], y.dtype)
    return floating(jnp.sum(_areas(y, points, dx, at), axis=at)) / 2


@op
def cumulative_trapezoid_of(y: Array, x: Array | None, dx: float, dim: int) -> Array:
    """The running integral by the trapezoidal rule. See `cumulative_trapezoid`."""
    at, points = _samples("cumulative_trapezoid", y, x, dim)
    if not y.shape[at]:
        return y
    return floating(jnp.cumsum(_areas(y, points, dx, at), axis=at)) / 2


def _spacing(who: str, x: Any, dx: Any) -> float:
    if x is not None and dx is not None:
        raise errors.DtypeError(message(who, "x or dx", "both", "leave dx away"))
    if isinstance(x, (int, float)):
        fix = "pass dx= for an even spacing"
        raise errors.DtypeError(message(who, "a tensor for x", describe(x), fix))
    return 1 if dx is None else dx


@composed(aliases=("trapz",))
def trapezoid(y: Any, x: Any = None, *, dx: float | None = None, dim: int = -1) -> Any:
    """∫ y dx along a dimension, by the trapezoidal rule.

    Args:
        y: samples.
        x: where they were taken: a vector, or a tensor that broadcasts with ``y``.
        dx: their distance where it is always the same, 1 if left out.
        dim: along which dimension.

    Raises:
        DtypeError: booleans, or both ``x`` and ``dx``.
        ShapeError: not one ``x`` for each sample.
        IndexingError: the dimension is out of range.

    Example:
        >>> trapezoid(jnp.array([1.0, 2.0, 3.0])).tolist()
        4.0

    Source: ``torch.trapezoid``.
    """
    return trapezoid_of(y, x, _spacing("trapezoid", x, dx), dim)


@composed()
def cumulative_trapezoid(y: Any, x: Any = None, *, dx: float | None = None, dim: int = -1) -> Any:
    """∫ y dx from the first sample to each later one; arguments and errors are those of `trapezoid`.

    Example:
        >>> cumulative_trapezoid(jnp.array([1.0, 2.0, 3.0])).tolist()
        [1.5, 4.0]

    Source: ``torch.cumulative_trapezoid``.
    """
    return cumulative_trapezoid_of(y, x, _spacing("cumulative_trapezoid", x, dx), dim)


def _even(x: Array, h: Any, at: int, edge_order: int) -> Array:
    """Return the derivative of samples at even distances ``h``."""

    def part(start: int, stop: int | None) -> Array:
        return lax.slice_in_dim(x, start, stop, axis=at)

    n = x.shape[at]
    inner = floating(part(2, n) - part(0, n - 2)) / 2
    if edge_order == 1:
        first, last = part(1, 2) - part(0, 1), part(n - 1, n) - part(n - 2, n - 1)
    else:
        first = -1.5 * part(0, 1) + 2 * part(1, 2) - 0.5 * part(2, 3)
        last = 1.5 * part(n - 1, n) - 2 * part(n - 2, n - 1) + 0.5 * part(n - 3, n - 2)
    return jnp.concatenate([floating(first), floating(inner), floating(last)], axis=at) / h


def _uneven(x: Array, points: Array, at: int, edge_order: int) -> Array:
    """Return the derivative of samples at the points given."""
    shape = [-1 if i == at else 1 for i in range(x.ndim)]
    n = points.shape[0]
    x = lax.slice_in_dim(x, 0, n, axis=at) if n < x.shape[at] else x
    step = floating(points[1:] - points[:-1]).reshape(shape)

    def of(y: Array, start: int, stop: int) -> Array:
        return lax.slice_in_dim(y, start, stop, axis=at)

    # The slopes of the parabola through three samples: at the middle one, and at both ends.
    slope = (of(x, 1, n) - of(x, 0, n - 1)) / step
    before, after = of(step, 0, n - 2), of(step, 1, n - 1)
    low, high = of(slope, 0, n - 2), of(slope, 1, n - 1)
    inner = (low * after + high * before) / (before + after)
    first, last = of(slope, 0, 1), of(slope, n - 2, n - 1)
    if edge_order == 2:
        bend = (high - low) / (before + after)
        first = first - of(bend, 0, 1) * of(step, 0, 1)
        last = last + of(bend, n - 3, n - 2) * of(step, n - 2, n - 1)
    return jnp.concatenate([first, inner, last], axis=at)


@op
def gradient_of(
    input: Array, points: Arrays, spacing: tuple[float, ...], dims: tuple[int, ...], edge_order: int
) -> tuple[Array, ...]:
    """The derivatives along dimensions. See `gradient`."""
    parts = []
    for i, at in enumerate(dims):
        if points:
            parts.append(_uneven(input, points[i], at, edge_order))
        else:
            parts.append(_even(input, spacing[i], at, edge_order))
    return tuple(parts)


def _places(spacing: Any, count: int, given: bool) -> tuple[list[Any], tuple[Any, ...]]:
    """Return the sample points of each dimension, or their distances."""
    if spacing is None:
        spacing = 1
    if not isinstance(spacing, (tuple, list)):
        if getattr(spacing, "ndim", 0):
            fix = "put it into a list"
            want = "a number or a list for spacing"
            raise errors.DtypeError(message("gradient", want, describe(spacing), fix))
        return [], (spacing.item() if hasattr(spacing, "item") else spacing,) * count
    if len(spacing) != count:
        want = f"{count} values of spacing, one for each {'of dim' if given else 'dimension'}"
        raise errors.ArgumentError(message("gradient", want, str(len(spacing))))
    if all(isinstance(s, (int, float, complex)) for s in spacing):
        return [], tuple(spacing)
    for s in spacing:
        if getattr(s, "ndim", 0) != 1:
            raise errors.ShapeError(message("gradient", "vectors of sample points in spacing", describe(s)))
    return list(spacing), ()


@composed()
def gradient(input: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> Any:
    """The derivative of a sampled function along each dimension, by differences of second order inside.

    Args:
        input: samples.
        spacing: their distance, one for all or one for each dimension; or a list of vectors of points.
        dim: along which dimensions; None for all.
        edge_order: order of the differences at both ends, 1 or 2.

    Returns:
        A tuple of tensors of the shape of ``input``, one for each dimension.

    Raises:
        ArgumentError: another edge_order, or not as many spacings as dimensions.
        ShapeError: a dimension with too few samples.
        DtypeError: booleans or uint8.
        IndexingError: a dimension is out of range.

    Example:
        >>> gradient(jnp.array([1.0, 2.0, 4.0]))[0].tolist()
        [1.0, 1.5, 2.0]

    Source: ``torch.gradient``.
    """
    if edge_order not in (1, 2):
        raise errors.ArgumentError(message("gradient", "edge_order 1 or 2", str(edge_order)))
    if is_bool(input) or input.dtype == jnp.uint8:
        fix = "convert it with .float()"
        want = "a numeric tensor other than uint8"
        raise errors.DtypeError(message("gradient", want, describe(input), fix))
    dims = dims_of("gradient", dim, input.ndim)
    points, steps = _places(spacing, len(dims), dim is not None)
    sizes = [len(p) for p in points] if points else [input.shape[d] for d in dims]
    if min(sizes, default=edge_order + 1) <= edge_order:
        want = f"at least {edge_order + 1} samples along each dimension"
        raise errors.ShapeError(message("gradient", want, describe(input)))
    return tuple(gradient_of(input, points, steps, dims, edge_order)) if dims else ()
