"""Reading checkpoints: ``torch.load`` of torch's zip format, and of the streams that came before it."""

from __future__ import annotations

import contextlib
import io
import mmap as memory_map
import os
import pickle
from collections.abc import Iterator
from typing import Any

from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.torch.serialization import archive, legacy
from xlagrad.torch.serialization.failure import failure
from xlagrad.torch.serialization.location import MapLocation, placed
from xlagrad.torch.serialization.machine import Machine
from xlagrad.torch.serialization.rules import Rules
from xlagrad.torch.serialization.storage import ALLOWANCE, Budget, Storage

#: The newest version of the zip format.
MAX_VERSION = 10


def load(
    f: Any,
    map_location: MapLocation = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = True,
    mmap: bool | None = None,
    encoding: str = "utf-8",
    **options: Any,
) -> Any:
    """Return the object that ``torch.save`` wrote to a file, as tensors and plain containers.

    No code of the file's choice runs, and sizes are checked before memory is taken. Tensors that shared
    memory share it again.

    Args:
        f: a path, or a file object open for reading bytes, which is read from where it stands.
        map_location: where to put tensors: a device, a dictionary from the devices in the file to others, or
            a function of the storage and the device that it was on. By default where they were; what was on
            the CPU goes where new tensors go.
        pickle_module: Python's ``pickle`` or None; nothing else.
        weights_only: accepted both ways, and the same either way: what :func:`add_safe_globals` has not
            allowed is refused.
        mmap: keep tensors in the file, to be read when they are used; for paths of the zip format.
        encoding: of strings that Python 2 pickled.
        options: none; what PyTorch hands on to another pickle module.

    Raises:
        LoadError: the file is damaged, contradicts itself, or names a class that was not allowed; the message
            says which. It is a ``pickle.UnpicklingError`` and a ``RuntimeError``.
        ArgumentError: options that do not go together.
        FileNotFoundError: there is no such file.

    Example:
        >>> import io
        >>> from xlagrad.core.tensor import Tensor
        >>> from xlagrad.torch.serialization.writing import save
        >>> file = io.BytesIO()
        >>> save({"weight": Tensor([1.0, 2.0])}, file)
        >>> load(io.BytesIO(file.getvalue()))
        {'weight': tensor([1., 2.])}

    Source: ``torch.load``. Deviation: ``weights_only=False`` allows no more than True.
    """
    is_path = isinstance(f, (str, os.PathLike))
    _check_options(pickle_module, options, bool(mmap) and not is_path)
    with _bytes_of(f) as data:
        budget = Budget(2 * len(data) + ALLOWANCE)
        if bytes(data[:4]) == archive.MAGIC:
            return _from_zip(data, map_location, budget, encoding, bool(mmap))
        if mmap:
            fix = "save it again with torch.save, or leave mmap out"
            raise ArgumentError(
                message("torch.load", "torch's zip format with mmap=True", "an older one", fix)
            )
        found, end = legacy.read(data, map_location, budget, encoding)
        if not is_path:
            f.seek(end - len(data), os.SEEK_END)
        return found


def _check_options(pickle_module: Any, options: dict[str, Any], maps_an_open_file: bool) -> None:
    if pickle_module not in (None, pickle) or options:
        got = ", ".join(options) or describe(pickle_module)
        raise ArgumentError(message("torch.load", "Python's pickle without options", got, "leave it out"))
    if maps_an_open_file:
        raise ArgumentError(message("torch.load", "a path with mmap=True", "an open file", "pass its path"))


@contextlib.contextmanager
def _bytes_of(f: Any) -> Iterator[memoryview]:
    """Give the bytes of a path or of the rest of a file object, without a copy where they can be mapped."""
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as opened, _bytes_of(opened) as data:
            yield data
        return
    if not hasattr(f, "read"):
        raise ArgumentError(message("torch.load", "a path or a file open for reading", describe(f)))
    if not (hasattr(f, "seek") and hasattr(f, "tell")):
        fix = "read it into io.BytesIO first"
        raise ArgumentError(message("torch.load", "a file with seek and tell", describe(f), fix))
    start = f.tell()
    if isinstance(f, io.BytesIO):
        data = memoryview(f.getvalue())[start:]
    else:
        data = _mapped(f, start) or memoryview(f.read())
    if not isinstance(data.obj, memory_map.mmap):
        f.seek(0, os.SEEK_END)
    if not len(data):
        raise failure("a file that torch.save wrote", "an empty one")
    yield data


def _mapped(f: Any, start: int) -> memoryview | None:
    """Return the rest of an ordinary file, mapped; None of anything else."""
    try:
        # A wrapper that unpacks as it reads has its archive's number.
        if not isinstance(f, (io.BufferedReader, io.BufferedRandom, io.FileIO)):
            return None
        return memoryview(memory_map.mmap(f.fileno(), 0, access=memory_map.ACCESS_READ))[start:]
    except (OSError, ValueError):
        return None


def _from_zip(data: memoryview, target: MapLocation, budget: Budget, encoding: str, in_place: bool) -> Any:
    records = archive.entries(data)
    if "constants.pkl" in records:
        fix = "save its state_dict() with torch and load that"
        raise failure("saved objects", "a TorchScript program, whose code cannot run here", fix)
    if "data.pkl" not in records:
        got = f"an archive of {', '.join(sorted(records)[:4]) or 'nothing'}"
        raise failure("an archive that torch.save wrote, with data.pkl", got)
    version, order = _text(records, "version", "3"), _text(records, "byteorder", "little")
    if not version.isdigit() or not 1 <= int(version) <= MAX_VERSION:
        raise failure(f"version 1 to {MAX_VERSION} of the format", version)
    if order not in ("little", "big"):
        raise failure("the byte order little or big", order)
    opened: dict[str, Storage] = {}

    def open_storage(pid: Any) -> Storage:
        kind, key, location, nbytes = legacy.described(pid, 5)
        record = records.get(f"data/{key}")
        if record is None or len(record) != nbytes:
            got = "none" if record is None else f"one of {len(record)} bytes"
            raise failure(f"an entry data/{key} of {nbytes} bytes", got, "save or copy the file again")
        if key not in opened:
            made = Storage(key, kind.dtype, location, nbytes)
            made.order, made.data, made.in_place = order, record, in_place
            opened[key] = placed(made, target)
        elif opened[key].dtype is not kind.dtype:
            raise failure(f"one type for storage {key!r}", f"{opened[key].dtype} and {kind.dtype}")
        return opened[key]

    rules = Rules(open_storage, budget)
    found = Machine(records["data.pkl"], 0, rules, encoding).load()
    rules.finish()
    return found


def _text(records: dict[str, memoryview], name: str, default: str) -> str:
    return bytes(records[name][:20]).decode("latin-1").strip() if name in records else default
