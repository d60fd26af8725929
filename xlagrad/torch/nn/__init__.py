"""`torch.nn`: modules, parameters, their initialisation, and functions on them."""

from __future__ import annotations

from typing import Any

from xlagrad.layers import *  # noqa: F403
from xlagrad.layers import __all__ as _layers
from xlagrad.torch.names import missing
from xlagrad.torch.nn import functional, modules, parameter, utils

__all__ = [*_layers, "functional", "modules", "parameter", "utils"]


def __getattr__(name: str) -> Any:
    raise missing("torch.nn", name, __all__)
