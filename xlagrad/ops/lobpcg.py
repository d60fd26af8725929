"""A few extreme eigenpairs of large Hermitian matrices, by preconditioned conjugate gradients."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.composed import composed
from xlagrad.ops.eigen import hermitian_pairs
from xlagrad.ops.matrices import hermitian, inverse_gaps, require_matrices, transposed
from xlagrad.ops.random import randn

_ITERATIONS = 1000


class _State(NamedTuple):
    """An iteration: its number, the values and vectors so far, the last step, and whether all are good."""

    count: Any
    values: Any
    vectors: Any
    step: Any
    done: Any


def _adjoint(x: Array) -> Array:
    return jnp.conj(transposed(x))


def _ritz(A: Array, basis: Array, k: int, largest: bool) -> tuple[Array, Array]:
    """Return the best k eigenpairs within the span of orthonormal columns."""
    values, vectors = hermitian_pairs(_adjoint(basis) @ A @ basis)
    best = jnp.flip(vectors, -1)[..., :k] if largest else vectors[..., :k]
    chosen = jnp.flip(values, -1)[..., :k] if largest else values[..., :k]
    return chosen, basis @ best


@functools.partial(jax.custom_jvp, nondiff_argnums=(3, 4, 5))
def _extreme(A: Array, start: Array, iK: Array, largest: bool, niter: int, tol: float) -> tuple[Array, Array]:
    """Return the k largest or smallest eigenvalues of ``A`` and their vectors (Knyazev, 2001)."""
    k = start.shape[-1]
    scale = jnp.linalg.norm(A, axis=(-2, -1))[..., None]

    def advance(s: _State) -> _State:
        residual = A @ s.vectors - s.vectors * s.values[..., None, :].astype(A.dtype)
        error = jnp.linalg.norm(residual, axis=-2) / (scale + jnp.abs(s.values))
        # QR keeps the basis orthonormal where residual or step are almost zero or dependent.
        basis = jnp.linalg.qr(jnp.concatenate([s.vectors, iK @ residual, s.step], -1))[0]
        values, vectors = _ritz(A, basis, k, largest)
        step = vectors - s.vectors @ (_adjoint(s.vectors) @ vectors)
        return _State(s.count + 1, values, vectors, step, jnp.all(error < tol))

    values, vectors = _ritz(A, jnp.linalg.qr(start)[0], k, largest)
    first = _State(jnp.int32(0), values, vectors, jnp.zeros_like(vectors), jnp.asarray(False))
    found = lax.while_loop(lambda s: (s.count < niter) & ~s.done, advance, first)
    return found.values, found.vectors


@_extreme.defjvp
def _extreme_jvp(
    largest: bool, niter: int, tol: float, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Any, Any]:
    A, dA = primals[0], tangents[0]
    values, X = _extreme(*primals, largest, niter, tol)
    change = dA @ X
    inside = _adjoint(X) @ change
    turn = X @ (inverse_gaps(values).astype(A.dtype) * inside)
    # Outside of the vectors found, (value - A) dx = dA x, a system for each of them.
    eye = jnp.eye(A.shape[-1], dtype=A.dtype)
    own = (X @ _adjoint(X))[..., None, :, :]
    shifted = values[..., :, None, None].astype(A.dtype) * eye - A[..., None, :, :]
    rest = transposed(change - X @ inside)[..., None]
    outside = jnp.linalg.solve(shifted @ (eye - own) + own, rest)[..., 0]
    d_values = jnp.diagonal(inside, axis1=-2, axis2=-1).real
    return (values, X), (d_values, turn + transposed(outside))


@op
def _lobpcg(
    A: Array, B: Array | None, X: Array, iK: Array | None, *, niter: int, tol: float | None, largest: bool
) -> tuple[Array, Array]:
    """Eigenvalues and vectors; see `lobpcg`."""
    tol = float(jnp.finfo(A.dtype).eps) ** 0.5 if tol is None else float(tol)
    eye = jnp.broadcast_to(jnp.eye(A.shape[-1], dtype=A.dtype), A.shape)
    precondition = eye if iK is None else lax.stop_gradient(jnp.broadcast_to(iK, A.shape))
    A = hermitian(A)
    if B is None:
        return _extreme(A, lax.stop_gradient(X), precondition, largest, niter, tol)
    # With B = L Lᴴ and y = Lᴴ x, A x = λ B x is the plain problem (L⁻¹ A L⁻ᴴ) y = λ y.
    L = jnp.linalg.cholesky(hermitian(jnp.broadcast_to(B, A.shape)))
    solve = functools.partial(lax.linalg.triangular_solve, L, lower=True)
    left = solve(A, left_side=True)
    plain = solve(left, left_side=False, transpose_a=True, conjugate_a=True)
    fixed = lax.stop_gradient(L)
    start = _adjoint(fixed) @ lax.stop_gradient(X)
    turned = _adjoint(fixed) @ precondition @ fixed
    values, Y = _extreme(hermitian(plain), start, turned, largest, niter, tol)
    return values, solve(Y, left_side=True, transpose_a=True, conjugate_a=True)


def _require(who: str, A: Any, count: int, method: str | None, others: tuple[Any, ...]) -> None:
    """Raise for arguments that cannot be followed."""
    require_matrices(who, A)
    if method not in (None, "basic", "ortho"):
        raise errors.ArgumentError(message(who, "method 'basic' or 'ortho'", repr(method), "choose one"))
    if any(others):
        fix = "lower niter and pass the result as X of the next call"
        raise NotImplementedError(message(who, "no tracker and no ortho parameters", "some", fix))
    if A.shape[-1] < 3 * count:
        want = f"at least {3 * count} rows, 3 for each vector"
        raise errors.ShapeError(message(who, want, describe(A), "use linalg.eigh"))


@composed()
def lobpcg(
    A: Any,
    k: int | None = None,
    B: Any = None,
    X: Any = None,
    n: int | None = None,
    iK: Any = None,
    niter: int | None = None,
    tol: float | None = None,
    largest: bool | None = None,
    method: str | None = None,
    tracker: Any = None,
    ortho_iparams: Any = None,
    ortho_fparams: Any = None,
    ortho_bparams: Any = None,
) -> tuple[Any, Any]:
    """The k largest or smallest eigenvalues of A x = λ B x and their vectors (columns), approximately.

    Args:
        A: Hermitian matrices, (…, n, n).
        k: how many; by default as many as ``X`` has columns, or 1.
        B: positive definite matrices; the identity by default.
        X: vectors to begin with; random ones by default.
        n: how many vectors are iterated, at least k; k by default.
        iK: preconditioner, about A⁻¹.
        niter: at most this many iterations, 1000 by default; -1 means the default.
        tol: relative residual at which to stop, by default the root of the type's precision.
        largest: False for the smallest.
        method: "basic" or "ortho"; both keep the basis orthonormal here.
        tracker, ortho_iparams, ortho_fparams, ortho_bparams: only None.

    Raises:
        ShapeError: not square, or fewer rows than 3 times the vectors.
        ArgumentError: another method.
        NotImplementedError: a tracker, which would have to see values of a compiled loop.
        DtypeError: integers.

    Example:
        >>> E, X = lobpcg(jnp.diag(jnp.arange(1.0, 10.0)), k=1)
        >>> [round(v, 3) for v in E.tolist()], tuple(X.shape)
        ([9.0], (9, 1))

    Source: ``torch.lobpcg``. Deviation: gradients pass to ``B`` too.
    """
    columns = X.shape[-1] if X is not None else (n or k or 1)
    count = k or columns
    _require("lobpcg", A, max(columns, count), method, (tracker, ortho_iparams, ortho_fparams, ortho_bparams))
    if X is None:
        X = randn(*tuple(A.shape)[:-1], columns, dtype=A.dtype)
    rounds = _ITERATIONS if niter is None or niter < 0 else niter
    E, V = _lobpcg(A, B, X, iK, niter=rounds, tol=tol, largest=largest is not False)
    return E[..., :count], V[..., :count]
