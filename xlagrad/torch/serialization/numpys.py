"""NumPy's arrays, scalars and types in a checkpoint, built from checked parts."""

from __future__ import annotations

import codecs
import math
import re
from typing import Any

import numpy as np

from xlagrad.torch.serialization.failure import failure, shown

_PLAIN = re.compile(r"[<>=|]?(\?|b1|[iu][1248]|f[248]|c(8|16)|[SU]\d{0,6})")
_KINDS = "biufcSU"


def dtype(spec: Any, align: Any = False, copy: Any = True) -> np.dtype[Any]:
    """Return a type of numbers, truth values or text."""
    text = spec.decode("ascii") if isinstance(spec, bytes) else spec
    if not isinstance(text, str) or not _PLAIN.fullmatch(text):
        raise failure("a NumPy type of numbers or text", shown(spec), "save the array as a tensor")
    return np.dtype(text, copy=True)


def dtype_class(name: str) -> Any:
    """Return what builds the type of a class such as ``numpy.dtypes.Float32DType``."""
    made = getattr(np.dtypes, name)()
    return lambda: dtype(made.str)


def set_dtype(target: np.dtype[Any], state: Any) -> None:
    """Give a type the byte order that its state has."""
    own: Any = target.__reduce__()
    usual = own[2]
    if type(state) is not tuple or len(state) < 8 or type(state[1]) is not str:
        raise failure("the state of a NumPy type", shown(state))
    plain = all(part is None for part in state[2:5]) and all(type(part) is int for part in state[5:8])
    if state[1] not in ("<", ">", "=", "|") or not plain or state[5:8] != usual[5:8]:
        raise failure(f"the state of {target}", shown(state), "save the array as a tensor")
    target.__setstate__((3, state[1], *usual[2:]))  # type: ignore[attr-defined]


def scalar(kind: Any, data: Any) -> Any:
    """Return a NumPy scalar of its bytes."""
    raw = _bytes(data)
    if not _is_plain(kind) or len(raw) != kind.itemsize:
        raise failure("a NumPy scalar and its bytes", f"{shown(kind)} and {len(raw)} bytes")
    return np.frombuffer(raw, kind)[0]


def blank(kind: Any, shape: Any, code: Any) -> np.ndarray[Any, Any]:
    """Return the empty array that an array's state is put into."""
    if kind is not np.ndarray or type(shape) is not tuple or shown(shape) != "(0)":
        raise failure("a NumPy array", f"{shown(kind)} of shape {shown(shape)}")
    return np.ndarray((0,), np.int8)


def set_array(target: Any, state: Any) -> None:
    """Give an array its shape, type and elements."""
    if type(state) is not tuple or len(state) != 5:
        raise failure("the state of a NumPy array", shown(state))
    _, shape, kind, fortran, data = state
    raw = _checked(shape, kind, data)
    target.__setstate__((1, shape, kind, bool(fortran), raw))


def from_buffer(data: Any, kind: Any, shape: Any, order: Any, axes: Any = None) -> np.ndarray[Any, Any]:
    """Return the array of a pickle of protocol 5."""
    if shown(order) not in ("'C'", "'F'") or axes is not None:
        raise failure("a NumPy array of order C or F", shown(order))
    return np.frombuffer(_checked(shape, kind, data), kind).reshape(shape, order=order).copy(order)


def _checked(shape: Any, kind: Any, data: Any) -> bytes:
    raw = _bytes(data)
    whole = type(shape) is tuple and len(shape) <= 32 and all(type(n) is int and n >= 0 for n in shape)
    if not whole or not _is_plain(kind) or math.prod(shape) * kind.itemsize != len(raw):
        raise failure(
            "a NumPy array of its type and shape", f"{shown(kind)}, {shown(shape)} and {len(raw)} bytes"
        )
    return raw


def _is_plain(kind: Any) -> bool:
    return isinstance(kind, np.dtype) and kind.kind in _KINDS and kind.names is None


def _bytes(data: Any) -> bytes:
    if isinstance(data, str):
        # Bytes of Python 2, read as text of the encoding that keeps them.
        return data.encode("latin-1")
    if not isinstance(data, (bytes, bytearray)):
        raise failure("bytes", type(data).__name__)
    return bytes(data)


def encode(text: Any, encoding: Any = "latin1") -> bytes:
    """Return the bytes that a pickle of protocol 2 has as text."""
    if not isinstance(text, str) or type(encoding) is not str or encoding not in ("latin1", "latin-1"):
        raise failure("text that stands for bytes", f"{type(text).__name__} in {shown(encoding)}")
    return codecs.encode(text, "latin-1")


def array_of_bytes(*args: Any) -> bytearray:
    """Return a bytearray of bytes; not one of a length alone, which could be any."""
    if not args:
        return bytearray()
    if isinstance(args[0], str) and len(args) == 2:
        return bytearray(encode(*args))
    if len(args) == 1 and isinstance(args[0], (bytes, bytearray)):
        return bytearray(args[0])
    raise failure("the bytes of a bytearray", ", ".join(type(a).__name__ for a in args))
