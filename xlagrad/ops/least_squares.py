"""Least-squares solutions of linear systems, in batches."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import int64, require_inexact
from xlagrad.ops.composed import composed
from xlagrad.ops.failure import known
from xlagrad.ops.matrices import batches, is_vector, require_matrices, same_dtype, singular_values
from xlagrad.ops.pinv import cutoff, pseudo_inverse


class LeastSquares(NamedTuple):
    """What ``linalg.lstsq`` returns."""

    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


@op
def _lstsq(A: Array, B: Array, rcond: ArrayLike | None, *, exact: bool) -> LeastSquares:
    """What `linalg_lstsq` returns; ``exact`` takes no singular value as zero."""
    who = "linalg.lstsq"
    require_matrices(who, A, square=False)
    require_inexact(who, B)
    same_dtype(who, A, B)
    vector = is_vector(A, B)
    right = B[..., None] if vector else B
    if A.ndim - B.ndim != vector or right.shape[-2] != A.shape[-2]:
        got = f"{describe(A)} and {describe(B)}"
        raise errors.ShapeError(message(who, f"right-hand sides of {A.shape[-2]} rows", got, "transpose B"))
    values = singular_values(lax.stop_gradient(A))
    A, right = batches(who, A, right)
    if not A.size:
        rank = jnp.zeros(values.shape[:-1], int64())
        found = jnp.zeros((*A.shape[:-2], A.shape[-1], right.shape[-1]), A.dtype)
    else:
        cut = cutoff(A, values[..., 0], rcond, None)
        rank = jnp.sum(values > cut[..., None], axis=-1).astype(int64())
        found = pseudo_inverse(A, 0.0 if exact else rcond, None, False) @ right
    rest = A @ found - right
    residuals = jnp.sum((rest * jnp.conj(rest)).real, axis=-2)
    if vector:
        found = found[..., 0]
    return LeastSquares(found, residuals, rank, values)


@composed()
def linalg_lstsq(A: Any, B: Any, rcond: Any = None, *, driver: str | None = None) -> Any:
    """The X for which ‖A X - B‖ is least, the shortest where there are several.

    Args:
        A: (…, n, m).
        B: (…, n, k), or vectors (…, n) where its shape is that of ``A`` without the last dimension.
        rcond: singular values at or below this times the largest count as zero; by default eps · max(n, m).
        driver: LAPACK's routine whose results to return: "gels", "gelsy" (default), "gelsd" or "gelss".

    Returns:
        The solution; the sums of squares ‖A X - B‖² where n > m, all ranks are m and the driver is not
        "gelsy", else empty; the ranks, empty for "gels"; the singular values, empty for "gels" and "gelsy".

    Raises:
        LinAlgError: ``driver`` is "gels", and a matrix has not full rank (not under compile).
        ArgumentError: another driver.
        ShapeError: the shapes do not fit.
        DtypeError: integers, or different types.

    Example:
        >>> linalg_lstsq(jnp.array([[1.0], [1.0]]), jnp.array([[1.0], [3.0]])).solution.round(3).tolist()
        [[2.0]]

    Source: ``torch.linalg.lstsq``. All drivers compute by singular values. Under compile and other traces the
    rank is not known, and counts as full.
    """
    who = "linalg.lstsq"
    if driver not in (None, *_DRIVERS):
        raise errors.ArgumentError(message(who, f"a driver of {', '.join(_DRIVERS)}", repr(driver)))
    exact = driver == "gels"
    found = _lstsq(A, B, None if exact else rcond, exact=exact)
    rows, columns = tuple(A.shape)[-2:]
    ranks = known(found.rank)
    full = ranks is None or bool((ranks == min(rows, columns)).all())
    if exact and not full:
        raise errors.LinAlgError(message(who, "matrices of full rank", "one of less", "use driver='gelsd'"))
    shown = driver in ("gels", "gelsd", "gelss") and rows > columns and full
    return LeastSquares(
        found.solution,
        found.residuals if shown else _nothing(found.residuals),
        _nothing(found.rank) if exact else found.rank,
        found.singular_values if driver in ("gelsd", "gelss") else _nothing(found.singular_values),
    )


def _nothing(like: Any) -> Any:
    return like.reshape((-1,))[:0]
