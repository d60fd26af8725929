"""`torch.autograd.profiler`: the older place of `torch.profiler`."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.profiler import profile as _profile
from xlagrad.torch.profiler import record_function


class profile(_profile):
    """Record what runs within a ``with`` block, unless it is not enabled; see `torch.profiler.profile`.

    Args:
        enabled: False records nothing.
        options: those of `torch.profiler.profile`; the older ones are without effect.
    """

    def __init__(self, enabled: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self._enabled = enabled

    def start(self) -> None:
        """Begin, as at the start of the block."""
        if self._enabled:
            super().start()


__all__ = ["profile", "record_function"]
