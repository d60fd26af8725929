"""`torch.cuda`: which GPUs there are. XLA schedules its own work, so there are no streams here to manage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from xlagrad.core import devices
from xlagrad.core.devices import Device
from xlagrad.core.errors import DeviceError, message
from xlagrad.core.random import manual_seed


def is_available() -> bool:
    """Return whether there is a GPU."""
    return devices.is_available("cuda")


def device_count() -> int:
    """Return the number of GPUs that this process can address."""
    return devices.device_count("cuda")


def current_device() -> int:
    """Return the index of the GPU that tensors are made on when nobody says otherwise.

    Raises:
        DeviceError: there is none.
    """
    _need()
    here = devices.default_device()
    return here.index or 0 if here.type == "cuda" else 0


def get_device_name(device: Any = None) -> str:
    """Return what a GPU calls itself.

    Raises:
        DeviceError: there is none.
    """
    _need()
    return str(_device(device).jax.device_kind)


def synchronize(device: Any = None) -> None:
    """Wait until all work that was dispatched is done."""
    for array in jax.live_arrays():
        array.block_until_ready()


def empty_cache() -> None:
    """Do nothing: XLA's allocator keeps its memory for the next tensor."""


def memory_allocated(device: Any = None) -> int:
    """Return the bytes that tensors take on a GPU now; 0 without one."""
    return _statistic(device, "bytes_in_use")


def max_memory_allocated(device: Any = None) -> int:
    """Return the most bytes that tensors took on a GPU so far; 0 without one."""
    return _statistic(device, "peak_bytes_in_use")


def manual_seed_all(seed: int) -> None:
    """Seed the generators of all devices."""
    manual_seed(seed)


def _statistic(device: Any, name: str) -> int:
    if not is_available():
        return 0
    return int((_device(device).jax.memory_stats() or {}).get(name, 0))


def _device(device: Any) -> Device:
    if device is None:
        return Device("cuda", current_device())
    return Device("cuda", device) if isinstance(device, int) else devices.as_device(device)


def _need() -> None:
    if not is_available():
        here: Sequence[str] = [str(d) for d in jax.devices()]
        fix = "use device='cpu', or install jax with CUDA"
        raise DeviceError(message("torch.cuda", "a GPU", f"only {', '.join(here)}", fix))


__all__ = [
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_name",
    "is_available",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "memory_allocated",
    "synchronize",
]
