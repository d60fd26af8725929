"""The bare handle under every tensor: an array, its place on the tape, and the view that it is of another."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import jax

from xlagrad.core.errors import StateError, message
from xlagrad.core.modes import local


class Handle:
    """The fields of a tensor, without its methods. ``Tensor`` derives from it.

    The tape, views and compile work on these fields alone, so that they lie below ``Tensor``.

    Attributes:
        _data: the value, a ``jax.Array`` or a tracer. Of a view: the value when it was last derived.
        _node: the tape node that made it, None for a leaf.
        _slot: which output of ``_node`` it is.
        _requires_grad: whether gradients are wanted.
        _grad: the accumulated gradient, another tensor, None, or a ``NotKept``.
        _view: how it was taken from its base, None where it owns its value.
        _version: how often its value was replaced.
        _acc: weak reference to the leaf's node on the tape.
        _hooks: gradient hooks of a leaf.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_acc",
        "_data",
        "_grad",
        "_hooks",
        "_node",
        "_requires_grad",
        "_slot",
        "_version",
        "_view",
    )

    _data: Any
    _node: Any
    _slot: int
    _requires_grad: bool
    _grad: Any
    _view: Any
    _version: int
    _acc: weakref.ref[Any] | None
    _hooks: dict[int, Callable[..., Any]] | None

    def _set_fields(self, array: Any, requires_grad: bool) -> None:
        """Fill a new handle, which owns ``array``."""
        self._data, self._requires_grad = array, requires_grad
        self._node = self._grad = self._view = self._acc = self._hooks = None
        self._slot = self._version = 0
        if local.trace is not None:
            local.trace.born(self)


class NotKept:
    """Stands in ``grad`` for a gradient that a compiled step has used up and not handed out."""

    __slots__ = ("label",)

    def __init__(self, label: str) -> None:
        self.label = label

    def error(self) -> StateError:
        """Return the error for looking at it."""
        return StateError(
            message("grad", "a gradient that was kept",
                    f"one that the compiled '{self.label}' consumed and did not hand out",
                    f"compile it with keep_grads=True, or look at .grad inside '{self.label}'")
        )  # fmt: skip


class Kinds:
    """The concrete class that operations return; ``xlagrad.core.tensor`` fills it in."""

    tensor: type[Handle] = Handle


def wrap(array: Any, requires_grad: bool = False) -> Any:
    """Return a new tensor that owns ``array``, without checks."""
    t = Handle.__new__(Kinds.tensor)
    t._data = array
    t._node = None
    t._slot = 0
    t._requires_grad = requires_grad
    t._grad = None
    t._view = None
    t._version = 0
    t._acc = None
    t._hooks = None
    trace = local.trace
    if trace is not None:
        trace.born(t)
    return t


def read(t: Handle) -> Any:
    """Return the current value of a tensor, brought up to date if it is a view, captured under compile."""
    view = t._view
    if view is not None:
        view.refresh(t)
    trace = local.trace
    if trace is not None:
        return trace.read(t)
    return t._data


def is_tracer(array: Any) -> bool:
    """Return whether ``array`` stands for a value that is not known yet."""
    return isinstance(array, jax.core.Tracer)
