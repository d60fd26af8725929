"""The factors of matrices by Gaussian elimination, A = P L U, and what is solved with them."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from xlagrad.core import dtypes, errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.composed import composed
from xlagrad.ops.failure import known, refuse_failures
from xlagrad.ops.matrices import require_matrices, same_dtype, transposed
from xlagrad.ops.solve import solve_factored, zero_pivot


class LUFactor(NamedTuple):
    """What ``linalg.lu_factor`` returns."""

    LU: Any
    pivots: Any


class LUFactorInfo(NamedTuple):
    """What ``linalg.lu_factor_ex`` returns."""

    LU: Any
    pivots: Any
    info: Any


class PLU(NamedTuple):
    """What ``linalg.lu`` and ``lu_unpack`` return."""

    P: Any
    L: Any
    U: Any


def _require_pivoting(who: str, pivot: bool) -> None:
    if not pivot:
        fix = "leave pivot=True: elimination without it is unstable, and XLA has no routine for it"
        raise NotImplementedError(message(who, "pivot=True", "False", fix))


@op
def _lu_factor_ex(A: Array, *, pivot: bool) -> LUFactorInfo:
    """LU, pivots, and the numbers of those that are zero; see `linalg_lu_factor`."""
    require_matrices("linalg.lu_factor", A, square=False)
    _require_pivoting("linalg.lu_factor", pivot)
    lu, pivots, _ = lax.linalg.lu(A)
    return LUFactorInfo(lu, (pivots + 1).astype(jnp.int32), zero_pivot(lax.stop_gradient(lu)))


def _refuse_zero_pivots(info: Any) -> None:
    got, fix = "U with element {} of its diagonal zero", "call linalg.lu or linalg.lu_factor_ex instead"
    refuse_failures("linalg.lu_factor", info, "an invertible U", got, fix)


@composed()
def linalg_lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """What `linalg_lu_factor` returns, and for each matrix 0, or the number of a pivot that is zero.

    Example:
        >>> [x.tolist() for x in linalg_lu_factor_ex(2 * jnp.eye(1))]
        [[[2.0]], [1], 0]

    Source: ``torch.linalg.lu_factor_ex``.
    """
    found = _lu_factor_ex(A, pivot=pivot)
    if check_errors:
        _refuse_zero_pivots(found.info)
    return found


@composed()
def linalg_lu_factor(A: Any, *, pivot: bool = True) -> Any:
    """The factors L (unit lower triangular, its diagonal left out) and U of A = P L U in one matrix.

    Args:
        A: (…, n, m).
        pivot: exchange rows so that pivots are large.

    Returns:
        LU, and int32 pivots (…, min(n, m)): row i was exchanged with row pivots[i] - 1.

    Raises:
        LinAlgError: a pivot is zero (not under compile or other traces).
        NotImplementedError: ``pivot`` is False.
        ShapeError: fewer than two dimensions.
        DtypeError: integers.

    Example:
        >>> linalg_lu_factor(jnp.array([[0.0, 1.0], [2.0, 0.0]])).pivots.tolist()
        [2, 2]

    Source: ``torch.linalg.lu_factor``.
    """
    found = linalg_lu_factor_ex(A, pivot=pivot, check_errors=True)
    return LUFactor(found.LU, found.pivots)


@composed(method=True)
def lu(A: Any, pivot: bool = True, get_infos: bool = False) -> Any:
    """LU and pivots as `linalg_lu_factor` has them, with ``get_infos`` the numbers of zero pivots too.

    Example:
        >>> [x.tolist() for x in lu(2 * jnp.eye(1))]
        [[[2.0]], [1]]

    Source: ``torch.lu``.
    """
    found = _lu_factor_ex(A, pivot=pivot)
    return found if get_infos else (found.LU, found.pivots)


@op
def _triangles(lu: Array) -> tuple[Array, Array]:
    """L, (…, n, k), and U, (…, k, m), of both in one matrix."""
    rows, columns = lu.shape[-2:]
    k = min(rows, columns)
    eye = jnp.eye(rows, k, dtype=lu.dtype)
    return jnp.tril(lu[..., :, :k], -1) + eye, jnp.triu(lu[..., :k, :])


@op
def _permutation(pivots: Array, *, rows: int, dtype: Any) -> Array:
    """The matrix of the exchanges of rows; an operation on integers alone, so that it has no gradient."""
    order = lax.linalg.lu_pivots_to_permutation(pivots - 1, rows)
    eye = jnp.eye(rows, dtype=dtypes.as_jax(dtype))
    return transposed(jnp.take(eye, order, axis=0))


@composed()
def linalg_lu(A: Any, *, pivot: bool = True) -> Any:
    """The factors of A = P L U: a permutation, a unit lower and an upper triangular matrix.

    Args:
        A: (…, n, m).
        pivot: exchange rows so that pivots are large.

    Raises:
        NotImplementedError: ``pivot`` is False.
        ShapeError: fewer than two dimensions.
        DtypeError: integers.

    Example:
        >>> linalg_lu(jnp.array([[0.0, 1.0], [2.0, 0.0]])).U.tolist()
        [[2.0, 0.0], [0.0, 1.0]]

    Source: ``torch.linalg.lu``.
    """
    found = _lu_factor_ex(A, pivot=pivot)
    P = _permutation(found.pivots, rows=A.shape[-2], dtype=A.dtype)
    return PLU(P, *_triangles(found.LU))


@composed()
def lu_unpack(LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True) -> Any:
    """P, L and U of what `linalg_lu_factor` returns; those not asked for are empty.

    Raises:
        DtypeError: pivots that are not int32.
        ShapeError: fewer than two dimensions.

    Example:
        >>> lu_unpack(jnp.eye(1), jnp.ones(1, jnp.int32)).L.tolist()
        [[1.0]]

    Source: ``torch.lu_unpack``.
    """
    who = "lu_unpack"
    require_matrices(who, LU_data, square=False)
    if unpack_pivots:
        _require_pivots(who, LU_pivots)
    none = LU_data.reshape((-1,))[:0]
    L, U = _triangles(LU_data) if unpack_data else (none, none)
    P = _permutation(LU_pivots, rows=LU_data.shape[-2], dtype=LU_data.dtype) if unpack_pivots else none
    return PLU(P, L, U)


def _require_pivots(who: str, pivots: Any) -> None:
    if dtypes.as_jax(pivots.dtype) != np.int32:
        fix = "pass the pivots of linalg.lu_factor"
        raise errors.DtypeError(message(who, "int32 pivots", describe(pivots), fix))


@op
def _lu_solve(LU: Array, pivots: Array, B: Array, *, left: bool, adjoint: bool) -> Array:
    """The X of A X = B for A in factors; see `linalg_lu_solve`."""
    who = "linalg.lu_solve"
    require_matrices(who, LU)
    require_matrices(who, B, square=False)
    same_dtype(who, LU, B)
    _require_pivots(who, pivots)
    n = LU.shape[-1]
    if B.shape[-2 if left else -1] != n or pivots.shape != LU.shape[:-1]:
        got = f"{describe(LU)}, {describe(pivots)} and {describe(B)}"
        raise errors.ShapeError(message(who, f"right-hand sides and pivots of size {n}", got, "transpose B"))
    try:
        lead = np.broadcast_shapes(LU.shape[:-2], B.shape[:-2])
    except ValueError:
        got = f"{describe(LU)} and {describe(B)}"
        fix = "make the leading sizes equal, or 1"
        raise errors.ShapeError(message(who, "batch dimensions that broadcast", got, fix)) from None
    order = lax.linalg.lu_pivots_to_permutation(pivots - 1, n)
    LU, order = jnp.broadcast_to(LU, (*lead, n, n)), jnp.broadcast_to(order, (*lead, n))
    B = jnp.broadcast_to(B, lead + B.shape[-2:])
    if not left:
        # X A = B is Aᵀ Xᵀ = Bᵀ.
        B, LU = transposed(B), jnp.conj(LU) if adjoint else LU
        return transposed(solve_factored(LU, order, B, turned=not adjoint))
    if adjoint:
        return jnp.conj(solve_factored(LU, order, jnp.conj(B), turned=True))
    return solve_factored(LU, order, B)


@composed()
def linalg_lu_solve(LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False) -> Any:
    """The X of A X = B for the A that `linalg_lu_factor` factored.

    Args:
        LU: (…, n, n).
        pivots: int32, (…, n).
        B: (…, n, k).
        left: False for X A = B.
        adjoint: take Aᴴ for A.

    Raises:
        ShapeError: the shapes do not fit.
        ArgumentError: pivots below 1 (not under compile or other traces).
        DtypeError: integers, or different types.

    Example:
        >>> linalg_lu_solve(2 * jnp.eye(1), jnp.ones(1, jnp.int32), jnp.ones((1, 1))).tolist()
        [[0.5]]

    Source: ``torch.linalg.lu_solve``.
    """
    values = known(pivots)
    if values is not None and values.size and values.min() < 1:
        fix = "pass the pivots of linalg.lu_factor"
        raise errors.ArgumentError(message("linalg.lu_solve", "pivots from 1", str(values.min()), fix))
    return _lu_solve(LU, pivots, B, left=left, adjoint=adjoint)


@composed(method=True)
def lu_solve(b: Any, LU_data: Any, LU_pivots: Any) -> Any:
    """The X of A X = b for the A that `linalg_lu_factor` factored; see `linalg_lu_solve`.

    Example:
        >>> lu_solve(jnp.ones((1, 1)), 2 * jnp.eye(1), jnp.ones(1, jnp.int32)).tolist()
        [[0.5]]

    Source: ``torch.lu_solve``.
    """
    return linalg_lu_solve(LU_data, LU_pivots, b)
