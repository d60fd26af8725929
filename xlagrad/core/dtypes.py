"""Element types: PyTorch's names on NumPy's types, and how 64-bit requests map when JAX runs in 32 bits."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import jax
import ml_dtypes
import numpy as np

from xlagrad.core import errors

_ABBREVIATIONS = {
    "bool": "b8", "uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64",
    "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64",
    "float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64",
    "complex64": "c64", "complex128": "c128", "float8_e4m3fn": "f8e4m3fn", "float8_e5m2": "f8e5m2",
}  # fmt: skip
_TO_COMPLEX = {"bfloat16": "complex64", "float32": "complex64", "float64": "complex128"}
_TO_REAL = {"complex64": "float32", "complex128": "float64"}
_TO_32 = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}


class DType:
    """The type of a tensor's elements, equal to the NumPy type and to the string that name it.

    There is one object per type, so ``is`` works too. NumPy and JAX take it wherever they take a dtype.

    Example:
        >>> float32, float32.itemsize, float32 == np.float32, np.dtype(float32)
        (torch.float32, 4, True, dtype('float32'))

    Source: ``torch.dtype``. Deviation: equality with NumPy's types and with strings.
    """

    __slots__ = ("_hash", "abbr", "dtype", "is_complex", "is_floating_point", "is_signed", "itemsize", "name")

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.name: str = dtype.name
        self.dtype = dtype
        self.itemsize: int = dtype.itemsize
        self.is_complex: bool = dtype.kind == "c"
        self.is_floating_point: bool = "float" in self.name
        self.is_signed: bool = self.is_complex or self.is_floating_point or dtype.kind == "i"
        self.abbr: str = _ABBREVIATIONS[self.name]
        self._hash = hash(self.name)

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy type; ``.dtype`` is the same under the name that NumPy itself looks for."""
        return self.dtype

    def to_complex(self) -> DType:
        """Return the complex type whose parts hold this type's values.

        Raises:
            DtypeError: there is none, as for integers and for float16 (XLA has no 32-bit complex).
        """
        if self.is_complex:
            return self
        if self.name not in _TO_COMPLEX:
            fix = "convert to float32 first"
            raise errors.DtypeError(
                errors.message("to_complex", "float32, float64 or bfloat16", self.name, fix)
            )
        return BY_NAME[_TO_COMPLEX[self.name]]

    def to_real(self) -> DType:
        """Return the type of the real part; a real type is its own."""
        return BY_NAME[_TO_REAL.get(self.name, self.name)]

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self is other
        if isinstance(other, str):
            return other in (self.name, f"torch.{self.name}")
        if isinstance(other, (np.dtype, type)):
            try:
                return bool(np.dtype(other) == self.dtype)
            except TypeError:
                return False
        return NotImplemented

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


bool_ = DType(np.dtype(np.bool_))
uint8 = DType(np.dtype(np.uint8))
uint16 = DType(np.dtype(np.uint16))
uint32 = DType(np.dtype(np.uint32))
uint64 = DType(np.dtype(np.uint64))
int8 = DType(np.dtype(np.int8))
int16 = DType(np.dtype(np.int16))
int32 = DType(np.dtype(np.int32))
int64 = DType(np.dtype(np.int64))
float16 = DType(np.dtype(np.float16))
bfloat16 = DType(np.dtype(ml_dtypes.bfloat16))
float32 = DType(np.dtype(np.float32))
float64 = DType(np.dtype(np.float64))
complex64 = DType(np.dtype(np.complex64))
complex128 = DType(np.dtype(np.complex128))
float8_e4m3fn = DType(np.dtype(ml_dtypes.float8_e4m3fn))
float8_e5m2 = DType(np.dtype(ml_dtypes.float8_e5m2))

ALL = (
    bool_, uint8, uint16, uint32, uint64, int8, int16, int32, int64,
    float16, bfloat16, float32, float64, complex64, complex128, float8_e4m3fn, float8_e5m2,
)  # fmt: skip
BY_NAME = {d.name: d for d in ALL}
_PYTHON = {bool: bool_, int: int64, float: float64, complex: complex128}
# Every spelling that was looked up once; np.dtype(...) costs a microsecond and this runs for each op.
_lookup: dict[Any, DType] = {**BY_NAME, **_PYTHON, **{d.dtype: d for d in ALL}, **{d: d for d in ALL}}

DTypeLike = DType | np.dtype[Any] | str | type

_default = float32
_warned: set[str] = set()


def as_dtype(value: Any) -> DType:
    """Return the ``DType`` that a DType, a NumPy or JAX type, a string or a Python type names.

    As in PyTorch, ``float`` means float64 and ``int`` means int64, before the mapping of `as_jax`.

    Raises:
        DtypeError: nothing here is called that.

    Example:
        >>> as_dtype("float32"), as_dtype(np.int8), as_dtype(bool)
        (torch.float32, torch.int8, torch.bool)
    """
    try:
        return _lookup[value]
    except (KeyError, TypeError):
        pass
    name = value.removeprefix("torch.") if isinstance(value, str) else value
    found = None
    if name is not None and not isinstance(name, (int, float, complex, tuple, list)):
        with contextlib.suppress(TypeError):
            found = BY_NAME.get(np.dtype(name).name)
    if found is None:
        fix = f"use one of {', '.join(BY_NAME)}"
        raise errors.DtypeError(errors.message("dtype", "an element type", errors.describe(value), fix))
    if isinstance(value, (str, type, np.dtype)):
        _lookup[value] = found
    return found


def x64_enabled() -> bool:
    """Return whether JAX keeps 64-bit types, by its flag or by ``with jax.enable_x64(True)``."""
    return bool(jax.config.jax_enable_x64)  # type: ignore[attr-defined]


def as_jax(value: Any) -> np.dtype[Any]:
    """Return the NumPy type that JAX computes in when this type is asked for.

    With ``JAX_ENABLE_X64=1`` it is the type itself. Otherwise int64 and uint64 become their 32-bit kin
    silently, float64 and complex128 with one warning per process. Python's ``float`` and ``complex``
    ask for no width, so they never warn.

    Raises:
        DtypeError: not an element type.

    Example:
        >>> as_jax("int32"), as_jax(bfloat16)
        (dtype('int32'), dtype(bfloat16))
    """
    dtype = as_dtype(value)
    if dtype.name not in _TO_32 or x64_enabled():
        return dtype.dtype
    narrow = _TO_32[dtype.name]
    if dtype.name in ("float64", "complex128") and value is not float and value is not complex:
        _warn_narrowed(dtype.name, narrow)
    return BY_NAME[narrow].dtype


def canonical(value: Any) -> DType:
    """Return `as_jax` as a ``DType``, without the warning: what tensors of that type report."""
    dtype = as_dtype(value)
    if dtype.name not in _TO_32 or x64_enabled():
        return dtype
    return BY_NAME[_TO_32[dtype.name]]


def _warn_narrowed(wide: str, narrow: str) -> None:
    if _warned:
        return
    _warned.add(wide)
    fix = "set JAX_ENABLE_X64=1 before starting Python for 64-bit types"
    text = errors.message("dtype", "a 32-bit type, as JAX runs with", f"{wide}, computed in {narrow}", fix)
    warnings.warn(text, UserWarning, stacklevel=4)


def get_default_dtype() -> DType:
    """Return the type of floating-point tensors that are created without one; float32 at first."""
    return _default


def set_default_dtype(dtype: Any) -> None:
    """Set the type of floating-point tensors that are created without one.

    Raises:
        DtypeError: not a floating-point type.
    """
    global _default
    found = as_dtype(dtype)
    if not found.is_floating_point or found.itemsize == 1:
        fix = "pass float32, float64, float16 or bfloat16"
        raise errors.DtypeError(errors.message("set_default_dtype", "a floating-point type", found.name, fix))
    _default = as_dtype(as_jax(found))


def default_complex() -> DType:
    """Return the complex type that goes with the default type (complex64 unless that is float64)."""
    return complex128 if _default is float64 else complex64


class finfo:
    """The limits of a floating-point type: ``bits eps max min resolution smallest_normal tiny dtype``.

    Args:
        dtype: a floating-point or complex type; the default type if left out.

    Raises:
        DtypeError: the type is not one of floating point.

    Example:
        >>> finfo(float16)
        finfo(resolution=0.001, min=-65504, max=65504, eps=0.000976562, smallest_normal=6.10352e-05, tiny=6.10352e-05, dtype=float16)

    Source: ``torch.finfo``.
    """  # noqa: E501

    def __init__(self, dtype: Any = None) -> None:
        found = (_default if dtype is None else as_dtype(dtype)).to_real()
        if not found.is_floating_point:
            raise errors.DtypeError(errors.message("finfo", "a floating-point type", found.name, "use iinfo"))
        info = ml_dtypes.finfo(found.dtype)
        self.dtype: str = found.name
        self.bits: int = found.itemsize * 8
        self.eps = float(info.eps)
        self.max = float(info.max)
        self.min = float(info.min)
        self.smallest_normal = float(info.smallest_normal)
        self.tiny = self.smallest_normal
        # Decimal digits that survive a round trip; NumPy rounds the same quotient down.
        self.resolution = float(10.0 ** -int(-np.log10(self.eps)))

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        fields = ", ".join(f"{name}={getattr(self, name):g}" for name in names)
        return f"finfo({fields}, dtype={self.dtype})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, finfo) and other.dtype == self.dtype

    def __hash__(self) -> int:
        return hash((finfo, self.dtype))


class iinfo:
    """The limits of an integer type: ``bits max min dtype``.

    Raises:
        DtypeError: the type is not an integer one.

    Example:
        >>> iinfo(int8)
        iinfo(min=-128, max=127, dtype=int8)

    Source: ``torch.iinfo``.
    """

    def __init__(self, dtype: Any) -> None:
        found = as_dtype(dtype)
        if found.dtype.kind not in "iu":
            fix = "use finfo for floating-point types"
            raise errors.DtypeError(errors.message("iinfo", "an integer type", found.name, fix))
        info = np.iinfo(found.dtype)
        self.dtype: str = found.name
        self.bits: int = info.bits
        self.max = int(info.max)
        self.min = int(info.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, iinfo) and other.dtype == self.dtype

    def __hash__(self) -> int:
        return hash((iinfo, self.dtype))
