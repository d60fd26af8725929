"""Arrays from data: numbers, nested lists, NumPy arrays and other libraries' tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import devices, dtypes, errors
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle, read
from xlagrad.core.promotion import result_type


def check_range(who: str, value: np.ndarray[Any, Any], target: np.dtype[Any]) -> None:
    """Raise unless a type can hold the values: real ones in a real type, bounded ones in an integer type.

    As in PyTorch floats are cut to integers, and -1 in an unsigned type wraps.

    Raises:
        DtypeError: complex numbers for a real type.
        ArgumentError: a value that the integer type cannot hold.
    """
    if value.dtype.kind == "c" and target.kind != "c":
        fix = "take the real part, or pass a complex dtype"
        raise errors.DtypeError(message(who, f"real numbers for {target.name}", "complex ones", fix))
    if target.kind not in "iu" or value.size == 0 or value.dtype.kind == "b":
        return
    limits = np.iinfo(target)
    low, high = value.min(), value.max()
    least = limits.min if target.kind == "i" else -limits.max
    if not (low >= least and high <= limits.max):
        got = str(high if not high <= limits.max else low)
        wide = target.itemsize == 4 and not dtypes.x64_enabled()
        fix = "set JAX_ENABLE_X64=1 before starting Python for 64 bits" if wide else "pass a wider dtype"
        raise errors.ArgumentError(message(who, f"values that {target.name} can hold", got, fix))


def _leaves(data: Any) -> Iterator[Any]:
    for item in data:
        if isinstance(item, (list, tuple)):
            yield from _leaves(item)
        else:
            yield item


def to_array(who: str, data: Any, dtype: Any = None, copy: bool = True) -> jax.Array:
    """Return data of any kind as an array of the type that PyTorch would choose, or of ``dtype``.

    Raises:
        DtypeError: it is not numeric.
        ShapeError: nested lists of unequal lengths.
        ArgumentError: a number that the integer type cannot hold.
    """
    if isinstance(data, (Handle, jax.Array)):
        array = read(data) if isinstance(data, Handle) else data
        target = array.dtype if dtype is None else dtypes.as_jax(dtype)
        return jnp.array(array, dtype=target, copy=copy)
    if isinstance(data, (np.ndarray, np.generic)):
        return from_numpy(who, np.asarray(data), dtype)
    if hasattr(data, "__jax_array__"):
        return to_array(who, data.__jax_array__(), dtype, copy)
    if isinstance(data, (list, tuple)):
        leaves = list(_leaves(data))
        if any(isinstance(leaf, (Handle, jax.Array)) for leaf in leaves):
            return _stacked(who, data, dtype)
        first = leaves[0] if leaves else 0.0
        return _from_python(who, data, dtype, plain=not isinstance(first, (np.ndarray, np.generic)))
    if not isinstance(data, (bool, int, float, complex)) and hasattr(data, "__dlpack__"):
        array = from_other(data)
        return array if dtype is None else array.astype(dtypes.as_jax(dtype))
    return _from_python(who, data, dtype, plain=not hasattr(data, "__array__"))


def _stacked(who: str, data: Any, dtype: Any) -> jax.Array:
    """Return nested lists that hold tensors, perhaps traced ones, as one array."""
    if not isinstance(data, (list, tuple)):
        return to_array(who, data, dtype)
    if dtype is None:
        kinds = [leaf if hasattr(leaf, "dtype") else np.asarray(leaf) for leaf in _leaves(data)]
        plain = [dtypes.get_default_dtype() if k.dtype == np.float64 else k.dtype for k in kinds]
        dtype = result_type(*plain)
    rows = [_stacked(who, item, dtype) for item in data]
    if len({row.shape for row in rows}) > 1:
        got = " and ".join(sorted({str(row.shape) for row in rows}))
        raise errors.ShapeError(message(who, "items of one shape", f"items of the shapes {got}"))
    return jnp.stack(rows) if rows else jnp.zeros(0, dtypes.as_jax(dtype))


def _from_python(who: str, data: Any, dtype: Any, plain: bool) -> jax.Array:
    """Convert numbers; ``plain`` says that they are Python's, whose floats have the default type."""
    try:
        value = np.asarray(data)
    except ValueError:
        fix = "make all lists of one level equally long"
        raise errors.ShapeError(message(who, "nested lists of equal lengths", describe(data), fix)) from None
    huge = value.dtype == object and _integers_only(value)
    if huge or (plain and value.dtype.kind == "u"):
        raise errors.ArgumentError(message(who, "integers of 64 bits", str(max(value.ravel().tolist()))))
    _check_numeric(who, value, data)
    if dtype is None and plain:
        kind = value.dtype.kind
        dtype = {"f": dtypes.get_default_dtype(), "c": dtypes.default_complex()}.get(kind, value.dtype)
    target = dtypes.as_jax(value.dtype if dtype is None else dtype)
    check_range(who, value, target)
    with np.errstate(over="ignore"):
        return devices.from_host(np.array(value, target))


def _integers_only(value: np.ndarray[Any, Any]) -> bool:
    return value.size > 0 and all(isinstance(v, int) for v in value.ravel().tolist())


def _check_numeric(who: str, value: np.ndarray[Any, Any], data: Any) -> None:
    if value.dtype.kind in "OUSMmV" and value.dtype.name not in dtypes.BY_NAME:
        got = (
            f"{type(data).__name__} {describe(data)}"
            if value.dtype == object
            else f"values of type {value.dtype}"
        )
        raise errors.DtypeError(message(who, "numbers", got, "convert them to numbers first"))


def from_numpy(who: str, value: np.ndarray[Any, Any], dtype: Any = None) -> jax.Array:
    """Copy a NumPy array. A cast that was asked for wraps, as NumPy's; the one to 32 bits must not."""
    _check_numeric(who, value, value)
    wanted = dtypes.as_dtype(value.dtype if dtype is None else dtype)
    target = dtypes.as_jax(wanted)
    if target != wanted.dtype and wanted.dtype.kind in "iu":
        check_range(who, value, target)
    with np.errstate(over="ignore"):
        return devices.from_host(np.array(value, target))


def from_other(data: Any) -> jax.Array:
    """Import by DLPack: without a copy where type and layout allow it."""
    try:
        array = jnp.from_dlpack(data)
    except (BufferError, RuntimeError, TypeError) as error:
        # XLA reads dense memory only; NumPy can gather the rest.
        try:
            return from_numpy("from_dlpack", np.array(np.from_dlpack(data)))
        except (BufferError, RuntimeError, TypeError):
            fix = "detach it, and move it to a device that this machine has"
            got = f"{type(data).__name__} ({error})"
            text = message("from_dlpack", "an exportable tensor", " ".join(got.split()).rstrip("."), fix)
            raise errors.DtypeError(text) from error
    return array


def as_array(value: Any, dtype: Any = None) -> jax.Array:
    """Return a tensor's, array's, number's or nested list's value as a strongly typed ``jax.Array``.

    Args:
        value: what to convert; an array or tensor is not copied.
        dtype: element type to cast to.

    Raises:
        DtypeError: ``value`` is nothing numeric.
        ShapeError: nested lists of unequal lengths.
        ArgumentError: a number that the integer type cannot hold.
    """
    if isinstance(value, Handle):
        value = read(value)
    if isinstance(value, jax.Array):
        target = value.dtype if dtype is None else dtypes.as_jax(dtype)
        if value.dtype == target and not value.weak_type:
            return value
        return jax.lax.convert_element_type(value, target)
    return to_array("Tensor", value, dtype)
