"""`torch.storage`: storages of loaded files, and how pickles of PyTorch's tensors hold them."""

from __future__ import annotations

import io
from typing import Any

from xlagrad.torch.names import missing
from xlagrad.torch.serialization import load
from xlagrad.torch.serialization.storage import Storage

TypedStorage = UntypedStorage = Storage


def _load_from_bytes(b: bytes) -> Any:
    """Return what ``torch.save`` made of a storage: plain data, whatever pickle it stands in."""
    return load(io.BytesIO(b))


__all__ = ["TypedStorage", "UntypedStorage"]


def __getattr__(name: str) -> Any:
    raise missing("torch.storage", name, __all__)
