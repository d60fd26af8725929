"""Max pooling that always returns the places of the maxima too."""

from __future__ import annotations

from typing import Any

from xlagrad.layers.functional import adaptive_pool, pool
from xlagrad.layers.functional.adaptive_pool import Sizes
from xlagrad.layers.functional.arguments import Ints


def max_pool1d_with_indices(
    input: Any, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, dilation: Ints = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return what `max_pool1d` does with ``return_indices``: the maxima and their places.

    Example:
        >>> import jax.numpy as jnp
        >>> [x.tolist() for x in max_pool1d_with_indices(jnp.array([[1.0, 3.0]]), 2)]
        [[[3.0]], [[1]]]

    Source: ``torch.nn.functional.max_pool1d_with_indices``.
    """
    return pool.max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)


def max_pool2d_with_indices(
    input: Any, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, dilation: Ints = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return what `max_pool2d` does with ``return_indices``: the maxima and their places.

    Source: ``torch.nn.functional.max_pool2d_with_indices``.
    """
    return pool.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)


def max_pool3d_with_indices(
    input: Any, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, dilation: Ints = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Return what `max_pool3d` does with ``return_indices``: the maxima and their places.

    Source: ``torch.nn.functional.max_pool3d_with_indices``.
    """
    return pool.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)


def adaptive_max_pool1d_with_indices(input: Any, output_size: Sizes, return_indices: bool = False) -> Any:
    """Return what `adaptive_max_pool1d` does with ``return_indices``: the maxima and their places.

    Source: ``torch.nn.functional.adaptive_max_pool1d_with_indices``.
    """
    return adaptive_pool.adaptive_max_pool1d(input, output_size, return_indices=True)


def adaptive_max_pool2d_with_indices(input: Any, output_size: Sizes, return_indices: bool = False) -> Any:
    """Return what `adaptive_max_pool2d` does with ``return_indices``: the maxima and their places.

    Source: ``torch.nn.functional.adaptive_max_pool2d_with_indices``.
    """
    return adaptive_pool.adaptive_max_pool2d(input, output_size, return_indices=True)


def adaptive_max_pool3d_with_indices(input: Any, output_size: Sizes, return_indices: bool = False) -> Any:
    """Return what `adaptive_max_pool3d` does with ``return_indices``: the maxima and their places.

    Source: ``torch.nn.functional.adaptive_max_pool3d_with_indices``.
    """
    return adaptive_pool.adaptive_max_pool3d(input, output_size, return_indices=True)
