"""`torch.cuda`: which GPUs there are. XLA schedules its own work, so there are no streams here to manage."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import SimpleNamespace, TracebackType
from typing import Any

import jax

from xlagrad.core import devices
from xlagrad.core import random as draws
from xlagrad.core.errors import DeviceError, message
from xlagrad.core.random import initial_seed, manual_seed, seed
from xlagrad.torch.cuda import amp, memory, nvtx
from xlagrad.torch.cuda.memory import *  # noqa: F403
from xlagrad.torch.cuda.memory import __all__ as _memory
from xlagrad.torch.cuda.memory import chosen
from xlagrad.torch.cuda.streams import (
    Event,
    Stream,
    current_stream,
    default_stream,
    set_stream,
    stream,
    synchronize,
)
from xlagrad.torch.names import missing


def is_available() -> bool:
    """Return whether there is a GPU."""
    return devices.is_available("cuda")


def is_initialized() -> bool:
    """Return whether there is a GPU: JAX starts it when it is asked about."""
    return is_available()


def init() -> None:
    """Start the GPU.

    Raises:
        DeviceError: there is none.
    """
    _need()


def device_count() -> int:
    """Return the number of GPUs that this process can address."""
    return devices.device_count("cuda")


def current_device() -> int:
    """Return the index of the GPU that tensors are made on when nobody says otherwise.

    Raises:
        DeviceError: there is none.
    """
    _need()
    return chosen().index or 0


def set_device(device: Any) -> None:
    """Make tensors on this GPU when nobody says otherwise; a negative index changes nothing.

    Raises:
        DeviceError: this machine has no such GPU.
    """
    if isinstance(device, int) and device < 0:
        return
    devices.set_default_device(chosen(device))


class device:
    """The GPU on which tensors are made within a ``with`` block; a negative index or None changes nothing."""

    def __init__(self, device: Any) -> None:
        leave = device is None or (isinstance(device, int) and device < 0)
        self._place = None if leave else chosen(device)

    def __enter__(self) -> None:
        if self._place is not None:
            self._place.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._place is not None:
            self._place.__exit__(kind, error, trace)


def get_device_name(device: Any = None) -> str:
    """Return what a GPU calls itself.

    Raises:
        DeviceError: there is none.
    """
    _need()
    return str(chosen(device).jax.device_kind)


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """Return the compute capability of a GPU, such as (9, 0).

    Raises:
        DeviceError: there is none.
    """
    _need()
    found = re.findall(r"\d+", str(getattr(chosen(device).jax, "compute_capability", "0.0")))
    return int(found[0]), int(found[1]) if len(found) > 1 else 0


def get_device_properties(device: Any = None) -> Any:
    """Return name, capability and memory of a GPU, as far as JAX tells.

    Raises:
        DeviceError: there is none.
    """
    major, minor = get_device_capability(device)
    place = chosen(device).jax
    total = int((place.memory_stats() or {}).get("bytes_limit", 0))
    count = int(getattr(place, "core_count", 0) or 0)
    fields = {"name": str(place.device_kind), "major": major, "minor": minor, "total_memory": total}
    return SimpleNamespace(**fields, multi_processor_count=count)


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Return whether there is a GPU: XLA computes in bfloat16 on every one."""
    return is_available()


def get_arch_list() -> list[str]:
    """Return nothing: XLA compiles for the GPU that it finds."""
    return []


def can_device_access_peer(device: Any, peer_device: Any) -> bool:
    """Return whether both are GPUs of this process."""
    return is_available() and chosen(device) != chosen(peer_device)


def ipc_collect() -> None:
    """Do nothing: tensors are sent to processes by value."""


def manual_seed_all(seed: int) -> None:
    """Seed the generators of all devices."""
    manual_seed(seed)


seed_all = seed


def get_rng_state(device: Any = "cuda") -> Any:
    """Return the state of a GPU's generator.

    Raises:
        DeviceError: there is none.
    """
    _need()
    return draws.get_rng_state(chosen(None if device == "cuda" else device))


def set_rng_state(new_state: Any, device: Any = "cuda") -> None:
    """Go on where a GPU's generator stood.

    Raises:
        DeviceError: there is none.
    """
    _need()
    draws.set_rng_state(new_state, chosen(None if device == "cuda" else device))


def get_rng_state_all() -> list[Any]:
    """Return the states of the generators of all GPUs."""
    return [get_rng_state(i) for i in range(device_count())]


def set_rng_state_all(new_states: Sequence[Any]) -> None:
    """Go on where the generators of all GPUs stood."""
    for i, state in enumerate(new_states):
        set_rng_state(state, i)


def _need() -> None:
    if not is_available():
        here = [str(d) for d in jax.devices()]
        fix = "use device='cpu', or install jax with CUDA"
        raise DeviceError(message("torch.cuda", "a GPU", f"only {', '.join(here)}", fix))


__all__ = [
    "amp",
    *_memory,
    "Event",
    "Stream",
    "can_device_access_peer",
    "current_device",
    "current_stream",
    "default_stream",
    "device",
    "device_count",
    "get_arch_list",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "get_rng_state",
    "get_rng_state_all",
    "init",
    "initial_seed",
    "ipc_collect",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "memory",
    "nvtx",
    "seed",
    "seed_all",
    "set_device",
    "set_rng_state",
    "set_rng_state_all",
    "set_stream",
    "stream",
    "synchronize",
]


def __getattr__(name: str) -> Any:
    raise missing("torch.cuda", name, __all__)
