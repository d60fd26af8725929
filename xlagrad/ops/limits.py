"""The parameters of distributions: where to draw, and whether bounds and probabilities are possible."""

from __future__ import annotations

import operator
from typing import Any

import jax
import numpy as np

from xlagrad.core import devices, dtypes, errors
from xlagrad.core.devices import Device
from xlagrad.core.errors import message
from xlagrad.core.handle import Handle, is_tracer, read


def place_of(device: Any, like: Any = None) -> Device | None:
    """Return the device to draw on: the one given, else that of a committed array, else None."""
    if device is not None:
        return devices.as_device(device)
    if isinstance(like, jax.Array) and not is_tracer(like) and like.committed:
        return devices.device_of(like)
    return None


def bounds_for(who: str, low: Any, high: Any, dtype: np.dtype[Any]) -> tuple[np.generic, np.generic]:
    """Return the bounds of integers in [low, high) as numbers that JAX can hold.

    Raises:
        DtypeError: the bounds are no integers.
        ArgumentError: nothing lies between them, or the type cannot hold what does.
    """
    try:
        first, end = operator.index(low), operator.index(high)
    except TypeError:
        raise errors.DtypeError(message(who, "integer bounds", f"{low!r} and {high!r}")) from None
    if first >= end:
        raise errors.ArgumentError(message(who, "low to be less than high", f"low={first} and high={end}"))
    wide = dtypes.as_jax("int64")
    limits = np.iinfo(dtype) if dtype.kind in "iu" else np.iinfo(wide)
    least, most = (0, 1) if dtype.kind == "b" else (limits.min, limits.max)
    if first < least or end - 1 > most:
        narrow = not dtypes.x64_enabled() and dtype.itemsize >= 4
        fix = "set JAX_ENABLE_X64=1 before starting Python for 64 bits" if narrow else "pass a wider dtype"
        got = f"low={first} and high={end}"
        raise errors.ArgumentError(message(who, f"bounds that {dtype.name} can hold", got, fix))
    signed = np.dtype(np.int64) if dtypes.x64_enabled() else np.dtype(np.int32)
    unsigned = np.dtype(f"u{signed.name}")
    if dtype.kind == "u" and dtype.itemsize >= 4:
        return dtype.type(first), (dtype if end <= limits.max else unsigned).type(min(end, limits.max))
    above = unsigned if end > np.iinfo(signed).max else signed
    return signed.type(first), above.type(end)


def require_range(who: str, name: str, x: Any, low: float, high: float | None = None) -> None:
    """Raise an ``ArgumentError`` unless all values lie in [low, high]; NaN does not.

    Looks at numbers, and at tensors on the CPU; elsewhere it would make the program wait for the device.
    """
    values = on_host(x)
    if values is None:
        return
    fine = (values >= low) if high is None else (values >= low) & (values <= high)
    if not fine.all():
        wanted = f"{name} of {low:g} or more" if high is None else f"{name} in [{low:g}, {high:g}]"
        raise errors.ArgumentError(message(who, wanted, f"{values[~fine].ravel()[0]:g}"))


def on_host(x: Any) -> np.ndarray[Any, Any] | None:
    """Return the values of a number or of a tensor on the CPU; None where they are not at hand."""
    if isinstance(x, Handle):
        x = read(x)
    if is_tracer(x) or (isinstance(x, jax.Array) and next(iter(x.devices())).platform != "cpu"):
        return None
    values = np.asarray(x)
    # NumPy cannot compare or sum the half-precision types that are not its own everywhere.
    return values.astype(np.float32) if values.dtype.itemsize == 2 else values
