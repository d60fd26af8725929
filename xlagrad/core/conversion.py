"""What turns a tensor into something else and back: arrays, numbers, text, pickles, DLPack."""

from __future__ import annotations

import copy
import operator
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.data import from_numpy
from xlagrad.core.errors import (
    ArgumentError,
    AutogradError,
    DeviceError,
    DtypeError,
    ShapeError,
    TraceError,
    describe,
    message,
)
from xlagrad.core.handle import Handle, is_tracer, read, wrap
from xlagrad.core.printing import tensor_repr
from xlagrad.core.where import WAYS_OUT, user_line

# What the library keeps in the dictionary of a tensor: guards' identity, hooks.
OWN_ATTRIBUTES = frozenset({"_identity", "_after_grad"})


class Conversion(Handle):
    """The members of a tensor that hand its value to Python, NumPy and other libraries."""

    __slots__ = ()

    if TYPE_CHECKING:
        # Operations install themselves as methods.
        def __getattr__(self, name: str) -> Any: ...

    @property
    def data_array(self) -> jax.Array:
        """The current value as a ``jax.Array`` (a tracer under a trace)."""
        return read(self)

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
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                fix = "allow a copy"
                raise ArgumentError(
                    message("asarray", f"dtype {array.dtype} without a copy", f"{dtype}", fix)
                )
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        # What NumPy computed of a tensor is a tensor. PyTorch makes uint8 of truth values, which ~ spoils.
        return wrap(from_numpy("__array_wrap__", np.asarray(array)))

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
        if self.data_array.dtype.kind not in "iub":
            raise DtypeError(
                message("index", "an integer tensor", describe(self),
                        "only integer tensors of a single element can be converted to an index")
            )  # fmt: skip
        return operator.index(self.item())

    def __format__(self, spec: str) -> str:
        if self.ndim == 0 and not is_tracer(self.data_array):
            return format(self.item(), spec)
        if spec:
            fix = "format .item() or .tolist()"
            raise DtypeError(message("format", "no format for a tensor with dimensions", repr(spec), fix))
        return repr(self)

    def __repr__(self) -> str:
        array = self.data_array
        requires_grad = self.requires_grad
        label = self._node.name() if self._node is not None else None
        return tensor_repr(array, requires_grad and label is None, label)

    def __reduce_ex__(self, protocol: Any) -> Any:
        array = np.asarray(self._concrete("pickle"))
        return _rebuild, (type(self), array, self._requires_grad, self._attributes())

    def _attributes(self) -> dict[str, Any]:
        """Return what users have attached; what this library has, belongs to this one tensor."""
        return {k: v for k, v in self.__dict__.items() if k not in OWN_ATTRIBUTES}

    def __copy__(self) -> Any:
        """Return another tensor that shares the value: what is written to one is seen in the other."""
        other = self.detach()
        other.__class__ = type(self)
        other._requires_grad = self._requires_grad
        other.__dict__.update(self._attributes())
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if self._node is not None:
            raise AutogradError(
                message("deepcopy", "a leaf (only Tensors created explicitly by the user support the deepcopy"
                        " protocol)", repr(self._node), "use .detach().clone()")
            )  # fmt: skip
        view = self._view
        if view is not None and view.base._node is None:
            # Copies of a base and its views share one value, as the originals do.
            other = view.retake(copy.deepcopy(view.base, memo))
            other.__class__, other._requires_grad = type(self), self._requires_grad
        else:
            array = read(self)
            other = type(self).__new__(type(self))
            other._set_fields(array if is_tracer(array) else jnp.copy(array), self._requires_grad)
        memo[id(self)] = other
        if isinstance(self._grad, Handle):
            other._grad = copy.deepcopy(self._grad, memo)
        other.__dict__.update(copy.deepcopy(self._attributes(), memo))
        return other

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[Any, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Export the value without a copy where the consumer allows it.

        Args:
            stream: the consumer's stream on a GPU.
            max_version: the newest version of DLPack that the consumer knows.
            dl_device: where the consumer wants it.
            copy: True copies always; False never.
        """
        if self.requires_grad:
            raise AutogradError(
                message("__dlpack__", "a tensor that does not require grad", "one that does", "use .detach()")
            )
        if max_version is not None and max_version < (1, 0):
            # XLA knows the first layout, which has no version, and those from 1.0 on.
            max_version = None
        wishes = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        return self._concrete("__dlpack__").__dlpack__(**wishes)

    def __dlpack_device__(self) -> Any:
        return self._concrete("__dlpack_device__").__dlpack_device__()  # type: ignore[attr-defined]

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
        """Return the tensor on another device (array API)."""
        if stream is not None:
            raise DeviceError(message("to_device", "stream=None", repr(stream), "XLA orders its own work"))
        return self.to(device)


def _rebuild(
    kind: type[Handle], array: np.ndarray[Any, Any], requires_grad: bool, extra: dict[str, Any]
) -> Any:
    t = kind.__new__(kind)
    t._set_fields(jnp.asarray(array), requires_grad)
    t.__dict__.update(extra)
    return t
