"""What happens where a result is not defined: an error as soon as values are known, or no gradient."""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np

from xlagrad.core.errors import AutogradError, LinAlgError, message
from xlagrad.core.handle import Handle, is_tracer, read


def known(x: Any) -> np.ndarray[Any, Any] | None:
    """Return the values of a tensor or array, None while it is being traced."""
    array = read(x) if isinstance(x, Handle) else x
    return None if is_tracer(array) else np.asarray(array)


def refuse_failures(who: str, info: Any, wanted: str, got: str, fix: str) -> None:
    """Raise for the first matrix of a batch that could not be factored.

    Under a trace nothing is known, and nothing raised: the results hold infinities or NaN.

    Args:
        who: name for errors.
        info: integers, one per matrix: 0 for success, else the number of the pivot that failed.
        wanted: what the matrices should be.
        got: what they are; ``{}`` stands for the pivot.
        fix: what the caller can do.

    Raises:
        LinAlgError: an ``info`` is not 0.
    """
    values = known(info)
    if values is None or not values.any():
        return
    flat = values.reshape(-1)
    first = int(np.flatnonzero(flat)[0])
    where = f"batch element {first}: " if values.ndim else ""
    raise LinAlgError(message(who, wanted, where + got.format(flat[first]), fix))


def refuse_nan(who: str, result: Any) -> None:
    """Raise a ``LinAlgError`` if a decomposition, whose values are known, did not come about."""
    values = known(result)
    if values is not None and np.isnan(values).any():
        fix = "look for NaN and infinity in the input"
        raise LinAlgError(message(who, "finite matrices", "some whose decomposition failed", fix))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def undifferentiable(reason: str, x: jax.Array, value: jax.Array) -> jax.Array:
    """Return ``value``, which was computed of ``x``; a gradient that is to pass back raises.

    Args:
        reason: "who: why", the error's text up to its end.
        x: what the gradient would go to.
        value: the result.
    """
    return value


def _forward(reason: str, x: jax.Array, value: jax.Array) -> tuple[jax.Array, None]:
    return value, None


def _backward(reason: str, _: None, cotangent: jax.Array) -> Any:
    raise AutogradError(reason)


undifferentiable.defvjp(_forward, _backward)
