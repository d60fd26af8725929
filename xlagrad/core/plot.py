"""What a trace ends with: the outputs of its program, and what each of them is for."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from xlagrad.core.handle import Handle, NotKept, is_tracer
from xlagrad.core.plan import OpNode
from xlagrad.core.tape import AccumulateGrad, Node
from xlagrad.core.trace import MISSING, GradRecord, OuterNode, Trace


class Out(NamedTuple):
    """A new tensor or array: one output of the program.

    Attributes:
        place: its position among the outputs.
        kind: class of the tensor, None for a bare array.
        grad: "none", "leaf" (requires grad), "graph" (differentiable), "consumed", or "refused" (its graph
            has a backward or hooks of the user's own, which are not part of the program).
        label: name of the node that made it.
    """

    place: int
    kind: Any
    grad: str
    label: str


class Arg(NamedTuple):
    """The tensor that was passed as an argument."""

    place: int


class Again(NamedTuple):
    """A view of a tensor from before the call (or of an argument), to be taken again after each run."""

    base: Any
    steps: tuple[Any, ...]


def convert(x: Any, leaf: Callable[[Any], Any]) -> Any:
    """Return a structure of tuples, lists, dicts and pytrees with ``leaf`` applied to what it holds.

    Dictionaries keep their order and class, modules and optimizers are leaves.
    """
    kind = type(x)
    if isinstance(x, (Handle, jax.Array, np.ndarray)) or hasattr(kind, "_guard_state"):
        return leaf(x)
    if kind is tuple or kind is list:
        return kind([convert(v, leaf) for v in x])
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return kind(*[convert(v, leaf) for v in x])
    if kind is dict:
        return {k: convert(v, leaf) for k, v in x.items()}
    if x is None or jax.tree_util.all_leaves([x]):
        return leaf(x)
    return jax.tree.map(leaf, x, is_leaf=lambda v: isinstance(v, Handle))


class Plot:
    """Collects, at the end of a trace, the outputs and what to do with them.

    Attributes:
        arrays: the program's outputs.
        result: what the function returned, with ``Out``, ``Arg`` and ``Again`` for what a run fills in.
        writes: (target, ``Out``) of tensors whose value is replaced; a target is a tensor or an ``Arg``.
        grads: (target, value) of tensors whose ``grad`` is replaced.
        stores: (store, key, value, old) of entries of stateful objects that are replaced.
        flags: (target, requires_grad) where that changes.
        escaped: (tensor, ``Out``) of tensors made inside that live on where no run can reach them.

    Args:
        trace: the trace, not yet undone.
        result: what the function returned.
        dropped: what to leave in the place of gradients that the function itself consumed; None keeps them.
    """

    def __init__(self, trace: Trace, result: Any, dropped: NotKept | None) -> None:
        self.trace = trace
        self._dropped = dropped
        self.arrays: list[Any] = []
        self._outs: dict[int, Out] = {}
        self.result = convert(result, self._value)
        self.writes = [
            (self._target(t), self.out(t))
            for t in trace.written.values()
            if t._data is not trace.tracers.get(id(t))
        ]
        self.stores: list[tuple[Any, Any, Any, Any]] = []
        for _, store, key, old in trace.stores.values():
            now = store.get(key, MISSING)
            if now is not old:
                self.stores.append((store, key, self._value(now), old))
        self.grads = [
            (self._target(r.tensor), self._gradient(r))
            for r in trace.grads.values()
            if r.tensor._grad is not r.old
        ]
        self.flags = [
            (self._target(s.tensor), s.tensor._requires_grad)
            for s in trace.saved.values()
            if s.view is None and s.tensor._requires_grad != s.requires_grad and s.tensor._node is None
        ]
        self.escaped: list[tuple[Handle, Out]] = []

    def close(self) -> None:
        """Find what lives on elsewhere; call it when the function's own frame is gone."""
        if any(id(t) not in self._outs for t in self.trace.living()):
            gc.collect()
            for t in self.trace.living():
                if id(t) not in self._outs and is_tracer(t._data):
                    self.escaped.append((t, self.out(t)))

    def outs(self) -> Iterator[Out]:
        """Return all outputs that are tensors."""
        return iter(self._outs.values())

    def _gradient(self, record: GradRecord) -> Any:
        """Return what becomes of a gradient; one that was consumed, and nobody else holds, may be dropped."""
        grad = record.tensor._grad
        if self._dropped is not None and record.used and not record.read and isinstance(grad, Handle):
            if self.trace.is_born(grad) and id(grad) not in self._outs:
                # Known, so that it is not taken for one that lives on elsewhere.
                self._outs[id(grad)] = Out(-1, type(grad), "none", "")
                return self._dropped
        return self._value(grad)

    def _target(self, t: Handle) -> Any:
        place = self.trace.arguments.get(id(t))
        return t if place is None else Arg(place)

    def _value(self, x: Any) -> Any:
        if isinstance(x, Handle):
            if not self.trace.is_born(x):
                return self._target(x)
            view = x._view
            if view is not None and not self.trace.is_born(view.base) and not _uses_tracers(view.steps):
                self._outs.setdefault(id(x), Out(-1, type(x), "none", ""))
                return Again(self._target(view.base), view.steps)
            return self.out(x)
        if is_tracer(x):
            self.arrays.append(x)
            return Out(len(self.arrays) - 1, None, "none", "")
        return x

    def _kind(self, node: Node) -> str:
        """Return whether the program can be differentiated in the place of a graph."""
        if node.released:
            return "consumed"
        stack, seen = [node], {node}
        while stack:
            at = stack.pop()
            if at.hooks or at.prehooks or not isinstance(at, (OpNode, AccumulateGrad, OuterNode)):
                return "refused"
            inputs = {e.node for e in at.edges if e is not None} - seen
            seen |= inputs
            stack.extend(inputs)
        return "graph"

    def out(self, t: Handle) -> Out:
        """Return the output that carries the value of ``t``."""
        known = self._outs.get(id(t))
        if known is not None and known.place >= 0:
            return known
        array = t.data_array  # type: ignore[attr-defined]
        if t._view is not None and self.trace.is_born(t._view.base):
            # It leaves as a tensor of its own, and need not keep its base alive.
            t._view = None
        grad, label = "none", ""
        if t._requires_grad:
            node = t._node
            if node is None:
                grad = "leaf"
            else:
                grad, label = self._kind(node), node.name()
        self.arrays.append(array)
        out = self._outs[id(t)] = Out(len(self.arrays) - 1, type(t), grad, label)
        return out


def _uses_tracers(steps: tuple[Any, ...]) -> bool:
    return any(is_tracer(x) for step in steps for x in step.dynamic)
