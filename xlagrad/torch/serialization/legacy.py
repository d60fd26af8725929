"""The stream of pickles and bytes that ``torch.save`` wrote before release 1.6, and still can."""

from __future__ import annotations

import pickle
import struct
from typing import Any

from xlagrad.torch.serialization.elements import StorageType
from xlagrad.torch.serialization.failure import failure, shown
from xlagrad.torch.serialization.location import MapLocation, placed
from xlagrad.torch.serialization.machine import Machine
from xlagrad.torch.serialization.rules import Rules
from xlagrad.torch.serialization.storage import Budget, Storage

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
START = pickle.dumps(MAGIC_NUMBER, 2)

_HUGE = 1 << 56


def described(pid: Any, length: int) -> tuple[StorageType, str, str, int]:
    """Return element type, key, device and size in bytes of the storage that a persistent id describes.

    Raises:
        LoadError: it describes none.
    """
    if type(pid) is not tuple or len(pid) != length or _text(pid[0]) != "storage":
        raise failure("a storage's description", shown(pid))
    kind, key, location, count = pid[1], _text(pid[2]), _text(pid[3]), pid[4]
    if not isinstance(kind, StorageType) or type(count) is not int or not 0 <= count <= _HUGE:
        raise failure("a storage's type and size", shown(pid[1:]))
    return kind, key, location, count * (kind.dtype.itemsize if kind.dtype else 1)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if not isinstance(value, str):
        raise failure("text in a storage's description", shown(value))
    return value


def read(data: memoryview, target: MapLocation, budget: Budget, encoding: str) -> tuple[Any, int]:
    """Return the object that a stream begins with, and where it ends.

    Raises:
        LoadError: it is not such a stream, or a damaged one.
    """
    if bytes(data[: len(START)]) != START:
        raise failure("a file that torch.save wrote", _looks_like(bytes(data[:512])))
    stream = _Stream(data, len(START), target, budget, encoding)
    version, system = stream.object(), stream.object()
    if version != PROTOCOL_VERSION or type(system) is not dict:
        raise failure(f"version {PROTOCOL_VERSION} of the format", shown(version))
    stream.order = "little" if system.get("little_endian", True) else "big"
    found = stream.object()
    stream.fill(stream.object())
    stream.rules.finish()
    return found, stream.at


class _Stream:
    """A stream being read: the pickles, then the bytes of the storages in the order of their keys."""

    def __init__(self, data: memoryview, at: int, target: MapLocation, budget: Budget, encoding: str) -> None:
        self.data, self.at, self.target, self.encoding = data, at, target, encoding
        self.order = "little"
        self.storages: dict[str, Storage] = {}
        self.parts: dict[tuple[str, str], tuple[Storage, Storage, int]] = {}
        self.rules = Rules(self._open, budget, has_data=False)

    def object(self) -> Any:
        """Return the next pickle."""
        machine = Machine(self.data, self.at, self.rules, self.encoding)
        found = machine.load()
        self.at = machine.at
        return found

    def _open(self, pid: Any) -> Storage:
        kind, key, location, nbytes = described(pid, 6)
        whole = self.storages.get(key)
        if whole is None:
            whole = Storage(key, kind.dtype, location, nbytes)
            if nbytes > len(self.data) - self.at:
                raise failure(f"{nbytes} bytes of storage {key!r}", f"{len(self.data) - self.at} left")
            whole.order = self.order
            whole = self.storages[key] = placed(whole, self.target)
        elif whole.dtype is not kind.dtype or whole.nbytes() != nbytes:
            raise failure(f"one description of storage {key!r}", "two that differ")
        return whole if pid[5] is None else self._part(whole, pid[5])

    def _part(self, whole: Storage, view: Any) -> Storage:
        """Return a part of a storage, which releases before 0.4 knew."""
        if type(view) is not tuple or len(view) != 3 or not all(type(n) is int for n in view[1:]):
            raise failure("the part of a storage", shown(view))
        key, offset, count = _text(view[0]), view[1], view[2]
        size = whole.dtype.itemsize if whole.dtype else 1
        if not 0 <= offset <= offset + count <= whole.nbytes() // size:
            raise failure(f"a part of storage {whole.key!r}", shown(view))
        if (whole.key, key) not in self.parts:
            made = Storage(f"{whole.key}/{key}", whole.dtype, whole.location, count * size)
            made.order, made.place = whole.order, whole.place
            self.parts[whole.key, key] = (made, whole, offset * size)
        return self.parts[whole.key, key][0]

    def fill(self, keys: Any) -> None:
        """Give the storages the bytes that follow."""
        if type(keys) is not list or len(set(map(_text, keys))) != len(keys):
            raise failure("the keys of the storages, each once", shown(keys))
        for key in map(_text, keys):
            found = self.storages.get(key)
            if found is None:
                raise failure("keys of storages that tensors lie in", shown(key))
            count = self._count(key)
            size = found.dtype.itemsize if found.dtype else 1
            if count * size != found.nbytes() or found.nbytes() > len(self.data) - self.at:
                got = f"{count * size}, with {len(self.data) - self.at} left in the file"
                raise failure(f"{found.nbytes()} bytes of storage {key!r}", got)
            found.data = self.data[self.at : self.at + found.nbytes()]
            self.at += found.nbytes()
        for found in self.storages.values():
            if found.data is None:
                raise failure(f"the bytes of storage {found.key!r}", "none", "save or copy the file again")
        for part, whole, start in self.parts.values():
            assert whole.data is not None
            part.data = whole.data[start : start + part.nbytes()]

    def _count(self, key: str) -> int:
        form = "<q" if self.order == "little" else ">q"
        if len(self.data) - self.at < 8:
            raise failure(f"the size of storage {key!r}", "the end of the file")
        (count,) = struct.unpack_from(form, self.data, self.at)
        self.at += 8
        return int(count)


def _looks_like(head: bytes) -> str:
    """Say what a file is that is no checkpoint, as far as its first bytes tell."""
    if head[257:262] == b"ustar":
        return "a tar file of a release of torch before 0.2; save it again with torch"
    if len(head) > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 32:
        return "a safetensors file; read it with safetensors or xlagrad.train"
    if head[:1] == b"\x80":
        return "another pickle; read it with pickle, if you trust it"
    if head[:2] == b"\x1f\x8b":
        return "a gzip file; unpack it first"
    return f"one that begins with {head[:8]!r}"
