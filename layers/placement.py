"""Moving and casting a module's tensors, in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import jax
import numpy as np

from xlagrad.core import state
from xlagrad.core.devices import Device, as_device
from xlagrad.core.dtypes import DType, as_dtype, bfloat16, float16, float32, float64
from xlagrad.core.errors import ArgumentError, DtypeError, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Tensor
from xlagrad.core.view import write_array
from xlagrad.layers.traversal import ModuleTree
from xlagrad.layers.uninitialized import is_lazy


class Placement(ModuleTree):
    """``to``, ``float``, ``cuda`` and their kin of :class:`~xlagrad.layers.module.Module`.

    All change the module itself and return it. Parameters stay the same objects, so that an optimizer
    made before keeps working on them.
    """

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace the value of every parameter, gradient and buffer by ``fn`` of it."""
        if recurse:
            for child in self.children():
                child._apply(fn)
        with no_grad():
            for parameter in self._parameters.values():
                if parameter is not None:
                    _replace(parameter, fn(parameter))
                    if parameter.grad is not None:
                        _replace_grad(parameter, fn(parameter.grad))
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    new = fn(buffer)
                    if new is not buffer:
                        state.touch(self, self._buffers, name)
                        self._buffers[name] = new
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move all tensors to a device, and cast the floating point ones to a dtype.

        Called as ``to(device)``, ``to(dtype)``, ``to(device, dtype)`` or ``to(tensor)``; ``non_blocking`` and
        ``memory_format`` are accepted and need nothing done, since XLA's transfers are asynchronous and its
        layouts its own.

        Raises:
            DtypeError: the dtype is neither floating point nor complex.
            DeviceError: the device is not there.

        Example:
            >>> from xlagrad.layers.linear import Linear
            >>> Linear(2, 1).to("cpu").weight.device.type
            'cpu'
        """
        device, dtype = _parse(args, kwargs)
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            expected = "a floating point or complex dtype"
            raise DtypeError(message("nn.Module.to", expected, f"desired dtype={dtype}"))

        def move(t: Tensor) -> Tensor:
            wanted = dtype if dtype is not None and (t.is_floating_point() or t.is_complex()) else None
            return _convert(t, device, wanted)

        return self._apply(move)

    def type(self, dst_type: Any) -> Self:
        """Cast all parameters and buffers, integer ones too, to ``dst_type``."""
        dtype = as_dtype(dst_type)
        return self._apply(lambda t: _convert(t, None, dtype))

    def float(self) -> Self:
        """Cast the floating point parameters and buffers to float32."""
        return self._cast_floats(float32)

    def double(self) -> Self:
        """Cast the floating point parameters and buffers to float64, which is float32 without x64."""
        return self._cast_floats(float64)

    def half(self) -> Self:
        """Cast the floating point parameters and buffers to float16."""
        return self._cast_floats(float16)

    def bfloat16(self) -> Self:
        """Cast the floating point parameters and buffers to bfloat16."""
        return self._cast_floats(bfloat16)

    def _cast_floats(self, dtype: DType) -> Self:
        return self._apply(lambda t: _convert(t, None, dtype) if t.is_floating_point() else t)

    def cpu(self) -> Self:
        """Move all parameters and buffers to the CPU."""
        return self.to(device="cpu")

    def cuda(self, device: Any = None) -> Self:
        """Move all parameters and buffers to a GPU.

        Args:
            device: its index, or a device; the first one by default.

        Raises:
            DeviceError: there is none.
        """
        return self.to(device=_indexed("cuda", device))

    def tpu(self, device: Any = None) -> Self:
        """Move all parameters and buffers to a TPU.

        Raises:
            DeviceError: there is none.
        """
        return self.to(device=_indexed("tpu", device))

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Move to ``device`` without keeping the values: they become zeros."""
        target = as_device(device)
        return self._apply(
            lambda t: Tensor(np.zeros(tuple(t.shape), t.dtype.numpy), device=target), recurse=recurse
        )

    def share_memory(self) -> Self:
        """Do nothing: arrays never change under a reader, so threads share them as they are."""
        return self


def _indexed(kind: str, device: Any) -> Device:
    if device is None:
        return as_device(kind)
    return as_device(f"{kind}:{device}") if isinstance(device, int) else as_device(device)


def _parse(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Device | None, DType | None]:
    """Read the arguments of :meth:`Placement.to`."""
    device, dtype = kwargs.get("device"), kwargs.get("dtype")
    unknown = set(kwargs) - {"device", "dtype", "non_blocking", "copy", "memory_format", "tensor"}
    if unknown:
        expected = "arguments among device, dtype, non_blocking, memory_format"
        raise ArgumentError(message("nn.Module.to", expected, ", ".join(sorted(unknown))))
    for arg in (*args, kwargs.get("tensor")):
        if isinstance(arg, Tensor):
            device, dtype = arg.device, arg.dtype
        elif isinstance(arg, (Device, str, jax.Device)) or type(arg) is int:
            device = arg
        elif arg is not None and type(arg) is not bool:
            dtype = arg
    return (
        None if device is None else as_device(device),
        None if dtype is None else as_dtype(dtype),
    )


def _convert(t: Tensor, device: Device | None, dtype: DType | None) -> Tensor:
    """Return ``t`` itself where nothing changes, else a detached tensor converted."""
    if is_lazy(t):
        return t._moved(device, dtype)
    if (dtype is None or t.dtype == dtype) and (device is None or t.device == device):
        return t
    return Tensor(t.detach(), dtype=t.dtype if dtype is None else dtype, device=device)


def _replace(tensor: Any, new: Tensor) -> None:
    if new is not tensor:
        write_array(tensor, new.data_array)
        state.bump()


def _replace_grad(parameter: Any, new: Tensor) -> None:
    if new is not parameter.grad:
        parameter.grad = new
