"""Functions with closures as pure functions on the tape: what control flow under a trace is built from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

from xlagrad.core.dispatch import Plan, call_plan
from xlagrad.core.handle import Handle, is_tracer, read, wrap
from xlagrad.core.modes import Switch, local
from xlagrad.core.transforms import Scope
from xlagrad.core.view import assign


def is_handle(x: Any) -> bool:
    """Return whether ``x`` is a tensor."""
    return isinstance(x, Handle)


def flatten(tree: Any) -> tuple[list[Any], Any]:
    """Return the leaves of a structure, tensors whole, and its tree."""
    return jax.tree.flatten(tree, is_leaf=is_handle)


def arrays(tree: Any) -> Any:
    """Return a structure with arrays for tensors."""
    return jax.tree.map(lambda x: read(x) if is_handle(x) else x, tree, is_leaf=is_handle)


class Lift:
    """Python functions of tensors, with the outside tensors that they touch made explicit operands.

    The functions run once to find which outside tensors they read with gradients, and which they write. Then
    each is a pure function ``(outside values, arguments) -> (results, written values)``.

    Args:
        fns: the functions.
        args: for each, arguments to try it on (structures of tensors and arrays).

    Attributes:
        outside: tensors from outside that are operands.
        written: those of them that are written.
        trees: structure of each function's result.
    """

    def __init__(self, fns: Sequence[Callable[..., Any]], args: Sequence[Any]) -> None:
        self.fns = fns
        found: dict[int, Handle] = {}
        written: dict[int, Handle] = {}
        self.trees: list[Any] = []
        for fn, given in zip(fns, args, strict=True):
            scope = Scope(reads=found)
            jax.eval_shape(lambda *a, fn=fn, scope=scope: self._try(fn, a, scope), *arrays(given))
            written.update(scope.touched)
        self.written = list(written.values())
        self.outside = [t for t in found.values() if t._requires_grad or id(t) in written]

    def _try(self, fn: Callable[..., Any], args: Any, scope: Scope) -> Any:
        before, local.trace = local.trace, scope
        try:
            out = arrays(fn(*tensors(args)))
            self.trees.append(jax.tree.structure(out))
        finally:
            local.trace = before
            scope.take()
        return out

    def call(self, i: int, values: Sequence[Any], args: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Run function ``i`` with outside tensors standing at ``values``; return arrays."""
        scope = Scope()
        before, local.trace = local.trace, scope
        try:
            for t, value in zip(self.outside, values, strict=True):
                scope.keep(t)
                t._data, t._version = value, t._version + 1
                t._node = None
            with Switch(grad=True):
                out = arrays(self.fns[i](*tensors(args)))
            after = [t._data for t in self.written]
        finally:
            local.trace = before
            scope.take()
        return out, after

    def run(self, label: str, body: Callable[..., Any], *operands: Any) -> Any:
        """Run ``body(outside, *operands) -> (results, written values)`` as one operation on the tape."""
        leaves, tree = flatten((list(self.outside), operands))
        box: list[Any] = []

        def flat(*values: Any) -> tuple[Any, ...]:
            outside, given = jax.tree.unflatten(tree, values)
            out, out_tree = jax.tree.flatten(body(outside, *given))
            box[:] = [out_tree]
            return tuple(out)

        found = call_plan(Plan(label, flat), leaves)
        out, written = jax.tree.unflatten(box[0], found)
        for t, value in zip(self.written, written, strict=True):
            if local.grad and not (t._requires_grad and t._node is None):
                assign(label, t, value)
            else:
                t._write(value._data)  # type: ignore[attr-defined]
        return out


def tensors(tree: Any) -> Any:
    """Return a structure with tensors for arrays."""
    return jax.tree.map(lambda x: x if is_handle(x) else wrap(x), tree, is_leaf=is_handle)


def traced(*trees: Any) -> bool:
    """Return whether any value is a tracer, or a compiled function is being traced."""
    if local.trace is not None:
        return True
    leaves = jax.tree.leaves(trees, is_leaf=is_handle)
    return any(is_tracer(x._data if is_handle(x) else x) for x in leaves)
