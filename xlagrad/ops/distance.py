"""Distances between all rows of one or two matrices."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import is_float
from xlagrad.ops.kinks import root
from xlagrad.ops.matrices import same_dtype, transposed
from xlagrad.ops.norm import dist

# From how many rows on the products of rows are cheaper than their differences, as PyTorch has it.
_MANY = 25
_MODES = (
    "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"
)  # fmt: skip


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def length(difference: Array, p: float) -> Array:
    """Return the p-norms over the last dimension; all elements that reach the maximum get its gradient."""
    size = jnp.abs(difference)
    if p == 0:
        return jnp.sum(difference != 0, axis=-1).astype(difference.dtype)
    if p == 1:
        return jnp.sum(size, axis=-1)
    if math.isinf(p):
        return jnp.max(size, axis=-1, initial=0)
    if p == 2:
        return jnp.sqrt(jnp.sum(size * size, axis=-1))
    return jnp.sum(size**p, axis=-1) ** (1 / p)


@length.defjvp
def _length_jvp(p: float, primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,), (dx,) = primals, tangents
    out = length(x, p)
    reach = out[..., None]
    none = reach == 0
    if p == 0:
        return out, jnp.zeros_like(out)
    if p == 1:
        weight = jnp.sign(x)
    elif math.isinf(p):
        weight = jnp.where(jnp.abs(x) == reach, jnp.sign(x), 0)
    else:
        ratio = x / jnp.where(none, 1, reach)
        if p == 2:
            weight = jnp.where(none, 0, ratio)
        else:
            still = none | (x == 0)
            size = jnp.abs(jnp.where(still, 1, ratio))
            weight = jnp.where(still, 0, jnp.sign(x) * size ** (p - 1))
    return out, jnp.sum(weight * dx, axis=-1)


def _require_order(who: str, p: float) -> float:
    if not p >= 0:
        raise errors.ArgumentError(message(who, "p of at least 0", str(p), "inf is the largest"))
    return float(p)


@op
def cdist(x1: Array, x2: Array, p: float = 2.0, compute_mode: str | None = _MODES[0]) -> Array:
    """The p-norms of the differences of all rows of ``x1`` and ``x2``.

    The gradient is zero where a distance is.

    Args:
        x1: (…, n, m).
        x2: (…, k, m), the leading dimensions broadcast.
        p: from 0 (the number of elements that differ) to inf.
        compute_mode: for p = 2, whether to compute by matrix products, which are fast and less exact:
            ``"use_mm_for_euclid_dist_if_necessary"`` for more than 25 rows, ``"use_mm_for_euclid_dist"``
            always, ``"donot_use_mm_for_euclid_dist"`` never.

    Raises:
        ShapeError: no matrices, or the sizes do not fit.
        ArgumentError: p below 0, or another mode.
        DtypeError: no floating point of at least 32 bits, or different types.

    Example:
        >>> cdist(jnp.zeros((1, 2)), jnp.array([[3.0, 4.0]])).tolist()
        [[5.0]]

    Source: ``torch.cdist``.
    """
    who = "cdist"
    p = _require_order(who, p)
    if compute_mode is not None and compute_mode not in _MODES:
        raise errors.ArgumentError(message(who, f"compute_mode {', '.join(_MODES)}", repr(compute_mode)))
    got = f"{describe(x1)} and {describe(x2)}"
    for x in (x1, x2):
        if not is_float(x) or x.dtype.itemsize < 4:
            fix = "convert it with .float()"
            raise errors.DtypeError(message(who, "floating point of at least 32 bits", describe(x), fix))
    same_dtype(who, x1, x2)
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise errors.ShapeError(message(who, "matrices with rows of equal length", got, "transpose one"))
    try:
        np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    except ValueError:
        fix = "make the leading sizes equal, or 1"
        raise errors.ShapeError(message(who, "batch dimensions that broadcast", got, fix)) from None
    many = compute_mode in (None, _MODES[0]) and max(x1.shape[-2], x2.shape[-2]) > _MANY
    if p == 2 and x1.shape[-1] and (many or compute_mode == _MODES[1]):
        return _by_products(x1, x2)
    return length(x1[..., :, None, :] - x2[..., None, :, :], p)


def _by_products(x1: Array, x2: Array) -> Array:
    """Return the Euclidean distances by |x|² - 2 x·y + |y|²."""
    square = jnp.sum(x1 * x1, -1)[..., :, None] + jnp.sum(x2 * x2, -1)[..., None, :]
    return root(jnp.maximum(square - 2 * (x1 @ transposed(x2)), 0))


@op
def pdist(input: Array, p: float = 2.0) -> Array:
    """The p-norms of the differences of all pairs of rows i < j, (n, m) → (n (n - 1) / 2).

    Raises:
        ShapeError: not a matrix.
        ArgumentError: p below 0.
        DtypeError: no floating point of at least 32 bits.

    Example:
        >>> pdist(jnp.array([[0.0, 0.0], [3.0, 4.0]])).tolist()
        [5.0]

    Source: ``torch.nn.functional.pdist``.
    """
    p = _require_order("pdist", p)
    if not is_float(input) or input.dtype.itemsize < 4:
        fix = "convert it with .float()"
        raise errors.DtypeError(message("pdist", "floating point of at least 32 bits", describe(input), fix))
    if input.ndim != 2:
        raise errors.ShapeError(message("pdist", "a matrix", describe(input), "give it 2 dimensions"))
    first, second = np.triu_indices(input.shape[0], 1)
    return length(input[first] - input[second], p)


__all__ = ["cdist", "dist", "length", "pdist"]
