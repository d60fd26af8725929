"""Pseudo-inverses, ranks and condition numbers of matrices, in batches."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.ops.common import int64
from xlagrad.ops.composed import composed
from xlagrad.ops.eigen import hermitian_pairs
from xlagrad.ops.matrices import require_matrices, singular_values, transposed
from xlagrad.ops.norm import matrix_norm
from xlagrad.ops.solve import solve_square


def cutoff(A: Array, largest: Array, rtol: ArrayLike | None, atol: ArrayLike | None) -> Array:
    """Return the value, for each matrix, at or below which a singular value counts as zero."""
    if rtol is None:
        default = float(jnp.finfo(A.dtype).eps) * max(A.shape[-2:])
        rtol = default if atol is None else jnp.where(jnp.asarray(atol) > 0, 0.0, default)
    absolute = 0.0 if atol is None else jnp.asarray(atol)
    return jnp.maximum(jnp.asarray(rtol) * largest, absolute)


@functools.partial(jax.custom_jvp, nondiff_argnums=(3,))
def pseudo_inverse(A: Array, rtol: Any, atol: Any, symmetric: bool) -> Array:
    """Return the pseudo-inverse, differentiated as for a rank that does not change (Golub and Pereyra)."""
    if symmetric:
        values, vectors = hermitian_pairs(A)
        size = jnp.abs(values)
        keep = size > cutoff(A, size.max(-1), rtol, atol)[..., None]
        inverse = jnp.where(keep, 1 / jnp.where(keep, values, 1), 0).astype(A.dtype)
        return (vectors * inverse[..., None, :]) @ jnp.conj(transposed(vectors))
    U, S, Vh = jnp.linalg.svd(A, full_matrices=False)
    keep = cutoff(A, S[..., 0], rtol, atol)[..., None] < S
    inverse = jnp.where(keep, 1 / jnp.where(keep, S, 1), 0).astype(A.dtype)
    return (jnp.conj(transposed(Vh)) * inverse[..., None, :]) @ jnp.conj(transposed(U))


@pseudo_inverse.defjvp
def _pseudo_inverse_jvp(symmetric: bool, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    A, dA = primals[0], tangents[0]
    P = pseudo_inverse(*primals, symmetric)
    Ph, dAh = jnp.conj(transposed(P)), jnp.conj(transposed(dA))
    first = P @ Ph @ dAh
    last = dAh @ Ph @ P
    return P, -P @ dA @ P + (first - first @ A @ P) + (last - P @ A @ last)


@op
def _pinv(A: Array, rtol: ArrayLike | None, atol: ArrayLike | None, *, symmetric: bool) -> Array:
    """The pseudo-inverses; see `linalg_pinv`."""
    require_matrices("linalg.pinv", A, square=symmetric)
    if not A.size:
        return jnp.zeros((*A.shape[:-2], A.shape[-1], A.shape[-2]), A.dtype)
    return pseudo_inverse(A, rtol, atol, symmetric)


@composed()
def linalg_pinv(
    A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Any:
    """The Moore-Penrose inverses of matrices, (…, n, m) → (…, m, n).

    Args:
        A: matrices.
        rcond: another name of ``rtol``.
        hermitian: the matrices are Hermitian; only the lower triangle is read.
        atol: singular values at or below this count as zero.
        rtol: as do those at or below this times the largest; by default eps · max(n, m), beside ``atol`` 0.

    Raises:
        ShapeError: fewer than two dimensions.
        DtypeError: integers.

    Example:
        >>> linalg_pinv(2 * jnp.eye(2)).round(3).tolist()
        [[0.5, 0.0], [0.0, 0.5]]

    Source: ``torch.linalg.pinv``.
    """
    return _pinv(A, rcond if rtol is None else rtol, atol, symmetric=hermitian)


@composed(method=True)
def pinverse(input: Any, rcond: Any = 1e-15) -> Any:
    """The Moore-Penrose inverses; see `linalg_pinv`.

    Example:
        >>> pinverse(2 * jnp.eye(1)).round(3).tolist()
        [[0.5]]

    Source: ``torch.pinverse``.
    """
    return _pinv(input, rcond, None, symmetric=False)


@op
def _matrix_rank(A: Array, rtol: ArrayLike | None, atol: ArrayLike | None, *, symmetric: bool) -> Array:
    """The ranks; see `linalg_matrix_rank`."""
    require_matrices("linalg.matrix_rank", A, square=symmetric)
    if not A.size:
        return jnp.zeros(A.shape[:-2], int64())
    A = lax.stop_gradient(A)
    values = jnp.abs(hermitian_pairs(A)[0]) if symmetric else singular_values(A)
    return jnp.sum(values > cutoff(A, values.max(-1), rtol, atol)[..., None], axis=-1).astype(int64())


@composed()
def linalg_matrix_rank(
    A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Any:
    """The number of singular values above a cutoff.

    Args:
        A: (…, n, m).
        tol: another name of ``atol``.
        hermitian: the matrices are Hermitian; only the lower triangle is read.
        atol: singular values at or below this count as zero.
        rtol: as do those at or below this times the largest; by default eps · max(n, m), beside ``atol`` 0.

    Raises:
        ShapeError: fewer than two dimensions.
        DtypeError: integers.

    Example:
        >>> linalg_matrix_rank(jnp.ones((2, 2))).tolist()
        1

    Source: ``torch.linalg.matrix_rank``.
    """
    if tol is not None:
        return _matrix_rank(A, 0.0, tol, symmetric=hermitian)
    return _matrix_rank(A, rtol, atol, symmetric=hermitian)


def _by_inverse(A: Array, p: Any) -> Array:
    require_matrices("linalg.cond", A)
    inverse, info = solve_square(A, jnp.broadcast_to(jnp.eye(A.shape[-1], dtype=A.dtype), A.shape))
    singular = info != 0
    # Where there is no inverse, any matrix keeps the gradient finite.
    safe = jnp.where(singular[..., None, None], A, inverse)
    sizes = [matrix_norm("linalg.cond", x, p, (-2, -1), False) for x in (A, safe)]
    return jnp.where(singular, jnp.inf, sizes[0] * sizes[1])


@op
def linalg_cond(A: Array, p: Any = None) -> Array:
    """The condition numbers ‖A‖ ‖A⁻¹‖ of matrices.

    Args:
        A: (…, n, n); (…, n, m) for p = 2 and -2.
        p: the norm, as for `linalg_matrix_norm`; None for 2: the ratio of the extreme singular values.

    Raises:
        ShapeError: not square.
        ArgumentError: another norm.
        DtypeError: integers.

    Example:
        >>> linalg_cond(jnp.diag(jnp.array([1.0, 4.0]))).tolist()
        4.0

    Source: ``torch.linalg.cond``.
    """
    order = 2 if p is None else p
    require_matrices("linalg.cond", A, square=False)
    if not A.size:
        return jnp.zeros(A.shape[:-2], A.real.dtype)
    if order not in (2, -2):
        return _by_inverse(A, order)
    values = singular_values(A)
    largest, least = values[..., 0], values[..., -1]
    return largest / least if order == 2 else least / largest
