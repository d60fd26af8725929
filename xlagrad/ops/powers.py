"""Functions of square matrices, products of several matrices, and matrices of powers."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import jax.numpy as jnp
import jax.scipy.linalg

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, Arrays, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import int64, is_inexact, refuse_bool
from xlagrad.ops.composed import composed
from xlagrad.ops.linear import check_product, mismatch
from xlagrad.ops.matrices import require_matrices
from xlagrad.ops.solve import linalg_inv


@op
def linalg_matrix_exp(A: Array) -> Array:
    """exp(A) = Σ Aᵏ / k! for square matrices.

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> linalg_matrix_exp(jnp.zeros((1, 1))).tolist()
        [[1.0]]

    Source: ``torch.linalg.matrix_exp``.
    """
    require_matrices("linalg.matrix_exp", A, half=True)
    if not A.size:
        return A
    wide = A.astype(jnp.float32) if A.dtype.itemsize == 2 else A
    n = A.shape[-1]
    found = jax.vmap(lambda x: jax.scipy.linalg.expm(x, max_squarings=64))(wide.reshape(-1, n, n))
    return found.reshape(A.shape).astype(A.dtype)


@op
def _matrix_power(A: Array, *, n: int) -> Array:
    """Aⁿ for n of at least 0; see `linalg_matrix_power`."""
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        fix = "check the last two dimensions"
        raise errors.ShapeError(message("linalg.matrix_power", "square matrices", describe(A), fix))
    return jnp.linalg.matrix_power(A, n)


@composed()
def linalg_matrix_power(A: Any, n: int) -> Any:
    """Aⁿ for square matrices; A⁻¹ is multiplied for negative n.

    Raises:
        ShapeError: not square.
        LinAlgError: n is negative and a matrix singular.
        DtypeError: n is negative and the matrices hold integers.

    Example:
        >>> linalg_matrix_power(2 * jnp.eye(1), 3).tolist()
        [[8.0]]

    Source: ``torch.linalg.matrix_power``.
    """
    power = operator.index(n)
    return _matrix_power(linalg_inv(A) if power < 0 else A, n=abs(power))


@op
def linalg_multi_dot(tensors: Arrays) -> Array:
    """The product of matrices in the order of multiplications that costs least.

    The first and the last may be vectors: a row and a column.

    Raises:
        ArgumentError: fewer than two.
        ShapeError: other dimensions, or sizes that do not fit.
        DtypeError: the types differ, or are boolean.

    Example:
        >>> linalg_multi_dot([jnp.ones((2, 3)), jnp.ones((3, 4)), jnp.ones(4)]).tolist()
        [12.0, 12.0]

    Source: ``torch.linalg.multi_dot``.
    """
    who = "linalg.multi_dot"
    if len(tensors) < 2:
        raise errors.ArgumentError(message(who, "at least 2 tensors", str(len(tensors)), "pass more"))
    check_product(who, *tensors)
    for i, x in enumerate(tensors):
        if not (x.ndim == 2 or (x.ndim == 1 and i in (0, len(tensors) - 1))):
            fix = "only the first and the last may be vectors"
            raise errors.ShapeError(message(who, "matrices", f"{describe(x)} at {i}", fix))
    for x, y in itertools.pairwise(tensors):
        if x.shape[-1] != y.shape[0]:
            raise mismatch(who, x, y, "neighbours whose inner sizes are equal")
    return jnp.linalg.multi_dot(tensors)


@composed()
def chain_matmul(*matrices: Any) -> Any:
    """The product of matrices in the order that costs least; see `linalg_multi_dot`.

    Example:
        >>> chain_matmul(jnp.ones((2, 3)), jnp.ones((3, 4))).shape
        (2, 4)

    Source: ``torch.chain_matmul``.
    """
    given = matrices[0] if len(matrices) == 1 and isinstance(matrices[0], (list, tuple)) else matrices
    for x in given:
        if len(x.shape) != 2:
            raise errors.ShapeError(message("chain_matmul", "matrices", describe(x), "use matmul"))
    return given[0] if len(given) == 1 else linalg_multi_dot(list(given))


def _powers(x: Array, count: int) -> Array:
    """Return 1, x, x², … up to ``count`` of them, along a new last dimension."""
    if not is_inexact(x):
        x = x.astype(int64())
    ones = jnp.ones((*x.shape, min(count, 1)), x.dtype)
    if count < 2:
        return ones
    repeated = jnp.broadcast_to(x[..., None], (*x.shape, count - 1))
    return jnp.concatenate([ones, jnp.cumprod(repeated, axis=-1)], axis=-1)


@op
def linalg_vander(x: Array, N: int | None = None) -> Array:
    """The matrices of powers x_iʲ, j = 0 … N - 1, of vectors (…, n) → (…, n, N).

    Args:
        x: vectors.
        N: how many powers, n by default.

    Raises:
        ArgumentError: fewer than 2 powers.
        DtypeError: booleans.

    Example:
        >>> linalg_vander(jnp.array([2.0, 3.0])).tolist()
        [[1.0, 2.0], [1.0, 3.0]]

    Source: ``torch.linalg.vander``.
    """
    refuse_bool("linalg.vander", x)
    x = jnp.atleast_1d(x)
    count = x.shape[-1] if N is None else N
    if count <= 1:
        got = f"{count} for {describe(x)}"
        raise errors.ArgumentError(message("linalg.vander", "N above 1", got, "pass N"))
    return _powers(x, count)


@op
def vander(x: Array, N: int | None = None, increasing: bool = False) -> Array:
    """The matrix of powers x_iᴺ⁻ʲ of a vector, the highest first unless ``increasing``.

    Args:
        x: vector.
        N: how many powers, as many as elements by default.
        increasing: begin with the power 0.

    Raises:
        ShapeError: not a vector.
        ArgumentError: ``N`` below 0.

    Example:
        >>> vander(jnp.array([2.0, 3.0])).tolist()
        [[2.0, 1.0], [3.0, 1.0]]

    Source: ``torch.vander``.
    """
    if x.ndim != 1:
        raise errors.ShapeError(message("vander", "a vector", describe(x), "flatten it"))
    count = x.shape[0] if N is None else N
    if count < 0:
        raise errors.ArgumentError(message("vander", "N of at least 0", str(count), "count powers"))
    found = _powers(x, count)
    return found if increasing else jnp.flip(found, -1)


# torch's older names of the same operations, which are also methods.
matrix_exp = composed(name="matrix_exp", method=True)(linalg_matrix_exp)
matrix_power = composed(name="matrix_power", method=True)(linalg_matrix_power)
