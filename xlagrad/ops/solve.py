"""Inverses of matrices and linear systems, in batches."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import require_inexact
from xlagrad.ops.composed import composed
from xlagrad.ops.failure import refuse_failures
from xlagrad.ops.matrices import batches, diagonal, is_vector, require_matrices, same_dtype, transposed


class InverseInfo(NamedTuple):
    """What ``linalg.inv_ex`` returns."""

    inverse: Any
    info: Any


class SolveInfo(NamedTuple):
    """What ``linalg.solve_ex`` returns."""

    result: Any
    info: Any


class TriangularSolution(NamedTuple):
    """What ``triangular_solve`` returns."""

    solution: Any
    cloned_coefficient: Any


_SINGULAR = ("invertible matrices", "a singular one, whose pivot {} is zero", "use linalg.pinv or lstsq")


def zero_pivot(lu: Array) -> Array:
    """Return the number, from 1, of the first zero on the diagonals of U, and 0 where there is none."""
    zero = diagonal(lu) == 0
    if not zero.shape[-1]:
        return jnp.zeros(zero.shape[:-1], jnp.int32)
    return jnp.where(zero.any(-1), jnp.argmax(zero, -1) + 1, 0).astype(jnp.int32)


def solve_factored(lu: Array, permutation: Array, B: Array, turned: bool = False) -> Array:
    """Return the X of A X = B (of Aᵀ X = B if ``turned``) for A with its rows permuted equal to L U."""

    def triangular(B: Array, lower: bool) -> Array:
        return lax.linalg.triangular_solve(
            lu, B, left_side=True, lower=lower, transpose_a=turned, unit_diagonal=lower
        )

    if turned:
        found = triangular(triangular(B, False), True)
        order = jnp.argsort(permutation, axis=-1)
        return jnp.take_along_axis(found, order[..., None], axis=-2)
    rows = jnp.take_along_axis(B, permutation[..., None], axis=-2)
    return triangular(triangular(rows, True), False)


def solve_square(A: Array, B: Array) -> tuple[Array, Array]:
    """Return the X of A X = B for matrices of equal batches, and the number of a zero pivot or 0.

    The gradient solves with the same factors.
    """
    lu, _, permutation = lax.linalg.lu(lax.stop_gradient(A))
    found = lax.custom_linear_solve(
        lambda x: jnp.matmul(A, x),
        B,
        lambda _, b: solve_factored(lu, permutation, b),
        lambda _, b: solve_factored(lu, permutation, b, turned=True),
    )
    return found, zero_pivot(lu)


@composed()
def linalg_solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False) -> Any:
    """The X of A X = B, or of X A = B, and for each matrix 0, or the number of a pivot that is zero.

    Args:
        A: (…, n, n).
        B: (…, n, k), or vectors (…, n) where its shape is that of ``A`` without the last dimension.
        left: False for X A = B.
        check_errors: raise for a singular matrix, as `linalg_solve` does.

    Raises:
        ShapeError: not square, or the shapes do not fit.
        DtypeError: integers, or different types.

    Example:
        >>> linalg_solve_ex(2 * jnp.eye(2), jnp.array([2.0, 4.0])).result.tolist()
        [1.0, 2.0]

    Source: ``torch.linalg.solve_ex``.
    """
    found = _solve_ex(A, B, left=left)
    if check_errors:
        refuse_failures("linalg.solve", found.info, *_SINGULAR)
    return found


@op
def _solve_ex(A: Array, B: Array, *, left: bool) -> SolveInfo:
    """The X of A X = B, or of X A = B, and the numbers of zero pivots; see `linalg_solve_ex`."""
    who = "linalg.solve"
    require_matrices(who, A)
    require_inexact(who, B)
    same_dtype(who, A, B)
    vector = is_vector(A, B)
    if vector and not left:
        fix = "add a dimension with unsqueeze(-1)"
        raise errors.ShapeError(message(who, "matrices B where left is False", describe(B), fix))
    right = B[..., None] if vector else B
    want = A.shape[-1]
    if right.shape[-2 if left else -1] != want:
        got = f"{describe(A)} and {describe(B)}"
        raise errors.ShapeError(message(who, f"a right-hand side of size {want}", got, "transpose B"))
    A, right = batches(who, A, right)
    if left:
        found, info = solve_square(A, right)
    else:
        found, info = solve_square(transposed(A), transposed(right))
        found = transposed(found)
    return SolveInfo(found[..., 0] if vector else found, info)


@composed()
def linalg_solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """The X of A X = B, or of X A = B; arguments are those of `linalg_solve_ex`.

    Raises:
        LinAlgError: a matrix is singular (not under compile or other traces: infinities or NaN there).
        ShapeError: not square, or the shapes do not fit.
        DtypeError: integers, or different types.

    Example:
        >>> linalg_solve(2 * jnp.eye(2), jnp.array([2.0, 4.0])).tolist()
        [1.0, 2.0]

    Source: ``torch.linalg.solve``.
    """
    return linalg_solve_ex(A, B, left=left, check_errors=True).result


@composed()
def linalg_inv_ex(A: Any, *, check_errors: bool = False) -> Any:
    """A⁻¹ for square matrices, and for each 0, or the number of a pivot that is zero.

    With ``check_errors`` a singular matrix raises, as in `linalg_inv`.

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> [x.tolist() for x in linalg_inv_ex(2 * jnp.eye(1))]
        [[[0.5]], 0]

    Source: ``torch.linalg.inv_ex``.
    """
    found = _inv_ex(A)
    if check_errors:
        refuse_failures("linalg.inv", found.info, *_SINGULAR)
    return found


@op
def _inv_ex(A: Array) -> InverseInfo:
    """A⁻¹ and the numbers of zero pivots; see `linalg_inv_ex`."""
    require_matrices("linalg.inv", A)
    return InverseInfo(*solve_square(A, jnp.broadcast_to(jnp.eye(A.shape[-1], dtype=A.dtype), A.shape)))


@composed()
def linalg_inv(A: Any) -> Any:
    """A⁻¹ for square matrices, (…, n, n).

    Raises:
        LinAlgError: a matrix is singular (not under compile or other traces: infinities or NaN there).
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> linalg_inv(2 * jnp.eye(2)).tolist()
        [[0.5, 0.0], [0.0, 0.5]]

    Source: ``torch.linalg.inv``.
    """
    return linalg_inv_ex(A, check_errors=True).inverse


@op
def linalg_solve_triangular(
    A: Array, B: Array, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Array:
    """The X of A X = B, or of X A = B, for triangular A; the other triangle is not read.

    Raises:
        ShapeError: not square, or the shapes do not fit.
        DtypeError: integers, or different types.

    Example:
        >>> linalg_solve_triangular(2 * jnp.eye(2), jnp.ones((2, 1)), upper=True).tolist()
        [[0.5], [0.5]]

    Source: ``torch.linalg.solve_triangular``.
    """
    return solve_triangle("linalg.solve_triangular", A, B, upper, left, unitriangular)


def solve_triangle(
    who: str, A: Array, B: Array, upper: bool, left: bool = True, unit: bool = False, adjoint: bool = False
) -> Array:
    """Check and solve A X = B, X A = B or (``adjoint``: transposed) Aᵀ X = B for triangular A."""
    require_matrices(who, A)
    require_matrices(who, B, square=False)
    same_dtype(who, A, B)
    if B.shape[-2 if left else -1] != A.shape[-1]:
        got = f"{describe(A)} and {describe(B)}"
        want = f"matrices B of size {A.shape[-1]}"
        raise errors.ShapeError(message(who, want, got, "transpose B"))
    A, B = batches(who, A, B)
    return lax.linalg.triangular_solve(
        A, B, left_side=left, lower=not upper, transpose_a=adjoint, unit_diagonal=unit
    )


@op(method=True)
def triangular_solve(
    b: Array, A: Array, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> TriangularSolution:
    """The X of A X = b (of Aᵀ X = b) for triangular A, and A itself; see `linalg_solve_triangular`.

    Raises:
        ShapeError: not square, or the shapes do not fit.
        DtypeError: integers, or different types.

    Example:
        >>> triangular_solve(jnp.ones((2, 1)), 2 * jnp.eye(2)).solution.tolist()
        [[0.5], [0.5]]

    Source: ``torch.triangular_solve``.
    """
    found = solve_triangle("triangular_solve", A, b, upper, unit=unitriangular, adjoint=transpose)
    copy = jnp.broadcast_to(A, found.shape[:-2] + A.shape[-2:])
    return TriangularSolution(found, copy)


@composed()
def linalg_tensorinv(A: Any, ind: int = 2) -> Any:
    """The inverse of `tensordot` with ``A``, whose first ``ind`` dimensions count as rows.

    Raises:
        ShapeError: the products of the sizes before and after ``ind`` differ.
        ArgumentError: ``ind`` is not positive.
        LinAlgError: it is singular.

    Example:
        >>> linalg_tensorinv(jnp.eye(6).reshape(2, 3, 6)).shape
        (6, 2, 3)

    Source: ``torch.linalg.tensorinv``.
    """
    who, shape = "linalg.tensorinv", tuple(A.shape)
    if ind < 1:
        raise errors.ArgumentError(message(who, "ind above 0", str(ind), "count the first dimensions"))
    rows, columns = shape[:ind], shape[ind:]
    if math.prod(rows) != math.prod(columns):
        want = f"equal products of the first {ind} sizes and of the rest"
        raise errors.ShapeError(message(who, want, describe(A), "choose another ind"))
    size = math.prod(rows)
    return linalg_inv(A.reshape((size, size))).reshape(columns + rows)


@composed()
def linalg_tensorsolve(A: Any, B: Any, dims: Any = None) -> Any:
    """The X with tensordot(A, X, X.ndim) = B.

    Args:
        A: its sizes begin with those of ``B``; the product of the others is as large.
        B: right-hand side.
        dims: dimensions of ``A`` to move behind the others first.

    Raises:
        ShapeError: the products of the sizes differ.
        LinAlgError: it is singular.

    Example:
        >>> linalg_tensorsolve(jnp.eye(6).reshape(2, 3, 6), jnp.ones((2, 3))).shape
        (6,)

    Source: ``torch.linalg.tensorsolve``.
    """
    who = "linalg.tensorsolve"
    if dims is not None:
        moved = [d % len(A.shape) for d in ((dims,) if isinstance(dims, int) else dims)]
        order = [d for d in range(len(A.shape)) if d not in moved] + moved
        A = A.transpose(order) if not hasattr(A, "permute") else A.permute(order)
    rest = tuple(A.shape)[len(B.shape) :]
    size = math.prod(tuple(B.shape))
    if math.prod(rest) != size or math.prod(tuple(A.shape)) != size * size:
        got = f"{describe(A)} and {describe(B)}"
        raise errors.ShapeError(message(who, "as many unknowns as equations", got, "check the sizes"))
    return linalg_solve(A.reshape((size, size)), B.reshape((size,))).reshape(rest)


# torch's older name of the same operation, which is also a method.
inverse = composed(name="inverse", method=True)(linalg_inv)
