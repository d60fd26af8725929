"""`torch.signal`: the windows of signal processing."""

from __future__ import annotations

from typing import Any

from xlagrad.torch import names
from xlagrad.torch.signal import windows

__all__ = ["windows"]


def __getattr__(name: str) -> Any:
    raise names.missing("torch.signal", name, globals())
