"""Where the tensors of a file are put: ``map_location``, and where they were when they were saved."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from xlagrad.core import devices
from xlagrad.core.devices import Device, as_device
from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.torch.serialization.failure import failure, shown
from xlagrad.torch.serialization.storage import Storage

MapLocation = str | Device | dict[str, Any] | Callable[[Storage, str], Storage | None] | None

_SAVED = re.compile(r"(cpu|cuda|tpu|xla|mps|hpu|xpu|meta|privateuseone)(:\d{1,4})?")


def tag(place: Device) -> str:
    """Return the name that a file has for a device. PyTorch knows no TPU: what is there is the CPU's."""
    return f"cuda:{place.index or 0}" if place.type == "cuda" else "cpu"


def placed(storage: Storage, target: Any) -> Storage:
    """Return a storage as ``map_location`` puts it.

    Raises:
        LoadError: it was on a device that this machine lacks, and ``map_location`` does not say otherwise.
        ArgumentError: ``map_location`` gives no place.
    """
    if isinstance(target, dict):
        wanted = target.get(storage.location)
        return _usual(storage) if wanted is None else storage.on(_present(as_device(wanted)))
    if callable(target):
        found = target(storage, storage.location)
        if found is None:
            return _usual(storage)
        if not isinstance(found, Storage):
            want = "a function that returns the storage, storage.cpu(), storage.cuda(i) or None"
            raise ArgumentError(message("map_location", want, describe(found)))
        return found
    return _usual(storage) if target is None else storage.on(_present(as_device(target)))


def _usual(storage: Storage) -> Storage:
    """Put a storage where it was; what was on the CPU goes where tensors are made by default."""
    found = _SAVED.fullmatch(storage.location)
    if found is None:
        raise failure("the name of a device", shown(storage.location), "pass map_location='cpu'")
    if found[1] == "cpu":
        return storage
    if found[1] != "cuda" or not devices.is_available("cuda"):
        got = f"a storage saved on {storage.location!r}, which this machine lacks"
        raise failure("storages of devices that are there", got, "pass map_location='cpu'")
    return storage.on(_present(Device(storage.location)))


def _present(place: Device) -> Device:
    place.jax  # noqa: B018 - a missing device is an error before anything is read
    return place
