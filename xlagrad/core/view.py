"""Views: how a tensor was taken from another, so that a write to either reaches both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from xlagrad.core.errors import AutogradError, DtypeError, ShapeError, StateError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read, wrap
from xlagrad.core.modes import Switch, local
from xlagrad.core.tape import edge

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
        if self.put is None:
            raise StateError(
                message(
                    "in-place write",
                    "a tensor whose elements have a memory location each",
                    "an expanded view, of which more than one element of the written-to tensor refers to a"
                    " single memory location",
                    "write to .clone() of it",
                )
            )
        return self.put(parent, value, *self.dynamic, **self.statics)


class View:
    """What a view knows: its base, the steps from there, and the base's version that it last saw."""

    __slots__ = ("base", "recorded", "seen", "steps")

    def __init__(self, base: Handle, steps: tuple[Step, ...], recorded: bool) -> None:
        self.base = base
        self.steps = steps
        self.seen = base._version
        self.recorded = recorded

    @property
    def severed(self) -> bool:
        """Whether gradients do not pass from the base to the view."""
        return any(step.severs for step in self.steps)

    def refresh(self, t: Handle) -> None:
        """Derive the view's value and place on the tape again if the base was written since."""
        base = self.base
        if local.trace is not None:
            local.trace.read(base)
        if self.seen == base._version:
            return
        if local.trace is not None:
            local.trace.keep(t)
        severed = self.severed
        with Switch(grad=base._requires_grad and not severed):
            value: Any = base
            for step in self.steps:
                value = step.apply(value if isinstance(value, Handle) else wrap(value))
        t._data = value._data
        if not severed and base._requires_grad:
            t._node, t._slot, t._requires_grad = value._node, value._slot, value._requires_grad
        self.seen = base._version


def attach(result: Handle, parent: Handle, step: Step) -> None:
    """Make ``result``, which ``step`` took from ``parent``, a view of it."""
    view = parent._view
    if view is None:
        result._view = View(parent, (step,), local.grad)
    else:
        result._view = View(view.base, (*view.steps, step), local.grad)


def layout(t: Handle) -> Strides:
    """Return shape, strides and offset, in elements, as torch would lay the tensor out."""
    view = t._view
    base = t if view is None else view.base
    shape = tuple(base._data.shape)
    at: Strides = (shape, contiguous(shape), 0)
    for step in () if view is None else view.steps:
        at = step.layout(at)
    return at


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
                    "in-place write",
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
        value = wrap(array)
        parents: list[Any] = [wrap(read(view.base))]
        for step in view.steps[:-1]:
            parents.append(step.apply(parents[-1]))
        for step, parent in zip(reversed(view.steps), reversed(parents), strict=True):
            value = step.write(parent, value)
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
    base = view.base
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
    if (
        view is None
        or view.severed
        or not (local.grad and (result._requires_grad or view.base._requires_grad))
    ):
        write_array(t, new)
        if local.grad and result._requires_grad:
            _adopt(t, result)
        elif view is None and local.grad:
            # Overwritten entirely by something without history.
            t._node, t._slot, t._requires_grad = None, 0, False
        return
    value: Any = result
    parents: list[Any] = [copy(view.base)]
    for step in view.steps[:-1]:
        parents.append(step.apply(parents[-1]))
    for step, parent in zip(reversed(view.steps), reversed(parents), strict=True):
        value = step.write(parent, value)
    write_array(view.base, value._data)
    _adopt(view.base, value)


def _adopt(t: Handle, source: Handle) -> None:
    """Give ``t`` the place on the tape that ``source`` has."""
    if local.trace is not None:
        local.trace.keep(t)
    t._node, t._slot, t._requires_grad = source._node, source._slot, source._requires_grad


def copy(t: Handle) -> Any:
    """Return another handle on the same value and place on the tape, which later writes leave alone."""
    other = wrap(read(t), t._requires_grad)
    if t._requires_grad:
        other._node, other._slot = edge(t)
    return other
