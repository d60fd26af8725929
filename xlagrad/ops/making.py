"""What functions that make tensors share: sizes, checked values, placement, arguments without effect."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import devices, dtypes, errors
from xlagrad.core.data import check_range
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle, is_tracer, read, wrap
from xlagrad.core.modes import local
from xlagrad.core.tensor import Tensor
from xlagrad.core.view import assign

# PyTorch's arguments about memory, which XLA decides by itself.
_WITHOUT_EFFECT = {"layout", "pin_memory", "memory_format", "names", "non_blocking"}
# A constant of up to so many elements is made by NumPy: a program would have to be compiled for its shape.
SMALL = 1 << 16


# A shape that comes up more often than this deserves a program of its own: to compile one takes a thousand
# times longer than to run it, and a model asks for each of its shapes a few times only.
REPEATS = 32
_REMEMBERED = 4096
_uses: dict[Any, int] = {}


def is_rare(key: Any) -> bool:
    """Count a use of a program, and return whether there were too few to compile it."""
    if len(_uses) > _REMEMBERED:
        _uses.clear()
    uses = _uses[key] = _uses.get(key, 0) + 1
    return uses <= REPEATS


@functools.partial(jax.jit, static_argnums=0)
def _full(shape: tuple[int, ...], value: Any) -> jax.Array:
    return jnp.full(shape, value)


def refuse(who: str, options: dict[str, Any]) -> None:
    """Raise a ``DtypeError`` (a TypeError) for keywords that are none of PyTorch's about memory."""
    for name in options:
        if name not in _WITHOUT_EFFECT:
            raise errors.DtypeError(
                message(who, "a keyword that it has", repr(name), "see its documentation")
            )


def size_of(who: str, size: tuple[Any, ...], options: dict[str, Any] | None = None) -> tuple[int, ...]:
    """Return the size that ``f(2, 3)``, ``f((2, 3))``, ``f(size=...)`` or ``f(shape=...)`` asks for.

    Raises:
        DtypeError: not integers.
        ShapeError: one is negative.

    Example:
        >>> size_of("zeros", (2, 3)), size_of("zeros", ((2, 3),)), size_of("zeros", ([],))
        ((2, 3), (2, 3), ())
    """
    for name in ("size", "shape"):
        if options and name in options:
            size = (*size, options.pop(name))
    if not size:
        raise errors.DtypeError(message(who, "a size", "none", f"call {who}(2, 3) or {who}((2, 3))"))
    given = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    found = []
    for n in given:
        if isinstance(n, (bool, float, str, tuple, list)) or n is None:
            raise errors.DtypeError(message(who, "sizes that are integers", repr(n), "pass ints"))
        try:
            found.append(operator.index(n))
        except TypeError:
            text = message(who, "sizes that are integers", describe(n), "pass ints")
            raise errors.DtypeError(text) from None
    if found and min(found) < 0:
        raise errors.ShapeError(message(who, "sizes of 0 or more", str(tuple(found))))
    return tuple(found)


def constant(who: str, shape: tuple[int, ...], value: Any, dtype: np.dtype[Any]) -> jax.Array:
    """Return an array of one value, which is checked against the type."""
    if not isinstance(value, (bool, int, float, complex, np.generic)):
        return jnp.full(shape, value, dtype)
    given = np.asarray(value)
    check_range(who, given, dtype)
    with np.errstate(all="ignore"):
        cast = given.astype(dtype)
    if np.isfinite(given) and not np.isfinite(cast):
        fix = "pass infinity, or a wider dtype"
        raise errors.ArgumentError(message(who, f"a value that {dtype.name} can hold", str(value), fix))
    if local.trace is not None or math.prod(shape) > SMALL:
        return jnp.full(shape, cast)
    return devices.from_host(np.full(shape, cast)) if is_rare((shape, dtype)) else _full(shape, cast)


def finish(
    array: Any, device: Any = None, requires_grad: bool = False, out: Any = None, who: str = ""
) -> Any:
    """Return a new tensor of the array, on a device; or write it into ``out`` and return that."""
    array = devices.place(array, None if device is None else devices.as_device(device))
    result: Tensor = wrap(array)
    if out is not None:
        assign(who, out, result)
        return out
    if requires_grad:
        result.requires_grad_()
    return result


def reference(x: Any) -> Any:
    """Return the array whose shape, type and place a ``*_like`` function or a ``new_*`` method takes."""
    if isinstance(x, Handle):
        return read(x)
    return x if hasattr(x, "shape") and hasattr(x, "dtype") else np.asarray(x)


def finish_like(array: Any, like: Any, device: Any = None, requires_grad: bool = False) -> Any:
    """Return a new tensor of the array, on a device; by default with ``like``, sharded as that is."""
    if device is None and isinstance(like, jax.Array) and not is_tracer(like) and like.committed:
        same = array.shape == like.shape or len(like.sharding.device_set) == 1
        array = jax.device_put(array, like.sharding if same else devices.device_of(like).jax)
        result: Tensor = wrap(array)
        if requires_grad:
            result.requires_grad_()
        return result
    return finish(array, device, requires_grad)


def float_type(who: str, dtype: Any) -> np.dtype[Any]:
    """Return the type of floating point, real or complex, that is asked for; the default type if none is.

    Raises:
        DtypeError: it is not of floating point.
    """
    if dtype is None:
        return dtypes.get_default_dtype().dtype
    found = dtypes.as_dtype(dtype)
    if not (found.is_floating_point or found.is_complex):
        raise errors.DtypeError(
            message(who, "a floating-point dtype", found.name, "draw and convert with .to")
        )
    return dtypes.as_jax(dtype)


def number_type(value: Any) -> dtypes.DType:
    """Return the type that PyTorch gives a number: bool, int64, the default float or complex type."""
    if isinstance(value, (bool, np.bool_)):
        return dtypes.bool_
    if isinstance(value, (int, np.integer)):
        return dtypes.int64
    if isinstance(value, complex):
        return dtypes.default_complex()
    return dtypes.get_default_dtype()
