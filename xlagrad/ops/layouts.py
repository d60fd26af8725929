"""Tensors whose memory layout PyTorch lets one choose; XLA chooses it here."""

from __future__ import annotations

from typing import Any

from xlagrad.core import errors
from xlagrad.core.errors import message
from xlagrad.core.tensor import Tensor
from xlagrad.ops.create import empty, new_empty
from xlagrad.ops.making import refuse, size_of


def _require_strides(who: str, size: Any, stride: Any) -> None:
    shape, strides = size_of(who, (size,)), size_of(who, (stride,))
    if len(shape) != len(strides):
        got = f"{len(shape)} sizes and {len(strides)} strides"
        raise errors.ShapeError(message(who, "one stride for each size", got))


def empty_strided(
    size: Any,
    stride: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **options: Any,
) -> Tensor:
    """Return `empty` of the size; XLA decides on strides by itself.

    Raises:
        ShapeError: not one stride for each size, or one below zero.

    Source: ``torch.empty_strided``. Deviation: the tensor is row-major.
    """
    _require_strides("empty_strided", size, stride)
    refuse("empty_strided", options)
    return empty(size, dtype=dtype, device=device, requires_grad=requires_grad)


def new_empty_strided(
    self: Tensor,
    size: Any,
    stride: Any,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **options: Any,
) -> Tensor:
    """Return `empty` of a size, by default of this tensor's type and on its device; strides are XLA's.

    Raises:
        ShapeError: not one stride for each size, or one below zero.
    """
    _require_strides("new_empty_strided", size, stride)
    return new_empty(self, size, dtype=dtype, device=device, requires_grad=requires_grad, **options)


def empty_permuted(
    size: Any,
    physical_layout: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **options: Any,
) -> Tensor:
    """Return `empty` of the size; XLA decides on the order of dimensions in memory by itself.

    Args:
        size: the sizes.
        physical_layout: the dimensions in PyTorch's order in memory, each of them once.
        dtype: element type; the default type if left out.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        ArgumentError: the layout does not name each dimension once.

    Source: ``torch.empty_permuted``. Deviation: the tensor is row-major.
    """
    refuse("empty_permuted", options)
    shape, order = size_of("empty_permuted", (size,)), tuple(physical_layout)
    if sorted(order) != list(range(len(shape))):
        want = f"a layout that names each of {len(shape)} dimensions once"
        raise errors.ArgumentError(message("empty_permuted", want, str(order)))
    return empty(shape, dtype=dtype, device=device, requires_grad=requires_grad)
