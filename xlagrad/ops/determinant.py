"""Determinants of matrices and their logarithms, in batches."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.ops.composed import composed
from xlagrad.ops.matrices import require_matrices


class SignLogdet(NamedTuple):
    """What ``slogdet`` returns."""

    sign: Any
    logabsdet: Any


@op
def linalg_det(A: Array) -> Array:
    """The determinants of square matrices, (…, n, n) → (…).

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> linalg_det(2 * jnp.eye(2)).tolist()
        4.0

    Source: ``torch.linalg.det``.
    """
    require_matrices("linalg.det", A)
    return jnp.linalg.det(A) if A.shape[-1] else jnp.ones(A.shape[:-2], A.dtype)


@op
def linalg_slogdet(A: Array) -> SignLogdet:
    """The signs of the determinants, and the logarithms of their absolute values.

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> [x.tolist() for x in linalg_slogdet(jnp.eye(2))]
        [1.0, 0.0]

    Source: ``torch.linalg.slogdet``.
    """
    require_matrices("linalg.slogdet", A)
    return SignLogdet(*jnp.linalg.slogdet(A))


@op(method=True)
def logdet(input: Array) -> Array:
    """ln det(input); NaN for a negative determinant, -inf for zero.

    Raises:
        ShapeError: not square.
        DtypeError: integers.

    Example:
        >>> logdet(jnp.eye(2)).tolist()
        0.0

    Source: ``torch.logdet``.
    """
    require_matrices("logdet", input)
    sign, log = jnp.linalg.slogdet(input)
    return log + jnp.log(sign)


# torch's older names of the same operations, which are also methods.
det = composed(name="det", method=True)(linalg_det)
slogdet = composed(name="slogdet", method=True)(linalg_slogdet)
