"""`torch.nn.utils.parametrizations`: weight, spectral and orthogonal normalisation."""

from __future__ import annotations

from typing import Any

from xlagrad.layers.parametrizations import orthogonal, spectral_norm, weight_norm
from xlagrad.torch.names import missing

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def __getattr__(name: str) -> Any:
    raise missing("torch.nn.utils.parametrizations", name, __all__)
