"""`torch.nn.functional`: the mathematics of layers as functions."""

from __future__ import annotations

from typing import Any

from xlagrad.layers import functional
from xlagrad.layers.functional import *  # noqa: F403
from xlagrad.ops.distance import pdist  # noqa: F401
from xlagrad.torch.names import missing


def __getattr__(name: str) -> Any:
    raise missing("torch.nn.functional", name, dir(functional))
