"""`torch.backends.cudnn`: XLA calls cuDNN where that is fastest; the switches are kept and change nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from xlagrad.core import devices

enabled = True
benchmark = False
benchmark_limit: int | None = 10
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Return whether there is a GPU, for which XLA brings cuDNN."""
    return devices.is_available("cuda")


def version() -> int | None:
    """Return None: XLA does not tell which cuDNN it brings."""
    return None


def is_acceptable(tensor: object) -> bool:
    """Return whether a tensor could be given to cuDNN: whether it is on a GPU."""
    return bool(getattr(tensor, "is_cuda", False))


@contextlib.contextmanager
def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int | None = 10,
    deterministic: bool = False,
    allow_tf32: bool = True,
    fp32_precision: str = "none",
) -> Iterator[None]:
    """Set the switches within a ``with`` block."""
    names = ("enabled", "benchmark", "benchmark_limit", "deterministic", "allow_tf32")
    module = globals()
    before = {name: module[name] for name in names}
    module.update(zip(names, (enabled, benchmark, benchmark_limit, deterministic, allow_tf32), strict=True))
    try:
        yield
    finally:
        module.update(before)
