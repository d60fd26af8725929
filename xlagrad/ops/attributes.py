"""What one can ask of a tensor beside its shape and type, and methods that say what does not exist here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from xlagrad.core.devices import Device
from xlagrad.core.dtypes import DType
from xlagrad.core.errors import (
    AutogradError,
    DeviceError,
    DtypeError,
    ShapeError,
    TraceError,
    describe,
    message,
)
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.core.tensor import Tensor
from xlagrad.core.view import assign, layout
from xlagrad.core.where import user_line
from xlagrad.ops import convert, view
from xlagrad.ops.create import new_empty
from xlagrad.ops.data import new_tensor
from xlagrad.ops.memory import Layout, strided
from xlagrad.ops.values import alike, concrete


def is_same_size(input: Any, other: Any) -> bool:
    """Return whether two tensors have the same shape.

    Example:
        >>> is_same_size(np.zeros((2, 3)), np.zeros((3, 2)))
        False

    Source: ``torch.is_same_size``.
    """
    return tuple(input.shape) == tuple(other.shape)


def is_signed(input: Any) -> bool:
    """Return whether the element type has negative numbers."""
    return bool(input.dtype.is_signed)


def is_conj(input: Any) -> bool:
    """Return False: conjugation is carried out at once here."""
    return False


def is_neg(input: Any) -> bool:
    """Return False: negation is carried out at once here."""
    return False


def resolve_conj(input: Any) -> Any:
    """Return ``input``: conjugation is carried out at once here."""
    return input


def resolve_neg(input: Any) -> Any:
    """Return ``input``: negation is carried out at once here."""
    return input


def is_inference(input: Any) -> bool:
    """Return False: what ``inference_mode`` makes is an ordinary tensor here, without history."""
    return False


def is_distributed(input: Any) -> bool:
    """Return False, as PyTorch does for every tensor of its own."""
    return False


def is_nonzero(input: Any) -> bool:
    """Return whether the only element is not zero.

    Raises:
        ShapeError: there is not exactly one element.
    """
    if input.numel() != 1:
        raise ShapeError(message("is_nonzero", "a tensor with one element", describe(input), "use .any()"))
    return bool(input)


def get_device(input: Any) -> int:
    """Return the number of the accelerator that a tensor is on, -1 on the CPU."""
    device: Device = input.device
    return -1 if device.type == "cpu" else device.index or 0


def _root(t: Any) -> Any:
    return t if t._view is None else t._view.base


def is_set_to(self: Any, tensor: Any) -> bool:
    """Return whether two tensors are the same elements of the same memory in the same order."""
    return _root(self) is _root(tensor) and layout(self) == layout(tensor)


def data_ptr(self: Any) -> int:
    """Return the address of the first element, which a write to the tensor may change.

    Raises:
        TraceError: under a trace, where there is no memory yet.
        DeviceError: the value is spread over several devices.
    """
    array = read(_root(self))
    if is_tracer(array):
        fix = "look at it outside of the compiled function"
        raise TraceError(message("data_ptr", "a value in memory", f"a traced one at {user_line()}", fix))
    if len(array.devices()) > 1:
        fix = "see .data_array.addressable_shards"
        raise DeviceError(message("data_ptr", "a value on one device", describe(array), fix))
    offset = layout(self)[2] * int(self.dtype.itemsize)
    return int(array.unsafe_buffer_pointer()) + offset if array.size else 0


def dim_order(self: Any, *, ambiguity_check: Any = False) -> tuple[int, ...]:
    """Return the dimensions from the one whose neighbours lie farthest apart in torch's layout."""
    strides = layout(self)[1]
    return tuple(sorted(range(len(strides)), key=lambda d: -strides[d]))


def sparse_dim(self: Any) -> int:
    """Return 0: tensors are dense here."""
    return 0


def dense_dim(self: Any) -> int:
    """Return the number of dimensions: tensors are dense here."""
    return len(self.shape)


def to_dense(self: Any, dtype: Any = None, *, masked_grad: bool = True) -> Any:
    """Return the tensor, which is dense already, as ``dtype``."""
    return self if dtype is None else convert.cast(self, dtype)


def dequantize(self: Any) -> Any:
    """Return the tensor as float32: quantised types do not exist here."""
    return convert.cast(self, "float32")


def pin_memory(self: Any, device: Any = None) -> Any:
    """Return the tensor: XLA stages transfers by itself."""
    return self


def record_stream(self: Any, stream: Any) -> None:
    """Do nothing: XLA knows which work still reads a value."""


def _is_false(self: Any, device: Any = None) -> bool:
    return False


def _host(who: str, *tensors: Any) -> list[np.ndarray[Any, Any]]:
    if tensors[0].requires_grad:
        want = "a tensor that does not require grad"
        raise AutogradError(message(who, want, describe(tensors[0]), "use .detach()"))
    fix = "use operations on whole tensors, or pure_callback of JAX"
    values = [concrete(who, x, fix) for x in tensors]
    for value in values[1:]:
        if value.shape != values[0].shape:
            got = f"{describe(tensors[0])} and {describe(value)}"
            raise ShapeError(message(who, "tensors of one shape", got, "expand them"))
    return values


def _mapped(who: str, self: Any, others: tuple[Any, ...], callable: Callable[..., Any]) -> Any:
    values = _host(who, self, *others)
    found = [callable(*row) for row in zip(*(v.reshape(-1).tolist() for v in values), strict=True)]
    made = np.asarray(found, values[0].dtype).reshape(values[0].shape)
    assign(who, self, alike(self, made))
    return self


def apply_(self: Any, callable: Callable[[Any], Any]) -> Any:
    """Replace each element by what a Python function returns for it; return the tensor.

    Raises:
        TraceError: under ``compile``.
        AutogradError: the tensor requires grad.
    """
    return _mapped("apply_", self, (), callable)


def map_(self: Any, tensor: Any, callable: Callable[[Any, Any], Any]) -> Any:
    """Replace each element by what a Python function returns for it and that of another tensor.

    Raises:
        TraceError: under ``compile``.
        AutogradError: the tensor requires grad.
        ShapeError: the shapes differ.
    """
    return _mapped("map_", self, (tensor,), callable)


def map2_(self: Any, x: Any, y: Any, callable: Callable[[Any, Any, Any], Any]) -> Any:
    """Replace each element by what a Python function returns for it and those of two other tensors.

    Raises:
        TraceError: under ``compile``.
        AutogradError: the tensor requires grad.
        ShapeError: the shapes differ.
    """
    return _mapped("map2_", self, (x, y), callable)


def new(self: Any, *args: Any, device: Any = None) -> Any:
    """Return a new tensor of this one's type: of a size, or of data. PyTorch's old name for `new_tensor`."""
    if len(args) == 1 and not isinstance(args[0], int):
        if isinstance(args[0], (Handle, jax.Array, np.ndarray, list)) or type(args[0]) is tuple:
            return new_tensor(self, args[0], device=device)
    return new_empty(self, args[0] if len(args) == 1 else args or (0,), device=device)


def as_subclass(self: Any, cls: type[Any]) -> Any:
    """Return the same elements as an instance of a subclass of ``Tensor``; gradients and writes go through.

    Raises:
        DtypeError: no subclass of ``Tensor``.
    """
    if not (isinstance(cls, type) and issubclass(cls, Tensor)):
        raise DtypeError(message("as_subclass", "a subclass of Tensor", repr(cls)))
    result = view.view(self, tuple(self.shape))
    result.__class__ = cls
    return result


def _constant(value: Any, doc: str) -> property:
    return property(lambda self: value, doc=doc)


def _on_cpu(self: Any) -> bool:
    return bool(self.device.type == "cpu")


def _grad_dtype(self: Any) -> DType:
    found: DType = self.dtype
    return found


def _layout(self: Any) -> Layout:
    return strided


_KINDS = "ipu maia meta mkldnn mps mtia nested quantized sparse sparse_csr vulkan xla xpu".split()  # noqa: SIM905

ATTRIBUTES: dict[str, Any] = {
    **{f"is_{kind}": _constant(False, f"False: no tensor here is {kind}.") for kind in _KINDS},
    "grad_dtype": property(_grad_dtype, doc="The element type of the gradient: the tensor's own."),
    "is_cpu": property(_on_cpu, doc="Whether the value is on the CPU."),
    "is_pinned": _is_false,
    "is_shared": _is_false,
    "layout": property(_layout, doc="``torch.strided``: tensors are dense here."),
    "name": _constant(None, "None, as in PyTorch."),
    "volatile": _constant(False, "False, as in PyTorch since ``no_grad``."),
    "const_data_ptr": data_ptr,
}
# What is a function of `torch` too.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    fn.__name__: fn
    for fn in (
        dequantize,
        get_device,
        is_conj,
        is_distributed,
        is_inference,
        is_neg,
        is_nonzero,
        is_same_size,
        is_signed,
        resolve_conj,
        resolve_neg,
    )
}
ATTRIBUTES |= FUNCTIONS
ATTRIBUTES |= {
    fn.__name__: fn
    for fn in (
        apply_,
        as_subclass,
        data_ptr,
        dense_dim,
        dim_order,
        is_set_to,
        map2_,
        map_,
        new,
        pin_memory,
        record_stream,
        sparse_dim,
        to_dense,
    )
}
