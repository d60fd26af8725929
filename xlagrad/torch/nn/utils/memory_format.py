"""`torch.nn.utils.memory_format`: layouts of weights, which XLA chooses itself."""

from __future__ import annotations

from typing import Any


def convert_conv2d_weight_memory_format(module: Any, memory_format: Any) -> Any:
    """Return the module as it is: XLA lays weights out as its kernels want them."""
    return module


def convert_conv3d_weight_memory_format(module: Any, memory_format: Any) -> Any:
    """Return the module as it is: XLA lays weights out as its kernels want them."""
    return module
