"""What the families of linear algebra share: checks of matrices, their adjoints and triangles."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops import view
from xlagrad.ops.common import is_complex, require_inexact
from xlagrad.ops.composed import composed


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
    turned = transposed(input)
    return jnp.conj(turned) if is_complex(input) else turned


@composed()
def linalg_diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """A view of a diagonal of matrices, as the last dimension.

    Args:
        A: at least two dimensions.
        offset: which diagonal: above the main one if positive, below if negative.
        dim1: rows.
        dim2: columns.

    Example:
        >>> from xlagrad.ops.create import eye
        >>> linalg_diagonal(eye(2)).tolist()
        [1.0, 1.0]

    Source: ``torch.linalg.diagonal``.
    """
    return view.diagonal(A, offset, dim1, dim2)


def transposed(A: Array) -> Array:
    """Return matrices with rows and columns exchanged."""
    return jnp.swapaxes(A, -2, -1)


def diagonal(A: Array) -> Array:
    """Return the main diagonals of matrices, (…, n, m) → (…, min(n, m))."""
    return jnp.diagonal(A, axis1=-2, axis2=-1)


def require_matrices(who: str, A: Array, square: bool = True, half: bool = False) -> None:
    """Raise unless ``A`` holds matrices of floating point, square ones if asked for.

    Args:
        who: name for errors.
        A: what was passed.
        square: whether rows and columns must be as many.
        half: whether 16-bit types will do.
    """
    require_inexact(who, A)
    if A.dtype.itemsize < 4 and not half:
        fix = "convert it with .float()"
        raise errors.DtypeError(message(who, "at least 32 bits of precision", describe(A), fix))
    if A.ndim < 2:
        raise errors.ShapeError(message(who, "at least 2 dimensions", describe(A), "pass matrices"))
    if square and A.shape[-1] != A.shape[-2]:
        raise errors.ShapeError(message(who, "square matrices", describe(A), "check the last two dimensions"))


def same_dtype(who: str, *xs: Array) -> None:
    """Raise a ``DtypeError`` unless all are of one type."""
    if len({x.dtype for x in xs}) > 1:
        got = " and ".join(describe(x) for x in xs)
        raise errors.DtypeError(message(who, "tensors of one dtype", got, "convert one with .to(dtype)"))


def batches(who: str, *xs: Array) -> list[Array]:
    """Return the matrices with their leading dimensions broadcast against each other.

    Raises:
        ShapeError: these do not broadcast.
    """
    try:
        lead = np.broadcast_shapes(*(x.shape[:-2] for x in xs))
    except ValueError:
        got = " and ".join(describe(x) for x in xs)
        fix = "make the leading sizes equal, or 1"
        raise errors.ShapeError(message(who, "batch dimensions that broadcast", got, fix)) from None
    return [jnp.broadcast_to(x, lead + x.shape[-2:]) for x in xs]


def is_vector(A: Array, B: Array) -> bool:
    """Return whether a right-hand side is one vector for each matrix ``A``, not a matrix."""
    return B.ndim == 1 or (A.ndim - 1 == B.ndim and B.shape == A.shape[:-1])


@jax.custom_jvp
def hermitian(A: Array) -> Array:
    """Return ``A``, through which only the Hermitian part of a change passes."""
    return A


@hermitian.defjvp
def _hermitian_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    change = tangents[0]
    return hermitian(primals[0]), (change + jnp.conj(transposed(change))) / 2


def triangle(who: str, A: Array, UPLO: str) -> Array:
    """Return Hermitian matrices whose lower triangle is that which ``UPLO`` names.

    Raises:
        ArgumentError: another triangle than "L" or "U".
    """
    require_matrices(who, A)
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise errors.ArgumentError(message(who, "UPLO 'L' or 'U'", repr(UPLO), "name a triangle"))
    return A if UPLO.upper() == "L" else jnp.conj(transposed(A))


def singular_values(x: Array) -> Array:
    """Return the singular values of matrices, the largest first."""
    return jnp.linalg.svd(x, full_matrices=False, compute_uv=False)


def inverse_gaps(values: Array) -> Array:
    """Return 1 / (values_j - values_i), and 0 where they are equal, for the gradients of eigenvectors."""
    gaps = values[..., None, :] - values[..., :, None]
    equal = gaps == 0
    return jnp.where(equal, 0, 1 / jnp.where(equal, 1, gaps))
