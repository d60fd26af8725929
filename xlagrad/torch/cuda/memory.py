"""`torch.cuda`'s memory: what XLA's allocator reports. It keeps what it has; there is no cache to empty."""

from __future__ import annotations

from typing import Any

from xlagrad.core import devices
from xlagrad.core.devices import Device


class OutOfMemoryError(RuntimeError):
    """PyTorch's error for a full GPU. XLA raises its own, so this one is never raised here."""


def chosen(device: Any = None) -> Device:
    """Return the GPU that a number, a name or None, the current one, stands for."""
    if device is None:
        here = devices.default_device()
        return here if here.type == "cuda" else Device("cuda", 0)
    return Device("cuda", device) if isinstance(device, int) else devices.as_device(device)


def memory_stats(device: Any = None) -> dict[str, int]:
    """Return what the allocator reports, under XLA's names; nothing without a GPU."""
    if not devices.is_available("cuda"):
        return {}
    return dict(chosen(device).jax.memory_stats() or {})


def memory_allocated(device: Any = None) -> int:
    """Return the bytes that tensors take on a GPU now; 0 without one."""
    return int(memory_stats(device).get("bytes_in_use", 0))


def max_memory_allocated(device: Any = None) -> int:
    """Return the most bytes that tensors took on a GPU so far; 0 without one."""
    return int(memory_stats(device).get("peak_bytes_in_use", 0))


def memory_reserved(device: Any = None) -> int:
    """Return the bytes that XLA's allocator holds on a GPU; 0 without one."""
    found = memory_stats(device)
    return int(found.get("pool_bytes", found.get("bytes_reserved", 0)))


def max_memory_reserved(device: Any = None) -> int:
    """Return the most bytes that XLA's allocator held on a GPU; 0 without one."""
    found = memory_stats(device)
    return int(found.get("peak_pool_bytes", memory_reserved(device)))


memory_cached, max_memory_cached = memory_reserved, max_memory_reserved


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Return the free and all bytes that XLA may take on a GPU; zeros without one."""
    found = memory_stats(device)
    limit = int(found.get("bytes_limit", 0))
    return limit - int(found.get("bytes_in_use", 0)), limit


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """Return what the allocator reports as lines of text."""
    return "\n".join(f"{name:<32}{value:>20,}" for name, value in sorted(memory_stats(device).items()))


def reset_peak_memory_stats(device: Any = None) -> None:
    """Do nothing: XLA counts the peak from the start of the process."""


reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats
reset_accumulated_memory_stats = reset_peak_memory_stats


def empty_cache() -> None:
    """Do nothing: XLA's allocator keeps its memory for the next tensor."""


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """Do nothing: XLA is told at the start, by ``XLA_PYTHON_CLIENT_MEM_FRACTION``."""


__all__ = [
    "OutOfMemoryError",
    "empty_cache",
    "max_memory_allocated",
    "max_memory_cached",
    "max_memory_reserved",
    "mem_get_info",
    "memory_allocated",
    "memory_cached",
    "memory_reserved",
    "memory_stats",
    "memory_summary",
    "reset_accumulated_memory_stats",
    "reset_max_memory_allocated",
    "reset_max_memory_cached",
    "reset_peak_memory_stats",
    "set_per_process_memory_fraction",
]
