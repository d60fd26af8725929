"""`torch.types`: names for what arguments may be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from xlagrad.core.devices import Device
from xlagrad.core.dtypes import DType
from xlagrad.core.random import Generator
from xlagrad.core.size import Size
from xlagrad.core.tensor import Tensor
from xlagrad.torch.serialization.storage import Storage

Number = int | float | bool
_size = Size | list[int] | tuple[int, ...]
_int, _float, _bool, _complex, _dtype, _device = int, float, bool, complex, DType, Device
_TensorOrTensors = Tensor | Sequence[Tensor]
_TensorOrTensorsOrGradEdge = _TensorOrTensors
FileLike = str | os.PathLike[str] | Any
IntLikeType, FloatLikeType, BoolLikeType = int, float, bool
DeviceLikeType = str | Device | int

__all__ = [
    "BoolLikeType",
    "Device",
    "DeviceLikeType",
    "FileLike",
    "FloatLikeType",
    "Generator",
    "IntLikeType",
    "Number",
    "Storage",
]
