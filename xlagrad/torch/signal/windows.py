"""`torch.signal.windows`: windows to weight the samples of a signal with."""

from __future__ import annotations

from typing import Any

from xlagrad.ops.windows import (
    bartlett,
    blackman,
    cosine,
    exponential,
    gaussian,
    general_cosine,
    general_hamming,
    hamming,
    hann,
    kaiser,
    nuttall,
)
from xlagrad.torch import names

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]


def __getattr__(name: str) -> Any:
    raise names.missing("torch.signal.windows", name, globals())
