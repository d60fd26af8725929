"""Eigenvalues and eigenvectors of matrices, in batches."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.ops.composed import composed
from xlagrad.ops.failure import known
from xlagrad.ops.matrices import hermitian, inverse_gaps, require_matrices, transposed, triangle


class Eigen(NamedTuple):
    """What ``linalg.eigh`` and ``linalg.eig`` return."""

    eigenvalues: Any
    eigenvectors: Any


@jax.custom_jvp
def hermitian_pairs(A: Array) -> tuple[Array, Array]:
    """Return eigenvalues, ascending, and vectors of Hermitian matrices, of which the lower triangle is read.

    Vectors of equal eigenvalues are free to rotate: their change within that space counts as zero.
    """
    vectors, values = lax.linalg.eigh(A, lower=True, symmetrize_input=False)
    return values, vectors


@hermitian_pairs.defjvp
def _hermitian_pairs_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    values, vectors = hermitian_pairs(primals[0])
    change = jnp.conj(transposed(vectors)) @ tangents[0] @ vectors
    turn = inverse_gaps(values).astype(change.dtype) * change
    d_values = jnp.diagonal(change, axis1=-2, axis2=-1).real
    return (values, vectors), (d_values, vectors @ turn)


@op
def linalg_eigh(A: Array, UPLO: str = "L") -> Eigen:
    """The eigenvalues, ascending, and orthonormal eigenvectors (columns) of Hermitian matrices.

    Gradients hold for functions that the choice of the vectors' signs or phases does not change.

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

    Source: ``torch.linalg.eigh``. Deviation: where eigenvalues are equal, the gradient takes no turning of
    their vectors into account, where PyTorch's is infinite.
    """
    return Eigen(*hermitian_pairs(hermitian(triangle("linalg.eigh", A, UPLO))))


@op
def linalg_eigvalsh(A: Array, UPLO: str = "L") -> Array:
    """The eigenvalues of Hermitian matrices, ascending; arguments and errors are those of `linalg_eigh`.

    Example:
        >>> linalg_eigvalsh(jnp.diag(jnp.array([2.0, 1.0]))).tolist()
        [1.0, 2.0]

    Source: ``torch.linalg.eigvalsh``.
    """
    return hermitian_pairs(hermitian(triangle("linalg.eigvalsh", A, UPLO)))[0]


@jax.custom_jvp
def general_pairs(A: Array) -> tuple[Array, Array]:
    """Return eigenvalues and vectors of norm one of complex matrices."""
    values, vectors = lax.linalg.eig(A, compute_left_eigenvectors=False)
    return values, vectors


@general_pairs.defjvp
def _general_pairs_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    values, vectors = general_pairs(primals[0])
    change = jnp.linalg.solve(vectors, tangents[0].astype(vectors.dtype) @ vectors)
    turn = vectors @ (inverse_gaps(values) * change)
    # What would change the norm of a vector is taken out.
    along = jnp.sum(jnp.conj(vectors) * turn, axis=-2, keepdims=True).real
    d_values = jnp.diagonal(change, axis1=-2, axis2=-1)
    return (values, vectors), (d_values, turn - vectors * along)


def _pairs(who: str, A: Array) -> tuple[Array, Array]:
    require_matrices(who, A)
    if not A.size:
        kind = jnp.result_type(A.dtype, jnp.complex64)
        return jnp.zeros(A.shape[:-1], kind), jnp.zeros(A.shape, kind)
    return general_pairs(A)


@op
def _eig(A: Array) -> Eigen:
    """Eigenvalues and eigenvectors; see `linalg_eig`."""
    return Eigen(*_pairs("linalg.eig", A))


@op
def _eigvals(A: Array) -> Array:
    """Eigenvalues; see `linalg_eigvals`."""
    return _pairs("linalg.eigvals", A)[0]


def _require_finite(who: str, A: Any) -> None:
    values = known(A) if hasattr(A, "shape") else None
    if values is not None and not np.isfinite(values).all():
        fix = "look for where they come from"
        raise ArgumentError(message(who, "finite matrices", f"NaN or infinity in {describe(A)}", fix))


@composed()
def linalg_eig(A: Any) -> Any:
    """The eigenvalues and eigenvectors (columns, of norm one) of square matrices; both are complex.

    Gradients hold for functions that the choice of the vectors' phases does not change, and where no two
    eigenvalues are equal.

    Raises:
        ArgumentError: NaN or infinity in a matrix (not under compile or other traces: NaN there).
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> linalg_eig(2 * jnp.eye(1)).eigenvalues.tolist()
        [(2+0j)]

    Source: ``torch.linalg.eig``. XLA has no such routine for TPUs; on GPUs it computes on the host.
    """
    _require_finite("linalg.eig", A)
    return _eig(A)


@composed()
def linalg_eigvals(A: Any) -> Any:
    """The eigenvalues of square matrices, complex; errors are those of `linalg_eig`.

    Example:
        >>> linalg_eigvals(2 * jnp.eye(1)).tolist()
        [(2+0j)]

    Source: ``torch.linalg.eigvals``.
    """
    _require_finite("linalg.eigvals", A)
    return _eigvals(A)
