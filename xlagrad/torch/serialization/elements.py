"""Which element type each of torch's storage classes has, and bytes read as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from xlagrad.core.dtypes import BY_NAME, DType
from xlagrad.torch.serialization.failure import failure

#: The name of the storage class of an element type. Types without one are saved as untyped bytes.
STORAGES = {
    "bool": "BoolStorage",
    "uint8": "ByteStorage",
    "int8": "CharStorage",
    "int16": "ShortStorage",
    "int32": "IntStorage",
    "int64": "LongStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "float32": "FloatStorage",
    "float64": "DoubleStorage",
    "complex64": "ComplexFloatStorage",
    "complex128": "ComplexDoubleStorage",
}

#: torch's names of element types that have another one here.
_ALIASES = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "cfloat": "complex64",
    "cdouble": "complex128",
}

#: Element types of torch that XLA or this library lacks.
ABSENT = """
    ComplexHalfStorage QInt8Storage QUInt8Storage QInt32Storage QUInt4x2Storage QUInt2x4Storage bits16 bits1x8
    bits2x4 bits4x2 bits8 chalf complex32 float4_e2m1fn_x2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu int1
    int2 int3 int4 int5 int6 int7 qint32 qint8 quint2x4 quint4x2 quint8 uint1 uint2 uint3 uint4 uint5 uint6
    uint7
""".split()  # noqa: SIM905


class StorageType:
    """A storage class of torch: what the bytes of a tensor are.

    Attributes:
        name: torch's name of the class.
        dtype: the element type, None for untyped bytes.
    """

    __slots__ = ("dtype", "name")

    def __init__(self, name: str, dtype: DType | None) -> None:
        self.name, self.dtype = name, dtype


TYPES = {name: StorageType(name, BY_NAME[dtype]) for dtype, name in STORAGES.items()}
UNTYPED = StorageType("UntypedStorage", None)

DTYPES: dict[str, DType] = {**BY_NAME, **{name: BY_NAME[other] for name, other in _ALIASES.items()}}


def read_numbers(
    data: memoryview, dtype: DType, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, order: str
) -> np.ndarray[Any, Any]:
    """Return the elements at strides of some bytes, as an array over the same memory where that is possible.

    The caller has checked that they lie within.

    Args:
        data: the bytes.
        dtype: what they are.
        shape: of the result.
        strides: in elements.
        offset: of the first element, in elements.
        order: ``"little"`` or ``"big"``.
    """
    kind, size = dtype.dtype, dtype.itemsize
    raw = kind
    if kind.kind == "V" or dtype.name == "bfloat16" or "float8" in dtype.name:
        raw = np.dtype(f"u{size}")
    elif kind.kind == "b":
        raw = np.dtype(np.uint8)
    stored = raw.newbyteorder("<" if order == "little" else ">")
    steps = tuple(s * size for s in strides)
    if 0 in shape:
        return np.zeros(shape, kind)
    found: np.ndarray[Any, Any] = np.ndarray(shape, stored, data, offset * size, steps)
    if kind.kind == "b":
        # A byte above 1 is true; as a bool's own byte it would be neither.
        return np.not_equal(found, 0)
    native = found if found.dtype.isnative else found.astype(raw)
    return native if raw == kind else native.view(kind)


def absent(name: str) -> Exception:
    """Return the error for an element type of torch that is not one here."""
    fix = "convert the tensor to another type with torch and save it again"
    return failure("an element type that xlagrad has", f"torch.{name}", fix)
