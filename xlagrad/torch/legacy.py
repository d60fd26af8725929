"""``torch.FloatTensor`` and its kin: PyTorch's old classes of tensors, one for each element type."""

from __future__ import annotations

from typing import Any

from xlagrad.core import dtypes
from xlagrad.core.dtypes import DType
from xlagrad.core.errors import DtypeError, message
from xlagrad.core.handle import Handle
from xlagrad.core.tensor import Tensor
from xlagrad.ops.create import empty
from xlagrad.ops.data import tensor


class TensorKind(type):
    """A class that makes tensors of one element type, and counts those of the type as its instances."""

    dtype: DType

    def __call__(cls, *args: Any, device: Any = None) -> Any:
        """Return an empty tensor of the sizes given, or one with the data given.

        Raises:
            DtypeError: a tensor of another type.
        """
        if not args or all(isinstance(n, int) for n in args):
            return empty(args or (0,), dtype=cls.dtype, device=device)
        if len(args) == 1 and isinstance(args[0], Handle) and not isinstance(args[0], cls):
            got = f"one of {args[0].dtype.name}"  # type: ignore[attr-defined]
            raise DtypeError(message(cls.__name__, f"a tensor of {cls.dtype.name}", got, "use .to(dtype)"))
        if type(args[0]).__name__ == "Size":
            return empty(args[0], dtype=cls.dtype, device=device)
        return tensor(args[0], dtype=cls.dtype, device=device)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype == cls.dtype


def _kind(name: str, dtype: DType) -> TensorKind:
    doc = f"""Tensors of {dtype.name}: ``{name}(2, 3)`` is an empty one, ``{name}([1, 2])`` one of the data.

    Source: ``torch.{name}``, which PyTorch keeps for old programs; see `tensor`.
    """
    made = TensorKind(name, (), {"__doc__": doc, "__module__": __name__, "__slots__": ()})
    made.dtype = dtype
    return made


FloatTensor = _kind("FloatTensor", dtypes.float32)
DoubleTensor = _kind("DoubleTensor", dtypes.float64)
HalfTensor = _kind("HalfTensor", dtypes.float16)
BFloat16Tensor = _kind("BFloat16Tensor", dtypes.bfloat16)
ByteTensor = _kind("ByteTensor", dtypes.uint8)
CharTensor = _kind("CharTensor", dtypes.int8)
ShortTensor = _kind("ShortTensor", dtypes.int16)
IntTensor = _kind("IntTensor", dtypes.int32)
LongTensor = _kind("LongTensor", dtypes.int64)
BoolTensor = _kind("BoolTensor", dtypes.bool_)

CLASSES = {
    "BFloat16Tensor": BFloat16Tensor,
    "BoolTensor": BoolTensor,
    "ByteTensor": ByteTensor,
    "CharTensor": CharTensor,
    "DoubleTensor": DoubleTensor,
    "FloatTensor": FloatTensor,
    "HalfTensor": HalfTensor,
    "IntTensor": IntTensor,
    "LongTensor": LongTensor,
    "ShortTensor": ShortTensor,
}
