"""QR factors of matrices, and orthogonal matrices as products of Householder reflections, in batches."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.composed import composed
from xlagrad.ops.failure import undifferentiable
from xlagrad.ops.matrices import batches, require_matrices, same_dtype, transposed


class QR(NamedTuple):
    """What ``qr`` returns."""

    Q: Any
    R: Any


class Reflections(NamedTuple):
    """What ``geqrf`` returns."""

    a: Any
    tau: Any


def _complete(who: str, A: Array) -> QR:
    if A.shape[-2] <= A.shape[-1]:
        return _reduced(A)
    reason = message(
        who,
        "mode 'reduced' where a gradient is to pass",
        f"'complete' for {describe(A)}, whose additional columns of Q are arbitrary",
        "use mode='reduced'",
    )
    Q, R = jnp.linalg.qr(lax.stop_gradient(A), "complete")
    return QR(undifferentiable(reason, A, Q), undifferentiable(reason, A, R))


def _reduced(A: Array) -> QR:
    rows, columns = A.shape[-2:]
    if rows >= columns:
        return QR(*jnp.linalg.qr(A, "reduced"))
    # Of a wide matrix, Q is that of the first columns, which JAX can differentiate.
    Q, R = jnp.linalg.qr(A[..., :rows], "reduced")
    return QR(Q, jnp.concatenate([R, jnp.conj(transposed(Q)) @ A[..., rows:]], axis=-1))


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
        AutogradError: backward through "complete" factors of a tall matrix.

    Example:
        >>> linalg_qr(jnp.eye(2)).R.shape
        (2, 2)

    Source: ``torch.linalg.qr``. Deviation: a gradient passes through mode "r" too.
    """
    who = "linalg.qr"
    require_matrices(who, A, square=False)
    if mode == "reduced":
        return _reduced(A)
    if mode == "complete":
        return _complete(who, A)
    if mode == "r":
        return QR(jnp.zeros((0,), A.dtype), _reduced(A).R)
    raise errors.ArgumentError(message(who, "mode 'reduced', 'complete' or 'r'", repr(mode), "choose one"))


@composed(method=True)
def qr(input: Any, some: bool = True) -> Any:
    """The factors of input = Q R, Q square if not ``some``; see `linalg_qr`.

    Example:
        >>> qr(jnp.eye(2)).R.shape
        (2, 2)

    Source: ``torch.qr``.
    """
    return linalg_qr(input, "reduced" if some else "complete")


@op(method=True)
def geqrf(input: Array) -> Reflections:
    """R above and the Householder vectors of Q below the diagonal, and their scales tau.

    Raises:
        ShapeError: fewer than two dimensions.
        DtypeError: integers.
        AutogradError: backward through it.

    Example:
        >>> geqrf(2 * jnp.eye(1)).a.tolist()
        [[2.0]]

    Source: ``torch.geqrf``.
    """
    require_matrices("geqrf", input, square=False)
    turned, tau = jnp.linalg.qr(lax.stop_gradient(input), "raw")
    reason = message("geqrf", "no gradient to pass", "a backward pass", "use linalg.qr")
    return Reflections(
        undifferentiable(reason, input, transposed(turned)), undifferentiable(reason, input, tau)
    )


def _reflectors(who: str, input: Array, tau: Array) -> tuple[Array, Array]:
    """Return V and T with H_1 … H_k = I - V T Vᴴ for the reflections H_i = I - tau_i v_i v_iᴴ.

    T is (D⁻¹ + S)⁻¹ = (I + D S)⁻¹ D for D = diag(tau) and the part S of Vᴴ V above the diagonal.
    """
    require_matrices(who, input, square=False)
    same_dtype(who, input, tau)
    k = tau.shape[-1] if tau.ndim else -1
    if tau.ndim != input.ndim - 1 or tau.shape[:-1] != input.shape[:-2] or k > input.shape[-1]:
        got = f"{describe(input)} and {describe(tau)}"
        want = f"tau of shape {[*input.shape[:-2], input.shape[-1]]} or shorter"
        raise errors.ShapeError(message(who, want, got, "pass both results of geqrf"))
    if input.shape[-2] < k:
        raise errors.ShapeError(message(who, f"at least {k} rows", describe(input), "pass a shorter tau"))
    V = jnp.tril(input[..., :k], -1) + jnp.eye(input.shape[-2], k, dtype=input.dtype)
    above = jnp.triu(jnp.conj(transposed(V)) @ V, 1)
    scales = tau[..., :, None]
    eye = jnp.broadcast_to(jnp.eye(k, dtype=input.dtype), above.shape)
    T = lax.linalg.triangular_solve(
        eye + scales * above, scales * eye, left_side=True, lower=False, unit_diagonal=True
    )
    return V, T


@op
def linalg_householder_product(input: Array, tau: Array) -> Array:
    """The first m columns of the product of k Householder reflections, H_1 … H_k.

    Args:
        input: their vectors below the diagonal, (…, n, m), n ≥ m ≥ k.
        tau: their scales, (…, k).

    Raises:
        ShapeError: the shapes do not fit.
        DtypeError: integers, or different types.

    Example:
        >>> linalg_householder_product(jnp.eye(2), jnp.zeros(2)).tolist()
        [[1.0, 0.0], [0.0, 1.0]]

    Source: ``torch.linalg.householder_product``.
    """
    who = "linalg.householder_product"
    require_matrices(who, input, square=False)
    if input.shape[-2] < input.shape[-1]:
        fix = "take the first columns"
        raise errors.ShapeError(message(who, "at least as many rows as columns", describe(input), fix))
    V, T = _reflectors(who, input, tau)
    first = jnp.conj(transposed(V[..., : input.shape[-1], :]))
    rows, columns = input.shape[-2:]
    return jnp.eye(rows, columns, dtype=input.dtype) - V @ (T @ first)


@op(method=True)
def ormqr(input: Array, tau: Array, other: Array, left: bool = True, transpose: bool = False) -> Array:
    """Q @ other for the square Q = H_1 … H_k that `geqrf` gave, without making Q.

    Args:
        input: the vectors of the reflections below the diagonal, (…, n, m).
        tau: their scales, (…, k).
        other: matrices of n rows, (…, n, l); of n columns where not ``left``.
        left: False for other @ Q.
        transpose: take Qᴴ for Q.

    Raises:
        ShapeError: the shapes do not fit.
        DtypeError: integers, or different types.

    Example:
        >>> ormqr(jnp.eye(2), jnp.zeros(2), jnp.ones((2, 1))).tolist()
        [[1.0], [1.0]]

    Source: ``torch.ormqr``.
    """
    who = "ormqr"
    V, T = _reflectors(who, input, tau)
    require_matrices(who, other, square=False)
    same_dtype(who, input, other)
    if other.shape[-2 if left else -1] != input.shape[-2]:
        got = f"{describe(input)} and {describe(other)}"
        raise errors.ShapeError(message(who, f"size {input.shape[-2]} in the product", got, "transpose it"))
    V, T, other = batches(who, V, T, other)
    T = jnp.conj(transposed(T)) if transpose else T
    turned = jnp.conj(transposed(V))
    if left:
        return other - V @ (T @ (turned @ other))
    return other - ((other @ V) @ T) @ turned


# torch's older name of the same operation, which is also a method.
orgqr = composed(name="orgqr", method=True)(linalg_householder_product)
