"""The factors A = P L D Lᵀ Pᵀ of symmetric or Hermitian matrices, and systems solved with them, in batches.

XLA has no routine for them: the elimination is Bunch and Kaufman's, with LAPACK's choice of pivots, one
column or pair of columns a step.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import is_complex
from xlagrad.ops.composed import composed
from xlagrad.ops.failure import refuse_failures, undifferentiable
from xlagrad.ops.matrices import batches, require_matrices, same_dtype, transposed

# Bounds the growth of elements; it makes two steps with one pivot each as good as one with a pair.
_ALPHA = (1 + math.sqrt(17)) / 8


class LDL(NamedTuple):
    """What ``linalg.ldl_factor`` returns."""

    LD: Any
    pivots: Any


class LDLInfo(NamedTuple):
    """What ``linalg.ldl_factor_ex`` returns."""

    LD: Any
    pivots: Any
    info: Any


class _State(NamedTuple):
    """Elimination so far: the column to come, what is left, the columns done, pivots and failure."""

    k: Any
    rest: Any
    done: Any
    pivots: Any
    info: Any


def _size(x: Array) -> Array:
    return jnp.abs(x.real) + jnp.abs(x.imag) if is_complex(x) else jnp.abs(x)


def _choose(rest: Array, k: Array) -> tuple[Array, Array, Array]:
    """Return the pivot's row, whether the pivot is a pair of columns, and whether the column is zero."""
    places = jnp.arange(rest.shape[-1])
    size = _size(rest)
    below = jnp.where(places > k, size[:, k], -1)
    other = jnp.argmax(below)
    column, corner = jnp.maximum(below[other], 0), size[k, k]
    row = jnp.max(jnp.where((places >= k) & (places != other), size[other], 0))
    zero = (jnp.maximum(corner, column) == 0) | jnp.isnan(corner)
    stay = zero | (corner >= _ALPHA * column) | (corner * row >= _ALPHA * column * column)
    pair = ~stay & (size[other, other] < _ALPHA * row)
    return jnp.where(stay, k, other), pair, zero


def _eliminate(hermitian: bool, state: _State) -> _State:
    k, rest, done, pivots, info = state
    n = rest.shape[-1]
    places = jnp.arange(n)
    chosen, pair, zero = _choose(rest, k)
    last = k + pair
    order = places.at[last].set(chosen).at[chosen].set(last)
    rest = rest[order][:, order]
    second = jnp.minimum(k + 1, n - 1)
    first, next_ = rest[:, k], rest[:, second]
    a, b, c = rest[k, k], rest[second, k], rest[second, second]
    upper = jnp.conj(b) if hermitian else b
    # The columns of L: those of what is left times the inverse of the pivot, a number or a 2×2 matrix.
    det = jnp.where(pair, a * c - b * upper, 1)
    l1 = jnp.where(pair, (first * c - next_ * b) / det, jnp.where(zero, 0, first / jnp.where(zero, 1, a)))
    l2 = jnp.where(pair, (next_ * a - first * upper) / det, 0)
    active = places > last
    l1, l2 = jnp.where(active, l1, 0), jnp.where(active, l2, 0)
    turned = (jnp.conj(first), jnp.conj(next_)) if hermitian else (first, next_)
    left = rest - jnp.outer(l1, turned[0]) - jnp.outer(l2, turned[1])
    left = jnp.where(active[:, None] & active[None, :], left, 0)
    done = done.at[:, k].set(l1.at[k].set(a).at[second].add(jnp.where(pair, b, 0)))
    done = jnp.where(pair, done.at[:, second].set(l2.at[second].set(c)), done)
    mark = jnp.where(pair, -(chosen + 1), chosen + 1).astype(pivots.dtype)
    pivots = pivots.at[k].set(mark)
    pivots = jnp.where(pair, pivots.at[second].set(mark), pivots)
    info = jnp.where((info == 0) & zero, k + 1, info).astype(info.dtype)
    return _State(last + 1, left, done, pivots, info)


def _factor_one(A: Array, hermitian: bool) -> tuple[Array, Array, Array]:
    n = A.shape[-1]
    below = jnp.tril(A, -1)
    above = transposed(jnp.conj(below) if hermitian else below)
    diagonal = jnp.diagonal(A)
    middle = jnp.diag(diagonal.real.astype(A.dtype) if hermitian else diagonal)
    start = _State(
        jnp.int32(0), below + middle + above, jnp.zeros_like(A), jnp.zeros(n, jnp.int32), jnp.int32(0)
    )
    found = lax.while_loop(lambda s: s.k < n, functools.partial(_eliminate, hermitian), start)
    return found.done, found.pivots, found.info


@op
def _ldl_factor_ex(A: Array, *, hermitian: bool) -> LDLInfo:
    """LD, pivots and the numbers of zero columns; see `linalg_ldl_factor`."""
    require_matrices("linalg.ldl_factor", A)
    n = A.shape[-1]
    lead = A.shape[:-2]
    if not A.size:
        return LDLInfo(A, jnp.zeros((*lead, n), jnp.int32), jnp.zeros(lead, jnp.int32))
    each = jax.vmap(functools.partial(_factor_one, hermitian=hermitian and is_complex(A)))
    LD, pivots, info = each(lax.stop_gradient(A).reshape(-1, n, n))
    got, fix = "a backward pass", "use linalg.lu_factor or linalg.cholesky"
    reason = message("linalg.ldl_factor", "no gradient to pass", got, fix)
    return LDLInfo(
        undifferentiable(reason, A, LD.reshape(A.shape)), pivots.reshape(*lead, n), info.reshape(lead)
    )


@composed()
def linalg_ldl_factor_ex(A: Any, *, hermitian: bool = False, check_errors: bool = False) -> Any:
    """What `linalg_ldl_factor` returns, and for each matrix 0, or the number of a block of D that is zero.

    Example:
        >>> [x.tolist() for x in linalg_ldl_factor_ex(2 * jnp.eye(1))]
        [[[2.0]], [1], 0]

    Source: ``torch.linalg.ldl_factor_ex``.
    """
    found = _ldl_factor_ex(A, hermitian=hermitian)
    if check_errors:
        got, fix = "one whose block {} of D is zero", "use linalg.ldl_factor_ex"
        refuse_failures("linalg.ldl_factor", found.info, "invertible matrices", got, fix)
    return found


@composed()
def linalg_ldl_factor(A: Any, *, hermitian: bool = False) -> Any:
    """L and the block diagonal D of A = P L D Lᵀ Pᵀ in one matrix, and the exchanges that make up P.

    Args:
        A: (…, n, n), symmetric or Hermitian, of which the lower triangle is read.
        hermitian: take Lᴴ for Lᵀ; without effect on real matrices.

    Returns:
        LD, and int32 pivots (…, n) as LAPACK's sytrf has them: the row, counted from 1, with which a column's
        was exchanged; negative, and twice the same, for a block of two columns.

    Raises:
        LinAlgError: a block of D is zero (not under compile or other traces).
        AutogradError: backward through it.
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> linalg_ldl_factor(jnp.array([[0.0, 1.0], [1.0, 0.0]])).pivots.tolist()
        [-2, -2]

    Source: ``torch.linalg.ldl_factor``.
    """
    found = linalg_ldl_factor_ex(A, hermitian=hermitian, check_errors=True)
    return LDL(found.LD, found.pivots)


def _unpacked(LD: Array, pivots: Array, hermitian: bool) -> tuple[Array, Array, Array]:
    """Return L with its rows in the order of P, D, and P's order of rows, of one matrix."""
    n = LD.shape[-1]
    places = jnp.arange(n)

    def exchange(k: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        L, order, heads = state
        second = (pivots[k] < 0) & (k > 0) & heads[k - 1]
        heads = heads.at[k].set((pivots[k] < 0) & ~second)
        target = jnp.abs(pivots[k]) - 1
        # Of a pair, it is the second column's row that was exchanged; all columns before the pair follow.
        source = jnp.where(pivots[k] < 0, k + 1, k)
        swap = places.at[source].set(target).at[target].set(source)
        swap = jnp.where(second, places, swap)
        return jnp.where(places < k, L[swap], L), order[swap], heads

    start = (jnp.tril(LD, -1), places, jnp.zeros(n, bool))
    L, order, heads = lax.fori_loop(0, n, exchange, start)
    pairs = jnp.diag(jnp.where(heads[:-1], 1, 0).astype(LD.dtype), -1) if n > 1 else jnp.zeros_like(LD)
    low = LD * pairs
    diagonal = jnp.diagonal(LD)
    D = jnp.diag(diagonal) + low + transposed(jnp.conj(low) if hermitian else low)
    return L * (1 - pairs) + jnp.eye(n, dtype=LD.dtype), D, order


def _solve_one(LD: Array, pivots: Array, B: Array, hermitian: bool) -> Array:
    L, D, order = _unpacked(LD, pivots, hermitian)
    Y = lax.linalg.triangular_solve(L, B[order], left_side=True, lower=True, unit_diagonal=True)
    Z = jnp.linalg.solve(D, Y)
    X = lax.linalg.triangular_solve(
        L, Z, left_side=True, lower=True, unit_diagonal=True, transpose_a=True, conjugate_a=hermitian
    )
    return X[jnp.argsort(order)]


@op
def linalg_ldl_solve(LD: Array, pivots: Array, B: Array, *, hermitian: bool = False) -> Array:
    """The X of A X = B for the A that `linalg_ldl_factor` factored.

    Args:
        LD: (…, n, n).
        pivots: (…, n).
        B: (…, n, k).
        hermitian: as in the factorisation.

    Raises:
        ShapeError: the shapes do not fit.
        DtypeError: integers for the matrices, no integers for the pivots, or different types.

    Example:
        >>> linalg_ldl_solve(2 * jnp.eye(1), jnp.ones(1, jnp.int32), jnp.ones((1, 1))).tolist()
        [[0.5]]

    Source: ``torch.linalg.ldl_solve``.
    """
    who = "linalg.ldl_solve"
    require_matrices(who, LD)
    require_matrices(who, B, square=False)
    same_dtype(who, LD, B)
    n = LD.shape[-1]
    if not jnp.issubdtype(pivots.dtype, jnp.integer):
        raise errors.DtypeError(message(who, "integer pivots", describe(pivots), "pass ldl_factor's"))
    if B.shape[-2] != n or pivots.shape != LD.shape[:-1]:
        got = f"{describe(LD)}, {describe(pivots)} and {describe(B)}"
        raise errors.ShapeError(message(who, f"right-hand sides and pivots of size {n}", got, "transpose B"))
    LD, marks, B = batches(who, LD, pivots[..., None], B)
    if not LD.size or not B.size:
        return jnp.zeros(B.shape, B.dtype)
    each = jax.vmap(functools.partial(_solve_one, hermitian=hermitian and is_complex(LD)))
    found = each(LD.reshape(-1, n, n), marks.reshape(-1, n), B.reshape(-1, *B.shape[-2:]))
    return found.reshape(B.shape)
