"""Access to values for functions whose result's shape depends on them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import errors
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle, is_tracer, read, wrap
from xlagrad.core.where import user_line


def concrete(who: str, x: Any, fix: str) -> np.ndarray[Any, Any]:
    """Return the value of a tensor or array as a NumPy array.

    Args:
        who: the function that needs it.
        x: tensor, array or number.
        fix: what to do instead under ``compile``.

    Raises:
        TraceError: the value is being traced.
    """
    array = read(x) if isinstance(x, Handle) else x
    if is_tracer(array):
        want = "a value that is known, since the shape of the result depends on it"
        raise errors.TraceError(message(who, want, f"a traced {describe(array)} at {user_line()}", fix))
    return np.asarray(array)


def alike(x: Any, value: np.ndarray[Any, Any], dtype: Any = None) -> Any:
    """Return a NumPy array as what ``x`` is, a tensor or a plain array, on the device of ``x``."""
    if not isinstance(x, Handle):
        return jnp.asarray(value, dtype)
    array = read(x)
    target = None if is_tracer(array) else next(iter(array.devices()))
    result = jax.device_put(np.asarray(value, dtype), target)
    return wrap(result)
