"""Factorisations of matrices, in batches: Cholesky, QR, singular values, eigenvalues."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import is_complex
from xlagrad.ops.composed import composed
from xlagrad.ops.norm import require_matrices, singular_values


class QR(NamedTuple):
    """What ``qr`` returns."""

    Q: Any
    R: Any


class SVD(NamedTuple):
    """What ``linalg.svd`` returns."""

    U: Any
    S: Any
    Vh: Any


class Eigen(NamedTuple):
    """What ``linalg.eigh`` returns."""

    eigenvalues: Any
    eigenvectors: Any


@op(method=True)
def adjoint(input: Array) -> Array:
    """The conjugate transpose of matrices, (…, n, m) → (…, m, n).

    Raises:
        ShapeError: fewer than two dimensions.

    Example:
        >>> adjoint(jnp.array([[1j, 2]])).tolist()
        [[-1j], [(2-0j)]]

    Source: ``torch.adjoint``. Deviation: a new tensor, not a view.
    """
    if input.ndim < 2:
        raise errors.ShapeError(message("adjoint", "at least 2 dimensions", describe(input), "unsqueeze it"))
    turned = jnp.swapaxes(input, -2, -1)
    return jnp.conj(turned) if is_complex(input) else turned


@jax.custom_jvp
def _hermitian(A: Array) -> Array:
    """Return ``A``, through which only the symmetric part of a change passes."""
    return A


@_hermitian.defjvp
def _hermitian_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    return _hermitian(primals[0]), (tangents[0] + adjoint(tangents[0])) / 2


def _triangle(who: str, A: Array, UPLO: str) -> Array:
    """Return A as its lower or upper triangle alone defines it."""
    require_matrices(who, A)
    if UPLO not in ("L", "U"):
        raise errors.ArgumentError(message(who, "UPLO 'L' or 'U'", repr(UPLO), "name a triangle"))
    return A if UPLO == "L" else adjoint(A)


@op
def linalg_cholesky(A: Array, *, upper: bool = False) -> Array:
    """The lower triangular L of A = L Lᴴ (or the upper Lᴴ) for positive definite matrices.

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> linalg_cholesky(4 * jnp.eye(2)).tolist()
        [[2.0, 0.0], [0.0, 2.0]]

    Source: ``torch.linalg.cholesky``; like it, reads the lower triangle only. NaN if not positive definite.
    """
    require_matrices("linalg.cholesky", A)
    found = lax.linalg.cholesky(_hermitian(A), symmetrize_input=False)
    return adjoint(found) if upper else found


@op(method=True)
def cholesky(input: Array, upper: bool = False) -> Array:
    """The Cholesky factor; see `linalg_cholesky`.

    Example:
        >>> cholesky(4 * jnp.eye(2)).tolist()
        [[2.0, 0.0], [0.0, 2.0]]

    Source: ``torch.cholesky``.
    """
    return linalg_cholesky(input, upper=upper)


@op
def linalg_qr(A: Array, mode: str = "reduced") -> QR:
    """The factors of A = Q R, Q with orthonormal columns and R upper triangular.

    Args:
        A: (…, n, m).
        mode: "reduced", "complete" (Q square) or "r" (Q empty).

    Raises:
        ShapeError: fewer than two dimensions.
        ArgumentError: another mode.
        DtypeError: integers.

    Example:
        >>> linalg_qr(jnp.eye(2)).R.shape
        (2, 2)

    Source: ``torch.linalg.qr``.
    """
    require_matrices("linalg.qr", A, square=False)
    if isinstance(mode, bool):
        mode = "reduced" if mode else "complete"
    if mode == "r":
        return QR(jnp.zeros((0,), A.dtype), jnp.linalg.qr(A, "r"))
    if mode not in ("reduced", "complete"):
        raise errors.ArgumentError(
            message("linalg.qr", "mode 'reduced', 'complete' or 'r'", repr(mode), "choose one")
        )
    return QR(*jnp.linalg.qr(A, mode))


@op
def linalg_svd(A: Array, full_matrices: bool = True) -> SVD:
    """The factors of A = U diag(S) Vᴴ, singular values in descending order.

    Args:
        A: (…, n, m).
        full_matrices: U and Vᴴ square; gradients need False.

    Raises:
        ShapeError: fewer than two dimensions.
        DtypeError: integers.

    Example:
        >>> linalg_svd(jnp.diag(jnp.array([1.0, 2.0]))).S.tolist()
        [2.0, 1.0]

    Source: ``torch.linalg.svd``.
    """
    require_matrices("linalg.svd", A, square=False)
    return SVD(*jnp.linalg.svd(A, full_matrices=full_matrices))


@op
def linalg_svdvals(A: Array) -> Array:
    """The singular values of matrices in descending order.

    Raises:
        ShapeError: fewer than two dimensions.
        DtypeError: integers.

    Example:
        >>> linalg_svdvals(jnp.diag(jnp.array([1.0, 2.0]))).tolist()
        [2.0, 1.0]

    Source: ``torch.linalg.svdvals``.
    """
    require_matrices("linalg.svdvals", A, square=False)
    return singular_values(A)


@op(method=True)
def svd(input: Array, some: bool = True, compute_uv: bool = True) -> SVD:
    """The factors of input = U diag(S) Vᴴ with V, not its adjoint, as the third result.

    Example:
        >>> svd(jnp.diag(jnp.array([1.0, 2.0])))[1].tolist()
        [2.0, 1.0]

    Source: ``torch.svd``.
    """
    require_matrices("svd", input, square=False)
    if not compute_uv:
        n, m = input.shape[-2:]
        lead = input.shape[:-2]
        values = singular_values(input)
        return SVD(jnp.zeros(lead + (n, n), input.dtype), values, jnp.zeros(lead + (m, m), input.dtype))
    U, S, Vh = jnp.linalg.svd(input, full_matrices=not some)
    return SVD(U, S, adjoint(Vh))


@op
def linalg_eigh(A: Array, UPLO: str = "L") -> Eigen:
    """The eigenvalues, ascending, and orthonormal eigenvectors (columns) of Hermitian matrices.

    Args:
        A: (…, n, n).
        UPLO: which triangle to read, "L" or "U".

    Raises:
        ShapeError: not square.
        ArgumentError: another triangle.
        DtypeError: integers.

    Example:
        >>> linalg_eigh(jnp.diag(jnp.array([2.0, 1.0]))).eigenvalues.tolist()
        [1.0, 2.0]

    Source: ``torch.linalg.eigh``.
    """
    vectors, values = lax.linalg.eigh(
        _hermitian(_triangle("linalg.eigh", A, UPLO)), lower=True, symmetrize_input=False
    )
    return Eigen(values, vectors)


@op
def linalg_eigvalsh(A: Array, UPLO: str = "L") -> Array:
    """The eigenvalues of Hermitian matrices, ascending; arguments and errors are those of `linalg_eigh`.

    Example:
        >>> linalg_eigvalsh(jnp.diag(jnp.array([2.0, 1.0]))).tolist()
        [1.0, 2.0]

    Source: ``torch.linalg.eigvalsh``.
    """
    return linalg_eigh(A, UPLO).eigenvalues


# torch's older name of the same operation, which is also a method.
qr = composed(name="qr", method=True)(linalg_qr)
