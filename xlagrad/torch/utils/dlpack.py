"""`torch.utils.dlpack`: tensors exchanged with other libraries without a copy."""

from __future__ import annotations

from typing import Any

from xlagrad.core.tensor import Tensor
from xlagrad.ops.data import from_dlpack


def to_dlpack(tensor: Tensor) -> Any:
    """Return a DLPack capsule of a tensor."""
    return tensor.__dlpack__()


__all__ = ["from_dlpack", "to_dlpack"]
