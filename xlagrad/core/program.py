"""A traced function as one executable, with where its inputs come from and where its outputs go."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core as jex

from xlagrad.core import state
from xlagrad.core.dispatch import Plan, call_plan
from xlagrad.core.errors import describe
from xlagrad.core.guards import Guards
from xlagrad.core.handle import Handle, Kinds, read, wrap
from xlagrad.core.plot import Again, Arg, Out, Plot
from xlagrad.core.tape import Consumed, Refused
from xlagrad.core.trace import MISSING, Trace, as_program
from xlagrad.core.view import attach


def _calibrate() -> int:
    """Return the reference count of an array that only a tensor and a list of inputs hold."""
    holder = wrap(object())
    return next(map(sys.getrefcount, [holder._data]))


class Sources:
    """Where the inputs that are state come from.

    In order: tensors whose buffers are donated, gradients (through ``.grad``) whose buffers are, and the
    same two that are only read; then tensors in entries of stateful objects that the program replaces. The
    arguments follow.
    """

    def __init__(self, trace: Trace, plot: Plot, donate: bool) -> None:
        owners = {id(r.old): r.tensor for r in trace.grads.values() if _owns(r.old)}
        slots = {id(old): (store, key) for store, key, _, old in plot.stores if isinstance(old, Handle)}
        written = {id(t) for t, out in plot.writes if donate and _fits(trace, t, plot.arrays[out.place])}
        groups: list[list[tuple[int, Any]]] = [[], [], [], [], []]
        for place, t in enumerate(trace.captured):
            given = 0 if id(t) in written else 2
            if id(t) in owners:
                groups[given + 1].append((place, owners[id(t)]))
            elif id(t) in slots:
                groups[4].append((place, slots[id(t)]))
            else:
                groups[given].append((place, t))
        self.order = [place for group in groups for place, _ in group]
        self.donated, self.donated_grads, self.fixed, self.grads, self.slots = (
            [x for _, x in group] for group in groups
        )
        self.count = len(self.donated) + len(self.donated_grads)
        self.owners = self.donated_grads + self.grads
        self.grad_avals = [t._grad._data.aval for t in self.owners]
        self.slot_avals = [store[key].data_array.aval for store, key in self.slots]

    def fit(self) -> bool:
        """Return whether gradients and entries hold tensors of the types that they held."""
        for owner, aval in zip(self.owners, self.grad_avals, strict=True):
            if not _owns(owner._grad) or owner._grad._data.aval != aval:
                return False
        for (store, key), aval in zip(self.slots, self.slot_avals, strict=True):
            t = store.get(key)
            if not isinstance(t, Handle) or t.data_array.aval != aval:  # type: ignore[attr-defined]
                return False
        return True

    def arrays(self) -> list[Any]:
        """Return the inputs, with copies for donated buffers that someone else holds too."""
        arrays = [t._data for t in self.donated]
        if self.donated_grads:
            arrays += [t._grad._data for t in self.donated_grads]
        if sum(map(sys.getrefcount, arrays)) != _ALONE * self.count:
            for i, count in enumerate(list(map(sys.getrefcount, arrays))):
                if count > _ALONE:
                    arrays[i] = jnp.copy(arrays[i])
        arrays += [t._data for t in self.fixed]
        if self.grads:
            arrays += [t._grad._data for t in self.grads]
        if self.slots:
            arrays += [store[key].data_array for store, key in self.slots]
        return arrays

    def tensors(self) -> list[Any]:
        """Return the inputs as tensors."""
        grads = [t._grad for t in self.donated_grads]
        rest = [t._grad for t in self.grads] + [store[key] for store, key in self.slots]
        return [*self.donated, *grads, *self.fixed, *rest]


def _fits(trace: Trace, t: Any, result: Any) -> bool:
    """Return whether a result can take the buffer of the tensor that it replaces."""
    old = trace.tracers.get(id(t))
    return old is not None and old.shape == result.shape and old.dtype == result.dtype


def _owns(grad: Any) -> bool:
    return isinstance(grad, Handle) and grad._view is None


class Program:
    """One executable of a compiled function, for one signature and one state of its guards.

    Args:
        trace: the finished trace, already undone.
        plot: its outputs.
        closed: the traced program.
        guards: what it depended on.
        donate: whether buffers of replaced state may be given to the executable.

    Attributes:
        once: whether it must not serve again, since its trace left tensors where no run can reach them.
        closed: the program as a closed jaxpr.
        executable: the jitted program, of the state's arrays and the arguments'.
    """

    def __init__(self, trace: Trace, plot: Plot, closed: Any, guards: Guards, donate: bool) -> None:
        self.guards = guards
        self.plot = plot
        self._version = -1
        self.once = bool(plot.escaped)
        self.differentiable = any(out.grad == "graph" for out in plot.outs())
        self.sources = Sources(trace, plot, donate and not self.differentiable)
        held = [*self.sources.donated, *self.sources.fixed]
        self._flags = [(t, trace.saved[id(t)].requires_grad) for t in held]
        self._absent = [r.tensor for r in trace.grads.values() if r.read and r.old is None]
        self._same = [
            (r.tensor, r.old)
            for r in trace.grads.values()
            if r.read and r.old is not None and not _owns(r.old)
        ]
        self.closed = _reorder(as_program(closed, len(trace.captured)), self.sources.order)
        run = jex.jaxpr_as_fun(self.closed)

        def compiled(*arrays: Any) -> Any:
            return run(*arrays)

        given = tuple(range(self.sources.count)) if donate and not self.differentiable else ()
        self.executable = jax.jit(compiled, donate_argnums=given, keep_unused=True)
        self._plan = Plan("compiled", lambda *arrays: tuple(compiled(*arrays)))
        self._sort_writes()
        plot.stores = [(*s[:3], state.brand(s[3]) if isinstance(s[3], Handle) else None) for s in plot.stores]
        self._constant = _is_constant(plot.result)
        self._after = tuple(trace.after)
        plot.trace = None  # type: ignore[assignment]  # its tensors and tracers are done with

    def _sort_writes(self) -> None:
        """Divide the writes into those to plain tensors, quick to make, those to gradients, and the rest."""
        owners = {id(t._grad): t for t in self.sources.owners}
        slots = {id(store[key]) for store, key in self.sources.slots}
        self._plain: list[tuple[Any, int]] = []
        self._into_grads: list[tuple[Any, int]] = []
        self._rest: list[tuple[Any, Out]] = []
        for target, out in self.plot.writes:
            if isinstance(target, Arg) or out.grad == "graph":
                self._rest.append((target, out))
            elif id(target) in owners:
                self._into_grads.append((owners[id(target)], out.place))
            elif id(target) not in slots:
                self._plain.append((target, out.place))

    def fits(self) -> bool:
        """Return whether what the trace depended on is as it was."""
        for t in self._absent:
            if t._grad is not None:
                return False
        for t, grad in self._same:
            if t._grad is not grad:
                return False
        if (self.sources.owners or self.sources.slots) and not self.sources.fit():
            return False
        if self._version == state.version.number:
            return self.guards.quick()
        if not self.guards.full() or any(t._requires_grad is not flag for t, flag in self._flags):
            return False
        self._version = state.version.number
        return True

    def shares(self, leaves: list[Any]) -> bool:
        """Return whether a write reaches an argument and something else that the program also uses."""
        written = {id(_resolve(target, leaves)) for target, _ in self.plot.writes}
        uses = {id(t) for t in self.sources.donated + self.sources.fixed}
        bases: dict[int, set[int]] = {}
        for x in leaves:
            if isinstance(x, Handle):
                bases.setdefault(id(x if x._view is None else x._view.base), set()).add(id(x))
        for base, members in bases.items():
            if members != {base} and (len(members) > 1 or base in uses) and written & (members | {base}):
                return True
        return False

    def difference(self) -> str:
        """Return in words why the program does not fit."""
        for t, was in self._flags:
            if t._requires_grad is not was:
                return f"requires_grad of a {describe(t)} changed from {was} to {not was}"
        return self.guards.difference() or "a gradient that was None is there, or the reverse"

    def run(self, leaves: list[Any]) -> Any:
        """Run on the arguments' data, write what is to be written, return what the function returns."""
        if self.differentiable:
            return self._run_recorded(leaves)
        arrays = self.sources.arrays()
        for x in leaves:
            arrays.append((x._data if x._view is None else read(x)) if isinstance(x, Handle) else x)
        outs = self.executable(*arrays)
        return self._finish(outs, _unrecorded, leaves)

    def _run_recorded(self, leaves: list[Any]) -> Any:
        """Run as one operation on the tape, since gradients may be asked of what it returns."""
        tensors = call_plan(self._plan, [*self.sources.tensors(), *leaves])

        def new(out: Out, outs: Sequence[Any]) -> Any:
            return (
                tensors[out.place] if out.grad == "graph" and out.kind is not None else _unrecorded(out, outs)
            )

        return self._finish([t._data for t in tensors], new, leaves)

    def _finish(self, outs: Sequence[Any], new: Callable[[Out, Any], Any], leaves: list[Any]) -> Any:
        for t, place in self._plain:
            t._data = outs[place]
            t._version += 1
        for owner, place in self._into_grads:
            owner._grad._data = outs[place]
            owner._grad._version += 1
        for target, out in self._rest:
            t = _resolve(target, leaves)
            t._write(outs[out.place])
            if out.grad == "graph":
                made = new(out, outs)
                t._node, t._slot, t._requires_grad = made._node, made._slot, True
        plot = self.plot
        for target, value in plot.grads:
            _set_grad(_resolve(target, leaves), value, outs, new, leaves)
        for target, flag in plot.flags:
            _resolve(target, leaves).requires_grad_(flag)
        for store, key, value, old in plot.stores:
            _set_store(store, key, self._fill(value, outs, new, leaves), value, old)
        if plot.escaped:
            self._release(outs, new)
        for call in self._after:
            call()
        if self._constant:
            return plot.result
        return convert_filled(plot.result, lambda v: self._fill(v, outs, new, leaves))

    def _release(self, outs: Sequence[Any], new: Callable[[Out, Any], Any]) -> None:
        """Give the tensors that live on elsewhere their values."""
        for t, out in self.plot.escaped:
            made = new(out, outs)
            t._data, t._node, t._slot = outs[out.place], made._node, made._slot
            t._view = None
        self.plot.escaped = []

    @staticmethod
    def _fill(value: Any, outs: Sequence[Any], new: Callable[[Out, Any], Any], leaves: list[Any]) -> Any:
        if isinstance(value, Out):
            return new(value, outs)
        if isinstance(value, (Arg, Again)):
            return _resolve(value, leaves)
        return value


def convert_filled(x: Any, leaf: Callable[[Any], Any]) -> Any:
    """Return a structure with its markers filled in."""
    if isinstance(x, (Out, Arg, Again)):
        return leaf(x)
    kind = type(x)
    if kind is tuple or kind is list:
        return kind([convert_filled(v, leaf) for v in x])
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return kind(*[convert_filled(v, leaf) for v in x])
    if kind is dict:
        return {k: convert_filled(v, leaf) for k, v in x.items()}
    if x is None or jax.tree_util.all_leaves([x]) or isinstance(x, Handle):
        return x
    return jax.tree.map(leaf, x, is_leaf=lambda v: isinstance(v, (Out, Arg, Again, Handle)))


def _is_constant(result: Any) -> bool:
    found: list[Any] = []
    convert_filled(result, lambda v: found.append(v) if isinstance(v, (Out, Arg, Again)) else None)
    return not found and not isinstance(result, (list, dict))


def _resolve(target: Any, leaves: list[Any]) -> Any:
    if isinstance(target, Arg):
        return leaves[target.place]
    if isinstance(target, Again):
        value = _resolve(target.base, leaves)
        for step in target.steps:
            parent, value = value, step.apply(value)
            attach(value, parent, step)
        return value
    return target


def _unrecorded(out: Out, outs: Sequence[Any]) -> Any:
    """Return the tensor, or bare array, that an output is."""
    array = outs[out.place]
    if out.kind is None:
        return array
    t = wrap(array, out.grad != "none")
    if out.kind is not Kinds.tensor:
        t.__class__ = out.kind
    if out.grad in ("consumed", "graph"):
        t._node = Consumed(out.label, ((array.shape, array.dtype),))
    elif out.grad == "refused":
        t._node = Refused(out.label, (), ((array.shape, array.dtype),))
    return t


def _set_grad(t: Any, value: Any, outs: Sequence[Any], new: Any, leaves: list[Any]) -> None:
    if not isinstance(value, Out):
        t._grad = _resolve(value, leaves)
        return
    old = t._grad
    # The handle of a gradient that nobody else holds serves again: references are the slot, `old`, the call.
    if isinstance(old, Handle) and old._view is None and old._node is None and sys.getrefcount(old) == 3:
        old._data = outs[value.place]
        old._version += 1
    else:
        t._grad = new(value, outs)


def _set_store(store: Any, key: Any, made: Any, value: Any, old: Any) -> None:
    if isinstance(value, (Out, Again)) and isinstance(made, Handle):
        if isinstance(old, state.Brand):
            # To the guards it is the tensor that it replaces.
            made.__dict__["_identity"] = old
        else:
            state.bump()
        store[key] = made
    elif value is MISSING:
        if key in store:
            state.bump()
            del store[key]
    elif store.get(key, MISSING) is not made:
        now = store.get(key, MISSING)
        if type(now) is not type(made) or isinstance(made, Handle) or now != made:
            state.bump()
        store[key] = made


def _reorder(closed: Any, order: list[int]) -> Any:
    """Return a program whose first inputs, the captured state, come in another order."""
    invars = closed.jaxpr.invars
    jaxpr = closed.jaxpr.replace(invars=[*[invars[p] for p in order], *invars[len(order) :]])
    return jex.ClosedJaxpr(jaxpr, closed.consts)


_ALONE = _calibrate()
