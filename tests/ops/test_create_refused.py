"""What creation refuses: each of these torch refuses too, and we do in our words."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.ops.test_create import OURS
from xlagrad.core.errors import ArgumentError, DeviceError, DtypeError, ShapeError

REFUSED: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "zeros negative": (lambda m: m.zeros(-1), ShapeError, r"zeros: expected sizes of 0 or more, got \(-1,\)"),
    "zeros float": (lambda m: m.zeros(2.0), DtypeError, "zeros: expected sizes that are integers, got 2.0"),
    "zeros none": (lambda m: m.zeros(), DtypeError, r"zeros: expected a size, got none; call zeros\(2, 3\)"),
    "zeros bool": (lambda m: m.zeros(True), DtypeError, "zeros: expected sizes that are integers, got True"),
    "zeros two": (
        lambda m: m.zeros((2, 3), 3),
        DtypeError,
        r"zeros: expected sizes that are integers, got \(2, 3\)",
    ),
    "zeros keyword": (
        lambda m: m.zeros(2, colour=1),
        DtypeError,
        "zeros: expected a keyword that it has, got 'colour'",
    ),
    "zeros int grad": (lambda m: m.zeros(2, requires_grad=True, dtype=m.int32), DtypeError, "requires_grad"),
    "zeros tpu": (lambda m: m.zeros(2, device="ipu:3"), DeviceError, "device: expected "),
    "full overflow": (
        lambda m: m.full((2,), 300, dtype=m.uint8),
        ArgumentError,
        "full: expected values that uint8 can",
    ),
    "full beyond": (
        lambda m: m.full((2,), 1e40),
        ArgumentError,
        r"full: expected a value that float32 can hold, got 1e\+40",
    ),
    "full nan": (lambda m: m.full((2,), float("nan"), dtype=m.int32), ArgumentError, "can hold, got nan"),
    "full complex": (
        lambda m: m.full((2,), 1j, dtype=m.float32),
        DtypeError,
        "full: expected real numbers for float32",
    ),
    "full vector": (
        lambda m: m.full((2,), m.zeros(2)),
        ShapeError,
        "full: expected one value to fill with, got float32",
    ),
    "eye negative": (lambda m: m.eye(-1), ShapeError, "eye: expected sizes of 0 or more"),
    "arange sign": (
        lambda m: m.arange(3, 0),
        ArgumentError,
        "arange: expected a step that leads from start to end",
    ),
    "arange zero": (
        lambda m: m.arange(0, 3, 0),
        ArgumentError,
        "arange: expected a step other than zero, got 0",
    ),
    "arange nan": (lambda m: m.arange(0, 3, float("nan")), ArgumentError, "a step other than zero, got nan"),
    "arange inf": (
        lambda m: m.arange(0, float("inf")),
        ArgumentError,
        "arange: expected finite start and end",
    ),
    "arange bool": (
        lambda m: m.arange(5, dtype=m.bool),
        DtypeError,
        "arange: expected a real numeric dtype, got bool",
    ),
    "linspace negative": (
        lambda m: m.linspace(0, 1, -1),
        ShapeError,
        "linspace: expected sizes of 0 or more",
    ),
    "meshgrid 2-d": (
        lambda m: m.meshgrid(m.zeros(2, 2)),
        ShapeError,
        "meshgrid: expected 0-d or 1-d tensors",
    ),
    "meshgrid types": (
        lambda m: m.meshgrid(m.zeros(2), m.arange(2)),
        DtypeError,
        "meshgrid: expected tensors of one dtype",
    ),
    "meshgrid indexing": (
        lambda m: m.meshgrid(m.zeros(2), indexing="ji"),
        ArgumentError,
        "indexing 'ij' or 'xy', got 'ji'",
    ),
    "complex types": (
        lambda m: m.complex(m.zeros(2), m.zeros(2, dtype=m.int32)),
        DtypeError,
        "complex: expected two float32",
    ),
    "complex shapes": (
        lambda m: m.complex(m.zeros(2), m.zeros(3)),
        ShapeError,
        "complex: expected shapes that broadcast",
    ),
    "tensor text": (lambda m: m.tensor("a"), DtypeError, "tensor: expected numbers, got values of type <U1"),
    "tensor None": (lambda m: m.tensor(None), DtypeError, "tensor: expected numbers, got NoneType None"),
    "tensor set": (lambda m: m.tensor({1}), DtypeError, "tensor: expected numbers, got set {1}"),
    "tensor array of text": (lambda m: m.tensor(np.array(["a"])), DtypeError, "tensor: expected numbers"),
    "tensor ragged": (
        lambda m: m.tensor([[1, 2], [3]]),
        ShapeError,
        "tensor: expected nested lists of equal lengths",
    ),
    "tensor overflow": (
        lambda m: m.tensor([300], dtype=m.uint8),
        ArgumentError,
        "values that uint8 can hold, got 300",
    ),
    "tensor huge": (
        lambda m: m.tensor(2**64),
        ArgumentError,
        "tensor: expected integers of 64 bits, got 18446744073709551616",
    ),
    "tensor nan": (lambda m: m.tensor(float("nan"), dtype=m.int32), ArgumentError, "int32 can hold, got nan"),
    "tensor complex": (
        lambda m: m.tensor(1j, dtype=m.float32),
        DtypeError,
        "real numbers for float32, got complex ones",
    ),
    "from_numpy list": (
        lambda m: m.from_numpy([1]),
        DtypeError,
        r"from_numpy: expected a NumPy array, got list \[1\]",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_we_refuse_in_our_words(name: str) -> None:
    call, error, text = REFUSED[name]
    with pytest.raises((RuntimeError, TypeError, ValueError, NotImplementedError)), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call(torch)
    with pytest.raises(error, match=text):
        call(OURS)
