"""`torch.nn.modules`: where some code imports modules from instead of `torch.nn`."""

from __future__ import annotations

from typing import Any

from xlagrad.layers import *  # noqa: F403
from xlagrad.layers import __all__ as _layers
from xlagrad.layers import module
from xlagrad.torch.names import missing

__all__ = [*_layers, "module"]


def __getattr__(name: str) -> Any:
    raise missing("torch.nn.modules", name, __all__)
