"""What a checkpoint may name: tensors, storages, element types, plain containers, and what users allowed."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core.conversion import OWN_ATTRIBUTES
from xlagrad.core.devices import Device
from xlagrad.core.dtypes import DType
from xlagrad.core.size import Size
from xlagrad.core.tensor import Parameter, Tensor
from xlagrad.layers.attributes import Buffer
from xlagrad.torch.serialization import numpys, safe
from xlagrad.torch.serialization.elements import ABSENT, DTYPES, TYPES, UNTYPED, absent
from xlagrad.torch.serialization.failure import failure, shown
from xlagrad.torch.serialization.machine import check_key, ordered
from xlagrad.torch.serialization.storage import Budget, Storage, check_place


class Known:
    """A function of torch that builds something: it stands on the machine's stack until it is called."""

    __slots__ = ("call", "name")

    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        self.name, self.call = name, call


class Rules:
    """The rules of one file.

    Args:
        storage: opens the storage that a persistent id names.
        budget: what tensors may take.
        has_data: whether the tensors' bytes are at hand while objects are built.
    """

    def __init__(self, storage: Callable[[Any], Storage], budget: Budget, has_data: bool = True) -> None:
        self._open, self._budget, self._has_data = storage, budget, has_data
        self._storages: dict[int, Storage] = {}
        self._flipped: list[tuple[Any, dict[Any, Any]]] = []

    def find(self, name: str) -> Any:
        """Return what a dotted name stands for.

        Raises:
            LoadError: it is not among what a file may name.
        """
        name = name.replace("numpy.core.", "numpy._core.", 1) if name.startswith("numpy.core.") else name
        if name in _VALUES:
            return _VALUES[name]
        if name in _FUNCTIONS:
            return _FUNCTIONS[name]
        module, _, last = name.rpartition(".")
        if name in _REFUSED:
            raise failure(
                "dense tensors", f"{_REFUSED[name]} ({name})", "save it with .to_dense(), or as parts"
            )
        if module in ("torch", "torch.storage") and last in ABSENT:
            raise absent(last)
        if module == "numpy.dtypes" and last in _NUMPY_TYPES:
            return Known(name, numpys.dtype_class(last))
        found = safe.allowed(name)
        if found is None or module.split(".")[0] in safe.BLOCKED:
            raise _not_allowed(name)
        return found

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> Any:
        """Return what a found function or class gives for arguments.

        Raises:
            LoadError: it is nothing that may be called.
        """
        if isinstance(function, Known):
            if kwargs:
                raise failure(f"no keyword arguments for {function.name}", ", ".join(map(str, kwargs)))
            return function.call(self, *args) if function.name in _OF_TENSORS else function.call(*args)
        for kind, make in _CONTAINERS:
            if function is kind:
                return make(*args)
        if not safe.is_allowed(function):
            raise failure("a function that files may call", shown(function))
        self.settle()
        return function(*args) if kwargs is None else function.__new__(function, *args, **kwargs)

    def build(self, target: Any, state: Any) -> None:
        """Set an object's state.

        Raises:
            LoadError: it is nothing whose state a file may set.
        """
        kind = type(target)
        if kind is OrderedDict:
            _update(target, state, OrderedDict)
        elif kind is np.ndarray:
            numpys.set_array(target, state)
        elif isinstance(target, np.dtype):
            numpys.set_dtype(target, state)
        elif safe.is_allowed(kind):
            self.settle()
            _restore(target, state)
        else:
            raise failure("an object whose state files may set", kind.__name__)

    def storage(self, pid: Any) -> Storage:
        """Return the storage of a persistent id."""
        found = self._open(pid)
        self._storages[id(found)] = found
        return found

    def settle(self) -> None:
        """Give the tensors built so far their values, where those can be read already."""
        if not self._has_data:
            return
        for found in self._storages.values():
            found.settle()
        for tensor, flags in self._flipped:
            if flags.get("conj"):
                tensor._data, tensor._view = jnp.conj(tensor._data), None
            if flags.get("neg"):
                tensor._data, tensor._view = -tensor._data, None
        self._flipped.clear()

    def finish(self) -> None:
        """Give all tensors their values."""
        self._has_data = True
        self.settle()

    # Tensors.

    def tensor(self, storage: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> Any:
        """Return the tensor of ``_rebuild_tensor`` or ``_rebuild_tensor_v2``."""
        return self._made(storage, None, offset, size, stride, *rest)

    def tensor_v3(
        self, storage: Any, offset: Any, size: Any, stride: Any, grad: Any, hooks: Any, dtype: Any, *rest: Any
    ) -> Any:
        """Return the tensor of ``_rebuild_tensor_v3``, which names the element type."""
        if not isinstance(dtype, DType):
            raise failure("an element type", type(dtype).__name__)
        return self._made(storage, dtype, offset, size, stride, grad, hooks, *rest)

    def _made(
        self,
        storage: Any,
        dtype: DType | None,
        offset: Any,
        size: Any,
        stride: Any,
        requires_grad: Any = False,
        hooks: Any = None,
        flags: Any = None,
    ) -> Any:
        at = check_place(storage, dtype, offset, size, stride)
        self._budget.take(storage, at)
        made = storage.member(at)
        _ask_gradient(made, requires_grad)
        if flags:
            if type(flags) is not dict:
                raise failure("the flags of a tensor in a dict", type(flags).__name__)
            self._flipped.append((made, flags))
        return made

    def parameter(self, data: Any, requires_grad: Any, hooks: Any, state: Any = None) -> Any:
        """Return a tensor as a Parameter."""
        if not isinstance(data, Tensor):
            raise failure("a tensor for a Parameter", type(data).__name__)
        data.__class__ = Parameter
        _ask_gradient(data, requires_grad)
        if state:
            _update(data, state[0] if type(state) is tuple else state, Parameter)
        return data

    def typed(self, function: Any, kind: Any, args: Any, state: Any) -> Any:
        """Return a tensor of a subclass, or with attributes."""
        if not isinstance(function, Known) or function.name not in _OF_TENSORS or type(args) is not tuple:
            raise failure("a tensor's parts", shown(function))
        made = self.call(function, args, None)
        if kind is not type(made):
            plain = kind in (Tensor, Parameter, Buffer)
            if not plain and not (
                isinstance(kind, type) and issubclass(kind, Tensor) and safe.is_allowed(kind)
            ):
                raise failure("a class of tensors", shown(kind))
            made.__class__ = kind
        if state:
            _update(made, state[0] if type(state) is tuple else state, type(made))
        return made

    def elsewhere(self, data: Any, dtype: Any, device: Any, requires_grad: Any) -> Any:
        """Return the tensor of a device that torch saves through the CPU, such as a TPU."""
        if isinstance(data, np.ndarray) and isinstance(dtype, DType):
            data = Tensor(data, dtype=dtype)
        if not isinstance(data, Tensor):
            raise failure("a tensor", type(data).__name__)
        _ask_gradient(data, requires_grad)
        return data


def _ask_gradient(tensor: Any, wanted: Any) -> None:
    dtype = tensor.dtype
    if wanted and not (dtype.is_floating_point or dtype.is_complex):
        raise failure("gradients of real or complex numbers only", f"a tensor of {dtype} that requires one")
    tensor._requires_grad = bool(wanted)


def _update(target: Any, state: Any, kind: type) -> None:
    """Set attributes that hide none of the class's own."""
    if type(state) is not dict or not all(isinstance(name, str) for name in state):
        raise failure("attributes by name", type(state).__name__)
    for name, value in state.items():
        if name.startswith("__") or name in OWN_ATTRIBUTES or hasattr(kind, name):
            raise failure(f"attributes that a {kind.__name__} lacks", name)
        target.__dict__[name] = value


def _restore(target: Any, state: Any) -> None:
    """Set the state of an object of an allowed class, as pickle does."""
    if hasattr(target, "__setstate__"):
        target.__setstate__(state)
        return
    fields, slots = state if type(state) is tuple and len(state) == 2 else (state, None)
    if fields:
        target.__dict__.update(fields)
    for name, value in (slots or {}).items():
        setattr(target, name, value)


def _not_allowed(name: str) -> Exception:
    want = "the names of tensors and plain containers"
    if name.split(".")[0] in safe.BLOCKED or name in ("builtins.eval", "builtins.exec", "builtins.getattr"):
        return failure(want, f"{name}, which runs programs", "do not trust this file")
    if name.startswith(("torch.nn.modules.", "torch.optim.", "torchvision.")):
        fix = "save its state_dict() instead, build the object here, and load the state into it"
        return failure(want, f"{name}: a whole object that was pickled", fix)
    fix = f"if you trust the file, allow it with torch.serialization.add_safe_globals([{name}])"
    return failure(want, name, f"no other code runs, whatever weights_only says; {fix}")


def _no_bytes() -> bytes:
    """Return the empty bytes, which protocol 2 pickles as a call without arguments."""
    return b""


def _counter(*args: Any) -> Counter[Any]:
    if args and not isinstance(args[0], dict):
        raise failure("counts in a dict", type(args[0]).__name__)
    return Counter(*args[:1])


def _set(items: Any = ()) -> set[Any]:
    if not isinstance(items, (list, tuple, set, frozenset)):
        raise failure("the items of a set", type(items).__name__)
    for item in items:
        check_key(item)
    return set(items)


def _frozen(items: Any = ()) -> frozenset[Any]:
    return frozenset(_set(items))


def _ordered(pairs: Any = ()) -> OrderedDict[Any, Any]:
    return ordered(pairs)


def _defaultdict(factory: Any = None) -> defaultdict[Any, Any]:
    if not any(factory is kind for kind in (None, dict, float, int, list, set, str)):
        raise failure("a defaultdict of plain values", shown(factory))
    return defaultdict(factory)


def _number(*args: Any) -> complex:
    if not all(type(a) in (int, float) for a in args):
        raise failure("the parts of a complex number", shown(args))
    return complex(*args)


def _size(items: Any = ()) -> Size:
    if type(items) not in (tuple, list) or not all(type(n) is int for n in items):
        raise failure("the lengths of a torch.Size", shown(items))
    return Size(items)


def _device(*args: Any) -> Device:
    if not args or not all(type(a) in (str, int) for a in args):
        raise failure("the name of a device", shown(args))
    return Device(*args)


def _parameter(*args: Any) -> Parameter:
    raise failure("a Parameter with its tensor", "one of an old release of torch", "save it again with torch")


_CONTAINERS: tuple[tuple[Any, Callable[..., Any]], ...] = (
    (OrderedDict, _ordered),
    (Counter, _counter),
    (defaultdict, _defaultdict),
    (set, _set),
    (frozenset, _frozen),
    (bytearray, numpys.array_of_bytes),
    (bytes, _no_bytes),
    (complex, _number),
    (Size, _size),
    (Device, _device),
    (Parameter, _parameter),
)

_NUMPY_TYPES = frozenset(
    f"{name}DType"
    for name in ("Bool", "Bytes", "Complex64", "Complex128", "Float16", "Float32", "Float64", "Str")
    + tuple(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
)

_VALUES: dict[str, Any] = {
    "builtins.bytearray": bytearray,
    "builtins.bytes": bytes,
    "builtins.complex": complex,
    "builtins.dict": dict,
    "builtins.float": float,
    "builtins.frozenset": frozenset,
    "builtins.int": int,
    "builtins.list": list,
    "builtins.set": set,
    "builtins.str": str,
    "collections.Counter": Counter,
    "collections.OrderedDict": OrderedDict,
    "collections.defaultdict": defaultdict,
    "numpy.ndarray": np.ndarray,
    "torch.Size": Size,
    "torch.Tensor": Tensor,
    "torch._tensor.Tensor": Tensor,
    "torch.device": Device,
    "torch.nn.Buffer": Buffer,
    "torch.nn.Parameter": Parameter,
    "torch.nn.parameter.Buffer": Buffer,
    "torch.nn.parameter.Parameter": Parameter,
    "torch.UntypedStorage": UNTYPED,
    "torch.storage.UntypedStorage": UNTYPED,
    **{f"torch.{name}": dtype for name, dtype in DTYPES.items()},
    **{f"torch.{name}": kind for name, kind in TYPES.items()},
    **{f"torch.cuda.{name}": kind for name, kind in TYPES.items()},
}

_TENSORS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": Rules.tensor,
    "torch._utils._rebuild_tensor_v2": Rules.tensor,
    "torch._utils._rebuild_tensor_v3": Rules.tensor_v3,
    "torch._utils._rebuild_parameter": Rules.parameter,
    "torch._utils._rebuild_parameter_with_state": Rules.parameter,
    "torch._utils._rebuild_device_tensor_from_numpy": Rules.elsewhere,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": Rules.elsewhere,
    "torch._tensor._rebuild_from_type_v2": Rules.typed,
}
_OF_TENSORS = frozenset(_TENSORS)

_OTHERS: dict[str, Callable[..., Any]] = {
    "_codecs.encode": numpys.encode,
    "numpy.dtype": numpys.dtype,
    "numpy._core.multiarray._reconstruct": numpys.blank,
    "numpy._core.multiarray.scalar": numpys.scalar,
    "numpy._core.numeric._frombuffer": numpys.from_buffer,
}
_FUNCTIONS = {name: Known(name, call) for name, call in (_TENSORS | _OTHERS).items()}

_REFUSED = {
    "torch._utils._rebuild_sparse_tensor": "a sparse tensor",
    "torch._utils._rebuild_sparse_csr_tensor": "a sparse tensor",
    "torch._utils._rebuild_qtensor": "a quantized tensor",
    "torch._utils._rebuild_nested_tensor": "a nested tensor",
    "torch._utils._rebuild_meta_tensor_no_storage": "a tensor without values on the device meta",
    "torch._utils._rebuild_wrapper_subclass": "a tensor that wraps others",
}
