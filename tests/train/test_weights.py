"""Safetensors files: what comes back, what reads them elsewhere, and what is done with damaged ones."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

from xlagrad import Tensor
from xlagrad.core.errors import ArgumentError, StateError
from xlagrad.layers import Linear
from xlagrad.train import load_metadata, load_weights, save_weights
from xlagrad.train.files import replacing
from xlagrad.train.weights import load_arrays

ARRAYS: dict[str, np.ndarray] = {
    "0.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "half": np.asarray([1.5, -2.0], np.float16),
    "brain": np.asarray([1.5, -2.0], ml_dtypes.bfloat16),
    "eight": np.asarray([1.5, -2.0], ml_dtypes.float8_e4m3fn),
    "ints": np.asarray([-1, 2], np.int32),
    "bytes": np.asarray([0, 255], np.uint8),
    "flags": np.asarray([True, False]),
    "scalar": np.asarray(3.0, np.float32),
    "empty": np.zeros((0, 4), np.float32),
    "complex": np.asarray([1 + 2j], np.complex64),
    "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
}


def test_everything_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "w.safetensors"
    save_weights({name: Tensor(a) for name, a in ARRAYS.items()}, path, {"note": "hello"})
    found = load_weights(path)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        got = np.asarray(found[name].data_array)
        assert (got.dtype, got.shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(got, array)
    assert load_metadata(path)["note"] == "hello"


def test_other_libraries_read_and_write_the_same(tmp_path: Path) -> None:
    save_weights({"w": ARRAYS["0.weight"], "b": ARRAYS["brain"]}, tmp_path / "ours")
    theirs = safetensors.torch.load_file(tmp_path / "ours")
    assert theirs["b"].dtype is torch.bfloat16
    np.testing.assert_array_equal(theirs["w"].numpy(), ARRAYS["0.weight"])
    safetensors.torch.save_file({"w": torch.ones(2, 2), "b": torch.zeros(3)}, tmp_path / "theirs")
    assert load_weights(tmp_path / "theirs")["w"].tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_a_module_round_trip(tmp_path: Path) -> None:
    a, b = Linear(3, 2), Linear(3, 2)
    save_weights(a, tmp_path / "w")
    b.load_state_dict(load_weights(tmp_path / "w"))
    assert b.weight.tolist() == a.weight.tolist()


def test_tensors_do_not_depend_on_the_file(tmp_path: Path) -> None:
    path = tmp_path / "w"
    save_weights({"w": ARRAYS["0.weight"]}, path)
    found = load_weights(path)
    with path.open("r+b") as file:
        file.truncate(0)
    np.testing.assert_array_equal(found["w"].numpy(), ARRAYS["0.weight"])


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "w"
    save_weights({"w": ARRAYS["0.weight"]}, path)
    before = path.read_bytes()

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_bytes(b"half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["w"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def header(entries: Any, data: bytes = b"") -> bytes:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


DAMAGED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "a header that fits the file's 0 bytes"),
    "short": (b"abc", "a header that fits the file's 3 bytes"),
    "huge header": (struct.pack("<Q", 1 << 60) + b"{}", "one of 1152921504606846976 bytes"),
    "header past the end": (struct.pack("<Q", 50) + b"{}", "a header that fits"),
    "not json": (header(b"{abc}"), "a header of JSON"),
    "not text": (header(b"\xff\xfe{}"), "a header of JSON"),
    "a list": (header([1, 2]), "a header of JSON"),
    "no shape": (header({"w": {"dtype": "F32"}}), "a header of JSON"),
    "entry is text": (header({"w": "x"}), "a header of JSON"),
    "cut off": (header({"w": entry()}, b"1234"), "8 bytes of data for 'w', F32.2., got bytes 0 to 8 of 4"),
    "vast": (header({"w": entry(shape=(1 << 40,), offsets=(0, 4 << 40))}), "bytes of data for 'w'"),
    "overflow": (header({"w": entry(shape=(1 << 40, 1 << 40))}, b"x" * 8), "bytes of data for 'w'"),
    "negative": (header({"w": entry(shape=(-2, -1))}, b"x" * 8), "sizes of at least 0"),
    "fraction": (header({"w": entry(shape=(2.0,))}, b"x" * 8), "sizes of at least 0"),
    "unknown type": (header({"w": entry("F99")}, b"x" * 8), "'w' of a known type, got F99"),
    "overlap": (header({"a": entry(), "b": entry(offsets=(4, 12))}, b"x" * 12), "do not overlap"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files(name: str, tmp_path: Path) -> None:
    content, text = DAMAGED[name]
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(StateError, match=text) as caught:
        load_weights(path)
    assert str(path) in str(caught.value)
    assert "the file is damaged, cut off, or no safetensors file" in str(caught.value)


def test_every_cut_of_a_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "w"
    save_weights({"a": ARRAYS["0.weight"], "b": ARRAYS["ints"]}, path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(StateError):
            load_arrays(path)


def test_what_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="save_weights: expected a tensor as 'w', got 3"):
        save_weights({"w": 3}, tmp_path / "w")
    with pytest.raises(ArgumentError, match="'w' of a type of the format, got complex128"):
        save_weights({"w": np.zeros(2, np.complex128)}, tmp_path / "w")
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        load_weights(tmp_path / "none")


def test_the_reference_reader_agrees(tmp_path: Path) -> None:
    save_weights({"w": ARRAYS["turned"]}, tmp_path / "w")
    np.testing.assert_array_equal(safetensors.numpy.load_file(tmp_path / "w")["w"], ARRAYS["turned"])
