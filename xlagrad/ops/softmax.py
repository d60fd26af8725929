"""Softmax and its logarithm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core import dtypes
from xlagrad.core.dispatch import Array, op
from xlagrad.ops.common import dim_of, require_inexact


def _along(who: str, function: Callable[..., Array], input: Array, dim: int, dtype: Any) -> Array:
    """Return ``function`` along a dimension, of half precision computed in float32 and rounded at the end."""
    x = input if dtype is None else input.astype(dtypes.as_jax(dtype))
    require_inexact(who, x)
    at = dim_of(who, dim, x.ndim)
    wide = x.astype(jnp.float32) if x.dtype.itemsize == 2 else x
    found = function(wide, axis=at) if x.ndim else function(wide[None], axis=0)[0]
    return found.astype(x.dtype)


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
    return _along("softmax", jax.nn.softmax, input, dim, dtype)


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
    return _along("log_softmax", jax.nn.log_softmax, input, dim, dtype)
