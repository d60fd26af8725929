"""Weights as safetensors files, which hold arrays and text and can run nothing."""

from __future__ import annotations

import itertools
import json
import math
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from xlagrad.core.errors import ArgumentError, StateError, describe, message, need
from xlagrad.core.tensor import Tensor, as_array, wrap
from xlagrad.train.files import replacing

# The format's names of types, and NumPy's.
TYPES: dict[str, Any] = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "U16": np.uint16,
    "U32": np.uint32,
    "U64": np.uint64,
    "I8": np.int8,
    "I16": np.int16,
    "I32": np.int32,
    "I64": np.int64,
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
    "F32": np.float32,
    "F64": np.float64,
    "F8_E4M3": ml_dtypes.float8_e4m3fn,
    "F8_E5M2": ml_dtypes.float8_e5m2,
    "C64": np.complex64,
}

_MOST_HEADER = 100_000_000


def save_weights(state: Any, path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None) -> None:
    """Write a state dict, or a module's, to a safetensors file, whole or not at all.

    Args:
        state: tensors or arrays by name, or a module.
        path: the file; an old one is replaced at the end.
        metadata: text to store beside them.

    Raises:
        ArgumentError: something that is no tensor, or of a type that the format does not have.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> file = Path(tempfile.mkdtemp()) / "w.safetensors"
        >>> save_weights({"w": Tensor([1.0, 2.0])}, file)
        >>> load_weights(file)
        {'w': tensor([1., 2.])}
    """
    tensors = state.state_dict() if hasattr(state, "state_dict") else state
    arrays = {name: _host(name, value) for name, value in tensors.items()}
    write = need("safetensors", "all").serialize_file
    spec = need("safetensors", "all").TensorSpec
    specs = {
        name: spec(
            dtype=array.dtype.name, shape=array.shape, data_ptr=array.ctypes.data, data_len=array.nbytes
        )
        for name, array in arrays.items()
    }
    with replacing(path) as temporary:
        write(specs, temporary, metadata={"format": "pt", **(metadata or {})})


def _host(name: str, value: Any) -> np.ndarray[Any, Any]:
    if not isinstance(value, (Tensor, np.ndarray)) and not hasattr(value, "__array__"):
        raise ArgumentError(message("save_weights", f"a tensor as {name!r}", describe(value)))
    array = np.asarray(as_array(value) if isinstance(value, Tensor) else value)
    if array.dtype not in [np.dtype(t) for t in TYPES.values()]:
        raise ArgumentError(message("save_weights", f"{name!r} of a type of the format", str(array.dtype)))
    array = array.astype(array.dtype.newbyteorder("<"), copy=False) if array.dtype.byteorder == ">" else array
    return np.ascontiguousarray(array).reshape(array.shape)


def read_header(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, str], int]:
    """Return the entries of a safetensors file, its text, and where its data begins.

    Everything is checked against the size of the file before anything of that size is made.

    Raises:
        StateError: the file is damaged, cut off, or no safetensors file.
    """
    size = Path(path).stat().st_size
    with Path(path).open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if len(start) < 8 or length < 2 or length > min(size - 8, _MOST_HEADER):
            _damaged(path, f"a header that fits the file's {size} bytes", f"one of {length} bytes")
        text = file.read(length)
    try:
        header = json.loads(text)
        metadata = header.pop("__metadata__", {})
        entries = {str(name): _entry(path, name, entry, size - 8 - length) for name, entry in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, StateError):
            raise
        _damaged(
            path, "a header of JSON with dtype, shape and data_offsets", f"{type(error).__name__}: {error}"
        )
    ends = sorted(entry["data_offsets"] for entry in entries.values())
    if any(a[1] > b[0] for a, b in itertools.pairwise(ends)):
        _damaged(path, "tensors that do not overlap", "offsets that do")
    return entries, metadata, 8 + length


def _entry(path: Any, name: str, entry: dict[str, Any], available: int) -> dict[str, Any]:
    kind, shape = entry["dtype"], entry["shape"]
    begin, end = entry["data_offsets"]
    if kind not in TYPES:
        _damaged(path, f"{name!r} of a known type", str(kind))
    if not all(isinstance(n, int) and n >= 0 for n in (*shape, begin, end)):
        _damaged(path, f"{name!r} with sizes of at least 0", f"shape {shape}, offsets {[begin, end]}")
    needed = math.prod(shape) * np.dtype(TYPES[kind]).itemsize
    if end - begin != needed or end > available:
        got = f"bytes {begin} to {end} of {available}"
        _damaged(path, f"{needed} bytes of data for {name!r}, {kind}{shape}", got)
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


def _damaged(path: Any, expected: str, got: str) -> None:
    fix = "the file is damaged, cut off, or no safetensors file"
    raise StateError(message(f"load_weights({str(path)!r})", expected, got, fix))


def load_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of a safetensors file, mapped from the disk: read-only, and read when used.

    Raises:
        StateError: the file is damaged, cut off, or no safetensors file.
        FileNotFoundError: there is none.
    """
    entries, _, begin = read_header(path)
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for name, entry in entries.items():
        kind, shape = np.dtype(TYPES[entry["dtype"]]), tuple(entry["shape"])
        if 0 in shape:
            arrays[name] = np.zeros(shape, kind)
        else:
            arrays[name] = np.memmap(path, kind, "r", begin + entry["data_offsets"][0], shape)
    return arrays


def load_weights(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the state dict in a safetensors file, for ``module.load_state_dict``.

    Raises:
        StateError: the file is damaged, cut off, or no safetensors file.
        FileNotFoundError: there is none.
    """
    # Copies, so that the tensors do not depend on the file any more.
    return {name: wrap(as_array(np.array(array))) for name, array in load_arrays(path).items()}


def load_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the text in a safetensors file."""
    return read_header(path)[1]
