"""The Cholesky factors of positive definite matrices, and what is solved with them."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.composed import composed
from xlagrad.ops.failure import refuse_failures
from xlagrad.ops.matrices import batches, diagonal, hermitian, require_matrices, same_dtype, transposed


class CholeskyInfo(NamedTuple):
    """What ``linalg.cholesky_ex`` returns."""

    L: Any
    info: Any


def _failed_minor(A: Array) -> Array:
    """Return the order, from 1, of the first leading minor that is not positive, 0 where all are."""
    n = A.shape[-1]

    def eliminate(k: Any, state: tuple[Array, Array]) -> tuple[Array, Array]:
        rest, info = state
        pivot = lax.dynamic_index_in_dim(diagonal(rest), k, -1, keepdims=False).real
        bad = ~(pivot > 0)
        info = jnp.where((info == 0) & bad, k + 1, info)
        column = lax.dynamic_index_in_dim(rest, k, -1, keepdims=False)
        scale = jnp.where(bad, 1, pivot)[..., None, None].astype(rest.dtype)
        return rest - column[..., :, None] * jnp.conj(column[..., None, :]) / scale, info

    lower = jnp.tril(A)
    whole = lower + jnp.conj(transposed(jnp.tril(A, -1)))
    return lax.fori_loop(0, n, eliminate, (whole, jnp.zeros(A.shape[:-2], jnp.int32)))[1]


@composed()
def linalg_cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False) -> Any:
    """The Cholesky factors, and for each matrix 0, or the order of a leading minor that is not positive.

    Args:
        A: Hermitian matrices, (…, n, n), of which the triangle that is returned is read.
        upper: return the upper triangular factor Lᴴ.
        check_errors: raise where a matrix is not positive definite, as `linalg_cholesky` does.

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> [x.tolist() for x in linalg_cholesky_ex(4 * jnp.eye(1))]
        [[[2.0]], 0]

    Source: ``torch.linalg.cholesky_ex``. Deviation: the factor of a matrix without one is all NaN.
    """
    return _checked("linalg.cholesky", A, upper) if check_errors else _cholesky_ex(A, upper=upper)


@op
def _cholesky_ex(A: Array, *, upper: bool) -> CholeskyInfo:
    """The Cholesky factors and the orders of minors that are not positive; see `linalg_cholesky_ex`."""
    require_matrices("linalg.cholesky", A)
    A = jnp.conj(transposed(A)) if upper else A
    found = lax.linalg.cholesky(hermitian(A), symmetrize_input=False)
    if not A.shape[-1]:
        return CholeskyInfo(found, jnp.zeros(A.shape[:-2], jnp.int32))
    failed = jnp.isnan(diagonal(found).real).any(-1)
    fixed = lax.stop_gradient(A)
    info = lax.cond(failed.any(), lambda: _failed_minor(fixed), lambda: jnp.zeros(A.shape[:-2], jnp.int32))
    info = jnp.where(failed & (info == 0), A.shape[-1], info).astype(jnp.int32)
    return CholeskyInfo(jnp.conj(transposed(found)) if upper else found, info)


def _checked(who: str, A: Any, upper: bool) -> Any:
    found = _cholesky_ex(A, upper=upper)
    got = "one whose leading minor of order {} is not positive"
    refuse_failures(who, found.info, "positive definite matrices", got, "add to the diagonal")
    return found


@composed()
def linalg_cholesky(A: Any, *, upper: bool = False) -> Any:
    """The lower triangular L of A = L Lᴴ (or the upper Lᴴ) for positive definite matrices.

    Raises:
        LinAlgError: not positive definite (not under compile or other traces: NaN there).
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> linalg_cholesky(4 * jnp.eye(2)).tolist()
        [[2.0, 0.0], [0.0, 2.0]]

    Source: ``torch.linalg.cholesky``; like it, reads only the triangle that it returns.
    """
    return _checked("linalg.cholesky", A, upper).L


@composed(method=True)
def cholesky(input: Any, upper: bool = False) -> Any:
    """The Cholesky factor; see `linalg_cholesky`.

    Example:
        >>> cholesky(4 * jnp.eye(2)).tolist()
        [[2.0, 0.0], [0.0, 2.0]]

    Source: ``torch.cholesky``.
    """
    return _checked("cholesky", input, upper).L


@op(method=True)
def cholesky_solve(input: Array, L: Array, upper: bool = False) -> Array:
    """The X of A X = input for A = L Lᴴ (with ``upper``: Lᴴ L).

    Args:
        input: right-hand sides, (…, n, k).
        L: Cholesky factors, (…, n, n).
        upper: whether ``L`` is upper triangular.

    Raises:
        ShapeError: the shapes do not fit.
        DtypeError: integers, or different types.

    Example:
        >>> cholesky_solve(jnp.ones((2, 1)), 2 * jnp.eye(2)).tolist()
        [[0.25], [0.25]]

    Source: ``torch.cholesky_solve``.
    """
    who = "cholesky_solve"
    require_matrices(who, L)
    require_matrices(who, input, square=False)
    same_dtype(who, input, L)
    if input.shape[-2] != L.shape[-1]:
        got = f"{describe(input)} and {describe(L)}"
        raise errors.ShapeError(message(who, f"right-hand sides of {L.shape[-1]} rows", got, "transpose it"))
    input, L = batches(who, input, L)
    return _solve_factored(L, input, upper)


def _solve_factored(L: Array, B: Array, upper: bool) -> Array:
    """Return the X of L Lᴴ X = B (with ``upper``: Lᴴ L X = B), for which the triangle alone is read.

    The gradient is that of the product of all of ``L``, and not zero in the other triangle.
    """
    first = jnp.conj(transposed(L)) if upper else L

    def solve(L: Array, B: Array) -> Array:
        for adjoint in (True, False) if upper else (False, True):
            B = lax.linalg.triangular_solve(
                L, B, left_side=True, lower=not upper, transpose_a=adjoint, conjugate_a=adjoint
            )
        return B

    fixed = lax.stop_gradient(L)
    return lax.custom_linear_solve(
        lambda x: first @ (jnp.conj(transposed(first)) @ x),
        B,
        lambda _, b: solve(fixed, b),
        lambda _, b: solve(jnp.conj(fixed), b),
    )


@op(method=True)
def cholesky_inverse(L: Array, upper: bool = False) -> Array:
    """The inverse of A = L Lᴴ (with ``upper``: Lᴴ L) from its factor.

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> cholesky_inverse(2 * jnp.eye(2)).tolist()
        [[0.25, 0.0], [0.0, 0.25]]

    Source: ``torch.cholesky_inverse``.
    """
    require_matrices("cholesky_inverse", L)
    return _solve_factored(L, jnp.broadcast_to(jnp.eye(L.shape[-1], dtype=L.dtype), L.shape), upper)
