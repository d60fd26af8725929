"""The tensor: a mutable handle on an array, with the attributes and methods that are no operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from xlagrad.core import state, view
from xlagrad.core.conversion import Conversion
from xlagrad.core.data import as_array
from xlagrad.core.devices import Device, as_device, place
from xlagrad.core.dtypes import DType, as_dtype
from xlagrad.core.errors import DtypeError, ShapeError, StateError, describe, message
from xlagrad.core.gradients import Gradients
from xlagrad.core.handle import Handle, Kinds, is_tracer, read, wrap
from xlagrad.core.modes import local
from xlagrad.core.size import Count, Size, dimension


def _flatten(t: Handle) -> tuple[tuple[Any], Any]:
    return (read(t),), (type(t), t._requires_grad if isinstance(t, Parameter) else False)


def _unflatten(aux: Any, children: Any) -> Any:
    t = Handle.__new__(aux[0])
    t._set_fields(children[0], aux[1])
    return t


class Tensor(Gradients, Conversion):
    """An array that remembers how it was made, and whose value can be replaced.

    Args:
        data: a tensor, array, number or nested list.
        dtype: element type; by default the data's own.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.

    Attributes:
        grad: the accumulated gradient, a tensor or None.

    Example:
        >>> t = Tensor([1.0, 2.0])
        >>> t.shape, t.tolist()
        (torch.Size([2]), [1.0, 2.0])
    """

    __slots__ = ()
    __array_priority__ = 1000

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        jax.tree_util.register_pytree_node(cls, _flatten, _unflatten)

    if TYPE_CHECKING:
        # Operations install themselves as methods; their records are the one definition.
        def __getattr__(self, name: str) -> Any: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...

    def __init__(
        self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
    ) -> None:
        array = place(as_array(data, dtype), None if device is None else as_device(device))
        self._set_fields(array, False)
        if requires_grad:
            self.requires_grad_()

    def _write(self, array: Any) -> None:
        """Replace the value in place, history aside, through views, and undone if a trace fails."""
        old = read(self)
        if tuple(array.shape) != tuple(old.shape) or array.dtype != old.dtype:
            raise ShapeError(message("Tensor", f"a value like {describe(old)}", describe(array)))
        view.write_array(self, array)

    # Shape and type.

    @property
    def shape(self) -> Size:
        """The shape."""
        return Size(read(self).shape)

    @property
    def size(self) -> Count:
        """The number of elements (array API); ``size()`` and ``size(dim)`` are torch's."""
        return Count(read(self).shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(read(self).shape)

    @property
    def dtype(self) -> DType:
        """The element type."""
        return as_dtype(read(self).dtype)

    @property
    def device(self) -> Device:
        """Where the value is."""
        array = read(self)
        if is_tracer(array):
            return local.trace.device if local.trace is not None else as_device(None)
        devices = array.devices()
        return as_device(next(iter(devices)))

    @property
    def is_cuda(self) -> bool:
        """Whether the value is on a GPU."""
        return self.device.type == "cuda"

    @property
    def itemsize(self) -> int:
        """Bytes an element takes."""
        return self.dtype.itemsize

    def element_size(self) -> int:
        """Return the bytes that an element takes."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes that the elements take."""
        return self.dtype.itemsize * self.shape.numel()

    def numel(self) -> int:
        """Return the number of elements."""
        return self.shape.numel()

    nelement = numel

    def dim(self) -> int:
        """Return the number of dimensions."""
        return self.ndim

    ndimension = dim

    def stride(self, dim: int | None = None) -> Any:
        """Return the strides, in elements, of the layout that torch would have."""
        strides = view.layout(self)[1]
        return strides if dim is None else strides[dimension("stride", dim, len(strides))]

    def storage_offset(self) -> int:
        """Return the offset into the base, in elements."""
        return view.layout(self)[2]

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Return whether torch's layout would be row-major without gaps, or have the order of a format."""
        shape, strides, _ = view.layout(self)
        if memory_format is None:
            return view.is_contiguous(shape, strides)
        return bool(memory_format.fits(shape, strides))

    def is_floating_point(self) -> bool:
        """Return whether the elements are real floats."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Return whether the elements are complex."""
        return self.dtype.is_complex

    def __len__(self) -> int:
        if self.ndim == 0:
            raise DtypeError(message("len", "a tensor with dimensions", "a 0-d tensor", "use .item()"))
        return int(read(self).shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise DtypeError(
                message("iter", "a tensor with dimensions", "iteration over a 0-d tensor", "use .item()")
            )
        return iter(self.unbind(0))

    @property
    def data(self) -> Any:
        """The value without its history: a view through which writes reach this tensor."""
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        array = as_array(value)
        old = read(self)
        same = tuple(array.shape) == tuple(old.shape) and array.dtype == old.dtype
        if self._view is not None or same:
            self._write(array.astype(old.dtype))
            return
        if self._node is not None:
            raise StateError(message("data", "a leaf, or a value of the same shape", describe(array)))
        view.write_array(self, array)
        state.bump()

    def __delitem__(self, index: Any) -> None:
        raise DtypeError(message("del", "something with items that can go", "a Tensor", "index what stays"))

    def __hash__(self) -> int:
        return id(self)


class Parameter(Tensor):
    """A tensor that a module trains: assigned to a module's attribute, it is one of its parameters.

    Args:
        data: the initial value; a tensor's value is shared, not copied.
        requires_grad: whether gradients are wanted.
    """

    __slots__ = ()

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        array = as_array(np.zeros(0, np.float32) if data is None else data)
        self._set_fields(array, False)
        if requires_grad:
            self.requires_grad_()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Return a copy without the gradient, as PyTorch does for parameters."""
        other = super().__deepcopy__(memo)
        other._grad = None
        return other

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


Kinds.tensor = Tensor
jax.tree_util.register_pytree_node(Tensor, _flatten, _unflatten)

__all__ = ["Parameter", "Size", "Tensor", "as_array", "wrap"]
