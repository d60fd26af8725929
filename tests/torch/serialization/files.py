"""Checkpoints by hand: archives and streams with every part free to be wrong, and how two objects compare."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

import xlagrad.torch as ours

#: The element types that both have, by name.
NAMES = """
    bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex64
    complex128 float8_e4m3fn float8_e5m2
""".split()  # noqa: SIM905

#: Those that PyTorch itself cannot read back from a stream.
ZIP_ONLY = {"uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2"}


def archive(pickled: bytes, *storages: bytes, **records: bytes) -> bytes:
    """Return an archive of a pickle, storages and further records."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("a/data.pkl", pickled)
        out.writestr("a/byteorder", records.pop("byteorder", b"little"))
        for key, data in enumerate(storages):
            out.writestr(f"a/data/{key}", data)
        for name, data in {"version": b"3\n", **records}.items():
            out.writestr(f"a/{name}", data)
    return file.getvalue()


class Raw(bytes):
    """Opcodes to go into a pickle as they are."""


def pickled(value: Any) -> bytes:
    """Return a pickle of nested values; ``Raw`` stands for opcodes, tuples of one ``Call`` for calls."""
    return b"\x80\x02" + _code(value) + b"."


def _code(value: Any) -> bytes:
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, tuple):
        return b"(" + b"".join(map(_code, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(_code, value)) + b"e"
    return pickle.dumps(value, 2)[2:-1]


def name(dotted: str) -> Raw:
    """Return the opcodes that find a global."""
    module, _, last = dotted.rpartition(".")
    return Raw(f"c{module}\n{last}\n".encode())


def call(function: Raw, *args: Any) -> Raw:
    """Return the opcodes that call what ``function`` finds."""
    return Raw(function + _code(args) + b"R")


def storage(count: int, kind: str = "torch.FloatStorage", key: str = "0", location: str = "cpu") -> Raw:
    """Return the opcodes that open a storage."""
    return Raw(_code(("storage", name(kind), key, location, count)) + b"Q")


def tensor(store: Raw, offset: Any, size: Any, stride: Any, requires_grad: Any = False) -> Raw:
    """Return the opcodes that rebuild a tensor."""
    hooks = call(name("collections.OrderedDict"))
    return call(name("torch._utils._rebuild_tensor_v2"), store, offset, size, stride, requires_grad, hooks)


def raw(value: Any) -> bytes:
    """Return the bytes of a tensor of either library, in row-major order."""
    if isinstance(value, torch.Tensor):
        flat = value.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
        return flat.view(torch.uint8).numpy().tobytes()
    return np.asarray(value.detach()).tobytes()


def same(got: Any, want: Any, where: str = "object") -> None:
    """Check that an object is PyTorch's: types, order, bytes, strides, gradients wanted, attributes."""
    if isinstance(want, torch.Tensor):
        assert type(got).__name__ == type(want).__name__, where
        assert (str(got.dtype), tuple(got.shape)) == (str(want.dtype), tuple(want.shape)), where
        assert (got.stride(), got.requires_grad) == (want.stride(), want.requires_grad), where
        assert raw(got) == raw(want), where
    elif isinstance(want, Mapping):
        assert type(got).__name__ == type(want).__name__, where
        assert list(got) == list(want), where
        for key in want:
            same(got[key], want[key], f"{where}[{key!r}]")
    elif isinstance(want, (list, tuple)):
        assert type(got).__name__ == type(want).__name__, where
        assert len(got) == len(want), where
        for i, (g, w) in enumerate(zip(got, want, strict=True)):
            same(g, w, f"{where}[{i}]")
    elif isinstance(want, (torch.dtype, torch.device)):
        assert str(got) == str(want), where
    elif isinstance(want, np.ndarray):
        np.testing.assert_array_equal(got, want)
        assert got.dtype == want.dtype, where
    else:
        assert type(got) is type(want), where
        assert got == want or (got != got and want != want), where


def written(library: Any, value: Any, **options: Any) -> bytes:
    """Return what a library saves."""
    file = io.BytesIO()
    library.save(value, file, **options)
    return file.getvalue()


def loaded(library: Any, data: bytes, **options: Any) -> Any:
    """Return what a library loads."""
    return library.load(io.BytesIO(data), **options)


def ours_of(value: torch.Tensor) -> Any:
    """Return PyTorch's tensor as one of ours, by way of a file."""
    return loaded(ours, written(torch, value))
