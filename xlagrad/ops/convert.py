"""Conversion between element types and devices, with gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from xlagrad.core.devices import Device, as_device
from xlagrad.core.dispatch import Array, op
from xlagrad.core.dtypes import (
    BY_NAME,
    DType,
    as_dtype,
    as_jax,
    bfloat16,
    bool_,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read, wrap
from xlagrad.core.modes import local
from xlagrad.core.tape import Node, edge


@op(name="_cast")
def _cast(input: Array, dtype: Any) -> Array:
    """The elements as another type."""
    return input.astype(as_jax(dtype))


def cast(input: Any, dtype: Any) -> Any:
    """Return ``input`` with its elements as ``dtype``, itself if they are already.

    Gradients pass between float types.
    """
    target = as_jax(dtype)
    if not isinstance(input, Handle):
        return input.astype(target)
    if read(input).dtype == target:
        return input
    return _cast(input, dtype=as_dtype(target))


class _Transfer(Node):
    """The tape's node of a move between devices."""

    __slots__ = ("home",)

    def __init__(self, source: Handle, home: Any) -> None:
        array = read(source)
        super().__init__("ToCopyBackward0", [edge(source)], [(array.shape, array.dtype)])
        self.home = home

    def pull(self, cotangents: list[Any]) -> Sequence[Any]:
        """Move the gradient back."""
        return [jax.device_put(c, self.home) for c in cotangents]

    def pull_recorded(self, cotangents: list[Any]) -> Sequence[Any]:
        """Move the gradient back, recorded."""
        return [move(c, as_device(self.home)) for c in cotangents]


def move(input: Any, device: Any) -> Any:
    """Return ``input`` on another device, itself if it is there already."""
    target: Device = as_device(device)
    array = read(input)
    if is_tracer(array):
        here = input.device
        if target.jax != here.jax:
            fix = "move it before the call"
            raise ArgumentError(message("to", f"the compiled function's device {here}", str(target), fix))
        return input
    if array.devices() == {target.jax}:
        return input
    result = wrap(jax.device_put(array, target.jax))
    if local.grad and input.requires_grad:
        result._node = _Transfer(input, next(iter(array.devices())))
        result._requires_grad = True
    return result


def _names_a_dtype(value: Any) -> bool:
    if isinstance(value, str):
        return value in BY_NAME
    return isinstance(value, (DType, type)) or (hasattr(value, "itemsize") and not isinstance(value, Device))


def to(input: Any, *args: Any, **kwargs: Any) -> Any:
    """Return ``input`` with another dtype, on another device, or both; itself if nothing changes.

    Args:
        input: a tensor.
        args: a dtype, a device, another tensor (whose dtype and device are taken), or device and dtype.
        kwargs: ``dtype``, ``device``, ``copy`` (always return a new tensor); ``non_blocking`` is accepted,
            transfers never block; ``memory_format`` is accepted, XLA chooses layouts.

    Raises:
        ArgumentError: an argument is none of these.
    """
    dtype, device = kwargs.pop("dtype", None), kwargs.pop("device", None)
    copy = bool(kwargs.pop("copy", False))
    kwargs.pop("non_blocking", None)
    kwargs.pop("memory_format", None)
    if kwargs:
        raise ArgumentError(
            message("to", "dtype, device, copy, non_blocking or memory_format", f"{list(kwargs)}")
        )
    for value in args:
        if isinstance(value, Handle):
            dtype, device = value.dtype, value.device  # type: ignore[attr-defined]
        elif isinstance(value, bool) or value is None:
            continue
        elif _names_a_dtype(value):
            dtype = value
        elif isinstance(value, (str, int, Device, jax.Device)):
            device = value
        else:
            raise ArgumentError(message("to", "a dtype, a device or a tensor", describe(value)))
    result = input
    if device is not None:
        result = move(result, device)
    if dtype is not None:
        result = cast(result, dtype)
    return result.clone() if copy and result is input else result


_NAMES: dict[str, DType] = {
    "float": float32,
    "double": float64,
    "half": float16,
    "bfloat16": bfloat16,
    "long": int64,
    "int": int32,
    "short": int16,
    "char": int8,
    "byte": uint8,
    "bool": bool_,
    "cfloat": complex64,
    "cdouble": complex128,
}


def _caster(name: str, dtype: DType) -> Any:
    def method(input: Any) -> Any:
        return cast(input, dtype)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"Return the tensor with its elements as {dtype.name}."
    return method


CASTS = {name: _caster(name, dtype) for name, dtype in _NAMES.items()}


_CLASSES = {dtype.name: name.capitalize() for name, dtype in _NAMES.items()} | {
    "bfloat16": "BFloat16",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}


def type_(input: Any, dtype: Any = None) -> Any:
    """Return ``input`` as ``dtype``; without one the name of its torch class, such as torch.FloatTensor."""
    if dtype is None:
        where = "cuda." if input.is_cuda else ""
        return f"torch.{where}{_CLASSES.get(input.dtype.name, input.dtype.name.capitalize())}Tensor"
    return cast(input, dtype)


def type_as(input: Any, other: Any) -> Any:
    """Return ``input`` with the dtype of ``other``."""
    return cast(input, other.dtype)


def cpu(input: Any) -> Any:
    """Return ``input`` on the CPU."""
    return move(input, "cpu")


def cuda(input: Any, device: Any = None) -> Any:
    """Return ``input`` on a GPU, the first one by default."""
    if device is None:
        device = "cuda"
    return move(input, f"cuda:{device}" if isinstance(device, int) else device)
