"""``torch.cpu``: the CPU where code asks for a device's module."""

from __future__ import annotations

from typing import Any

from xlagrad.core import devices
from xlagrad.torch.cpu import amp


def is_available() -> bool:
    """Return True."""
    return True


def device_count() -> int:
    """Return how many CPU devices this process can address."""
    return devices.device_count("cpu")


def current_device() -> str:
    """Return ``"cpu"``."""
    return "cpu"


def synchronize(device: Any = None) -> None:
    """Do nothing, as in PyTorch; reading a value waits for it."""


__all__ = ["amp", "current_device", "device_count", "is_available", "synchronize"]
