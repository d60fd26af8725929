"""Devices under PyTorch's names: ``cpu``, ``cuda`` (also ``gpu``) and ``tpu``, each with an index."""

from __future__ import annotations

import re
import threading
from types import TracebackType
from typing import Any

import jax
import numpy as np

from xlagrad.core import errors

# Our kind for each platform name that users or JAX may use.
_KINDS = {"cpu": "cpu", "cuda": "cuda", "gpu": "cuda", "rocm": "cuda", "tpu": "tpu"}
_SPEC = re.compile(r"([a-z]+)(?::(0|[1-9][0-9]*))?")

_by_kind: dict[str, tuple[jax.Device, ...]] = {}
_by_jax: dict[jax.Device, Device] = {}


class _Stack(threading.local):
    def __init__(self) -> None:
        self.entries: list[Device] = []


_default: Device | None = None
_stack = _Stack()


class Device:
    """A place where tensors live, such as ``Device("cuda:1")``; as a context manager, the default one.

    Args:
        type: ``"cpu"``, ``"cuda"`` or ``"gpu"`` (the same) or ``"tpu"``, perhaps with ``":1"``; or a Device.
        index: which one of its kind; may be given here instead of in the string.

    Making one does not ask for the hardware; using it does.

    Raises:
        DeviceError: no such kind of device, or a malformed index.

    Example:
        >>> Device("gpu:1"), str(Device("cpu")), Device("cuda", 0).index
        (device(type='cuda', index=1), 'cpu', 0)

    Source: ``torch.device``. Deviation: the kinds ``gpu`` (read as ``cuda``) and ``tpu``.
    """

    __slots__ = ("_hash", "index", "type")

    def __init__(self, type: Any, index: int | None = None) -> None:
        kind, found = _parse(type)
        if index is not None and found is not None:
            fix = "give it once"
            raise errors.DeviceError(
                errors.message("device", "one index", f"{type!r} and index={index}", fix)
            )
        if index is not None and (isinstance(index, bool) or not isinstance(index, int) or index < 0):
            raise errors.DeviceError(errors.message("device", "an index of 0 or more", repr(index)))
        self.type: str = kind
        self.index: int | None = found if index is None else index
        self._hash = hash((self.type, self.index))

    @property
    def jax(self) -> jax.Device:
        """The JAX device; without an index the first of its kind.

        Raises:
            DeviceError: this machine has none such; the message lists what it has.
        """
        devices = _devices(self.type)
        index = self.index or 0
        if index < len(devices):
            return devices[index]
        fix = f"available here: {', '.join(_present())}"
        raise errors.DeviceError(errors.message("device", "a device of this machine", f"'{self}'", fix))

    def __enter__(self) -> Device:
        self.jax  # noqa: B018 - a missing device is an error here, not at the first tensor
        _stack.entries.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _stack.entries.pop()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Device):
            return self.type == other.type and self.index == other.index
        return NotImplemented

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Device, (self.type, self.index)


def _parse(spec: Any) -> tuple[str, int | None]:
    if isinstance(spec, Device):
        return spec.type, spec.index
    match = _SPEC.fullmatch(spec) if isinstance(spec, str) else None
    if match is None or match[1] not in _KINDS:
        fix = "pass 'cpu', 'cuda', 'gpu' or 'tpu', with ':index' for one of several"
        raise errors.DeviceError(errors.message("device", "the name of a device", errors.describe(spec), fix))
    return _KINDS[match[1]], None if match[2] is None else int(match[2])


def _devices(kind: str) -> tuple[jax.Device, ...]:
    """The devices of one kind that this process can address; asks JAX once."""
    if kind not in _by_kind:
        try:
            found = tuple(jax.local_devices(backend="gpu" if kind == "cuda" else kind))
        except RuntimeError:
            found = ()
        _by_kind[kind] = found
    return _by_kind[kind]


def _present() -> list[str]:
    return [f"{kind}:{i}" for kind in ("cpu", "cuda", "tpu") for i in range(len(_devices(kind)))]


def as_device(value: Any = None) -> Device:
    """Return the Device that a Device, a string, a ``jax.Device``, an index or None (the default) stands for.

    An integer is an index among the accelerators, as in PyTorch.

    Raises:
        DeviceError: it names no kind of device, or an index is given and there is no accelerator.

    Example:
        >>> as_device("cpu")
        device(type='cpu')
    """
    if isinstance(value, Device):
        return value
    if value is None:
        return default_device()
    if isinstance(value, jax.Device):
        return _from_jax(value)
    if isinstance(value, int) and not isinstance(value, bool):
        for kind in ("cuda", "tpu"):
            if _devices(kind):
                return Device(kind, value)
        fix = f"available here: {', '.join(_present())}"
        raise errors.DeviceError(errors.message("device", "an accelerator for an index", repr(value), fix))
    return Device(value)


def _from_jax(device: jax.Device) -> Device:
    found = _by_jax.get(device)
    if found is None:
        kind = _KINDS.get(device.platform, device.platform)
        siblings = _devices(kind)
        index = siblings.index(device) if device in siblings else device.id
        # PyTorch's one CPU has no index; JAX can be told to show several.
        found = _by_jax[device] = Device(kind, None if kind == "cpu" and index == 0 else index)
    return found


def device_of(array: Any) -> Device:
    """Return where an array lives: the first of its devices, and the default device for a traced one."""
    if isinstance(array, jax.core.Tracer):
        return default_device()
    place = array.device
    if not isinstance(place, jax.Device):
        place = min(place.device_set, key=lambda d: d.id)
    return _from_jax(place)


def jax_default() -> Device:
    """Return the device that JAX puts arrays on when nobody says."""
    place: Any = jax.config.jax_default_device  # type: ignore[attr-defined]
    if place is None:
        return _from_jax(jax.local_devices()[0])
    return Device(place) if isinstance(place, str) else _from_jax(place)


def place(array: Any, device: Device | None = None) -> Any:
    """Return the array on a device; by default on the chosen one, or where it is if none was chosen.

    On JAX's own default device an array stays uncommitted: committing it would cost a dispatch, and compiled
    functions would compile again for arrays that differ in nothing else. A traced array stays where its
    computation runs.

    Raises:
        DeviceError: this machine has no such device.
    """
    wanted = chosen_device() if device is None else device
    if wanted is None:
        return array
    target = wanted.jax
    if isinstance(array, jax.core.Tracer):
        return array
    if isinstance(array, jax.Array) and array.device == target and _from_jax(target) == jax_default():
        return array
    return jax.device_put(array, target)


def from_host(values: np.ndarray[Any, Any]) -> jax.Array:
    """Return a NumPy array as a JAX array, without compiling anything for its shape.

    ``jnp.asarray`` compiles a program for each new shape. The memory may be shared: pass an array that
    nobody writes to any more, in a type that JAX has.
    """
    return jax.device_put(values)


def default_device() -> Device:
    """Return where tensors are made when nobody says.

    That is the innermost ``with Device(...)``, else what `set_default_device` set, else JAX's default,
    which is the accelerator if there is one.
    """
    chosen = chosen_device()
    return jax_default() if chosen is None else chosen


def chosen_device() -> Device | None:
    """Return the default device if the user chose one, None if it is left to JAX."""
    return _stack.entries[-1] if _stack.entries else _default


def set_default_device(device: Any) -> None:
    """Make tensors on this device when nobody says otherwise; None leaves it to JAX again.

    Raises:
        DeviceError: this machine has no such device.
    """
    global _default
    found = None if device is None else as_device(device)
    if found is not None:
        found.jax  # noqa: B018 - a missing device is an error here, not at the first tensor
    _default = found


def present() -> tuple[Device, ...]:
    """Return the devices that this process can address, CPUs first.

    Example:
        >>> Device("cpu") in present()
        True
    """
    return tuple(_from_jax(device) for kind in ("cpu", "cuda", "tpu") for device in _devices(kind))


def device_count(kind: str = "cuda") -> int:
    """Return how many devices of a kind this process can address."""
    return len(_devices(_parse(kind)[0]))


def is_available(kind: str = "cuda") -> bool:
    """Return whether there is a device of this kind."""
    return device_count(kind) > 0
