"""`torch.nn.utils.rnn`: sequences of different lengths in one object."""

from __future__ import annotations

from typing import Any

from xlagrad.layers.packed import PackedSequence, invert_permutation
from xlagrad.layers.packing import (
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)
from xlagrad.torch.names import missing

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


def __getattr__(name: str) -> Any:
    raise missing("torch.nn.utils.rnn", name, __all__)
