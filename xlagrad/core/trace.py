"""One run of a compiled function on tracers: what it read, what it wrote, and how to undo it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.extend import core as jex

from xlagrad.core.errors import AutogradError, StateError, TraceError, describe, message
from xlagrad.core.handle import Handle, is_tracer
from xlagrad.core.modes import local
from xlagrad.core.tape import Node
from xlagrad.core.where import WAYS_OUT, line_of

MISSING: Any = object()

# Stands, in the traced program, for the value of a tensor from before the call. Bound in the outermost
# trace wherever the tensor is first read, it is replaced by an input of the program afterwards.
capture_p = jex.Primitive("captured_state")


capture_p.def_abstract_eval(lambda *, place, aval: aval)


class OuterNode(Node):
    """The tape's end inside a trace for a tensor that was computed before the call, outside it."""

    __slots__ = ()

    def pull(self, cotangents: list[Any]) -> Sequence[Any]:
        """Raise: the rest of the graph is not part of the compiled function."""
        raise AutogradError(
            message(
                "backward",
                "a graph that lies within the compiled function",
                "one that goes on into what was computed before the call",
                "pass .detach()ed tensors and call backward outside, or compute the rest inside",
            )
        )

    pull_recorded = pull


class Saved:
    """The fields of a tensor from before the call, as they were."""

    __slots__ = ("array", "node", "requires_grad", "slot", "tensor", "view")

    def __init__(self, t: Handle) -> None:
        self.tensor = t
        self.array = t._data
        self.node = t._node
        self.slot = t._slot
        self.requires_grad = t._requires_grad
        self.view = t._view

    def restore(self) -> None:
        """Put the fields back; views, and views of it, derive themselves anew."""
        t = self.tensor
        t._data, t._node, t._slot = self.array, self.node, self.slot
        t._requires_grad, t._view = self.requires_grad, self.view
        t._version += 1
        if t._view is not None:
            t._view.seen = -1


class GradRecord:
    """What happened to the ``grad`` of a tensor.

    Attributes:
        old: what it was.
        read: whether that was looked at before it was replaced.
        used: whether what replaced it was looked at.
    """

    __slots__ = ("old", "read", "tensor", "used")

    def __init__(self, t: Handle, was_read: bool) -> None:
        self.tensor = t
        self.old = t._grad
        self.read = was_read
        self.used = False


class Trace:
    """The record of one trace.

    Attributes:
        saved: tensors from before the call whose fields the trace changed, by id.
        captured: those whose value it read or wrote, in order; each is an input of the program.
        tracers: what stands for them, by id.
        arguments: which of them are arguments, by id, and which.
        written: those whose value it replaced.
        grads: what happened to ``.grad``.
        stores: entries of dictionaries of stateful objects that it set, with their old values.
        depends: stateful objects that it used.
        after: what is to be called on the host after each run of the program.
        settled: ids of the objects that such calls change, of which the trace may read nothing from there on.
    """

    def __init__(self, device: Any) -> None:
        self.device = device
        self.jax_trace: Any = None
        self.saved: dict[int, Saved] = {}
        self.captured: list[Handle] = []
        self.tracers: dict[int, Any] = {}
        self.arguments: dict[int, int] = {}
        self.written: dict[int, Handle] = {}
        self.grads: dict[int, GradRecord] = {}
        self.stores: dict[tuple[int, Any], tuple[Any, dict[Any, Any], Any, Any]] = {}
        self.depends: dict[int, Any] = {}
        self.after: list[Callable[[], None]] = []
        self.settled: set[int] = set()
        self._born: dict[int, weakref.ref[Handle]] = {}

    # What tensors tell the trace.

    def born(self, t: Handle) -> None:
        """Note that ``t`` was made inside the trace."""
        self._born[id(t)] = weakref.ref(t)

    def is_born(self, t: Handle) -> bool:
        """Return whether ``t`` was made inside the trace."""
        ref = self._born.get(id(t))
        return ref is not None and ref() is t

    def living(self) -> list[Handle]:
        """Return the tensors made inside that still exist."""
        return [t for ref in self._born.values() if (t := ref()) is not None]

    def keep(self, t: Handle) -> None:
        """Save the fields of a tensor from before the call, once, before they change."""
        if id(t) not in self.saved and not self.is_born(t):
            self.saved[id(t)] = Saved(t)

    def read(self, t: Handle) -> Any:
        """Return the value of ``t`` inside the trace, and make it an input if it is from before."""
        array = t._data
        if is_tracer(array) or self.is_born(t):
            return array
        return self._capture(t)

    def _capture(self, t: Handle) -> Any:
        array = t._data
        if array.is_deleted():
            raise StateError(
                message("compile", "a tensor with a value", f"{describe(array)} whose buffer was donated",
                        "hold the Tensor, not the jax.Array under it, across compiled calls")
            )  # fmt: skip
        self.keep(t)
        self.captured.append(t)
        with jex.set_current_trace(self.jax_trace):
            tracer = capture_p.bind(place=len(self.captured) - 1, aval=array.aval)
        self.stand_in(t, tracer)
        return tracer

    def argument(self, t: Handle, tracer: Any, place: int) -> None:
        """Note an argument; with a tracer it stands for itself, whatever it may be a view of."""
        self.keep(t)
        self.arguments[id(t)] = place
        if tracer is not None:
            t._view = None
            self.stand_in(t, tracer)

    def stand_in(self, t: Handle, tracer: Any) -> None:
        """Put a tracer in the place of the value of ``t``; its history outside ends at the call."""
        self.tracers[id(t)] = t._data = tracer
        t._version += 1
        if t._node is not None:
            t._node, t._slot = OuterNode("Outer", (), ((tracer.shape, tracer.dtype),)), 0

    def write(self, t: Handle) -> None:
        """Note that the value of ``t`` is about to be replaced."""
        if not self.is_born(t):
            self.read(t)
            self.written[id(t)] = t

    def read_grad(self, t: Handle) -> None:
        """Note that ``t.grad`` is looked at."""
        record = self.grads.get(id(t))
        if record is not None:
            record.used = True
        elif not self.is_born(t):
            self.grads[id(t)] = GradRecord(t, True)

    def add_to_grad(self, t: Handle) -> None:
        """Note that ``t.grad`` is looked at in order to add to it."""
        if id(t) not in self.grads:
            self.read_grad(t)

    def write_grad(self, t: Handle) -> None:
        """Note that ``t.grad`` is about to be replaced."""
        if id(t) not in self.grads and not self.is_born(t):
            self.grads[id(t)] = GradRecord(t, False)

    # What stateful objects tell it.

    def journal(self, owner: Any, store: dict[Any, Any], key: Any) -> None:
        """Keep the old value of ``store[key]``, once, before it is set."""
        at = (id(store), key)
        if at not in self.stores:
            self.stores[at] = (owner, store, key, store.get(key, MISSING))

    def depend(self, obj: Any) -> None:
        """Note that the trace used ``obj``."""
        self.depends.setdefault(id(obj), obj)

    # The end.

    def unwind(self) -> None:
        """Put everything back as it was before the call."""
        for saved in self.saved.values():
            saved.restore()
        for record in self.grads.values():
            record.tensor._grad = record.old
        self.swap_stores()

    def swap_stores(self) -> None:
        """Exchange the old and new values of the stores; a second call exchanges them back."""
        for at, (owner, store, key, value) in self.stores.items():
            current = store.get(key, MISSING)
            if value is MISSING:
                store.pop(key, None)
            else:
                store[key] = value
            self.stores[at] = (owner, store, key, current)


def run_traced(trace: Trace, body: Any, avals: Sequence[Any]) -> Any:
    """Trace ``body`` on arguments of the given types, and return its closed jaxpr.

    Everything is as before the call when this returns, and when it raises.
    """

    def entry(*tracers: Any) -> Any:
        trace.jax_trace = _current_trace()
        local.trace = trace
        try:
            return body(*tracers)
        finally:
            local.trace = None
            trace.unwind()

    try:
        return jax.make_jaxpr(entry)(*avals)
    except jax.errors.ConcretizationTypeError as error:
        raise concretization(error) from error


def _current_trace() -> Any:
    with jex.take_current_trace() as current:
        return current


def concretization(error: Exception) -> Exception:
    """Return our error for JAX's about a value that is not known under a trace."""
    first = str(error).strip().splitlines()[0].rstrip(".")
    return TraceError(message("compile", "a value that is known", f"{first} at {line_of(error)}", WAYS_OUT))


def as_program(closed: Any, count: int) -> Any:
    """Return a function of the captured state's arrays, then the arguments', from a traced program.

    Args:
        closed: jaxpr whose inputs are the arguments' arrays, with ``captured_state`` in it.
        count: how many tensors were captured.
    """
    jaxpr = closed.jaxpr
    state: list[Any] = [None] * count
    rest = []
    for eqn in jaxpr.eqns:
        if eqn.primitive is capture_p:
            state[eqn.params["place"]] = eqn.outvars[0]
        else:
            rest.append(eqn)
    flat = jaxpr.replace(
        invars=[*state, *jaxpr.invars], eqns=rest, debug_info=jaxpr.debug_info.with_unknown_names()
    )
    return jex.ClosedJaxpr(flat, closed.consts)
