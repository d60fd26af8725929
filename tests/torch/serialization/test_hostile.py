"""Malicious, truncated and lying files end with a clear error: nothing runs, little memory is taken."""

from __future__ import annotations

import io
import os
import pickle
import re
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import xlagrad.torch as ours
from tests.torch.serialization.files import (
    Raw,
    archive,
    call,
    loaded,
    name,
    pickled,
    storage,
    tensor,
    written,
)

#: More than the objects of a small file and their bookkeeping take, and less than what it may lie about.
SLACK = 1 << 22

FORM = re.compile(r"^(torch\.load|device): expected .+, got .+\.$", re.DOTALL)


def refused(data: bytes, text: str = "expected") -> None:
    """Check that a file is refused with one of our errors, and takes no memory to speak of."""
    tracemalloc.start()
    try:
        with pytest.raises((pickle.UnpicklingError, RuntimeError), match=text) as caught:
            loaded(ours, data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert FORM.match(str(caught.value)), str(caught.value)
    assert peak < 3 * len(data) + SLACK


class Evil:
    """Pickles as a call."""

    def __init__(self, *reduced: Any) -> None:
        self.reduced = reduced

    def __reduce__(self) -> Any:
        return self.reduced


CALLS = [
    (os.system, ("touch ran",)),
    (eval, ("open('ran', 'w')",)),
    (exec, ("open('ran', 'w')",)),
    (getattr, (ours.Tensor, "numpy")),
    (open, ("ran", "w")),
    (os.mkdir, ("ran",)),
    (__import__, ("os",)),
    (np.load, ("ran",)),
    (np.fromfile, ("ran",)),
    (pickle.loads, (b"\x80\x02K\x01.",)),
    (bytearray, (1 << 40,)),
    (bytes, (1 << 40,)),
    (bytearray, ([1] * 10,)),
    (np.ndarray, ((1 << 40,),)),
    (map, (print, [1])),
    (type, ("A", (), {})),
    (torch.storage._load_from_bytes, (b"",)),
]


@pytest.mark.parametrize("protocol", [2, 4], ids=["protocol2", "protocol4"])
@pytest.mark.parametrize(
    "index", range(len(CALLS)), ids=[f.__name__ + str(i) for i, (f, _) in enumerate(CALLS)]
)
def test_a_call_of_the_file_s_choice_does_not_run(
    index: int, protocol: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    evil = pickle.dumps({"weights": [1.0], "x": Evil(*CALLS[index])}, protocol)
    refused(archive(evil))
    for weights_only in (False, None):
        with pytest.raises(pickle.UnpicklingError):
            loaded(ours, archive(evil), weights_only=weights_only)
    stream = b"".join(pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
    refused(stream + evil)
    assert list(tmp_path.iterdir()) == []


MISUSES: list[Any] = [
    (Raw(b"(S'ls'\nios\nsystem\n"), "the instruction INST"),
    (Raw(b"(cos\nsystem\nS'ls'\no"), "which runs programs"),
    (Raw(b"cos\nsystem\n"), r"os\.system, which runs programs"),
    (Raw(b"cbuiltins\neval\n"), "which runs programs"),
    (Raw(b"ctorch._utils\n_rebuild_tensor_v2\n}X\x08\x00\x00\x00__code__K\x01sb"), "state files may set"),
    (
        Raw(b"ccollections\nOrderedDict\n)R}X\x05\x00\x00\x00itemsK\x01sb"),
        "attributes that a OrderedDict",
    ),
    (Raw(b"ccollections\nOrderedDict\n}X\x01\x00\x00\x00aK\x01sb"), "state files may set"),
    (Raw(b"K\x01)R"), "a function that files may call"),
    (Raw(b"ctorch\nFloatStorage\n)R"), "a function that files may call"),
    (Raw(b"ctorch\nfloat32\n)R"), "a function that files may call"),
    (Raw(b"\x82\x01"), "the instruction EXT1"),
    (Raw(b"Pabc\n"), "the instruction PERSID"),
    (Raw(b"\x97"), "the instruction NEXT_BUFFER"),
    (Raw(b"\xff"), "the instruction 0xff"),
    (Raw(b"h\x07"), "KeyError"),
    (Raw(b"t"), "IndexError"),
    (Raw(b"K\x01K\x02a"), "a list to append"),
    (Raw(b"]K\x01K\x02s"), "a dict to set items of"),
    (Raw(b"}]K\x02s"), "unhashable"),
    (Raw(b"K\x01" + 40 * b"2\x86" + b"q\x00}h\x00K\x01s"), "small tuples"),
    (Raw(b"K\x01" + 60 * b"2\x86" + b"Q"), "a storage's description"),
    (call(name("torch.device"), Raw(b"K\x01" + 60 * b"2\x86")), "the name of a device"),
    (call(name("numpy.dtype"), Raw(b"K\x01" + 60 * b"2\x86")), "a NumPy type"),
    (Raw(b"B\xff\xff\xff\x7fabc"), "a complete pickle"),
    (Raw(b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc"), "a complete pickle"),
    (Raw(b"X\xff\xff\xff\xffabc"), "a complete pickle"),
    (Raw(b"T\xff\xff\xff\xffabc"), "a complete pickle"),
    (Raw(b"\x8b\xff\xff\xff\x7fabc"), "a complete pickle"),
    (Raw(b"\x95\xff\xff\xff\xff\xff\xff\xff\x7f"), "a frame"),
    (Raw(b"I" + b"9" * 5000 + b"\n"), "a line of at most"),
    (Raw(b"K\x01r\xff\xff\xff\xff"), ""),
    (Raw(b"\x80\x09"), "pickle protocol"),
    (Raw(b"]" + b"".join(b"]" for _ in range(3)) + b"\x85\x85\x85"), ""),
]


@pytest.mark.parametrize(("value", "text"), MISUSES, ids=range(len(MISUSES)))
def test_pickles_that_misuse_the_machine(value: Raw, text: str) -> None:
    data = archive(pickled(value))
    if text:
        refused(data, text)
        return
    loaded(ours, data)


def place(offset: Any = 0, size: Any = (4,), stride: Any = (1,), count: int = 4) -> Raw:
    return tensor(storage(count), offset, size, stride)


LIES: list[Any] = [
    (place(size=(5,)), "elements within the 16 bytes"),
    (place(offset=1), "elements within"),
    (place(offset=1 << 62), "an offset of zero or more"),
    (place(stride=(2,)), "elements within"),
    (place(size=(2, 2), stride=(3, 1)), "elements within"),
    (place(size=(2, 2), stride=(1,)), "one stride for each size"),
    (place(size=(-4,)), "sizes of zero or more"),
    (place(stride=(-1,), offset=3), "strides of zero or more"),
    (place(size=(True,)), "sizes of zero or more"),
    (place(size=(4.0,)), "sizes of zero or more"),
    (place(size="4"), "sizes in a tuple"),
    (place(size=(1,) * 100, stride=(0,) * 100), "sizes in a tuple of at most 64"),
    (place(size=(1 << 50,), stride=(0,)), "tensors as large as their storage"),
    (place(size=(1 << 20, 1 << 20, 1 << 20), stride=(0, 0, 0)), "elements within"),
    (place(size=(0, 1 << 55, 1 << 55), stride=(1, 1, 1)), "elements within"),
    (place(count=5), "an entry data/0 of 20 bytes, got one of 16 bytes"),
    (place(count=3), "an entry data/0 of 12 bytes, got one of 16 bytes"),
    (place(count=-1), "a storage's type and size"),
    (place(count=1 << 61), "a storage's type and size"),
    (tensor(storage(4, key="9"), 0, (4,), (1,)), "an entry data/9 of 16 bytes, got none"),
    (tensor(storage(4, key="../version"), 0, (4,), (1,)), "got none"),
    (tensor(storage(4, location="mars"), 0, (4,), (1,)), "the name of a device"),
    (tensor(storage(4, location="cuda:0"), 0, (4,), (1,)), "map_location='cpu'"),
    (tensor(storage(4, kind="torch.QInt8Storage"), 0, (4,), (1,)), "torch.QInt8Storage"),
    (tensor(storage(4, kind="torch.IntStorage"), 0, (4,), (1,), True), "gradients of real"),
    (tensor(Raw(b"K\x01"), 0, (4,), (1,)), "a storage under each tensor"),
    ([place(), tensor(storage(4, kind="torch.IntStorage"), 0, (4,), (1,))], "one type for storage"),
    (Raw(b"K\x01Q"), "a storage's description"),
    (call(name("torch._utils._rebuild_parameter"), 1, True, 0), "a tensor for a Parameter"),
    (call(name("torch._utils._rebuild_sparse_tensor"), 1), "a sparse tensor"),
    (call(name("torch._utils._rebuild_qtensor"), 1), "a quantized tensor"),
    (call(name("torch._utils._rebuild_tensor_v2"), 1), "a well-formed pickle"),
    (call(name("torch.device"), "mars"), "the name of a device"),
    (call(name("torch.Size"), ("a",)), "the lengths of a torch.Size"),
    (call(name("numpy.dtype"), "O", False, True), "a NumPy type of numbers"),
    (call(name("numpy.core.multiarray.scalar"), call(name("numpy.dtype"), "f8"), b"abc"), "its bytes"),
    (call(name("numpy.core.multiarray._reconstruct"), name("numpy.ndarray"), (1 << 40,), b"b"), "array"),
    (call(name("collections.defaultdict"), name("torch.Tensor")), "plain values"),
    (name("torch.float8_e4m3fnuz"), "an element type that xlagrad has"),
    (call(name("torch.nn.modules.linear.Linear")), r"state_dict\(\) instead"),
]


@pytest.mark.parametrize(("value", "text"), LIES, ids=range(len(LIES)))
def test_tensors_that_lie(value: Any, text: str) -> None:
    refused(archive(pickled(value), bytes(16)), text)


def test_many_views_of_one_storage_take_no_more_than_the_file_accounts_for() -> None:
    views = [tensor(storage(1 << 18), i, ((1 << 18) - 100,), (1,)) for i in range(100)]
    refused(archive(pickled(views), bytes(1 << 20)), "expanded or overlapping")
    same = [tensor(storage(1 << 18), 0, (1 << 18,), (1,)) for _ in range(100)]
    found = loaded(ours, archive(pickled(same), bytes(1 << 20)))
    found[0][3] = 1.0
    assert found[99][3].item() == 1.0


def entry(file: zipfile.ZipFile, name: str, data: bytes, **fields: Any) -> None:
    info = zipfile.ZipInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    file.writestr(info, data)


def zipped(*entries: Any) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name, data, *fields in entries:
            entry(out, name, data, **(fields[0] if fields else {}))
    return file.getvalue()


ONE = pickle.dumps(1, 2)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ([("a/data.pkl", bytes(1 << 24), {"compress_type": zipfile.ZIP_DEFLATED})], "claim to unpack"),
        ([("a/data.pkl", ONE), ("a/../../x", b"")], "entries within one folder"),
        ([("/a/data.pkl", ONE)], "entries within one folder"),
        ([("a/data.pkl", ONE), ("b/version", b"3")], "entries within one folder"),
        ([("data.pkl", ONE)], "entries within one folder"),
        ([("a/data.pkl", ONE), ("a/data\\0", b"")], "entries within one folder"),
        ([("a/data.pkl", ONE), ("a/data.pkl", ONE)], "one entry of each name"),
        ([("a/x", ONE)], "with data.pkl"),
        ([("a/data.pkl", ONE), ("a/constants.pkl", ONE)], "a TorchScript program"),
        ([("a/data.pkl", ONE), ("a/version", b"99")], "version 1 to 10"),
        ([("a/data.pkl", ONE), ("a/byteorder", b"middle")], "byte order"),
        ([("a/data.pkl", b"")], "a complete pickle"),
        ([("a/data.pkl", ONE[:-1])], "a complete pickle"),
    ],
    ids=range(13),
)  # fmt: skip
def test_archives_that_lie(entries: Any, text: str) -> None:
    refused(zipped(*entries), text)


def changed(data: bytes, find: bytes, at: int, value: bytes, last: bool = False) -> bytes:
    """Return bytes with some replaced, counted from where others are found."""
    start = (data.rindex(find) if last else data.index(find)) + at
    return data[:start] + value + data[start + len(value) :]


CENTRAL, END = b"PK\x01\x02", b"PK\x05\x06"


@pytest.mark.parametrize(
    "change",
    [
        lambda d: changed(d, CENTRAL, 20, struct.pack("<2L", 1 << 30, 1 << 30)),
        lambda d: changed(d, CENTRAL, 20, struct.pack("<2L", 1 << 5, 1 << 30)),
        lambda d: changed(d, CENTRAL, 42, struct.pack("<L", 60), last=True),
        lambda d: changed(d, CENTRAL, 42, struct.pack("<L", 0), last=True),
        lambda d: changed(d, CENTRAL, 42, struct.pack("<L", 1 << 30), last=True),
        lambda d: changed(d, CENTRAL, 8, struct.pack("<H", 1)),
        lambda d: changed(d, CENTRAL, 46, b"b"),
        lambda d: changed(d, b"PK\x03\x04", 26, struct.pack("<H", 60000)),
        lambda d: changed(d, b"PK\x03\x04", 28, struct.pack("<H", 60000)),
        lambda d: changed(d, END, 12, struct.pack("<L", 1 << 31)),
        lambda d: changed(d, END, 16, struct.pack("<L", 1 << 31)),
        lambda d: changed(d, END, 0, b"XX"),
        lambda d: d[:-1],
        lambda d: d[: len(d) // 2],
        lambda d: d[:4],
    ],
    ids=range(15),
)
def test_directories_that_lie(change: Callable[[bytes], bytes]) -> None:
    refused(change(archive(pickled(place()), bytes(16))))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "an empty one"),
        (b"hello world", "begins with"),
        (pickle.dumps([1, 2]), "another pickle"),
        (b"\x1f\x8b\x08", "a gzip file"),
        (struct.pack("<Q", 2) + b"{}", "a safetensors file"),
        (pickle.dumps(0x1950A86A20F9469CFC6C, 2), "a complete pickle"),
        (pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(7, 2) + pickle.dumps({}, 2), "version 1001"),
    ],
    ids=range(7),
)
def test_files_of_another_kind(data: bytes, text: str) -> None:
    refused(data, text)


def test_a_tar_file_is_named() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as out:
        out.addfile(tarfile.TarInfo("storages"))
    refused(file.getvalue(), "a tar file")


def stream(value: Any, keys: Any, *parts: tuple[int, bytes]) -> bytes:
    heads = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    data = b"".join(pickle.dumps(head, 2) for head in heads) + pickled(value) + pickle.dumps(keys, 2)
    return data + b"".join(struct.pack("<q", count) + body for count, body in parts)


def old(count: int, view: Any = None) -> Raw:
    parts = ("storage", name("torch.FloatStorage"), "0", "cpu", count, view)
    return Raw(pickled(parts)[2:-1] + b"Q")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (stream(tensor(old(4), 0, (4,), (1,)), ["0"], (5, bytes(16))), "16 bytes of storage '0', got 20"),
        (stream(tensor(old(4), 0, (4,), (1,)), ["0"], (4, bytes(12))), "got 16, with 12 left"),
        (stream(tensor(old(4), 0, (4,), (1,)), ["0"], (-4, bytes(16))), "got -16"),
        (stream(tensor(old(4), 0, (4,), (1,)), ["0"]), "the end of the file"),
        (stream(tensor(old(4), 0, (4,), (1,)), [], (4, bytes(16))), "the bytes of storage '0', got none"),
        (stream(tensor(old(4), 0, (4,), (1,)), ["0", "0"], (4, bytes(16))), "each once"),
        (stream(tensor(old(4), 0, (4,), (1,)), ["0", "1"], (4, bytes(16))), "got '1'"),
        (stream(tensor(old(1 << 50), 0, (4,), (1,)), ["0"], (4, bytes(16))), "bytes of storage '0'"),
        (stream(tensor(old(4, ("v", 3, 4)), 0, (4,), (1,)), ["0"], (4, bytes(16))), "a part of storage"),
        (stream([old(4), old(2)], ["0"], (4, bytes(16))), "one description"),
    ],
    ids=range(10),
)
def test_streams_that_lie(data: bytes, text: str) -> None:
    refused(data, text)


def test_parts_of_old_streams_are_read() -> None:
    body = np.arange(4, dtype=np.float32).tobytes()
    data = stream(tensor(old(4, ("v", 1, 2)), 0, (2,), (1,)), ["0"], (4, body))
    assert loaded(ours, data).tolist() == [1.0, 2.0]


def test_big_endian_files_are_read() -> None:
    for kind, code in (("Float", ">f4"), ("Long", ">i8"), ("Bool", "?"), ("Short", ">i2")):
        numbers = np.array([1, 0, 1], code)
        data = archive(pickled(tensor(storage(3, f"torch.{kind}Storage"), 0, (3,), (1,))), numbers.tobytes(),
                       byteorder=b"big")  # fmt: skip
        assert loaded(ours, data).tolist() == numbers.tolist()
    half = np.array([0x3F80, 0x4000], ">u2").tobytes()
    data = archive(
        pickled(tensor(storage(2, "torch.BFloat16Storage"), 0, (2,), (1,))), half, byteorder=b"big"
    )
    assert loaded(ours, data).tolist() == [1.0, 2.0]


GOOD = written(torch, {"w": torch.arange(6.0).reshape(2, 3).t(), "n": [1, "a", None], "p": torch.ones(3)})
STREAM = written(torch, {"w": torch.arange(6.0).t(), "n": (1.5,)}, _use_new_zipfile_serialization=False)


@given(data=st.data())
@pytest.mark.parametrize("whole", [GOOD, STREAM], ids=["zip", "stream"])
def test_a_damaged_file_is_read_or_refused(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))
    try:
        loaded(ours, bytes(damaged[:cut]))
    except (pickle.UnpicklingError, RuntimeError) as error:
        assert FORM.match(str(error)), str(error)


@given(body=st.binary(max_size=200))
def test_any_bytes_as_a_pickle_are_read_or_refused(body: bytes) -> None:
    try:
        loaded(ours, archive(b"\x80\x02" + body + b"."))
    except (pickle.UnpicklingError, RuntimeError) as error:
        assert FORM.match(str(error)), str(error)


@given(
    size=st.lists(st.integers(-2, 1 << 62), max_size=4).map(tuple),
    stride=st.lists(st.integers(-2, 1 << 62), max_size=4).map(tuple),
    offset=st.integers(-2, 1 << 62),
)
def test_any_place_is_read_or_refused(size: Any, stride: Any, offset: int) -> None:
    data = archive(pickled(place(offset, size, stride)), bytes(16))
    try:
        found = loaded(ours, data)
    except (pickle.UnpicklingError, RuntimeError) as error:
        assert FORM.match(str(error)), str(error)
    else:
        assert tuple(found.shape) == size
        assert found.numel() <= 1 << 22


@pytest.mark.parametrize(
    ("target", "where"),
    [
        ("cpu", "cpu"),
        (ours.device("cpu"), "cpu"),
        ({"cuda:0": "cpu"}, "cpu"),
        (lambda s, at: s, "cpu"),
        (lambda s, at: s.cpu(), "cpu"),
    ],
    ids=range(5),
)
def test_map_location(target: Any, where: str) -> None:
    data = archive(pickled(tensor(storage(4, location="cuda:0"), 0, (4,), (1,))), bytes(16))
    assert loaded(ours, data, map_location=target).device.type == where


def test_map_location_sees_each_storage_once() -> None:
    x = torch.ones(3)
    seen: list[Any] = []

    def where(store: Any, at: str) -> Any:
        seen.append((store.nbytes(), len(store), at))

    loaded(ours, written(torch, [x, x[1:], torch.ones(2, dtype=torch.int8)]), map_location=where)
    assert seen == [(12, 3, "cpu"), (2, 2, "cpu")]
    with pytest.raises(RuntimeError, match="a function that returns the storage"):
        loaded(ours, written(torch, x), map_location=lambda s, at: "cpu")


def test_options_that_do_not_fit() -> None:
    with pytest.raises(RuntimeError, match="Python's pickle"):
        ours.load(io.BytesIO(GOOD), pickle_module=torch)
    with pytest.raises(RuntimeError, match="a path with mmap=True"):
        ours.load(io.BytesIO(GOOD), mmap=True)
    with pytest.raises(RuntimeError, match="a path or a file open for reading"):
        ours.load(3)
    with pytest.raises(FileNotFoundError):
        ours.load("no such file.pt")
    with pytest.raises(RuntimeError, match="a path or a file open for writing"):
        ours.save(1, 3)
    with pytest.raises(RuntimeError, match="a pickle protocol of 1 to 5"):
        ours.save(1, io.BytesIO(), pickle_protocol=0)
    with pytest.raises(ValueError, match="classes, functions, or pairs"):
        ours.serialization.add_safe_globals([3])
