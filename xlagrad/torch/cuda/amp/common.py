"""``torch.cuda.amp.common``: whether there is anything to do."""

from __future__ import annotations

from xlagrad.core import devices


def amp_definitely_not_available() -> bool:
    """Return whether there is no GPU."""
    return not devices.is_available("cuda")


__all__ = ["amp_definitely_not_available"]
