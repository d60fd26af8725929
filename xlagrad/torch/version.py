"""`torch.version`: which PyTorch the names follow, and what runs underneath."""

from __future__ import annotations

import re
from typing import Any

import jax

from xlagrad.core import devices
from xlagrad.torch.names import missing
from xlagrad.torch.torch_version import __version__

debug = False
git_version = "unknown"
hip = None
xpu = None


def __getattr__(name: str) -> Any:
    if name == "cuda":
        # Asked for when it is wanted: naming the devices starts XLA.
        return _cuda()
    raise missing("torch.version", name, __all__)


def _cuda() -> str | None:
    if not devices.is_available("cuda"):
        return None
    found = re.search(r"cuda (\d{4,})", jax.local_devices(backend="gpu")[0].client.platform_version)
    return None if found is None else f"{int(found[1]) // 1000}.{int(found[1]) % 1000 // 10}"


__all__ = ["__version__", "debug", "git_version", "hip", "xpu"]
