"""Objects as torch pickles them: tensors as parts of storages, under the names that torch has for things."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np

from xlagrad.core.devices import Device
from xlagrad.core.dtypes import DType
from xlagrad.core.errors import StateError, TraceError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.core.size import Size
from xlagrad.core.tensor import Parameter, Tensor
from xlagrad.core.view import layout
from xlagrad.core.where import WAYS_OUT, user_line
from xlagrad.layers.attributes import Buffer
from xlagrad.torch.serialization.elements import STORAGES
from xlagrad.torch.serialization.location import tag
from xlagrad.torch.serialization.storage import Storage


class Name(NamedTuple):
    """A global of torch, which need not be installed."""

    module: str
    name: str

    def __call__(self, *args: Any) -> Any:
        """Raise: pickle asks that what rebuilds an object can be called, but only readers do."""
        raise TypeError(f"{self.module}.{self.name} is only written to files")


_TENSOR = Name("torch", "Tensor")
_SIZE = Name("torch", "Size")
_DEVICE = Name("torch", "device")
_UNTYPED = Name("torch.storage", "UntypedStorage")
_REBUILD = Name("torch._utils", "_rebuild_tensor_v2")
_REBUILD_TYPED = Name("torch._utils", "_rebuild_tensor_v3")
_REBUILD_PARAMETER = Name("torch._utils", "_rebuild_parameter")
_REBUILD_WITH_STATE = Name("torch._utils", "_rebuild_parameter_with_state")
_REBUILD_TYPE = Name("torch._tensor", "_rebuild_from_type_v2")
_CLASSES = {dtype: Name("torch", name) for dtype, name in STORAGES.items()}


class Saved:
    """The memory of a tensor and all its views, to be written once.

    Attributes:
        key: its name in the file.
        base: the tensor that owns the memory.
        dtype: how its elements are read.
        itemsize: bytes in which the file counts it.
    """

    def __init__(self, key: str, base: Handle, dtype: DType) -> None:
        self.key, self.base, self.dtype = key, base, dtype
        self.itemsize = dtype.itemsize if dtype.name in STORAGES else 1
        self.nbytes = read(base).nbytes
        self.location = tag(base.device)  # type: ignore[attr-defined]

    def data(self) -> memoryview:
        """Return the bytes, in the machine's order."""
        values = np.ascontiguousarray(np.asarray(read(self.base))).reshape(-1)
        return values.view(np.uint8).data


class _Reference(NamedTuple):
    """Where a pickle names a storage."""

    storage: Saved


class Pickler(pickle._Pickler):
    """Python's pickler with torch's form of tensors.

    It is the one written in Python: the other looks up what it names, and torch need not be there.

    Args:
        file: where the pickle goes.
        protocol: pickle's.
        old: whether storages are described as in the stream format.
    """

    dispatch: ClassVar[dict[type, Callable[..., None]]] = dict(pickle._Pickler.dispatch)

    def __init__(self, file: Any, protocol: int, old: bool) -> None:
        super().__init__(file, protocol)
        self._old = old
        self.storages: dict[int, Saved] = {}
        self._names: dict[DType, Name] = {}

    def persistent_id(self, obj: Any) -> Any:
        """Return torch's description of a storage."""
        if type(obj) is not _Reference:
            return None
        found = obj.storage
        kind = _CLASSES.get(found.dtype.name, _UNTYPED)
        text = ("storage", kind, found.key, found.location, found.nbytes // found.itemsize)
        return (*text, None) if self._old else text

    def reducer_override(self, obj: Any) -> Any:
        """Return what builds an object of ours in torch, NotImplemented for any other."""
        if isinstance(obj, Tensor):
            return self._tensor(obj)
        if isinstance(obj, Size):
            return _SIZE, (tuple(obj),)
        if isinstance(obj, Device):
            return _DEVICE, (obj.type,) if obj.index is None else (obj.type, obj.index)
        return NotImplemented

    def save_name(self, obj: Name) -> None:
        """Write a global of torch."""
        self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())  # type: ignore[attr-defined]
        self.memoize(obj)  # type: ignore[attr-defined]

    dispatch[Name] = save_name

    def save_dtype(self, obj: DType) -> None:
        """Write an element type."""
        self.save(self._names.setdefault(obj, Name("torch", obj.name)))  # type: ignore[attr-defined]

    dispatch[DType] = save_dtype

    def save_storage(self, obj: Storage) -> None:
        """Write a storage of a loaded file as the bytes that it stands for."""
        self.save(_Reference(self._saved(obj.tensor(), obj.dtype)))  # type: ignore[attr-defined]

    dispatch[Storage] = save_storage

    def _tensor(self, t: Tensor) -> Any:
        plain: Any = self._rebuilt(t, t.requires_grad and not isinstance(t, Parameter))
        kind, extra = type(t), t._attributes()
        if kind is Buffer:
            kind, extra = Tensor, {name: value for name, value in extra.items() if name != "persistent"}
        if kind is Parameter:
            parts: tuple[Any, ...] = (_Parts(plain), t.requires_grad, OrderedDict())
            return (_REBUILD_WITH_STATE, (*parts, extra)) if extra else (_REBUILD_PARAMETER, parts)
        if kind is Tensor and not extra:
            return plain
        function, args = plain
        return _REBUILD_TYPE, (function, _TENSOR if kind is Tensor else kind, args, extra)

    def _rebuilt(self, t: Tensor, requires_grad: bool) -> Any:
        if is_tracer(read(t)):
            got = f"a traced {describe(t)} at {user_line()}"
            raise TraceError(message("torch.save", "tensors whose values are known", got, WAYS_OUT))
        base: Any = t if t._view is None else t._view.base
        shape, strides, offset = layout(t)
        dtype = t.dtype
        saved = self._saved(base, dtype)
        args: tuple[Any, ...] = (
            _Reference(saved),
            offset,
            tuple(shape),
            tuple(strides),
            requires_grad,
            OrderedDict(),
        )
        if dtype.name in STORAGES:
            return _REBUILD, args
        return _REBUILD_TYPED, (*args, dtype)

    def _saved(self, base: Any, dtype: DType | None) -> Saved:
        kind = base.dtype if dtype is None else dtype
        saved = self.storages.get(id(base))
        if saved is None:
            saved = self.storages[id(base)] = Saved(str(len(self.storages)), base, kind)
        elif saved.dtype is not kind:
            got = f"{saved.dtype} and {kind}"
            fix = "save a .clone() of one of them"
            raise StateError(
                message("torch.save", "one element type for tensors that share memory", got, fix)
            )
        return saved


class _Parts(NamedTuple):
    """How a Parameter's tensor is rebuilt: pickled as that tensor."""

    reduced: Any


def _save_parts(pickler: Any, obj: _Parts) -> None:
    pickler.save_reduce(*obj.reduced, obj=None)


Pickler.dispatch[_Parts] = _save_parts
