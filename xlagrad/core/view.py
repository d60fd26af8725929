"""Views: how a tensor was taken from another, so that a write to either reaches both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp

from xlagrad.core.dispatch import Array, Op, op
from xlagrad.core.errors import AutogradError, DtypeError, ShapeError, StateError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read, wrap
from xlagrad.core.modes import Switch, local
from xlagrad.core.tape import Node, alias

Strides = tuple[tuple[int, ...], tuple[int, ...], int]


class Step(NamedTuple):
    """One view operation with its arguments.

    Attributes:
        take: operation that takes the view from its parent.
        put: operation that writes a view's value into a parent: ``put(parent, value, *dynamic, **statics)``;
            None where the view cannot be written (an expanded one).
        dynamic: operands beside the parent, such as start indices.
        statics: the static arguments.
        layout: how the step changes (shape, strides, offset) of storage.
        severs: whether gradients end here (``detach``).
    """

    take: Callable[..., Any]
    put: Callable[..., Any] | None
    dynamic: tuple[Any, ...]
    statics: dict[str, Any]
    layout: Callable[[Strides], Strides]
    severs: bool = False

    def apply(self, parent: Any) -> Any:
        """Return the view's value, taken from the parent's."""
        return self.take(parent, *self.dynamic, **self.statics)

    def write(self, parent: Any, value: Any) -> Any:
        """Return the parent's value with the view's part replaced."""
        assert self.put is not None
        return self.put(parent, value, *self.dynamic, **self.statics)


class View:
    """What a view knows: where its value lies, where its gradient goes, and what it last saw.

    Attributes:
        base: the tensor whose value holds the view's.
        steps: how the view is taken from it.
        home: where gradients go: the base, or the last tensor in between that is detached or a leaf.
        start: how many of the steps lead to the home.
        recorded: whether gradients pass, since it was taken with gradients switched on.
        seen: the base's version when the value was last derived.
    """

    __slots__ = ("base", "home", "recorded", "seen", "shape", "start", "steps")

    def __init__(
        self, base: Handle, steps: tuple[Step, ...], home: Handle, start: int, recorded: bool
    ) -> None:
        self.base = base
        self.steps = steps
        self.home = home
        self.start = start
        self.recorded = recorded
        self.seen = base._version
        self.shape = base._data.shape

    @property
    def severed(self) -> bool:
        """Whether this is a detached tensor itself: gradients neither reach it from the base nor leave it."""
        return self.steps[-1].severs

    def retake(self, base: Handle) -> Any:
        """Return the same view of another base, without history."""
        before, local.grad = local.grad, False
        try:
            value: Any = base
            for step in self.steps:
                parent, value = value, step.apply(value)
                attach(value, parent, step)
        finally:
            local.grad = before
        return value

    def refresh(self, t: Handle) -> None:
        """Derive the view's value and place on the tape again if the base was written since."""
        base, home, trace = self.base, self.home, local.trace
        if trace is not None:
            trace.read(base)
        if self.seen == base._version:
            return
        if base._data.shape != self.shape:
            raise StateError(
                message(
                    "view",
                    f"a base of shape {tuple(self.shape)}, as when the view was taken",
                    f"{describe(base._data)}, which it was given since",
                    "take the view again",
                )
            )
        if trace is not None:
            trace.keep(t)
        read(home)
        passes = home._requires_grad and not self.severed
        with Switch(grad=passes and self.recorded):
            value: Any = home
            for step in self.steps[self.start :]:
                value = step.apply(value if isinstance(value, Handle) else wrap(value))
        t._data = value._data
        if passes and self.recorded:
            t._node, t._slot, t._requires_grad = value._node, value._slot, value._requires_grad
        elif passes and home._node is not None:
            t._node, t._slot, t._requires_grad = Unrecorded(t), 0, True
        self.seen = base._version


class Unrecorded(Node):
    """Stands for the history of a view taken under ``no_grad`` whose base was then written with history."""

    __slots__ = ()

    def __init__(self, t: Handle) -> None:
        super().__init__("Unrecorded", (), ((t._data.shape, t._data.dtype),))

    def pull(self, cotangents: list[Any]) -> Sequence[Any]:
        """Raise: the way from the base to the view was not recorded."""
        raise AutogradError(
            message(
                "backward",
                "views taken with gradients switched on",
                "a view created in no_grad mode whose base was then modified inplace with grad mode enabled",
                "take the view outside no_grad, or write under it",
            )
        )

    pull_recorded = pull


def attach(result: Handle, parent: Handle, step: Step) -> None:
    """Make ``result``, which ``step`` took from ``parent``, a view of it."""
    view = parent._view
    if view is None:
        result._view = View(parent, (step,), parent, 0, local.grad)
    elif view.severed or (parent._requires_grad and parent._node is None):
        # A detached tensor has a history of its own, and so has a view that was made a leaf.
        result._view = View(view.base, (*view.steps, step), parent, len(view.steps), local.grad)
    else:
        steps = (*view.steps, step)
        result._view = View(view.base, steps, view.home, view.start, local.grad and view.recorded)


def taken(parent: Any, record: Op, put: Op | None, move: Callable[[Strides], Strides], **statics: Any) -> Any:
    """Return ``record(parent, **statics)`` as a view of ``parent``; of a plain array just the result."""
    if not isinstance(parent, Handle):
        return record.fn(jnp.asarray(parent), **statics)
    result = record(parent, **statics)
    attach(result, parent, Step(record, put, (), statics, move))
    return result


def layout(t: Handle) -> Strides:
    """Return shape, strides and offset, in elements, as torch would lay the tensor out."""
    view = t._view
    return _laid_out(t._data, ()) if view is None else _laid_out(view.base._data, view.steps)


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides of a row-major tensor.

    Example:
        >>> contiguous((2, 3, 4))
        (12, 4, 1)
    """
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def is_contiguous(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Return whether a layout is row-major without gaps."""
    wanted = contiguous(shape)
    return 0 in shape or all(n == 1 or s == w for n, s, w in zip(shape, strides, wanted, strict=True))


def restride(shape: Sequence[int], strides: Sequence[int], new: Sequence[int]) -> tuple[int, ...] | None:
    """Return the strides of a reshape that moves no element, None where elements would have to move.

    Runs of old dimensions that lie evenly in memory are merged, and each run is split again as the new
    shape asks; a new dimension that crosses two runs has no stride.
    """
    if 0 in shape:
        return contiguous(new)
    runs: list[list[int]] = []
    for n, s in zip(shape, strides, strict=True):
        if n == 1:
            continue
        if runs and runs[-1][1] == n * s:
            runs[-1] = [runs[-1][0] * n, s]
        else:
            runs.append([n, s])
    result: list[int] = []
    left = 1
    inner = 1
    for n in reversed(new):
        if n == 1:
            result.append(inner)
            continue
        if left == 1:
            if not runs:
                return None
            left, inner = runs.pop()
        if left % n:
            return None
        result.append(inner)
        inner, left = inner * n, left // n
    return tuple(reversed(result))


def put_through(base: Any, view: View, start: int, value: Any) -> Any:
    """Return the base's value with the part that the view's steps from ``start`` on take replaced.

    Raises:
        StateError: several elements of the view are one element of the base.
    """
    steps = view.steps[start:]
    if any(step.put is None for step in steps):
        return _scatter(base, _laid_out(base, steps), value)
    parents = [base]
    for step in steps[:-1]:
        parents.append(step.apply(parents[-1]))
    for step, parent in zip(reversed(steps), reversed(parents), strict=True):
        value = step.write(parent, value)
    return value


def _laid_out(base: Any, steps: Sequence[Step]) -> Strides:
    shape = tuple(base.shape)
    at: Strides = (shape, contiguous(shape), 0)
    for step in steps:
        at = step.layout(at)
    return at


def _scatter(base: Any, at: Strides, value: Any) -> Any:
    """Write through an expanded view, which works where the elements written do not repeat."""
    shape, strides, offset = at
    if 0 not in shape and any(s == 0 and n > 1 for n, s in zip(shape, strides, strict=True)):
        raise StateError(
            message(
                "write",
                "a tensor whose elements have a memory location each",
                "an expanded view, of which more than one element of the written-to tensor refers to a"
                " single memory location",
                "write to .clone() of it",
            )
        )
    return strided_put(base, value, shape=shape, strides=strides, offset=offset)


def places(shape: Sequence[int], strides: Sequence[int], offset: int) -> Array:
    """Return where in flat memory the elements of a layout are, in its shape.

    Example:
        >>> places((2, 2), (1, 2), 5).tolist()
        [[5, 7], [6, 8]]
    """
    at = jnp.full((), offset)
    for n, s in zip(shape, strides, strict=True):
        at = at[..., None] + jnp.arange(n) * s
    return at


@op(name="_strided_put")
def strided_put(input: Array, value: Array, shape: Any, strides: Any, offset: int) -> Array:
    """Write the elements at given strides of the flat input."""
    at = places(shape, strides, offset)
    return input.reshape(-1).at[at.reshape(-1)].set(value.reshape(-1)).reshape(input.shape)


def write_array(t: Handle, array: Any) -> None:
    """Replace the value of ``t`` by an array of its shape and type, history aside, through its base."""
    view = t._view
    if view is None:
        trace = local.trace
        if trace is not None:
            trace.write(t)
        elif is_tracer(array) and not is_tracer(t._data):
            raise StateError(
                message(
                    "write",
                    "a tensor of the same transformation",
                    f"{describe(t._data)} from outside a raw JAX transformation",
                    "use xg.compile, xg.grad or xg.vmap, which carry state, or functional_call",
                )
            )
        t._data = array
        t._version += 1
        return
    read(t)
    with Switch(grad=False):
        value = put_through(wrap(read(view.base)), view, 0, wrap(array))
    write_array(view.base, value._data)


def check_writable(who: str, t: Handle) -> None:
    """Raise if an in-place operation on ``t`` cannot be differentiated, as torch does."""
    if not local.grad:
        return
    read(t)
    if t._requires_grad and t._node is None:
        raise AutogradError(
            message(
                who,
                "a tensor that is no leaf, or no_grad",
                "a leaf Variable that requires grad, which is being used in an in-place operation",
                "write under `with no_grad():` or to .clone() of it",
            )
        )
    view = t._view
    if view is None or view.severed:
        return
    base = view.home
    if base._requires_grad and base._node is None:
        raise AutogradError(
            message(
                who,
                "a tensor that is no view of a leaf, or no_grad",
                "a view of a leaf Variable that requires grad is being used in an in-place operation",
                "write under `with no_grad():` or to .clone() of it",
            )
        )
    if base._requires_grad and not view.recorded:
        raise AutogradError(
            message(
                who,
                "a view that was taken while gradients were recorded",
                "a view created in no_grad mode which is being modified inplace with grad mode enabled",
                "take the view outside no_grad, or write under it",
            )
        )


def assign(who: str, t: Handle, result: Handle) -> None:
    """Make ``result`` the value of ``t``, with its history: what every in-place operation ends with.

    Raises:
        AutogradError: ``t`` is a leaf that requires grad, and gradients are recorded.
        ShapeError: the shapes differ.
        StateError: ``t`` is an expanded view.
    """
    check_writable(who, t)
    new, old = read(result), read(t)
    if tuple(new.shape) != tuple(old.shape):
        raise ShapeError(
            message(
                who,
                f"a result of the tensor's own shape {tuple(old.shape)}",
                f"shape {tuple(new.shape)}",
                "use the variant without the underscore",
            )
        )
    if new.dtype != old.dtype:
        raise DtypeError(
            message(who, f"a result of the tensor's own dtype {old.dtype}", f"{new.dtype}", "cast it")
        )
    view = t._view
    alone = view is None or view.severed
    if alone or not (local.grad and (result._requires_grad or view.home._requires_grad)):
        if alone and local.grad and t._requires_grad and not result._requires_grad:
            # What was there still requires gradients: zeros, as in PyTorch.
            result = overwrite(t, result)
        write_array(t, new)
        if local.grad and result._requires_grad:
            _adopt(t, result)
        return
    value = put_through(alias(view.home), view, view.start, result)
    write_array(view.home, value._data)
    _adopt(view.home, value)


@op(name="_overwrite")
def overwrite(input: Array, value: Array) -> Array:
    """The value, with a gradient of zero for what it replaces."""
    return value


def _adopt(t: Handle, source: Handle) -> None:
    """Give ``t`` the place on the tape that ``source`` has."""
    if local.trace is not None:
        local.trace.keep(t)
    t._node, t._slot, t._requires_grad = source._node, source._slot, source._requires_grad
