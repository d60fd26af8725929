"""Leading singular values and vectors by random projection."""

from __future__ import annotations

import operator
from typing import Any

import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import message
from xlagrad.ops.composed import composed
from xlagrad.ops.matrices import require_matrices, transposed
from xlagrad.ops.orthogonal import linalg_qr
from xlagrad.ops.random import randn
from xlagrad.ops.svd import SVDTurned, factors


@op
def _projected_svd(A: Array, R: Array, M: Array | None, *, niter: int) -> SVDTurned:
    """U, S, V of A - M within the range of a random ``R``; Halko et al., 2009, algorithms 4.4 and 5.1."""
    difference = A if M is None else A - M
    flat = difference.shape[-2] < difference.shape[-1]
    tall = jnp.conj(transposed(difference)) if flat else difference
    turned = jnp.conj(transposed(tall))
    Q = linalg_qr(tall @ R).Q
    for _ in range(niter):
        Q = linalg_qr(tall @ linalg_qr(turned @ Q).Q).Q
    U, S, Vh = factors(jnp.conj(transposed(Q)) @ tall, False)
    U, V = Q @ U, jnp.conj(transposed(Vh))
    return SVDTurned(V, S, U) if flat else SVDTurned(U, S, V)


def _drawn(who: str, A: Any, q: int, M: Any, niter: int) -> Any:
    count, rounds = operator.index(q), operator.index(niter)
    if count < 0 or rounds < 0:
        got = f"q={count}, niter={rounds}"
        raise errors.ArgumentError(message(who, "q and niter of at least 0", got, "niter=2 is usual"))
    R = randn(min(tuple(A.shape)[-2:]), count, dtype=A.dtype)
    return _projected_svd(A, R, M, niter=rounds)


@composed()
def svd_lowrank(A: Any, q: int | None = 6, niter: int | None = 2, M: Any = None) -> Any:
    """U, S, V for the q largest singular values of A (of A - M), approximately.

    Args:
        A: (…, n, m).
        q: how many, a little more than the rank.
        niter: rounds of subspace iteration.
        M: what to subtract from ``A``; broadcast.

    Raises:
        ArgumentError: ``q`` or ``niter`` below 0.
        ShapeError: fewer than two dimensions.
        DtypeError: integers.

    Example:
        >>> svd_lowrank(jnp.eye(3), q=1).U.shape
        torch.Size([3, 1])

    Source: ``torch.svd_lowrank``.
    """
    require_matrices("svd_lowrank", A, square=False)
    return _drawn("svd_lowrank", A, 6 if q is None else q, M, 2 if niter is None else niter)


@composed()
def pca_lowrank(A: Any, q: int | None = None, center: bool = True, niter: int = 2) -> Any:
    """U, S, V for the q largest principal components of the rows of A, approximately.

    Args:
        A: (…, n, m): n samples of m features.
        q: how many; by default 6, n or m, the least of them.
        center: subtract the mean of the rows first.
        niter: rounds of subspace iteration.

    Raises:
        ArgumentError: ``q`` above n or m, or ``niter`` below 0.
        ShapeError: fewer than two dimensions.
        DtypeError: integers.

    Example:
        >>> pca_lowrank(jnp.eye(3), q=1).V.shape
        torch.Size([3, 1])

    Source: ``torch.pca_lowrank``.
    """
    require_matrices("pca_lowrank", A, square=False)
    smaller = min(tuple(A.shape)[-2:])
    count = min(6, smaller) if q is None else q
    if not 0 <= count <= smaller:
        fix = "it counts singular values"
        raise errors.ArgumentError(message("pca_lowrank", f"q in the range [0, {smaller}]", str(count), fix))
    mean = A.mean(-2, keepdims=True) if center else None
    return _drawn("pca_lowrank", A, count, mean, niter)
