"""torch's zip files as entries in memory: read after every claim was checked, written uncompressed."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from xlagrad.torch.serialization.failure import failure

MAGIC = b"PK\x03\x04"

#: Where the bytes of a tensor begin, so that a mapped file can be used in place.
ALIGNMENT = 64

_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x1
_DATE = (1980, 1, 1, 0, 0, 0)


class Window(io.RawIOBase):
    """A file to read over bytes that are somewhere in memory."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position within or behind the bytes."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        if start + offset < 0:
            raise OSError("a position before the first byte")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Copy what follows into ``buffer``; return how many bytes."""
        into = memoryview(buffer)
        found = self._data[self._at : self._at + len(into)]
        into[: len(found)] = found
        self._at += len(found)
        return len(found)


def entries(data: memoryview) -> dict[str, memoryview]:
    """Return what an archive holds, by name without the top folder, as parts of ``data``.

    Raises:
        LoadError: the archive is damaged, compressed or encrypted, its entries overlap, are named twice or
            outside of its one folder, or are larger than the file.
    """
    try:
        with zipfile.ZipFile(Window(data)) as opened:
            infos, end = opened.infolist(), opened.start_dir
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        ValueError,
        OSError,
        struct.error,
        OverflowError,
    ) as error:
        raise failure(
            "a complete zip archive", str(error) or "a damaged one", "save or copy it again"
        ) from None
    found: dict[str, memoryview] = {}
    behind = 0
    for info in sorted(infos, key=lambda entry: entry.header_offset):
        _require_plain(info)
        start = _start(data, info)
        if info.header_offset < behind or start + info.file_size > end:
            raise failure("entries that lie side by side", f"{info.filename!r}, which overlaps another part")
        behind = start + info.file_size
        name = _relative(info.filename, infos[0].filename)
        if name in found:
            raise failure("one entry of each name", f"{info.filename!r} twice")
        found[name] = data[start:behind]
    return found


def _require_plain(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise failure("an archive without a password", f"the encrypted entry {info.filename!r}")
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        got = f"{info.filename!r}, {info.compress_size} bytes that claim to unpack to {info.file_size}"
        raise failure("entries stored as they are, as torch writes them", got, "unpack it and use `zip -0`")


def _start(data: memoryview, info: zipfile.ZipInfo) -> int:
    """Return where an entry's bytes begin, as its own header says."""
    header = bytes(data[info.header_offset : info.header_offset + _LOCAL.size])
    if info.header_offset < 0 or len(header) < _LOCAL.size or header[:4] != MAGIC:
        raise failure("a header before each entry", f"none before {info.filename!r}", "save or copy it again")
    name_size, extra_size = _LOCAL.unpack(header)[-2:]
    named = info.header_offset + _LOCAL.size
    name = bytes(data[named : named + name_size])
    if name != info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437"):
        raise failure(f"an entry {info.filename!r}", f"a header that names it {name[:80]!r}")
    return int(named + name_size + extra_size)


def _relative(name: str, first: str) -> str:
    """Return an entry's name below the top folder, which all share."""
    parts = PurePosixPath(name).parts
    escapes = name.startswith("/") or ".." in parts or any(c in name for c in "\\:\0")
    if escapes or len(parts) < 2 or name.endswith("/") or "/".join(parts) != name:
        raise failure("entries within one folder", repr(name[:80]))
    if not first.startswith(f"{parts[0]}/"):
        raise failure("entries within one folder", f"{first[:80]!r} and {name[:80]!r}")
    return "/".join(parts[1:])


class Writer:
    """An archive that is being written.

    Args:
        file: where to; anything with ``write``.
        folder: the name of the one folder in it.
    """

    def __init__(self, file: Any, folder: str) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._folder = folder

    def add(self, name: str, data: bytes | memoryview) -> None:
        """Write one entry, its bytes aligned."""
        info = zipfile.ZipInfo(f"{self._folder}/{name}", _DATE)
        info.file_size = len(data)
        info.external_attr = 0o644 << 16
        large = len(data) >= zipfile.ZIP64_LIMIT or self._place() >= zipfile.ZIP64_LIMIT
        header = self._place() + _LOCAL.size + len(info.filename.encode()) + (20 if large else 0)
        # An unknown extra field of its own four bytes and as many more as lead up to the alignment.
        gap = -(header + 4) % ALIGNMENT
        info.extra = struct.pack("<2sH", b"FB", gap) + bytes(gap)
        with self._zip.open(info, "w", force_zip64=large) as entry:
            for part in _parts(data):
                entry.write(part)

    def _place(self) -> int:
        return int(self._zip.start_dir)

    def close(self) -> None:
        """Write the table of contents."""
        self._zip.close()


def _parts(data: bytes | memoryview, size: int = 1 << 24) -> Iterator[memoryview]:
    whole = memoryview(data)
    for start in range(0, len(whole), size):
        yield whole[start : start + size]
