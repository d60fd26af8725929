"""An operation with everything fixed but its arrays: its jitted forward and backward, its tape node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.errors import XLAGRAD_ERRORS, ArgumentError, DtypeError, ShapeError, describe, message
from xlagrad.core.handle import Handle, read, wrap
from xlagrad.core.modes import Casting, local
from xlagrad.core.tape import Edge, Node, counter, edge


def _strong(x: Any) -> Any:
    # Results that kept JAX's weak type would promote like Python scalars in later operations.
    if getattr(x, "weak_type", False):
        return jax.lax.convert_element_type(x, x.dtype)
    return x if isinstance(x, jax.Array) else jnp.asarray(x)


def _differentiable(x: Any) -> bool:
    return bool(jnp.issubdtype(x.dtype, jnp.inexact))


class Plan:
    """An operation with its static arguments and the layout of its operands fixed: one forward function.

    Attributes:
        label: name for errors and ``grad_fn``.
        body: pure function of the flat operands, which returns an array or a tuple of arrays.
        run: ``body`` under jit.
        variants: this plan with casts in front, as autocast has them.
        differentiable: whether its results ever go on the tape.
    """

    __slots__ = (
        "__weakref__",
        "body",
        "differentiable",
        "label",
        "recorded",
        "run",
        "signatures",
        "variants",
    )

    def __init__(self, label: str, body: Callable[..., Any], differentiable: bool = True) -> None:
        self.label = label
        self.body = body
        self.differentiable = differentiable

        def strong_body(*operands: Any) -> Any:
            if not differentiable:
                operands = jax.lax.stop_gradient(operands)
            out = body(*operands)
            if isinstance(out, jax.Array):
                return _strong(out)
            return jax.tree.map(_strong, out)

        strong_body.__name__ = strong_body.__qualname__ = label
        self.run = jax.jit(strong_body)
        self.signatures: dict[Any, Pair] = {}
        self.recorded: dict[Any, Plan] = {}
        self.variants: dict[Any, Plan] = {}

    def pair(self, mask: int, arrays: Sequence[Any]) -> Pair:
        """Return the jitted forward-with-residuals and backward for these operands' types."""
        try:
            key = (mask, *[a.aval for a in arrays])
        except AttributeError:
            # Python numbers have none.
            key = (mask, *[getattr(a, "aval", type(a)) for a in arrays])
        pair = self.signatures.get(key)
        if pair is None:
            pair = self.signatures[key] = Pair(self, mask, len(arrays))
        return pair

    def gradient(self, mask: int, count: int, present: tuple[bool, ...]) -> Plan:
        """Return the backward of this plan as a plan of the original operands and the cotangents."""
        key = (mask, present)
        plan = self.recorded.get(key)
        if plan is None:
            wanted = [i for i in range(count) if mask >> i & 1]

            def body(*operands: Any) -> tuple[Any, ...]:
                arrays, given = list(operands[:count]), list(operands[count:])
                outs, pull = jax.vjp(_restrict(self.body, arrays, wanted), *[arrays[i] for i in wanted])
                given.reverse()
                full = [
                    given.pop().astype(o.dtype) if p else jnp.zeros(o.shape, o.dtype)
                    for p, o in zip(present, outs, strict=True)
                ]
                return _conjugated(pull(_conjugated(full)))

            plan = self.recorded[key] = Plan(f"{self.label}_backward", body)
        return plan


def _restrict(body: Callable[..., Any], arrays: Sequence[Any], wanted: Sequence[int]) -> Callable[..., Any]:
    """Return ``body`` as a function of the wanted operands to its differentiable outputs."""

    def restricted(*chosen: Any) -> tuple[Any, ...]:
        full = list(arrays)
        for i, value in zip(wanted, chosen, strict=True):
            full[i] = value
        out = jax.tree.map(_strong, body(*full))
        return tuple(o for o in jax.tree.leaves(out) if _differentiable(o))

    return restricted


class Pair:
    """Forward with residuals, and backward, of one plan for one set of operand types.

    The residuals of ``jax.vjp`` leave the jitted forward as a flat list. Those that are an operand or an
    output of the forward are not returned a second time (jit would copy them) but picked from there.
    """

    __slots__ = ("_gather", "_tree", "avals", "count", "forward", "mask", "plan", "pulls", "single", "wanted")

    def __init__(self, plan: Plan, mask: int, count: int) -> None:
        self.plan = plan
        self.mask = mask
        self.count = count
        self.wanted = [i for i in range(count) if mask >> i & 1]
        self._tree: Any = None
        # Positions of the residuals among the operands, then the outputs, then what is kept besides.
        self._gather: list[int] = []
        self.single: Callable[..., Any] | None = None
        self.avals: tuple[Any, ...] = ()
        self.pulls: dict[tuple[bool, ...], Callable[..., Any]] = {}
        forward = self._forward
        self.forward = jax.jit(_named(lambda *arrays: forward(arrays), plan.label))

    def _forward(self, arrays: Sequence[Any]) -> tuple[Any, list[Any]]:
        def split(*chosen: Any) -> tuple[tuple[Any, ...], Any]:
            full = list(arrays)
            for i, value in zip(self.wanted, chosen, strict=True):
                full[i] = value
            out = jax.tree.map(_strong, self.plan.body(*full))
            return tuple(o for o in jax.tree.leaves(out) if _differentiable(o)), out

        diff, pull, out = jax.vjp(split, *[arrays[i] for i in self.wanted], has_aux=True)
        residuals, self._tree = jax.tree.flatten(pull)
        # A later trace of the same types must find nothing of an earlier one's.
        kept: list[Any] = []
        self._gather, self.avals = [], tuple((o.shape, o.dtype) for o in diff)
        known = [*arrays, *jax.tree.leaves(out)]
        for leaf in residuals:
            place = _find(leaf, known)
            if place is None:
                place = len(known) + len(kept)
                kept.append(leaf)
            self._gather.append(place)
        self.pulls, self.single = {}, None
        return out, kept

    def residuals(self, arrays: Sequence[Any], outs: Sequence[Any], kept: Sequence[Any]) -> list[Any]:
        """Return the flat residuals, gathered from where each one is."""
        known = [*arrays, *outs, *kept]
        return [known[i] for i in self._gather]

    def pull(self, residuals: list[Any], cotangents: Sequence[Any]) -> Sequence[Any]:
        """Return the gradients of the wanted operands."""
        if self.single is not None:
            return self.single(residuals, cotangents)
        present = tuple([c is not None for c in cotangents])
        fn = self.pulls.get(present)
        if fn is None:
            tree, avals = self._tree, self.avals

            def backward(leaves: list[Any], given: list[Any]) -> Any:
                rest = iter(given)
                full = [next(rest) if p else jnp.zeros(*a) for p, a in zip(present, avals, strict=True)]
                typed = [c.astype(a[1]) for c, a in zip(full, avals, strict=True)]
                return _conjugated(jax.tree.unflatten(tree, leaves)(_conjugated(typed)))

            fn = self.pulls[present] = jax.jit(_named(backward, f"{self.plan.label}_backward"))
            if len(present) == 1:
                self.single = fn
        return fn(residuals, [c for c in cotangents if c is not None])


def _conjugated(cotangents: Sequence[Any]) -> tuple[Any, ...]:
    # The gradient of a complex tensor is the direction of ascent, as in PyTorch; JAX's is its conjugate.
    return tuple(jnp.conj(c) if jnp.issubdtype(c.dtype, jnp.complexfloating) else c for c in cotangents)


def _find(leaf: Any, among: Sequence[Any]) -> int | None:
    for i, x in enumerate(among):
        if x is leaf:
            return i
    return None


def _named(fn: Callable[..., Any], name: str) -> Callable[..., Any]:
    fn.__name__ = fn.__qualname__ = name
    return fn


class OpNode(Node):
    """The tape's node of an operation."""

    __slots__ = ("arrays", "pair", "saved")

    def __init__(self, pair: Pair, arrays: list[Any], edges: list[Edge], saved: list[Any]) -> None:
        # Node's own __init__, spelled out: this runs once for each recorded operation.
        self.label = pair.plan.label
        self.order = next(counter)
        self.edges = edges
        self.avals = pair.avals
        self.released = False
        self.hooks = self.prehooks = self.retained = None
        self.pair = pair
        self.arrays: list[Any] | None = arrays
        self.saved: list[Any] | None = saved

    def name(self) -> str:
        """Return the label in torch's style."""
        return "".join(w.capitalize() for w in self.label.split("_")) + "Backward0"

    def pull(self, cotangents: list[Any]) -> Sequence[Any]:
        """Run the jitted backward on the residuals."""
        assert self.saved is not None
        return self.pair.pull(self.saved, cotangents)

    def pull_recorded(self, cotangents: list[Any]) -> Sequence[Any]:
        """Run the backward as an operation on the original inputs and the cotangents."""
        pair = self.pair
        present = tuple([c is not None for c in cotangents])
        assert self.arrays is not None
        operands: list[Any] = list(self.arrays)
        for i, to in zip(pair.wanted, self.edges, strict=True):
            assert to is not None
            operands[i] = attached(operands[i], to)
        plan = pair.plan.gradient(pair.mask, pair.count, present)
        return call_plan(plan, operands + [c for c in cotangents if c is not None])

    def release(self) -> None:
        """Let the residuals and inputs go."""
        self.released = True
        self.arrays = self.saved = None


def attached(array: Any, to: Edge) -> Any:
    """Return a tensor of ``array`` whose gradient takes an edge that exists already."""
    t = wrap(array, True)
    t._node, t._slot = to
    return t


def _result(out: Any, node: Node | None) -> Any:
    """Wrap the arrays of a result, and attach the differentiable ones to their node."""
    if hasattr(out, "aval"):
        t = wrap(out)
        if node is not None:
            t._node = node
            t._requires_grad = True
        return t
    slot = 0
    tensors = []
    leaves, tree = jax.tree.flatten(out)
    for leaf in leaves:
        t = wrap(leaf)
        if node is not None and _differentiable(leaf):
            t._node, t._slot, t._requires_grad = node, slot, True
            slot += 1
        tensors.append(t)
    return jax.tree.unflatten(tree, tensors)


def call_plan(plan: Plan, operands: Sequence[Any]) -> Any:
    """Run a plan on tensors, arrays and Python scalars; return tensors, on the tape where one is needed."""
    mask, bit = 0, 1
    edges: list[Edge] = []
    arrays: list[Any] = []
    trace, grad = local.trace, local.grad
    if local.autocast is not None:
        plan = Casting.choose(plan, operands)
    for x in operands:
        if isinstance(x, Handle):
            array = x._data if x._view is None and trace is None else read(x)
            if x._requires_grad:
                if grad:
                    mask |= bit
                    edges.append(edge(x))
                elif trace is not None:
                    # The trace may be differentiated as a whole later; torch sees no gradient here.
                    array = jax.lax.stop_gradient(array)
            arrays.append(array)
        else:
            arrays.append(x)
        bit <<= 1
    try:
        if mask == 0 or not plan.differentiable:
            return _result(plan.run(*arrays), None)
        pair = plan.pair(mask, arrays)
        out, kept = pair.forward(*arrays)
    except XLAGRAD_ERRORS:
        raise
    except (TypeError, ValueError) as error:
        raise _explain(plan.label, arrays, error) from error
    if not pair.avals:
        return _result(out, None)
    outs = (out,) if hasattr(out, "aval") else jax.tree.leaves(out)
    return _result(out, OpNode(pair, arrays, edges, pair.residuals(arrays, outs, kept)))


def _explain(label: str, arrays: Sequence[Any], error: Exception) -> Exception:
    """Return our error for one that JAX raised about the operands."""
    text = " ".join(str(error).split())
    got = ", ".join(describe(a) for a in arrays)
    kind: type[Exception] = ShapeError if "shape" in text or "dimension" in text else ArgumentError
    if isinstance(error, TypeError) and "dtype" in text:
        kind = DtypeError
    return kind(message(label, "operands that fit together", got, text.rstrip(".")))


__all__ = ["Pair", "Plan", "attached", "call_plan"]
