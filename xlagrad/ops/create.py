"""Tensors of a given size: zeros, ones, full, empty, eye, and those in the likeness of another."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core import dtypes, errors
from xlagrad.core.devices import from_host
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle, read
from xlagrad.core.modes import local
from xlagrad.core.tensor import Tensor
from xlagrad.ops.complex import complex_, polar
from xlagrad.ops.data import as_tensor, asarray, from_dlpack, from_numpy, frombuffer, scalar_tensor, tensor
from xlagrad.ops.making import (
    SMALL,
    constant,
    finish,
    finish_like,
    number_type,
    reference,
    refuse,
    size_of,
)
from xlagrad.ops.ranges import arange, linspace, logspace, meshgrid, tril_indices, triu_indices


def _filled(
    who: str,
    size: tuple[Any, ...],
    value: float,
    dtype: Any,
    device: Any,
    requires_grad: bool,
    out: Any,
    options: dict[str, Any],
) -> Tensor:
    shape = size_of(who, size, options)
    refuse(who, options)
    if dtype is None:
        dtype = dtypes.get_default_dtype() if out is None else out.dtype
    return finish(constant(who, shape, value, dtypes.as_jax(dtype)), device, requires_grad, out, who)


def zeros(
    *size: Any,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return a tensor of zeros.

    Args:
        size: the sizes, as integers or as one sequence; also as ``size=`` or ``shape=``.
        dtype: element type; the default type if left out.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        out: a tensor of this size to write into and return instead.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        ShapeError: a size below zero.
        DtypeError: a size that is no integer.

    Example:
        >>> zeros(2, 3)
        tensor([[0., 0., 0.],
                [0., 0., 0.]])

    Source: ``torch.zeros``.
    """
    return _filled("zeros", size, 0, dtype, device, requires_grad, out, options)


def ones(
    *size: Any,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return a tensor of ones; arguments and errors as for `zeros`.

    Example:
        >>> ones((2,), dtype="int16")
        tensor([1, 1], dtype=torch.int16)

    Source: ``torch.ones``.
    """
    return _filled("ones", size, 1, dtype, device, requires_grad, out, options)


def empty(
    *size: Any,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return a tensor whose values are not to be relied on; arguments and errors as for `zeros`.

    Example:
        >>> empty(2, 3).shape
        torch.Size([2, 3])

    Source: ``torch.empty``. Deviation: the values are zeros, as XLA has no uninitialised memory.
    """
    return _filled("empty", size, 0, dtype, device, requires_grad, out, options)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return a tensor of one value.

    Args:
        size: the sizes, as a sequence or one integer.
        fill_value: a number, or a tensor of one element.
        dtype: element type; by default that of the number: bool, int64, the default float or complex type.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        out: a tensor of this size to write into and return instead.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        ArgumentError: the integer type cannot hold the value.
        ShapeError: a size below zero, or a fill value of several elements.
        DtypeError: a complex value for a real type.

    Example:
        >>> full((2, 2), 3.5), full([2], 7)
        (tensor([[3.5000, 3.5000],
                [3.5000, 3.5000]]), tensor([7, 7]))

    Source: ``torch.full``.
    """
    refuse("full", options)
    value, kind = _fill_value("full", fill_value)
    if dtype is None:
        dtype = kind if out is None else out.dtype
    array = constant("full", size_of("full", (size,)), value, dtypes.as_jax(dtype))
    return finish(array, device, requires_grad, out, "full")


def _fill_value(who: str, value: Any) -> tuple[Any, dtypes.DType]:
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return value, number_type(value)
    array = read(value) if isinstance(value, Handle) else reference(value)
    if array.size != 1:
        raise errors.ShapeError(
            message(who, "one value to fill with", describe(array), "use expand or copy_")
        )
    if array.dtype == object or array.dtype.kind in "SU":
        raise errors.DtypeError(message(who, "a number to fill with", repr(value)))
    return array.reshape(()), dtypes.as_dtype(array.dtype)


def zeros_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, **options: Any
) -> Tensor:
    """Return zeros of the shape of ``input``, by default of its type and on its device.

    Example:
        >>> zeros_like(tensor([1, 2]))
        tensor([0, 0])

    Source: ``torch.zeros_like``.
    """
    return _like("zeros_like", input, 0, dtype, device, requires_grad, options)


def ones_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, **options: Any
) -> Tensor:
    """Return ones of the shape of ``input``, by default of its type and on its device.

    Example:
        >>> ones_like(tensor([1, 2]), dtype="float32")
        tensor([1., 1.])

    Source: ``torch.ones_like``.
    """
    return _like("ones_like", input, 1, dtype, device, requires_grad, options)


def empty_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, **options: Any
) -> Tensor:
    """Return a tensor of the shape of ``input`` whose values are not to be relied on.

    Source: ``torch.empty_like``. Deviation: the values are zeros.
    """
    return _like("empty_like", input, 0, dtype, device, requires_grad, options)


def full_like(
    input: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **options: Any,
) -> Tensor:
    """Return one value in the shape of ``input``, by default of its type and on its device.

    Raises:
        ArgumentError: the integer type cannot hold the value.

    Example:
        >>> full_like(tensor([1.0, 2.0]), 5)
        tensor([5., 5.])

    Source: ``torch.full_like``.
    """
    value, _ = _fill_value("full_like", fill_value)
    return _like("full_like", input, value, dtype, device, requires_grad, options)


def _like(
    who: str, input: Any, value: Any, dtype: Any, device: Any, requires_grad: bool, options: dict[str, Any]
) -> Tensor:
    refuse(who, options)
    like = reference(input)
    kind = dtypes.as_jax(like.dtype if dtype is None else dtype)
    return finish_like(constant(who, tuple(like.shape), value, kind), like, device, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    k: int = 0,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return a matrix with ones on a diagonal and zeros elsewhere.

    Args:
        n: rows.
        m: columns; as many as rows if left out.
        k: which diagonal; 0 is the main one, positive ones lie above it.
        dtype: element type; the default type if left out.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        out: a tensor of this size to write into and return instead.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        ShapeError: a size below zero.

    Example:
        >>> eye(2, 3)
        tensor([[1., 0., 0.],
                [0., 1., 0.]])

    Source: ``torch.eye``, and ``k`` from the array API.
    """
    refuse("eye", options)
    rows, columns = size_of("eye", (n, n if m is None else m))
    kind = dtypes.as_jax(dtypes.get_default_dtype() if dtype is None else dtype)
    if local.trace is None and rows * columns <= SMALL:
        array = from_host(np.eye(rows, columns, k, dtype=kind))
    else:
        array = jnp.eye(rows, columns, k, dtype=kind)
    return finish(array, device, requires_grad, out, "eye")


def _new(
    who: str,
    self: Any,
    size: tuple[Any, ...],
    value: Any,
    dtype: Any,
    device: Any,
    requires_grad: bool,
    options: dict[str, Any],
) -> Tensor:
    like = reference(self)
    shape = size_of(who, size, options)
    refuse(who, options)
    array = constant(who, shape, value, dtypes.as_jax(like.dtype if dtype is None else dtype))
    return finish_like(array, like, device, requires_grad)


def new_zeros(
    self: Tensor,
    *size: Any,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **options: Any,
) -> Tensor:
    """Return zeros of a size, by default of this tensor's type and on its device."""
    return _new("new_zeros", self, size, 0, dtype, device, requires_grad, options)


def new_ones(
    self: Tensor,
    *size: Any,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **options: Any,
) -> Tensor:
    """Return ones of a size, by default of this tensor's type and on its device."""
    return _new("new_ones", self, size, 1, dtype, device, requires_grad, options)


def new_empty(
    self: Tensor,
    *size: Any,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **options: Any,
) -> Tensor:
    """Return `empty` of a size, by default of this tensor's type and on its device."""
    return _new("new_empty", self, size, 0, dtype, device, requires_grad, options)


def new_full(
    self: Tensor,
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **options: Any,
) -> Tensor:
    """Return one value in a size, by default of this tensor's type and on its device.

    Raises:
        ArgumentError: the integer type cannot hold the value.
    """
    value, _ = _fill_value("new_full", fill_value)
    return _new("new_full", self, (size,), value, dtype, device, requires_grad, options)


__all__ = [
    "arange",
    "as_tensor",
    "asarray",
    "complex_",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "from_numpy",
    "frombuffer",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "meshgrid",
    "new_empty",
    "new_full",
    "new_ones",
    "new_zeros",
    "ones",
    "ones_like",
    "polar",
    "scalar_tensor",
    "tensor",
    "tril_indices",
    "triu_indices",
    "zeros",
    "zeros_like",
]
