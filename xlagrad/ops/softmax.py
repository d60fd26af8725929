"""Softmax and its logarithm."""

from __future__ import annotations

from typing import Any

import jax

from xlagrad.core import dtypes
from xlagrad.core.dispatch import Array, op
from xlagrad.ops.common import dim_of, require_inexact


def _prepared(who: str, input: Array, dim: int, dtype: Any) -> tuple[Array, int]:
    x = input if dtype is None else input.astype(dtypes.as_jax(dtype))
    require_inexact(who, x)
    return x, dim_of(who, dim, x.ndim)


@op(method=True)
def softmax(input: Array, dim: int, dtype: Any = None) -> Array:
    """e^x_i / Σ_j e^x_j along a dimension, computed relative to the largest element.

    Args:
        input: tensor of floating point.
        dim: the dimension along which the result sums to one.
        dtype: type to convert to first.

    Raises:
        IndexingError: the dimension is out of range.
        DtypeError: integers without a ``dtype``.

    Example:
        >>> softmax(jax.numpy.zeros(4), 0).tolist()
        [0.25, 0.25, 0.25, 0.25]

    Source: ``torch.softmax``.
    """
    x, at = _prepared("softmax", input, dim, dtype)
    return jax.nn.softmax(x, axis=at) if x.ndim else jax.nn.softmax(x[None])[0]


@op(method=True)
def log_softmax(input: Array, dim: int, dtype: Any = None) -> Array:
    """x_i - ln Σ_j e^x_j along a dimension: the logarithm of `softmax`, without underflow.

    Args:
        input: tensor of floating point.
        dim: the dimension to normalise along.
        dtype: type to convert to first.

    Raises:
        IndexingError: the dimension is out of range.
        DtypeError: integers without a ``dtype``.

    Example:
        >>> log_softmax(jax.numpy.array([0.0, -1000.0]), 0).tolist()
        [0.0, -1000.0]

    Source: ``torch.log_softmax``.
    """
    x, at = _prepared("log_softmax", input, dim, dtype)
    return jax.nn.log_softmax(x, axis=at) if x.ndim else jax.nn.log_softmax(x[None])[0]
