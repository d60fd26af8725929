"""The standard's extension ``linalg``: matrices in the last two axes, batches before them.

A function is the operation of PyTorch's ``torch.linalg`` under the standard's argument names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlagrad.core import errors
from xlagrad.core.dispatch import registry
from xlagrad.core.errors import describe, message
from xlagrad.ops import view
from xlagrad.standard.products import matmul, matrix_transpose, tensordot, vecdot
from xlagrad.standard.shapes import broadcast_arrays
from xlagrad.standard.statistics import sum
from xlagrad.standard.types import promoted

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """The lower triangular L of x = L Lᴴ (or the upper Lᴴ) for positive definite matrices.

    Raises:
        LinAlgError: a matrix is not positive definite.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.cholesky(4 * xg.eye(2)).tolist()
        [[2.0, 0.0], [0.0, 2.0]]
    """
    return registry["linalg_cholesky"](x, upper=upper)


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The cross product of vectors of 3 elements along an axis.

    Raises:
        ShapeError: another number of elements.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.cross(xg.asarray([1.0, 0.0, 0.0]), xg.asarray([0.0, 1.0, 0.0])).tolist()
        [0.0, 0.0, 1.0]
    """
    for x in (x1, x2):
        if x.ndim < -axis or x.shape[axis] != 3:
            got = describe(x)
            raise errors.ShapeError(
                message("linalg.cross", f"3 elements along axis {axis}", got, "pass axis=")
            )
    return registry["linalg_cross"](*broadcast_arrays(*promoted(x1, x2)), dim=axis)


def det(x: Any, /) -> Any:
    """The determinants of square matrices.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.det(xg.asarray([[2.0, 0.0], [0.0, 3.0]])).item()
        6.0
    """
    return registry["linalg_det"](x)


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonals of matrices, the main one or one that lies ``offset`` above it; views.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.diagonal(xg.asarray([[1, 2], [3, 4]])).tolist()
        [1, 4]
    """
    return view.diagonal(x, offset, -2, -1)


def eig(x: Any, /) -> Any:
    """The eigenvalues and the eigenvectors (columns) of square matrices, complex.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.eig(xg.asarray([[0.0, 1.0], [-1.0, 0.0]])).eigenvalues.real.tolist()
        [0.0, 0.0]
    """
    return registry["linalg_eig"](x)


def eigh(x: Any, /) -> Any:
    """The eigenvalues, ascending, and the orthonormal eigenvectors (columns) of Hermitian matrices.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.eigh(xg.asarray([[2.0, 0.0], [0.0, 1.0]])).eigenvalues.tolist()
        [1.0, 2.0]
    """
    return registry["linalg_eigh"](x)


def eigvals(x: Any, /) -> Any:
    """The eigenvalues of square matrices, complex.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.eigvals(xg.asarray([[2.0, 1.0], [0.0, 2.0]])).tolist()
        [(2+0j), (2+0j)]
    """
    return registry["linalg_eigvals"](x)


def eigvalsh(x: Any, /) -> Any:
    """The eigenvalues of Hermitian matrices, ascending.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.eigvalsh(xg.asarray([[2.0, 0.0], [0.0, 1.0]])).tolist()
        [1.0, 2.0]
    """
    return registry["linalg_eigvalsh"](x)


def inv(x: Any, /) -> Any:
    """The inverses of square matrices.

    Raises:
        LinAlgError: a matrix is singular.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.inv(2 * xg.eye(2)).tolist()
        [[0.5, 0.0], [0.0, 0.5]]
    """
    return registry["linalg_inv"](x)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norms of matrices: "fro", "nuc", or ±1, ±2, ±inf.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.matrix_norm(xg.asarray([[3.0, 0.0], [0.0, 4.0]])).item()
        5.0
    """
    return registry["linalg_matrix_norm"](x, "fro" if ord is None else ord, keepdim=keepdims)


def matrix_power(x: Any, n: int, /) -> Any:
    """The product of n times the matrix; of its inverse where n is negative.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.matrix_power(2 * xg.eye(2), 3).tolist()
        [[8.0, 0.0], [0.0, 8.0]]
    """
    return registry["linalg_matrix_power"](x, n)


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """The numbers of singular values above ``rtol`` times the largest one.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.matrix_rank(xg.ones((2, 2))).item()
        1
    """
    return registry["linalg_matrix_rank"](x, rtol=rtol)


def outer(x1: Any, x2: Any, /) -> Any:
    """x1[i]·x2[j] of two vectors.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.outer(xg.asarray([1, 2]), xg.asarray([3, 4])).tolist()
        [[3, 4], [6, 8]]
    """
    return registry["outer"](*promoted(x1, x2))


def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """The pseudo-inverses, in which singular values up to ``rtol`` times the largest one count as zero.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.pinv(2 * xg.eye(2)).round(decimals=4).tolist()
        [[0.5, 0.0], [0.0, 0.5]]
    """
    return registry["linalg_pinv"](x, rtol=rtol)


def qr(x: Any, /, *, mode: str = "reduced") -> Any:
    """The factors of x = Q R, Q with orthonormal columns (square if ``mode="complete"``), R upper triangular.

    Example:
        >>> import xlagrad as xg
        >>> tuple(xg.linalg.qr(xg.ones((3, 2))).R.shape)
        (2, 2)
    """
    return registry["linalg_qr"](x, mode)


def slogdet(x: Any, /) -> Any:
    """The signs of determinants and the logarithms of their absolute values.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.slogdet(-1 * xg.eye(3)).sign.item()
        -1.0
    """
    return registry["linalg_slogdet"](x)


def solve(x1: Any, x2: Any, /) -> Any:
    """The solution X of x1 X = x2, in which ``x2`` is a vector or has matrices in its last two axes.

    Raises:
        LinAlgError: a matrix is singular.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.solve(2 * xg.eye(2), xg.asarray([2.0, 4.0])).tolist()
        [1.0, 2.0]
    """
    a, b = promoted(x1, x2)
    if b.ndim == 1:
        return view.squeeze(registry["linalg_solve"](a, view.unsqueeze(b, -1)), -1)
    # With an axis in front PyTorch cannot take a matrix for a batch of vectors.
    return registry["linalg_solve"](a, view.unsqueeze(b, 0) if b.ndim < a.ndim else b)


def svd(x: Any, /, *, full_matrices: bool = True) -> Any:
    """The factors of x = U diag(S) Vᴴ, singular values in descending order.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.svd(xg.asarray([[1.0, 0.0], [0.0, 2.0]])).S.tolist()
        [2.0, 1.0]
    """
    return registry["linalg_svd"](x, full_matrices=full_matrices)


def svdvals(x: Any, /) -> Any:
    """The singular values of matrices in descending order.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.svdvals(xg.asarray([[1.0, 0.0], [0.0, 2.0]])).tolist()
        [2.0, 1.0]
    """
    return registry["linalg_svdvals"](x)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sums of diagonals; of integers in the default integer type at least.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.trace(xg.asarray([[1, 2], [3, 4]])).item()
        5
    """
    return sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def vector_norm(
    x: Any, /, *, axis: int | Sequence[int] | None = None, keepdims: bool = False, ord: float = 2
) -> Any:
    """(Σ |x|ᵖ)^(1/p) over the axes, p = ``ord``; max |x|, min |x| and the number of nonzeros for ±inf and 0.

    Example:
        >>> import xlagrad as xg
        >>> xg.linalg.vector_norm(xg.asarray([3.0, 4.0])).item()
        5.0
    """
    return registry["linalg_vector_norm"](x, ord, axis, keepdims)
