"""`torch.cuda.nvtx`: marks in a profile, which are JAX's."""

from __future__ import annotations

from typing import Any

import jax

_open: list[Any] = []


def range_push(msg: str) -> int:
    """Begin a range in the profile; return how many are open around it."""
    mark = jax.profiler.TraceAnnotation(msg)
    mark.__enter__()
    _open.append(mark)
    return len(_open) - 1


def range_pop() -> int:
    """End the innermost range; return how many are open around it, -1 for none."""
    if not _open:
        return -1
    _open.pop().__exit__(None, None, None)
    return len(_open)


def range(msg: str, *args: Any, **kwargs: Any) -> Any:
    """Return a range in the profile for a ``with`` block."""
    return jax.profiler.TraceAnnotation(msg.format(*args, **kwargs))


def mark(msg: str) -> None:
    """Put a moment into the profile."""
    with jax.profiler.TraceAnnotation(msg):
        pass


__all__ = ["mark", "range", "range_pop", "range_push"]
