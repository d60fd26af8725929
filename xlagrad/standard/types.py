"""Questions about types and conversion between them, under the standard's names."""

from __future__ import annotations

from typing import Any, NamedTuple

from xlagrad.core import dtypes, errors, promotion
from xlagrad.core.dtypes import DType
from xlagrad.core.errors import message
from xlagrad.core.handle import Handle
from xlagrad.core.tensor import Tensor
from xlagrad.ops import convert


class FloatInfo(NamedTuple):
    """The limits of a floating-point type, what `finfo` returns."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


class IntegerInfo(NamedTuple):
    """The limits of an integer type, what `iinfo` returns."""

    bits: int
    max: int
    min: int
    dtype: DType


def _type_of(x: Any) -> DType:
    return dtypes.as_dtype(x.dtype if hasattr(x, "ndim") else x)


def finfo(type: Any, /) -> FloatInfo:
    """The limits of a floating-point or complex type, or of an array's type.

    Raises:
        DtypeError: another type.

    Example:
        >>> import xlagrad as xg
        >>> xg.finfo(xg.float32).bits, xg.finfo(xg.complex64).dtype
        (32, torch.float32)
    """
    found = dtypes.finfo(_type_of(type))
    limits = (found.bits, found.eps, found.max, found.min, found.smallest_normal)
    return FloatInfo(*limits, dtypes.as_dtype(found.dtype))


def iinfo(type: Any, /) -> IntegerInfo:
    """The limits of an integer type, or of an array's type.

    Raises:
        DtypeError: another type.

    Example:
        >>> import xlagrad as xg
        >>> xg.iinfo(xg.int8).max
        127
    """
    found = dtypes.iinfo(_type_of(type))
    return IntegerInfo(found.bits, found.max, found.min, dtypes.as_dtype(found.dtype))


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The type of an operation on these arrays, types and numbers.

    Arrays count by their types alone: those without dimensions as much as others, where PyTorch lets them
    yield. Numbers only matter if they are of a higher kind.

    Raises:
        DtypeError: there is no common type, or nothing is given.

    Example:
        >>> import xlagrad as xg
        >>> xg.result_type(xg.asarray([1.0], dtype="float32"), xg.int8, 2)
        torch.float32
    """
    return promotion.result_type(*[x.dtype if hasattr(x, "ndim") else x for x in arrays_and_dtypes])


def agreed(*arrays: Any) -> tuple[Any, ...]:
    """Return arrays in their common type where PyTorch's rules would take another; the others as they are.

    For PyTorch an array without dimensions yields to one that has some; for the standard both count.
    """
    found = [x for x in arrays if isinstance(x, Handle)]
    ranks = {bool(x.ndim) for x in found}  # type: ignore[attr-defined]
    if len(ranks) < 2 or len({x.dtype for x in found}) < 2:  # type: ignore[attr-defined]
        return arrays
    dtype = result_type(*found)
    return tuple(convert.cast(x, dtype) if isinstance(x, Handle) else x for x in arrays)


def promoted(*arrays: Any) -> tuple[Any, ...]:
    """Return arrays, all of them, in their common type."""
    dtype = result_type(*arrays)
    return tuple(convert.cast(x, dtype) for x in arrays)


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """The elements as another type; with ``copy=False`` the array itself if it has that type already.

    Example:
        >>> import xlagrad as xg
        >>> xg.astype(xg.asarray([1.5]), "int32").tolist()
        [1]
    """
    found = convert.cast(x, dtype) if device is None else convert.to(x, dtype=dtype, device=device)
    return x.clone() if copy and found is x else found


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether an array or a type converts to a type by promotion alone.

    Example:
        >>> import xlagrad as xg
        >>> xg.can_cast("int8", "int32"), xg.can_cast("float32", "int32")
        (True, False)
    """
    source = dtypes.as_dtype(from_.dtype if isinstance(from_, Tensor) else from_)
    target = dtypes.as_dtype(to)
    try:
        return promotion.promote_types(source, target) == target
    except errors.DtypeError:
        return False


_KINDS = (
    "bool",
    "signed integer",
    "unsigned integer",
    "integral",
    "real floating",
    "complex floating",
    "numeric",
)


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether a type is of a kind: a type, the name of a kind, or a tuple of these.

    Raises:
        ArgumentError: an unknown name.

    Example:
        >>> import xlagrad as xg
        >>> xg.isdtype("float32", "real floating"), xg.isdtype("int8", ("bool", "integral"))
        (True, True)
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    found = dtypes.as_dtype(dtype)
    if not isinstance(kind, str) or kind not in _KINDS:
        try:
            return found == dtypes.as_dtype(kind)
        except errors.DtypeError:
            want = ", ".join(_KINDS)
            text = message("isdtype", f"a type or one of {want}", repr(kind), "choose one")
            raise errors.ArgumentError(text) from None
    return kind in _kinds_of(found)


def _kinds_of(dtype: DType) -> tuple[str, ...]:
    if dtype.is_floating_point:
        return ("real floating", "numeric")
    if dtype.is_complex:
        return ("complex floating", "numeric")
    if dtype is dtypes.bool_:
        return ("bool",)
    return ("signed integer" if dtype.is_signed else "unsigned integer", "integral", "numeric")
