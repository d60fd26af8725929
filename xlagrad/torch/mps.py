"""`torch.mps`: PyTorch's way to Apple's GPUs, which JAX does not take. There are none here."""

from __future__ import annotations

from typing import NoReturn

from xlagrad.core.errors import DeviceError, message
from xlagrad.core.random import manual_seed, seed


def is_available() -> bool:
    """Return False."""
    return False


def device_count() -> int:
    """Return 0."""
    return 0


def current_allocated_memory() -> int:
    """Return 0."""
    return 0


driver_allocated_memory = recommended_max_memory = current_allocated_memory


def synchronize() -> None:
    """Do nothing: there is no work to wait for."""


def empty_cache() -> None:
    """Do nothing: there is no memory to free."""


def _absent() -> NoReturn:
    raise DeviceError(message("torch.mps", "an Apple GPU that JAX can use", "none", "use device='cpu'"))


def get_rng_state() -> NoReturn:
    """Raise: there is no such device.

    Raises:
        DeviceError: always.
    """
    _absent()


def set_rng_state(new_state: object) -> NoReturn:
    """Raise: there is no such device.

    Raises:
        DeviceError: always.
    """
    _absent()


__all__ = [
    "current_allocated_memory",
    "device_count",
    "driver_allocated_memory",
    "empty_cache",
    "get_rng_state",
    "is_available",
    "manual_seed",
    "recommended_max_memory",
    "seed",
    "set_rng_state",
    "synchronize",
]
