"""Tensors from data: numbers, nested lists, NumPy arrays, buffers, and other libraries' tensors."""

from __future__ import annotations

import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import devices, dtypes, errors
from xlagrad.core.data import from_numpy as array_of
from xlagrad.core.data import from_other, to_array
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle, read, wrap
from xlagrad.core.tensor import Tensor
from xlagrad.ops.making import finish, reference, refuse


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, **options: Any
) -> Tensor:
    """Return a new leaf tensor with a copy of the data.

    Args:
        data: a number, nested lists of numbers or tensors, a NumPy or JAX array, or a tensor.
        dtype: element type; by default bool, int64, the default float or complex type for Python's numbers,
            and the data's own otherwise.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        DtypeError: not numeric, or complex data for a real dtype.
        ShapeError: nested lists of unequal lengths.
        ArgumentError: a number that the integer type cannot hold.

    Example:
        >>> tensor([[1.0, 2.0], [3.0, 4.0]])
        tensor([[1., 2.],
                [3., 4.]])
        >>> tensor(3), tensor([True])
        (tensor(3), tensor([True]))

    Source: ``torch.tensor``. Deviation: tensors of one shape in a list are stacked.
    """
    return finish(to_array("tensor", data, dtype), device, requires_grad)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the data as a tensor, a tensor as itself if nothing changes.

    Args:
        obj: anything that `tensor` takes, or an object with ``__dlpack__``.
        dtype: element type, by default the data's.
        device: where to put it.
        copy: True copies always; False never, and raises where a copy is needed; None if needed.
        requires_grad: whether gradients are wanted with respect to it.

    Raises:
        ArgumentError: ``copy=False`` and a copy is needed.
        DtypeError: as for `tensor`.

    Example:
        >>> x = tensor([1.0])
        >>> asarray(x) is x, asarray([1, 2])
        (True, tensor([1, 2]))

    Source: ``torch.asarray`` and the array API. Deviation: NumPy arrays are copied; see `from_dlpack`.
    """
    place = None if device is None else devices.as_device(device)
    if isinstance(obj, Tensor):
        if copy:
            made = obj.to(dtype=dtype, device=place, copy=True) if dtype or place else obj.clone()
        else:
            made = obj.to(dtype=dtype, device=place) if dtype or place else obj
        if copy is False and made is not obj:
            raise errors.ArgumentError(_must_copy(obj))
        return made.requires_grad_() if requires_grad else made
    shares = isinstance(obj, jax.Array) or (hasattr(obj, "__dlpack__") and not isinstance(obj, np.ndarray))
    if copy is False and not (shares and dtype is None and place is None):
        raise errors.ArgumentError(_must_copy(obj))
    return finish(to_array("asarray", obj, dtype, copy=bool(copy)), place, requires_grad)


def _must_copy(obj: Any) -> str:
    fix = "leave copy out"
    return message("asarray", "data that needs no copy, with copy=False", describe(obj), fix)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Return the data as a tensor; a tensor of that type and device as itself, with its history.

    Example:
        >>> as_tensor([1.5, 2.5])
        tensor([1.5000, 2.5000])

    Source: ``torch.as_tensor``. Deviation: NumPy arrays are copied.
    """
    return asarray(data, dtype=dtype, device=device)


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """Return a tensor with a copy of a NumPy array.

    Raises:
        DtypeError: not a NumPy array, or not of numbers.
        ArgumentError: 64-bit integers that do not fit 32 bits, where JAX runs with those.

    Example:
        >>> from_numpy(np.arange(3))
        tensor([0, 1, 2])

    Source: ``torch.from_numpy``. Deviation: a copy, since compiled work may still be reading the memory when
    the caller writes to it.
    """
    if not isinstance(ndarray, np.ndarray):
        got = f"{type(ndarray).__name__} {describe(ndarray)}"
        raise errors.DtypeError(message("from_numpy", "a NumPy array", got, "use tensor(...)"))
    return wrap(devices.place(array_of("from_numpy", ndarray)))


def from_dlpack(x: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """Return a tensor that shares the memory of another library's tensor, where type and layout allow it.

    Args:
        x: an object with ``__dlpack__``: a NumPy array, a PyTorch tensor, a JAX array.
        device: where to put it.
        copy: True copies always; False raises where a copy is needed.

    Raises:
        DtypeError: it cannot be exported.
        ArgumentError: ``copy=False`` and a copy is needed.

    Example:
        >>> from_dlpack(np.ones(2, np.float32))
        tensor([1., 1.])

    Source: ``torch.from_dlpack`` and the array API. Deviation: strided memory is copied; writes to the result
    do not reach the memory.
    """
    if isinstance(x, Handle):
        x = read(x)
    if not hasattr(x, "__dlpack__"):
        fix = "use asarray"
        raise errors.DtypeError(message("from_dlpack", "an object with __dlpack__", describe(x), fix))
    array = jnp.array(from_other(x)) if copy else from_other(x)
    if copy is False and isinstance(x, np.ndarray) and array.unsafe_buffer_pointer() != x.ctypes.data:
        raise errors.ArgumentError(_must_copy(x))
    return finish(array, device)


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """Return a 1-d tensor with a copy of the bytes of a buffer, read as numbers.

    Args:
        buffer: bytes, a bytearray, or another object with the buffer protocol.
        dtype: what the bytes are.
        count: how many numbers; all if negative.
        offset: bytes to skip at the start.
        requires_grad: whether gradients are wanted with respect to it.

    Raises:
        ArgumentError: the buffer is too short.

    Example:
        >>> frombuffer(b"\\x01\\x02", dtype="uint8")
        tensor([1, 2], dtype=torch.uint8)

    Source: ``torch.frombuffer``. Deviation: a copy.
    """
    try:
        value = np.frombuffer(buffer, dtypes.as_dtype(dtype).dtype, count, offset)
    except ValueError as error:
        raise errors.ArgumentError(message("frombuffer", "a buffer that fits", str(error))) from error
    return finish(array_of("frombuffer", value), None, requires_grad)


def from_file(
    filename: Any,
    shared: bool | None = None,
    size: int | None = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **options: Any,
) -> Tensor:
    """Return a 1-d tensor with a copy of the first numbers of a binary file.

    Args:
        filename: path of the file.
        shared: whether writes should reach the file, which is not available.
        size: how many numbers.
        dtype: what the bytes are; the default type if left out.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        NotImplementedError: ``shared`` is true: ``numpy.memmap`` writes to files.
        ArgumentError: the file is shorter.
        FileNotFoundError: there is no such file.

    Source: ``torch.from_file``. Deviation: a copy.
    """
    refuse("from_file", options)
    if shared:
        fix = "write to a numpy.memmap of the file"
        raise NotImplementedError(message("from_file", "shared=False", "shared=True", fix))
    count = operator.index(size or 0)
    kind = dtypes.as_dtype(dtypes.get_default_dtype() if dtype is None else dtype)
    value = np.fromfile(filename, kind.dtype, count)
    if len(value) != count:
        got = f"one of {len(value)}"
        raise errors.ArgumentError(message("from_file", f"a file of {count} {kind.name} numbers", got))
    return finish(array_of("from_file", value), device, requires_grad)


def scalar_tensor(
    value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a 0-d tensor of a number; of the default type unless ``dtype`` is given.

    Example:
        >>> scalar_tensor(3)
        tensor(3.)
    """
    default = dtypes.default_complex() if isinstance(value, complex) else dtypes.get_default_dtype()
    return tensor(
        value, dtype=default if dtype is None else dtype, device=device, requires_grad=requires_grad
    )


def new_tensor(
    self: Tensor,
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **options: Any,
) -> Tensor:
    """Return a new tensor with a copy of the data, by default of this tensor's type and device."""
    like = reference(self)
    place = self.device if device is None else device
    kind = like.dtype if dtype is None else dtype
    return tensor(data, dtype=kind, device=place, requires_grad=requires_grad)
