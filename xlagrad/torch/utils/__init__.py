"""`torch.utils`: data loading, checkpointing of activations, and helpers that programs import."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.names import missing
from xlagrad.torch.utils import checkpoint, cpp_extension, data, dlpack, hooks, model_zoo

__all__ = ["checkpoint", "cpp_extension", "data", "dlpack", "hooks", "model_zoo"]


def __getattr__(name: str) -> Any:
    raise missing("torch.utils", name, __all__)
