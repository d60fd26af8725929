"""`torch.serialization`: saving and loading in torch's file formats, which PyTorch reads and writes too."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.names import missing
from xlagrad.torch.serialization.failure import LoadError
from xlagrad.torch.serialization.location import MapLocation
from xlagrad.torch.serialization.reading import load
from xlagrad.torch.serialization.safe import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    remove_safe_globals,
    safe_globals,
)
from xlagrad.torch.serialization.writing import save

__all__ = [
    "LoadError",
    "MapLocation",
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "load",
    "remove_safe_globals",
    "safe_globals",
    "save",
]


def __getattr__(name: str) -> Any:
    raise missing("torch.serialization", name, __all__)
