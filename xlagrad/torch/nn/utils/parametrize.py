"""`torch.nn.utils.parametrize`: tensors of modules computed from others."""

from __future__ import annotations

from typing import Any

from xlagrad.layers.parametrize import (
    ParametrizationList,
    cached,
    is_parametrized,
    register_parametrization,
    remove_parametrizations,
    transfer_parametrizations_and_params,
    type_before_parametrizations,
)
from xlagrad.torch.names import missing

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]


def __getattr__(name: str) -> Any:
    raise missing("torch.nn.utils.parametrize", name, __all__)
