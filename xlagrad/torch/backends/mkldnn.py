"""`torch.backends.mkldnn`: PyTorch's library for CPUs; XLA compiles its own kernels."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

enabled = False
deterministic = False
allow_tf32 = False


def is_available() -> bool:
    """Return False."""
    return False


@contextlib.contextmanager
def flags(enabled: bool = False, deterministic: bool = False, allow_tf32: bool = False) -> Iterator[None]:
    """Accept wishes within a ``with`` block; there is nothing to switch."""
    yield
