"""Questions about types and conversion between them, under the standard's names."""

from __future__ import annotations

from typing import Any

from xlagrad.core import dtypes, errors, promotion
from xlagrad.core.dtypes import DType
from xlagrad.core.errors import message
from xlagrad.core.tensor import Tensor
from xlagrad.ops import convert


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
