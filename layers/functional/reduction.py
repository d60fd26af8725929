"""What losses share: reductions, broadcasting, and checks of class indices."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.errors import ArgumentError, IndexingError, ShapeError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read


def check_reduction(who: str, reduction: str) -> None:
    """Raise if ``reduction`` is none of "none", "mean" and "sum"."""
    if reduction not in ("none", "mean", "sum"):
        raise ArgumentError(
            message(who, "reduction 'none', 'mean' or 'sum'", f"{reduction!r} is not a valid value")
        )


def reduced(who: str, loss: jax.Array, reduction: str) -> jax.Array:
    """Return a loss for each element as ``reduction`` says."""
    check_reduction(who, reduction)
    if reduction == "none":
        return loss
    return jnp.mean(loss) if reduction == "mean" else jnp.sum(loss)


def legacy_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """Return the reduction that torch's two older arguments mean together, where they are given."""
    if size_average is None and reduce is None:
        return reduction
    if reduce is False:
        return "none"
    return "sum" if size_average is False else "mean"


def same_shape(who: str, input: jax.Array, target: jax.Array) -> None:
    """Raise unless the shapes agree."""
    if input.shape != target.shape:
        raise ShapeError(
            message(
                who, f"a target of the input's shape {tuple(input.shape)}", describe(target), "reshape it"
            )
        )


def broadcast(who: str, input: jax.Array, target: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return both in their common shape.

    Raises:
        ShapeError: they have none.
    """
    try:
        shape = jnp.broadcast_shapes(input.shape, target.shape)
    except ValueError:
        raise ShapeError(
            message(who, f"a target that broadcasts with {describe(input)}", describe(target), "reshape it")
        ) from None
    return jnp.broadcast_to(input, shape), jnp.broadcast_to(target, shape)


def check_classes(who: str, target: Any, count: int, ignore: int | None = None) -> None:
    """Raise for a class index out of range, where looking costs no wait for an accelerator."""
    value = read(target) if isinstance(target, Handle) else target
    if is_tracer(value) or not hasattr(value, "devices") or value.size == 0:
        return
    if not jnp.issubdtype(value.dtype, jnp.integer) or next(iter(value.devices())).platform != "cpu":
        return
    host = np.asarray(value)
    bad = (host < 0) | (host >= count)
    if ignore is not None:
        bad &= host != ignore
    if bad.any():
        wrong = int(host[bad].flat[0])
        raise IndexingError(message(who, f"classes in [0, {count - 1}]", f"Target {wrong} is out of bounds"))
