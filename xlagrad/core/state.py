"""State that compiled functions depend on: one version number, and the hooks that stateful objects call."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, Protocol

import jax

from xlagrad.core.modes import local


class Stateful(Protocol):
    """An object whose Python-side state a trace may depend on."""

    def _guard_state(self) -> Hashable:
        """Return everything, tensors' values aside, that a trace through this object may depend on."""


class _Version:
    """Bumped by each write to guarded state; compiled functions compare it before anything else."""

    number: int = 0


version = _Version()


def bump() -> None:
    """Note that guarded state has changed, so that compiled functions look at their guards again."""
    version.number += 1


def touch(owner: Any, store: dict[Any, Any], key: Any) -> None:
    """Note that ``store[key]`` is about to be set or deleted.

    Call it before the write. Outside a trace it bumps the version; inside one it also keeps the old
    value, so that a trace that fails is undone, and one that succeeds knows what it changed.

    Args:
        owner: the object that the store belongs to.
        store: the dictionary that is written.
        key: the entry that is written.
    """
    version.number += 1
    if local.trace is not None:
        local.trace.journal(owner, store, key)


def depend(obj: Stateful) -> None:
    """Note, while tracing, that the trace depends on the Python-side state of ``obj``."""
    if local.trace is not None:
        local.trace.depend(obj)


class Brand:
    """What guards know a tensor by whose place in a module is taken by another in each compiled call."""

    __slots__ = ("__weakref__",)


def identity(t: Any) -> Any:
    """Return the object by which guards know a tensor: itself, or its brand."""
    return t.__dict__.get("_identity", t)


def brand(t: Any) -> Brand:
    """Return the brand of a tensor, given to it if it has none."""
    found: Brand = t.__dict__.setdefault("_identity", Brand())
    return found


def after(call: Callable[[], None], changes: Iterable[Any]) -> None:
    """Have ``call`` made on the host after each run of the program that is being traced.

    Args:
        call: what to call; it is not traced.
        changes: the objects that it changes; see :func:`settled`.
    """
    local.trace.after.append(call)
    local.trace.settled.update(map(id, changes))


def settled(obj: Any) -> bool:
    """Return whether, in the trace that is running, a later call on the host is to change ``obj``."""
    return local.trace is not None and id(obj) in local.trace.settled


def tracing() -> bool:
    """Return whether a compiled function is being traced in this thread."""
    return local.trace is not None


@contextlib.contextmanager
def outside() -> Iterator[None]:
    """Run a block concretely although a trace is active.

    Tensors made inside are state from before the call: the trace captures them like any other. For
    slots that are made at first use, such as an optimizer's.
    """
    trace, local.trace = local.trace, None
    try:
        with jax.ensure_compile_time_eval():
            yield
    finally:
        local.trace = trace
