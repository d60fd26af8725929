"""Inverses, linear systems, determinants, ranks and powers of matrices, in batches."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import broadcast, dim_of, int64
from xlagrad.ops.composed import composed
from xlagrad.ops.factor import adjoint
from xlagrad.ops.linear import check_product
from xlagrad.ops.norm import require_matrices, singular_values


class SignLogdet(NamedTuple):
    """What ``slogdet`` returns."""

    sign: Any
    logabsdet: Any


@op
def linalg_inv(A: Array) -> Array:
    """A⁻¹ for square matrices, (…, n, n).

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> linalg_inv(2 * jnp.eye(2)).tolist()
        [[0.5, 0.0], [0.0, 0.5]]

    Source: ``torch.linalg.inv``. Deviation: a singular matrix gives infinities or NaN, here and below,
    since an error would need the values.
    """
    require_matrices("linalg.inv", A)
    return jnp.linalg.inv(A)


@op
def linalg_solve(A: Array, B: Array, *, left: bool = True) -> Array:
    """The X of A X = B, or of X A = B.

    Args:
        A: (…, n, n).
        B: (…, n, k), or vectors (…, n) where its shape is that of ``A`` without the last dimension.
        left: False for X A = B.

    Raises:
        ShapeError: not square, or the shapes do not fit.
        DtypeError: integers, or different types.

    Example:
        >>> linalg_solve(2 * jnp.eye(2), jnp.array([2.0, 4.0])).tolist()
        [1.0, 2.0]

    Source: ``torch.linalg.solve``.
    """
    require_matrices("linalg.solve", A)
    check_product("linalg.solve", A, B)
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and B.shape == A.shape[:-1])
    right = B[..., None] if vector else B
    want = A.shape[-1]
    have = right.shape[-2] if left or vector else right.shape[-1]
    if have != want:
        got = f"{describe(A)} and {describe(B)}"
        raise errors.ShapeError(
            message("linalg.solve", f"a right-hand side of size {want}", got, "transpose B")
        )
    if vector or left:
        found = jnp.linalg.solve(A, right)
    else:
        found = jnp.swapaxes(jnp.linalg.solve(jnp.swapaxes(A, -2, -1), jnp.swapaxes(right, -2, -1)), -2, -1)
    return found[..., 0] if vector else found


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
    require_matrices("linalg.solve_triangular", A)
    check_product("linalg.solve_triangular", A, B)
    if B.ndim < 2 or B.shape[-2 if left else -1] != A.shape[-1]:
        got = f"{describe(A)} and {describe(B)}"
        want = f"matrices B of size {A.shape[-1]}"
        raise errors.ShapeError(message("linalg.solve_triangular", want, got, "transpose B"))
    batch = jnp.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    A = jnp.broadcast_to(A, batch + A.shape[-2:])
    B = jnp.broadcast_to(B, batch + B.shape[-2:])
    return lax.linalg.triangular_solve(A, B, left_side=left, lower=not upper, unit_diagonal=unitriangular)


@op
def linalg_det(A: Array) -> Array:
    """The determinants of square matrices, (…, n, n) → (…).

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> linalg_det(2 * jnp.eye(2)).tolist()
        4.0

    Source: ``torch.linalg.det``.
    """
    require_matrices("linalg.det", A)
    return jnp.linalg.det(A) if A.shape[-1] else jnp.ones(A.shape[:-2], A.dtype)


@op
def linalg_slogdet(A: Array) -> SignLogdet:
    """The signs of the determinants, and the logarithms of their absolute values.

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> [x.tolist() for x in linalg_slogdet(jnp.eye(2))]
        [1.0, 0.0]

    Source: ``torch.linalg.slogdet``.
    """
    require_matrices("linalg.slogdet", A)
    return SignLogdet(*jnp.linalg.slogdet(A))


@op(method=True)
def logdet(input: Array) -> Array:
    """ln det(input); NaN for a negative determinant, -inf for zero.

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> logdet(jnp.eye(2)).tolist()
        0.0

    Source: ``torch.logdet``.
    """
    require_matrices("logdet", input)
    sign, log = jnp.linalg.slogdet(input)
    return log + jnp.log(sign)


def _cutoff(A: Array, values: Array, atol: Any, rtol: Any) -> Array:
    """Return the singular value below which others count as zero."""
    if rtol is None:
        free = atol is not None
        rtol = 0.0 if free else float(jnp.finfo(A.dtype).eps) * max(A.shape[-2:])
    relative = jnp.asarray(rtol)[..., None] * values[..., :1]
    return jnp.maximum(relative, 0.0 if atol is None else jnp.asarray(atol)[..., None])


@op
def linalg_pinv(
    A: Array, rtol: ArrayLike | None = None, atol: ArrayLike | None = None, hermitian: bool = False
) -> Array:
    """The Moore-Penrose inverses of matrices, (…, n, m) → (…, m, n).

    Args:
        A: matrices.
        rtol: singular values below this times the largest count as zero; by default eps · max(n, m).
        atol: singular values below this count as zero.
        hermitian: read the lower triangle only.

    Raises:
        ShapeError: fewer than two dimensions.
        DtypeError: integers.

    Example:
        >>> linalg_pinv(2 * jnp.eye(2)).round(3).tolist()
        [[0.5, 0.0], [0.0, 0.5]]

    Source: ``torch.linalg.pinv``.
    """
    require_matrices("linalg.pinv", A, square=False)
    if not A.size:
        return jnp.zeros(A.shape[:-2] + (A.shape[-1], A.shape[-2]), A.dtype)
    if hermitian:
        A = jnp.tril(A) + adjoint(jnp.tril(A, -1))
    if rtol is None and atol is None:
        return jnp.linalg.pinv(A, rtol=float(jnp.finfo(A.dtype).eps) * max(A.shape[-2:]))
    values = lax.stop_gradient(singular_values(A))
    # JAX's gradient of the pseudo-inverse holds for any cutoff, which it takes relative to the largest.
    cut = _cutoff(A, values, atol, rtol)[..., 0]
    return jnp.linalg.pinv(A, rtol=cut / jnp.where(values[..., 0] == 0, 1, values[..., 0]))


@op
def linalg_matrix_rank(
    A: Array, rtol: ArrayLike | None = None, atol: ArrayLike | None = None, *, hermitian: bool = False
) -> Array:
    """The number of singular values above a cutoff, by default eps · max(n, m) times the largest.

    Raises:
        ShapeError: fewer than two dimensions.
        DtypeError: integers.

    Example:
        >>> linalg_matrix_rank(jnp.ones((2, 2))).tolist()
        1

    Source: ``torch.linalg.matrix_rank``.
    """
    require_matrices("linalg.matrix_rank", A, square=False)
    if not A.size:
        return jnp.zeros(A.shape[:-2], int64())
    if hermitian:
        A = jnp.tril(A) + adjoint(jnp.tril(A, -1))
    values = singular_values(A)
    return jnp.sum(values > _cutoff(A, values, atol, rtol), axis=-1).astype(int64())


@op
def linalg_matrix_power(A: Array, n: int) -> Array:
    """Aⁿ for square matrices; A⁻¹ is multiplied for negative n.

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> linalg_matrix_power(2 * jnp.eye(1), 3).tolist()
        [[8.0]]

    Source: ``torch.linalg.matrix_power``.
    """
    require_matrices("linalg.matrix_power", A)
    return jnp.linalg.matrix_power(A, n)


@op
def linalg_cross(input: Array, other: Array, *, dim: int = -1) -> Array:
    """The cross product of 3-vectors along a dimension, with broadcasting.

    Raises:
        ShapeError: that dimension has not size 3 in both, or the shapes do not broadcast.

    Example:
        >>> linalg_cross(jnp.array([1.0, 0.0, 0.0]), jnp.array([0.0, 1.0, 0.0])).tolist()
        [0.0, 0.0, 1.0]

    Source: ``torch.linalg.cross``.
    """
    check_product("linalg.cross", input, other)
    got = f"{describe(input)} and {describe(other)}"
    if input.ndim != other.ndim or not input.ndim:
        raise errors.ShapeError(message("linalg.cross", "equal numbers of dimensions", got, "unsqueeze one"))
    at = dim_of("linalg.cross", dim, input.ndim)
    if input.shape[at] != 3 or other.shape[at] != 3:
        raise errors.ShapeError(message("linalg.cross", f"size 3 along dim {at}", got, "name another dim"))
    broadcast("linalg.cross", input, other)
    return jnp.cross(input, other, axis=at)


@composed(method=True)
def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """The cross product of 3-vectors, along the first dimension of size 3 by default; see `linalg_cross`.

    Raises:
        ShapeError: no dimension has size 3, or the shapes do not broadcast.

    Example:
        >>> cross(jnp.array([1.0, 0.0, 0.0]), jnp.array([0.0, 1.0, 0.0])).tolist()
        [0.0, 0.0, 1.0]

    Source: ``torch.cross``.
    """
    if dim is None:
        if 3 not in tuple(input.shape):
            raise errors.ShapeError(message("cross", "a dimension of size 3", describe(input), "pad with 0"))
        dim = tuple(input.shape).index(3)
    return linalg_cross(input, other, dim=dim)


# torch's older names of the same operations, which are also methods.
inverse = composed(name="inverse", method=True)(linalg_inv)
det = composed(name="det", method=True)(linalg_det)
slogdet = composed(name="slogdet", method=True)(linalg_slogdet)
pinverse = composed(name="pinverse", method=True)(linalg_pinv)
matrix_power = composed(name="matrix_power", method=True)(linalg_matrix_power)
