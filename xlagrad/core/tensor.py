"""The tensor: a mutable handle on an array, with the attributes and methods that are no operations."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import state, tape, view
from xlagrad.core.devices import Device, as_device
from xlagrad.core.dtypes import DType, as_dtype, as_jax
from xlagrad.core.errors import (
    AutogradError,
    DeviceError,
    DtypeError,
    ShapeError,
    StateError,
    TraceError,
    describe,
    message,
)
from xlagrad.core.handle import Handle, Kinds, is_tracer, read, wrap
from xlagrad.core.modes import local
from xlagrad.core.printing import tensor_repr
from xlagrad.core.where import WAYS_OUT, user_line


class Size(tuple[int, ...]):
    """A shape: a tuple that prints and counts as torch's.

    Example:
        >>> Size((2, 3)).numel()
        6
    """

    __slots__ = ()

    def numel(self) -> int:
        """Return the number of elements."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"


class Count(int):
    """The number of elements, the array API's ``size``; called, the shape, torch's ``size()``."""

    shape: Size

    def __new__(cls, shape: Sequence[int]) -> Count:
        self = super().__new__(cls, math.prod(shape))
        self.shape = Size(shape)
        return self

    def __call__(self, dim: int | None = None) -> Any:
        """Return the shape, or the length of one dimension."""
        return self.shape if dim is None else self.shape[dim]


def as_array(value: Any, dtype: Any = None) -> jax.Array:
    """Return a tensor's, array's, number's or nested list's value as a strongly typed ``jax.Array``.

    Args:
        value: what to convert. Python floats become the default float type, ints ``int64`` as mapped.
        dtype: element type to cast to.

    Raises:
        DtypeError: ``value`` is nothing numeric.
    """
    if isinstance(value, Handle):
        array = read(value)
        return array if dtype is None else array.astype(as_jax(dtype))
    if not isinstance(value, (jax.Array, np.ndarray)):
        if isinstance(value, (list, tuple)) and any(isinstance(v, Handle) for v in value):
            value = jnp.stack([jnp.asarray(as_array(v)) for v in value])
        elif hasattr(value, "__jax_array__"):
            value = value.__jax_array__()
        else:
            value = np.asarray(value)
            if value.dtype == object or value.dtype.kind in "USMm":
                raise DtypeError(message("as_array", "numbers", describe(value), "pass numbers or tensors"))
            if dtype is None and value.dtype == np.float64:
                dtype = np.float32
    target = as_jax(dtype if dtype is not None else value.dtype)
    array = jnp.asarray(value, dtype=target)
    return jax.lax.convert_element_type(array, array.dtype) if getattr(array, "weak_type", False) else array


def _flatten(t: Handle) -> tuple[tuple[Any], Any]:
    return (read(t),), (type(t), t._requires_grad if isinstance(t, Parameter) else False)


def _unflatten(aux: Any, children: Any) -> Any:
    t = Handle.__new__(aux[0])
    Tensor._set_fields(t, children[0], aux[1])
    return t


class Tensor(Handle):
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
        array = as_array(data, dtype)
        if device is not None:
            array = jax.device_put(array, as_device(device).jax)
        self._set_fields(array, False)
        if requires_grad:
            self.requires_grad_()

    def _set_fields(self, array: Any, requires_grad: bool) -> None:
        self._data, self._requires_grad = array, requires_grad
        self._node = self._grad = self._view = self._acc = self._hooks = None
        self._slot = self._version = 0
        if local.trace is not None:
            local.trace.born(self)

    # The value.

    @property
    def data_array(self) -> jax.Array:
        """The current value as a ``jax.Array`` (a tracer under a trace)."""
        return read(self)  # type: ignore[no-any-return]

    def _write(self, array: Any) -> None:
        """Replace the value in place, history aside, through views, and undone if a trace fails."""
        old = read(self)
        if tuple(array.shape) != tuple(old.shape) or array.dtype != old.dtype:
            raise ShapeError(message("Tensor", f"a value like {describe(old)}", describe(array)))
        view.write_array(self, array)

    def __jax_array__(self) -> jax.Array:
        return self.data_array

    def _concrete(self, what: str) -> jax.Array:
        array = self.data_array
        if is_tracer(array):
            raise TraceError(
                message(
                    what,
                    "a value that is known",
                    f"a traced {describe(array)} at {user_line()}",
                    WAYS_OUT,
                )
            )
        return array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = np.asarray(self._concrete("numpy"))
        if dtype is not None and array.dtype != dtype:
            array = array.astype(dtype)
        return array.copy() if copy else array

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """Return the value as a NumPy array that shares the memory on CPU.

        Deviation from torch: the array is read-only, since XLA's buffers do not change under a reader;
        copy it to write. It keeps its values when the tensor is written later.

        Raises:
            AutogradError: the tensor requires grad and ``force`` is not set.
        """
        if self.requires_grad and not force:
            raise AutogradError(
                message(
                    "numpy", "a tensor that does not require grad", "one that does", "use .detach().numpy()"
                )
            )
        return np.asarray(self._concrete("numpy"))

    def item(self) -> Any:
        """Return the only element as a Python number.

        Raises:
            ShapeError: there is not exactly one element.
            TraceError: the value is being traced.
        """
        array = self._concrete("item")
        if array.size != 1:
            raise ShapeError(
                message("item", "a tensor with 1 element", f"{describe(array)} with {array.size} elements",
                        "index or reduce it first, or use .tolist()")
            )  # fmt: skip
        return np.asarray(array).reshape(()).item()

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        return np.asarray(self._concrete("tolist")).tolist()

    def __bool__(self) -> bool:
        if self.ndim and self.shape.numel() != 1:
            raise ShapeError(
                message("bool", "a tensor with one element", describe(self),
                        "Boolean value of Tensor with more than one value is ambiguous: use .any() or .all()")
            )  # fmt: skip
        return bool(np.asarray(self._concrete("bool")).reshape(()))

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if not jnp.issubdtype(self.data_array.dtype, jnp.integer):
            raise DtypeError(
                message("index", "an integer tensor", describe(self),
                        "only integer tensors of a single element can be converted to an index")
            )  # fmt: skip
        return operator.index(self.item())

    def __format__(self, spec: str) -> str:
        if self.ndim == 0 and not is_tracer(self.data_array):
            return format(self.item(), spec)
        return format(repr(self), spec)

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

    element_size = itemsize.fget

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
        return strides if dim is None else strides[dim]

    def storage_offset(self) -> int:
        """Return the offset into the base, in elements."""
        return view.layout(self)[2]

    def is_contiguous(self) -> bool:
        """Return whether torch's layout would be row-major without gaps."""
        shape, strides, _ = view.layout(self)
        wanted = view.contiguous(shape)
        return all(n == 1 or s == w for n, s, w in zip(shape, strides, wanted, strict=True))

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

    # Gradients.

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are wanted with respect to this tensor."""
        if self._view is not None:
            read(self)
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for gradients, or no longer; return the tensor.

        Raises:
            DtypeError: the elements are neither floats nor complex.
            AutogradError: it is switched off on a tensor that is no leaf.
        """
        if requires_grad and not jnp.issubdtype(read(self).dtype, jnp.inexact):
            raise DtypeError(
                message("requires_grad", "floating point or complex elements (only Tensors of floating point and"
                        " complex dtype can require gradients)", str(self.dtype), "cast it first")
            )  # fmt: skip
        if not requires_grad and self._node is not None:
            raise AutogradError(
                message("requires_grad_", "a leaf (you can only change requires_grad flags of leaf variables)",
                        repr(self._node), "use .detach()")
            )  # fmt: skip
        if bool(requires_grad) != self._requires_grad:
            if local.trace is not None:
                local.trace.keep(self)
            self._requires_grad = bool(requires_grad)
            state.bump()
        return self

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward has accumulated here."""
        if local.trace is not None:
            local.trace.read_grad(self)
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise DtypeError(message("grad", "a Tensor or None", type(value).__name__))
            if value.shape != self.shape:
                raise ShapeError(message("grad", f"the tensor's own shape {self.shape}", f"{value.shape}"))
        if local.trace is not None:
            local.trace.write_grad(self)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    @property
    def grad_fn(self) -> tape.Node | None:
        """The tape node that made this tensor, None for a leaf."""
        if self._view is not None:
            read(self)
        return self._node

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this tensor."""
        return self.grad_fn is None

    @property
    def output_nr(self) -> int:
        """Which output of ``grad_fn`` this is."""
        return self._slot

    @property
    def _base(self) -> Any:
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this tensor with respect to the leaves to their ``grad``.

        Args:
            gradient: cotangent of this tensor's shape; may be left out for one element.
            retain_graph: keep the residuals for another backward; by default as ``create_graph``.
            create_graph: record the walk, so that the gradients can be differentiated.
            inputs: accumulate into these tensors only.

        Raises:
            AutogradError: the tensor does not require grad, is no scalar and has no ``gradient``, or its
                graph was used up.
        """
        if inputs is not None and isinstance(inputs, Tensor):
            inputs = [inputs]
        if inputs is not None and not len(inputs):
            raise AutogradError(message("backward", "at least one tensor in inputs", "an empty list"))
        tape.run(
            "backward",
            [self],
            [gradient],
            create_graph=create_graph,
            retain=create_graph if retain_graph is None else retain_graph,
            targets=inputs,
        )

    def register_hook(self, hook: Callable[..., Any]) -> tape.Removable:
        """Call ``hook(grad)`` when the gradient of this tensor is known; what it returns replaces it."""
        if not self.requires_grad:
            raise AutogradError(
                message("register_hook", "a tensor that requires gradient", "one that does not",
                        "cannot register a hook on a tensor that doesn't require gradient")
            )  # fmt: skip
        if self._node is None:
            if self._hooks is None:
                self._hooks = {}
            return tape.Removable(self._hooks, hook)
        if self._node.prehooks is None:
            self._node.prehooks = {}
        return tape.Removable(self._node.prehooks.setdefault(self._slot, {}), hook)

    def retain_grad(self) -> None:
        """Keep the gradient of this tensor in ``grad`` although it is no leaf."""
        if not self.requires_grad:
            raise AutogradError(message("retain_grad", "a tensor that has requires_grad=True", "one without"))
        if self._node is not None:
            if self._node.retained is None:
                self._node.retained = {}
            self._node.retained[self._slot] = tape.weakref.ref(self)

    @property
    def retains_grad(self) -> bool:
        """Whether ``retain_grad`` was called on this tensor, which is no leaf."""
        return bool(self._node is not None and self._node.retained and self._slot in self._node.retained)

    @property
    def data(self) -> Any:
        """The value without its history: a view through which writes reach this tensor."""
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        array = as_array(value)
        if self._view is not None or tuple(array.shape) == tuple(read(self).shape):
            self._write(array.astype(read(self).dtype) if self._view is not None else array)
            return
        if self._node is not None:
            raise StateError(message("data", "a leaf, or a value of the same shape", describe(array)))
        view.write_array(self, array)
        state.bump()

    # Python's protocols.

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        array = self.data_array
        requires_grad = self.requires_grad
        label = self._node.name() if self._node is not None else None
        text = tensor_repr(array, requires_grad and label is None, label)
        return f"Parameter containing:\n{text}" if isinstance(self, Parameter) else text

    def __reduce_ex__(self, protocol: Any) -> Any:
        extra = {k: v for k, v in self.__dict__.items() if not k.startswith("_")}
        return _rebuild, (type(self), np.asarray(self._concrete("pickle")), self._requires_grad, extra)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if self._node is not None:
            raise AutogradError(
                message("deepcopy", "a leaf (only Tensors created explicitly by the user support the deepcopy"
                        " protocol)", repr(self._node), "use .detach().clone()")
            )  # fmt: skip
        array = read(self)
        other = type(self).__new__(type(self))
        other._set_fields(array if is_tracer(array) else jnp.copy(array), self._requires_grad)
        memo[id(self)] = other
        if self._grad is not None:
            other._grad = self._grad.__deepcopy__(memo)
        other.__dict__.update(self.__dict__)
        return other

    def __dlpack__(self, **kwargs: Any) -> Any:
        """Export the value without a copy where the consumer allows it."""
        if self.requires_grad:
            raise AutogradError(
                message("__dlpack__", "a tensor that does not require grad", "one that does", "use .detach()")
            )
        return self._concrete("__dlpack__").__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self._concrete("__dlpack_device__").__dlpack_device__()

    def to_device(self, device: Any, /, *, stream: Any = None) -> Tensor:
        """Return the tensor on another device (array API)."""
        if stream is not None:
            raise DeviceError(message("to_device", "stream=None", repr(stream), "XLA orders its own work"))
        return self.to(device)  # type: ignore[no-any-return]


def _rebuild(
    kind: type[Tensor], array: np.ndarray[Any, Any], requires_grad: bool, extra: dict[str, Any]
) -> Tensor:
    t = kind.__new__(kind)
    t._set_fields(jnp.asarray(array), requires_grad)
    t.__dict__.update(extra)
    return t


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


Kinds.tensor = Tensor
jax.tree_util.register_pytree_node(Tensor, _flatten, _unflatten)

__all__ = ["Parameter", "Size", "Tensor", "as_array", "wrap"]
