"""Where gradients enter and leave a module: two identity steps on the tape that its backward hooks watch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from xlagrad.core.dispatch import attached
from xlagrad.core.errors import AutogradError, message
from xlagrad.core.modes import is_grad_enabled
from xlagrad.core.tape import Edge, Node, edge
from xlagrad.core.tensor import Tensor

Grads = tuple[Any, ...]


class _Pass(Node):
    """Hands gradients on unchanged: slot i goes to edge i."""

    __slots__ = ()

    def pull(self, cotangents: list[Any]) -> Sequence[Any]:
        """Return the cotangents themselves."""
        return cotangents

    def pull_recorded(self, cotangents: list[Any]) -> Sequence[Any]:
        """Return the cotangents themselves, which are on the tape already."""
        return cotangents


class Boundary:
    """Runs the backward hooks of one call of a module.

    Args:
        before: ``hook(grad_output)``, run when the gradients of the outputs are known.
        after: ``hook(grad_input, grad_output)``, run when those of the inputs are.
    """

    def __init__(self, before: Sequence[Callable[..., Any]], after: Sequence[Callable[..., Any]]) -> None:
        self._before = before
        self._after = after
        self._grad_outputs: Grads = ()
        self._inputs = 0
        self._slots: list[int] = []

    def enter(self, args: Grads) -> Grads:
        """Return the arguments with the tensors that require grad led through a node of ours."""
        self._inputs = len(args)
        new, self._slots, node = _route(args)
        if node is not None:
            node.register_hook(self._on_inputs)
        return new

    def leave(self, result: Any) -> Any:
        """Return the result with its tensors led through a node of ours."""
        if not isinstance(result, (Tensor, tuple)):
            text = (
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but "
                f"received {type(result)}"
            )
            warnings.warn(text, stacklevel=2)
            return result
        outputs = result if isinstance(result, tuple) else (result,)
        new, slots, node = _route(outputs)
        if node is None:
            return result
        count = len(outputs)
        node.register_hook(lambda grads, _: self._on_outputs(grads, slots, count))
        if isinstance(result, Tensor):
            return new[0]
        return type(result)(*new) if hasattr(result, "_fields") else new

    def _on_outputs(self, grads: Grads, slots: list[int], count: int) -> Grads:
        full = _spread(grads, slots, count)
        for hook in self._before:
            full = _replaced("grad_output", hook(full), full)
        self._grad_outputs = full
        if not self._slots:
            nothing = (None,) * self._inputs
            for after in self._after:
                after(nothing, full)
        return tuple(full[i] for i in slots)

    def _on_inputs(self, grads: Grads, _: Grads) -> Grads:
        full = _spread(grads, self._slots, self._inputs)
        for hook in self._after:
            full = _replaced("grad_input", hook(full, self._grad_outputs), full)
        return tuple(full[i] for i in self._slots)


def _route(values: Grads) -> tuple[Grads, list[int], Node | None]:
    """Lead the tensors that require grad through one new node; return where they stand and the node."""
    slots = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad]
    if not slots or not is_grad_enabled():
        return values, [], None
    arrays = [values[i].data_array for i in slots]
    node = _Pass(
        "BackwardHookFunction", [edge(values[i]) for i in slots], [(a.shape, a.dtype) for a in arrays]
    )
    new = list(values)
    for slot, (i, array) in enumerate(zip(slots, arrays, strict=True)):
        new[i] = attached(array, Edge(node, slot))
    return tuple(new), slots, node


def _spread(grads: Grads, slots: list[int], count: int) -> Grads:
    full: list[Any] = [None] * count
    for slot, grad in zip(slots, grads, strict=True):
        full[slot] = grad
    return tuple(full)


def _replaced(what: str, new: Any, old: Grads) -> Grads:
    if new is None:
        return old
    new = new if isinstance(new, tuple) else (new,)
    if len(new) != len(old):
        raise AutogradError(message("Backward hook", f"None or {len(old)} values of {what}", str(len(new))))
    return new
