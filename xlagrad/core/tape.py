"""The tape: nodes that remember how outputs were made, and the engine that walks them backwards."""

from __future__ import annotations

import heapq
import itertools
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.errors import AutogradError, DtypeError, ShapeError, describe, message
from xlagrad.core.handle import Handle, NotKept, read, wrap
from xlagrad.core.modes import local

counter = itertools.count(1)


class Edge(NamedTuple):
    """Where the gradient of one input goes: a slot of a node."""

    node: Node
    slot: int


class Node:
    """One recorded step: what torch calls a ``grad_fn``.

    Attributes:
        order: position in time; consumers have greater numbers than producers.
        edges: for each differentiable input the edge that its gradient takes, None if not wanted.
        avals: shape and dtype of each differentiable output.
        released: whether its residuals were given up by an earlier backward.
    """

    __slots__ = (
        "__weakref__",
        "avals",
        "edges",
        "hooks",
        "label",
        "order",
        "prehooks",
        "released",
        "retained",
    )

    def __init__(self, label: str, edges: Sequence[Edge | None], avals: Sequence[Any]) -> None:
        self.label = label
        self.order = next(counter)
        self.edges = edges
        self.avals = avals
        self.released = False
        self.hooks: dict[int, Callable[..., Any]] | None = None
        self.prehooks: dict[int, dict[int, Callable[..., Any]]] | None = None
        self.retained: dict[int, weakref.ref[Handle]] | None = None

    def pull(self, cotangents: list[Any]) -> Sequence[Any]:
        """Return the gradients of the inputs from those of the outputs (arrays; None where unknown)."""
        raise NotImplementedError

    def pull_recorded(self, cotangents: list[Any]) -> Sequence[Any]:
        """As ``pull``, on tensors and recorded on the tape, so that the result can be differentiated."""
        raise NotImplementedError

    def release(self) -> None:
        """Give up the residuals."""
        self.released = True

    def name(self) -> str:
        """Return the label that torch would print, such as ``MulBackward0``."""
        return self.label

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes that the gradients of the inputs go to, as torch lists them."""
        return tuple((e.node, e.slot) if e is not None else (None, 0) for e in self.edges)

    def register_hook(self, hook: Callable[..., Any]) -> Removable:
        """Call ``hook(grad_inputs, grad_outputs)`` after this node ran; a tuple that it returns replaces."""
        if self.hooks is None:
            self.hooks = {}
        return Removable(self.hooks, hook)

    def __repr__(self) -> str:
        return f"<{self.name()}>"


class Removable:
    """The handle of a registered hook; ``remove()`` or a ``with`` block takes the hook away."""

    _ids = itertools.count()

    def __init__(self, hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any]) -> None:
        self.id = next(self._ids)
        self._hooks = hooks
        hooks[self.id] = hook

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> Removable:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class AccumulateGrad(Node):
    """The end of the tape: adds what arrives to the gradient of a leaf."""

    __slots__ = ("variable",)

    def __init__(self, variable: Handle) -> None:
        super().__init__("AccumulateGrad", (), ((variable._data.shape, variable._data.dtype),))
        self.variable = variable
        # Before every other node: all contributions have arrived when its turn comes.
        self.order = 0


class Consumed(Node):
    """Stands for a graph that a backward has already used up, so that a second one says so."""

    __slots__ = ()

    def __init__(self, label: str, avals: Sequence[Any]) -> None:
        super().__init__(label, (), avals)
        self.released = True


class Refused(Node):
    """Stands for a graph inside a compiled function that cannot be walked from outside."""

    __slots__ = ()

    def pull(self, cotangents: list[Any]) -> Sequence[Any]:
        """Raise: a custom backward, or a hook, ran in the trace only."""
        raise NotImplementedError(
            message(
                "backward",
                "a compiled function without custom backwards or hooks on its own tensors",
                f"a call from outside through {self.label}",
                "call backward inside the compiled function, or do not compile this part",
            )
        )

    pull_recorded = pull


def edge(t: Handle) -> Edge:
    """Return where the gradient of ``t`` goes: its node, or the accumulator of a leaf."""
    if t._node is not None:
        return Edge(t._node, t._slot)
    acc = t._acc() if t._acc is not None else None
    if acc is None:
        acc = AccumulateGrad(t)
        t._acc = weakref.ref(acc)
    return Edge(acc, 0)


def alias(t: Handle) -> Any:
    """Return another handle on the same value and place on the tape, which later writes leave alone."""
    other = wrap(read(t), t._requires_grad)
    if t._requires_grad:
        other._node, other._slot = edge(t)
    return other


@jax.jit
def _add(a: jax.Array, b: jax.Array) -> jax.Array:
    return a + b


class _Run:
    """One walk backwards: the cotangents that have arrived, and where they go."""

    def __init__(self, create_graph: bool, retain: bool, targets: dict[tuple[Node, int], int] | None) -> None:
        self.create_graph = create_graph
        self.retain = retain
        self.targets = targets
        self.results: dict[int, Any] = {}
        self.pending: dict[Node, list[Any]] = {}
        self.heap: list[tuple[int, int, Node]] = []

    def deliver(self, to: Edge, cotangent: Any) -> None:
        """Add a cotangent to a slot of a node, and queue the node at its first one."""
        node, slot = to
        row = self.pending.get(node)
        if row is None:
            row = self.pending[node] = [None] * len(node.avals)
            heapq.heappush(self.heap, (-node.order, id(node), node))
        old = row[slot]
        if old is None:
            row[slot] = cotangent
        else:
            row[slot] = old + cotangent if self.create_graph else _add(old, cotangent)

    def walk(self, wanted: set[Node] | None) -> None:
        """Run every node that a cotangent reaches, consumers before producers."""
        heap, pending = self.heap, self.pending
        while heap:
            node = heapq.heappop(heap)[2]
            row = pending.pop(node)
            leaf = node.variable if isinstance(node, AccumulateGrad) else None
            if node.prehooks or (leaf is not None and leaf._hooks):
                self._prehooks(node, row)
            if self.targets is not None or node.retained:
                self._collect(node, row)
            if leaf is not None:
                # A leaf that was frozen since takes nothing.
                if self.targets is None and leaf._requires_grad:
                    accumulate(leaf, row[0], self.create_graph)
                    self._accumulated(node, leaf, row)
            elif wanted is None or node in wanted:
                self._step(node, row, wanted)

    def _accumulated(self, node: Node, leaf: Handle, row: list[Any]) -> None:
        """Call the hooks that wait for the gradient of a leaf to be there."""
        for hook in list(leaf.__dict__.get("_after_grad", {}).values()):
            hook(leaf)
        if node.hooks:
            self._posthooks(node, (), row)

    def _step(self, node: Node, row: list[Any], wanted: set[Node] | None) -> None:
        if node.released:
            raise AutogradError(
                message(
                    "backward",
                    "a graph whose saved values are still there",
                    f"{node.name()}, which an earlier backward has used up",
                    "pass retain_graph=True to the earlier call",
                )
            )
        grads = node.pull_recorded(row) if self.create_graph else node.pull(row)
        if node.hooks:
            grads = self._posthooks(node, grads, row)
        if not self.retain:
            node.release()
        for to, grad in zip(node.edges, grads, strict=False):
            if to is not None and grad is not None and (wanted is None or to[0] in wanted):
                self.deliver(to, grad)

    def _tensor(self, cotangent: Any) -> Any:
        return cotangent if self.create_graph or cotangent is None else wrap(cotangent)

    def _back(self, new: Any, old: Any) -> Any:
        """Return what a hook gave in the place of a gradient, checked."""
        if new is None and old is None:
            return None
        was = read(old) if isinstance(old, Handle) else old
        if not isinstance(new, Handle):
            fix = "return a tensor, or None to keep the gradient"
            raise DtypeError(
                message("hook", "a tensor or None", f"{type(new).__name__} {describe(new)}", fix)
            )
        now = read(new)
        if was is not None and (now.shape != was.shape or now.dtype != was.dtype):
            fix = "keep its shape and dtype"
            raise ShapeError(message("hook", f"a gradient like {describe(was)}", describe(now), fix))
        return new if self.create_graph else now

    def _prehooks(self, node: Node, row: list[Any]) -> None:
        hooked = list((node.prehooks or {}).items())
        if isinstance(node, AccumulateGrad) and node.variable._hooks:
            hooked.insert(0, (0, node.variable._hooks))
        for slot, hooks in hooked:
            for hook in list(hooks.values()):
                if row[slot] is None:
                    continue
                new = hook(self._tensor(row[slot]))
                if new is not None:
                    row[slot] = self._back(new, row[slot])

    def _posthooks(self, node: Node, grads: Sequence[Any], row: list[Any]) -> Sequence[Any]:
        for hook in list((node.hooks or {}).values()):
            new = hook(tuple(map(self._tensor, grads)), tuple(map(self._tensor, row)))
            if new is None:
                continue
            new = new if isinstance(new, (tuple, list)) else (new,)
            if len(new) != len(grads):
                got = f"{len(new)} from {node.name()}"
                raise AutogradError(
                    message("hook", f"{len(grads)} gradients", got, "return one for each input")
                )
            grads = [self._back(g, old) for g, old in zip(new, grads, strict=True)]
        return grads

    def _collect(self, node: Node, row: list[Any]) -> None:
        if self.targets is not None:
            for slot, cotangent in enumerate(row):
                at = self.targets.get((node, slot))
                if at is not None and cotangent is not None:
                    self.results[at] = self._tensor(cotangent)
        if node.retained and self.targets is None:
            for slot, ref in node.retained.items():
                t = ref()
                if t is not None and row[slot] is not None:
                    accumulate(t, row[slot], self.create_graph)


def accumulate(t: Handle, cotangent: Any, create_graph: bool) -> None:
    """Add a cotangent to ``t.grad``, in place where torch does."""
    if local.trace is not None:
        local.trace.add_to_grad(t)
    old = t._grad
    if isinstance(old, NotKept):
        raise old.error()
    if create_graph:
        # A handle of its own: the same cotangent may have gone elsewhere too.
        t.grad = alias(cotangent) if old is None else old + cotangent  # type: ignore[attr-defined]
        return
    if local.trace is not None:
        cotangent = jax.lax.stop_gradient(cotangent)
    if old is None:
        if local.trace is None:
            t._grad = wrap(cotangent)
        else:
            t.grad = wrap(cotangent)  # type: ignore[attr-defined]
    else:
        old._write(_add(old.data_array, cotangent))


def _wanted(roots: Iterable[Node], goals: set[Node]) -> set[Node]:
    """Return the nodes on some path from a root to a goal, the goals' own producers left out."""
    seen: dict[Node, bool] = {}
    stack: list[tuple[Node, bool]] = [(node, False) for node in roots]
    while stack:
        node, done = stack.pop()
        if done:
            inputs = [e.node for e in node.edges if e is not None]
            seen[node] = node in goals or any(seen.get(n, False) for n in inputs)
        elif node not in seen:
            seen[node] = node in goals
            stack.append((node, True))
            stack.extend((e.node, False) for e in node.edges if e is not None and e.node not in seen)
    return {node for node, useful in seen.items() if useful}


def _one(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return the implied cotangent; cached, as jnp.ones costs as much as the rest of a small walk."""
    if local.trace is not None:
        return jnp.ones(shape, dtype)
    one = _ones.get((shape, dtype))
    if one is None:
        with jax.ensure_compile_time_eval():
            one = _ones[(shape, dtype)] = jnp.ones(shape, dtype)
    return one


_ones: dict[Any, Any] = {}


def start_cotangent(who: str, t: Handle, grad: Any) -> Any:
    """Return the cotangent array or tensor that a walk from ``t`` begins with."""
    data = t.data_array  # type: ignore[attr-defined]
    if grad is None:
        if data.size != 1:
            raise AutogradError(
                message(
                    who,
                    "a scalar output, for which a gradient of 1 is implied (grad can be implicitly created"
                    " only for scalar outputs)",
                    f"shape {tuple(data.shape)}",
                    "reduce it with .sum() or .mean(), or pass gradient=",
                )
            )
        return _one(tuple(data.shape), data.dtype)
    if not isinstance(grad, Handle):
        if not isinstance(grad, (jax.Array, np.ndarray)):
            raise DtypeError(
                message(who, "a tensor or None as the gradient", describe(grad), "make it a tensor")
            )
        grad = wrap(jnp.asarray(grad))
    if read(grad).shape != data.shape:
        raise AutogradError(
            message(who, f"a gradient of the output's shape {data.shape}", describe(read(grad)))
        )
    return grad


def _starts(
    who: str, outputs: Sequence[Handle], cotangents: Sequence[Any], create_graph: bool
) -> list[tuple[Edge, Any]]:
    """Return the edges that a walk begins at, each with its cotangent."""
    starts = []
    for t, grad in zip(outputs, cotangents, strict=True):
        t.data_array  # type: ignore[attr-defined]  # noqa: B018  brings a view's place on the tape up to date
        if not t._requires_grad:
            raise AutogradError(
                message(
                    who,
                    "an output that requires grad (element 0 of tensors does not require grad and does not"
                    " have a grad_fn)",
                    "one made without gradients",
                    "set requires_grad=True on an input, and compute outside no_grad",
                )
            )
        start = start_cotangent(who, t, grad)
        if create_graph:
            start = start if isinstance(start, Handle) else wrap(start)
        elif isinstance(start, Handle):
            start = start.data_array  # type: ignore[attr-defined]
        starts.append((edge(t), start))
    return starts


def run(
    who: str,
    outputs: Sequence[Handle],
    cotangents: Sequence[Any],
    *,
    create_graph: bool,
    retain: bool,
    targets: Sequence[Handle] | None,
    collect: bool = False,
) -> list[Any]:
    """Walk backwards from ``outputs``.

    Args:
        who: the public function to name in errors.
        outputs: tensors to start from.
        cotangents: the gradient of each, None for an implied 1.
        create_graph: record the walk itself.
        retain: keep the residuals for another walk.
        targets: accumulate into these leaves only; None for all leaves.
        collect: return the targets' gradients instead of accumulating.

    Returns:
        With ``collect`` one gradient tensor (or None) for each target.
    """
    starts = _starts(who, outputs, cotangents, create_graph)
    places: dict[tuple[Node, int], int] = {}
    alive = []
    if targets is not None:
        for i, t in enumerate(targets):
            to = edge(t)
            alive.append(to)
            places[(to.node, to.slot)] = i
    walk = _Run(create_graph, retain, places if targets is not None else None)
    goals = {node for node, _ in places}
    wanted = None if targets is None else _wanted([e.node for e, _ in starts], goals)
    before, local.grad = local.grad, create_graph
    try:
        for to, start in starts:
            walk.deliver(to, start)
        walk.walk(wanted)
    finally:
        local.grad = before
    if targets is None:
        return []
    same = [places[(e.node, e.slot)] for e in alive]
    results = [walk.results.get(i) for i in same]
    if not collect:
        for t, result in zip(targets, results, strict=True):
            if result is not None:
                accumulate(t, result if create_graph else result._data, create_graph)
    return results
