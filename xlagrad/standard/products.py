"""Products of matrices and vectors, under the standard's names."""

from __future__ import annotations

from typing import Any

from xlagrad.ops import convert, einsum, linear, vectors, view
from xlagrad.standard.types import promoted


def matmul(x1: Any, x2: Any, /) -> Any:
    """The matrix product; see `linear.matmul`. Types are promoted.

    Example:
        >>> import xlagrad as xg
        >>> xg.matmul(xg.asarray([[1.0, 2.0]]), xg.asarray([3.0, 4.0])).tolist()
        [11.0]
    """
    return linear.matmul(*promoted(x1, x2))


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """Σ over pairs of axes: the last of one and the first of the other, or two lists of them.

    Example:
        >>> import xlagrad as xg
        >>> xg.tensordot(xg.asarray([1.0, 2.0]), xg.asarray([3.0, 4.0]), axes=1).item()
        11.0
    """
    return einsum.tensordot(*promoted(x1, x2), axes)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Σ conj(x1) · x2 along an axis, counted from the last.

    Example:
        >>> import xlagrad as xg
        >>> xg.vecdot(xg.asarray([1.0, 2.0]), xg.asarray([3.0, 4.0])).item()
        11.0
    """
    a, b = promoted(x1, x2)
    return convert.cast(vectors.vecdot(a, b, dim=axis), a.dtype)


def matrix_transpose(x: Any, /) -> Any:
    """The array with its last two axes exchanged, a view.

    Example:
        >>> import xlagrad as xg
        >>> xg.matrix_transpose(xg.asarray([[1, 2]])).tolist()
        [[1], [2]]
    """
    return view.transpose(x, -2, -1)
