"""Writing checkpoints that torch reads: ``torch.save`` to torch's zip format, and to the older stream."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xlagrad.core.errors import ArgumentError, StateError, describe, message
from xlagrad.torch.serialization import legacy
from xlagrad.torch.serialization.archive import Writer
from xlagrad.torch.serialization.pickling import Pickler, Saved
from xlagrad.train.files import replacing

VERSION = b"3\n"


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Write an object to a file that ``torch.load`` reads, here and in PyTorch.

    Tensors are written byte for byte, with their strides, and those that share memory once. A path is written
    under another name first and then renamed, so a reader finds the old file or the new one.

    Whole modules and other objects are pickled by the name of their class, which PyTorch does not have, and
    are loaded only where ``add_safe_globals`` allows the class: exchange a ``state_dict()`` instead.

    Args:
        obj: tensors, containers of them, or anything that pickle takes.
        f: a path, or a file object open for writing bytes.
        pickle_module: Python's ``pickle``; nothing else.
        pickle_protocol: of the part that is no tensor; PyTorch reads 2 without trusting the file.

    Raises:
        StateError: tensors of two element types share memory, or the folder does not exist.
        ArgumentError: another pickle module, or nothing that can be written to.
        TraceError: a tensor has no value yet, under ``compile``.

    Example:
        >>> import io
        >>> from xlagrad.core.tensor import Tensor
        >>> file = io.BytesIO()
        >>> save([Tensor([1, 2]), "text"], file)

    Source: ``torch.save``.
    """
    if pickle_module is not pickle:
        raise ArgumentError(message("torch.save", "Python's pickle", describe(pickle_module), "leave it out"))
    if not (type(pickle_protocol) is int and 1 <= pickle_protocol <= pickle.HIGHEST_PROTOCOL):
        want = f"a pickle protocol of 1 to {pickle.HIGHEST_PROTOCOL}"
        raise ArgumentError(message("torch.save", want, repr(pickle_protocol)))
    if _use_new_zipfile_serialization:
        text, storages = _pickled(obj, pickle_protocol, old=False)
        with _opened(f) as (file, name):
            _write_zip(file, name, text, storages, not _disable_byteorder_record)
        return
    text, storages = _pickled(obj, pickle_protocol, old=True)
    with _opened(f) as (file, _):
        _write_stream(file, text, storages, pickle_protocol)


def _pickled(obj: Any, protocol: int, old: bool) -> tuple[bytes, list[Saved]]:
    text = io.BytesIO()
    pickler = Pickler(text, protocol, old)
    pickler.dump(obj)
    return text.getvalue(), list(pickler.storages.values())


@contextlib.contextmanager
def _opened(f: Any) -> Iterator[tuple[Any, str]]:
    """Give the file to write to, and the name of the folder in the archive."""
    if not isinstance(f, (str, os.PathLike)):
        if not hasattr(f, "write"):
            want = "a path or a file open for writing"
            raise ArgumentError(message("torch.save", want, describe(f)))
        yield f, "archive"
        return
    path = Path(os.path.realpath(os.fspath(f)))
    if not path.parent.is_dir():
        want = f"a folder {str(path.parent)!r} to write to"
        raise StateError(
            message("torch.save", want, "none: Parent directory does not exist", "make it first")
        )
    if path.exists() and not path.is_file():
        with open(path, "wb") as file:
            yield file, "archive"
        return
    name = Path(f).name.partition(".")[0] or "archive"
    with replacing(path) as temporary, temporary.open("wb") as file:
        yield file, name


def _write_zip(file: Any, name: str, text: bytes, storages: list[Saved], order: bool) -> None:
    archive = Writer(file, name)
    archive.add("data.pkl", text)
    if order:
        archive.add("byteorder", sys.byteorder.encode())
    for storage in storages:
        archive.add(f"data/{storage.key}", storage.data())
    archive.add("version", VERSION)
    archive.close()


def _write_stream(file: Any, text: bytes, storages: list[Saved], protocol: int) -> None:
    sizes = {"short": 2, "int": 4, "long": 4}
    system = {
        "protocol_version": legacy.PROTOCOL_VERSION,
        "little_endian": sys.byteorder == "little",
        "type_sizes": sizes,
    }
    ordered = sorted(storages, key=lambda storage: storage.key)
    # Readers know the format by the magic number as protocol 2 writes it.
    file.write(legacy.START)
    for value in (legacy.PROTOCOL_VERSION, system):
        file.write(pickle.dumps(value, protocol))
    file.write(text)
    file.write(pickle.dumps([storage.key for storage in ordered], protocol))
    for storage in ordered:
        data = storage.data()
        file.write(struct.pack("=q", len(data) // storage.itemsize))
        file.write(data)
