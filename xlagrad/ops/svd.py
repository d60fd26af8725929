"""Singular values and vectors of matrices, in batches."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import message
from xlagrad.ops.composed import composed
from xlagrad.ops.failure import refuse_nan
from xlagrad.ops.matrices import require_matrices, singular_values, transposed


class SVD(NamedTuple):
    """What ``linalg.svd`` returns."""

    U: Any
    S: Any
    Vh: Any


class SVDTurned(NamedTuple):
    """What ``svd`` returns."""

    U: Any
    S: Any
    V: Any


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def factors(A: Array, full: bool) -> tuple[Array, Array, Array]:
    """Return U, S and Vᴴ; of square U and Vᴴ (``full``) only the first columns and rows are differentiated.

    Vectors of equal singular values are free to rotate: their change within that space counts as zero.
    """
    U, S, Vh = jnp.linalg.svd(A, full_matrices=full)
    return U, S, Vh


@factors.defjvp
def _factors_jvp(full: bool, primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (dA,) = tangents
    U, S, Vh = factors(primals[0], full)
    k = S.shape[-1]
    U1, V1 = U[..., :, :k], jnp.conj(transposed(Vh[..., :k, :]))
    U1h = jnp.conj(transposed(U1))
    M = U1h @ dA @ V1
    Mh = jnp.conj(transposed(M))
    row, column = S[..., None, :], S[..., :, None]
    gaps = (row - column) * (row + column)
    F = jnp.where(gaps == 0, 0, 1 / jnp.where(gaps == 0, 1, gaps)).astype(M.dtype)
    r, c = row.astype(M.dtype), column.astype(M.dtype)
    inverse = jnp.where(S == 0, 0, 1 / jnp.where(S == 0, 1, S)).astype(M.dtype)[..., None, :]
    # The phases of complex vectors are free: U takes all of the imaginary diagonal.
    turn = (jnp.eye(k, dtype=M.dtype) * (M - Mh)) * inverse / 2
    dU = U1 @ (F * (M * r + c * Mh) + turn)
    dV = V1 @ (F * (c * M + Mh * r))
    if U.shape[-2] > k:
        dU = dU + (dA @ V1 - U1 @ M) * inverse
    if Vh.shape[-1] > k:
        dV = dV + (jnp.conj(transposed(dA)) @ U1 - V1 @ Mh) * inverse
    dS = jnp.diagonal(M, axis1=-2, axis2=-1).real
    dU = jnp.pad(dU, [(0, 0)] * (dU.ndim - 1) + [(0, U.shape[-1] - k)])
    dVh = jnp.conj(transposed(dV))
    dVh = jnp.pad(dVh, [(0, 0)] * (dVh.ndim - 2) + [(0, Vh.shape[-2] - k), (0, 0)])
    return (U, S, Vh), (dU, dS, dVh)


def _require_default(who: str, driver: str | None) -> None:
    if driver is not None:
        fix = "leave it away: XLA chooses the routine"
        raise errors.ArgumentError(message(who, "driver=None", repr(driver), fix))


@op
def _svd(A: Array, *, full_matrices: bool) -> SVD:
    """U, S and Vᴴ; see `linalg_svd`."""
    require_matrices("linalg.svd", A, square=False)
    return SVD(*factors(A, full_matrices))


@composed()
def linalg_svd(A: Any, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """The factors of A = U diag(S) Vᴴ, singular values in descending order.

    Gradients hold for functions that the choice of the vectors' signs or phases does not change. They pass
    through the first min(n, m) columns of U and rows of Vᴴ.

    Args:
        A: (…, n, m).
        full_matrices: U and Vᴴ square.
        driver: None; what PyTorch takes on CUDA alone.

    Raises:
        LinAlgError: NaN or infinity in a matrix (not under compile or other traces: NaN there).
        ShapeError: fewer than two dimensions.
        DtypeError: integers.
        ArgumentError: a driver.

    Example:
        >>> linalg_svd(jnp.diag(jnp.array([1.0, 2.0]))).S.tolist()
        [2.0, 1.0]

    Source: ``torch.linalg.svd``. Deviation: where singular values are equal, the gradient takes no turning of
    their vectors into account, where PyTorch's is infinite.
    """
    _require_default("linalg.svd", driver)
    found = _svd(A, full_matrices=full_matrices)
    refuse_nan("linalg.svd", found.S)
    return found


@op
def _svdvals(A: Array) -> Array:
    """The singular values; see `linalg_svdvals`."""
    require_matrices("linalg.svdvals", A, square=False)
    return singular_values(A)


@composed()
def linalg_svdvals(A: Any, *, driver: str | None = None) -> Any:
    """The singular values of matrices in descending order; errors are those of `linalg_svd`.

    Example:
        >>> linalg_svdvals(jnp.diag(jnp.array([1.0, 2.0]))).tolist()
        [2.0, 1.0]

    Source: ``torch.linalg.svdvals``.
    """
    _require_default("linalg.svdvals", driver)
    found = _svdvals(A)
    refuse_nan("linalg.svdvals", found)
    return found


@composed(method=True)
def svd(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """The factors of input = U diag(S) Vᴴ with V, not its adjoint, as the third result; see `linalg_svd`.

    Args:
        input: (…, n, m).
        some: U and V with min(n, m) columns, else square.
        compute_uv: False for U and V all zero.

    Example:
        >>> svd(jnp.diag(jnp.array([1.0, 2.0]))).S.tolist()
        [2.0, 1.0]

    Source: ``torch.svd``.
    """
    found = _svd_turned(input, some=some, compute_uv=compute_uv)
    refuse_nan("svd", found.S)
    return found


@op
def _svd_turned(input: Array, *, some: bool, compute_uv: bool) -> SVDTurned:
    """U, S and V; see `svd`."""
    require_matrices("svd", input, square=False)
    if not compute_uv:
        n, m = input.shape[-2:]
        lead = input.shape[:-2]
        U, V = jnp.zeros((*lead, n, n), input.dtype), jnp.zeros((*lead, m, m), input.dtype)
        return SVDTurned(U, singular_values(input), V)
    U, S, Vh = factors(input, not some)
    return SVDTurned(U, S, jnp.conj(transposed(Vh)))
