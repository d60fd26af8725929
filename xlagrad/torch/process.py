"""Switches of the process that `torch` has at its top level, and what they can change here."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from xlagrad.core import dtypes
from xlagrad.core.devices import Device, as_device
from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.core.tensor import Tensor
from xlagrad.torch import cuda, settings
from xlagrad.torch.serialization.storage import Storage


class _State:
    deterministic = False
    warn_only = False
    warn_always = False


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask that every run gives the same bits, as XLA's programs on CPU and TPU do anyway.

    Raises:
        ArgumentError: with a GPU, where XLA has to be told when the process starts.
    """
    settings.use_deterministic_algorithms(mode, warn_only=warn_only)
    _State.deterministic, _State.warn_only = bool(mode), bool(mode and warn_only)


def are_deterministic_algorithms_enabled() -> bool:
    """Return whether `use_deterministic_algorithms` was asked for."""
    return _State.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Return whether it was asked for with ``warn_only``."""
    return _State.warn_only


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Set `use_deterministic_algorithms` by level: 0 or "default", 1 or "warn", 2 or "error".

    Raises:
        ArgumentError: another level.
    """
    levels: dict[int | str, int] = {0: 0, 1: 1, 2: 2, "default": 0, "warn": 1, "error": 2}
    if debug_mode not in levels:
        want = "0, 1, 2, 'default', 'warn' or 'error'"
        raise ArgumentError(message("set_deterministic_debug_mode", want, repr(debug_mode)))
    level = levels[debug_mode]
    use_deterministic_algorithms(level > 0, warn_only=level == 1)


def get_deterministic_debug_mode() -> int:
    """Return the level that `set_deterministic_debug_mode` sets."""
    return 0 if not _State.deterministic else 1 if _State.warn_only else 2


def set_warn_always(b: bool) -> None:
    """Remember the wish: warnings here follow Python's filters."""
    _State.warn_always = bool(b)


def is_warn_always_enabled() -> bool:
    """Return what `set_warn_always` was given."""
    return _State.warn_always


def set_flush_denormal(mode: bool) -> bool:
    """Return False, as PyTorch does where it cannot change it: XLA decides about denormal numbers."""
    return False


def get_num_interop_threads() -> int:
    """Return the number of XLA's threads; it has one pool for everything."""
    return settings.get_num_threads()


def set_num_interop_threads(number: int) -> None:
    """Accept a number of threads that XLA cannot be told once it runs.

    Raises:
        ArgumentError: not a positive number.
    """
    settings.set_num_threads(number)


def set_default_tensor_type(t: Any) -> None:
    """Set the default element type by the name or class of an old tensor type.

    Raises:
        ArgumentError: not a type of floating-point tensors on the CPU or a GPU.
    """
    name = t if isinstance(t, str) else f"torch.{getattr(t, '__name__', t)}"
    kinds = {"Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16"}
    short = name.rpartition(".")[2].removesuffix("Tensor")
    if short not in kinds:
        want = "a type of floating-point tensors such as torch.FloatTensor"
        raise ArgumentError(message("set_default_tensor_type", want, describe(t), "use set_default_dtype"))
    dtypes.set_default_dtype(kinds[short])


def typename(obj: Any) -> str:
    """Return the name of an object's type; of a tensor, PyTorch's for its element type.

    Example:
        >>> typename(Tensor([1.0])), typename(1)
        ('torch.FloatTensor', 'int')
    """
    if isinstance(obj, Tensor):
        name: str = obj.type()
        return name
    kind = obj if hasattr(obj, "__qualname__") and hasattr(obj, "__module__") else type(obj)
    module = getattr(kind, "__module__", "")
    return kind.__qualname__ if module in ("", "builtins") else f"{module}.{kind.__qualname__}"


def is_storage(obj: Any) -> bool:
    """Return whether an object is the storage of a loaded file; tensors here have none of their own."""
    return isinstance(obj, Storage)


def compiled_with_cxx11_abi() -> bool:
    """Return False: there is no C++ here to be compatible with."""
    return False


def get_device_module(device: Any = None) -> ModuleType:
    """Return the module for a kind of device, such as `torch.cuda`.

    Raises:
        ArgumentError: there is no module for it.
    """
    kind = as_device(device).type if not isinstance(device, Device) else device.type
    if kind == "cuda":
        return cuda
    raise ArgumentError(message("get_device_module", "a kind of device with a module: cuda", repr(kind)))
