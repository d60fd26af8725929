"""Activation checkpointing: recompute in the backward what the forward would have to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

from xlagrad.core import tape
from xlagrad.core.errors import AutogradError, message
from xlagrad.core.handle import Handle, read, wrap
from xlagrad.core.lift import Lift, flatten, is_handle, traced
from xlagrad.core.modes import Switch, local
from xlagrad.core.random import default_generator


class CheckpointNode(tape.Node):
    """Runs the function again, this time recorded, and walks back through it."""

    __slots__ = ("args", "autocast", "fn", "kwargs", "leaves", "random", "tree")

    def __init__(
        self,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        outs: Sequence[Handle],
        random: Any,
    ) -> None:
        self.leaves, self.tree = flatten(args)
        edges = [tape.edge(x) if is_handle(x) and x._requires_grad else None for x in self.leaves]
        super().__init__("CheckpointBackward0", edges, [(t._data.shape, t._data.dtype) for t in outs])
        self.fn, self.args, self.kwargs, self.random = fn, args, kwargs, random
        self.autocast = local.autocast

    def pull(self, cotangents: list[Any]) -> Sequence[Any]:
        """Return the gradients of the arguments; those of closed-over leaves are accumulated at once."""
        fresh = [wrap(read(x), x._requires_grad) if is_handle(x) else x for x in self.leaves]
        state = default_generator.get_state() if self.random is not None else None
        if self.random is not None:
            default_generator.set_state(self.random)
        try:
            with Switch(grad=True, autocast=self.autocast):
                out = self.fn(*jax.tree.unflatten(self.tree, fresh), **self.kwargs)
        finally:
            if state is not None:
                default_generator.set_state(state)
        outs, _ = flatten(out)
        pairs = [
            (t, c)
            for t, c in zip((t for t in outs if is_handle(t)), cotangents, strict=True)
            if c is not None and t._requires_grad
        ]
        tape.run(
            "checkpoint",
            [t for t, _ in pairs],
            [wrap(c) for _, c in pairs],
            create_graph=False,
            retain=False,
            targets=None,
        )
        return [x._grad._data if is_handle(x) and x._grad is not None else None for x in fresh]

    def pull_recorded(self, cotangents: list[Any]) -> Sequence[Any]:
        """Raise: the recomputation is not itself recorded."""
        raise AutogradError(
            message("checkpoint", "create_graph=False", "create_graph=True",
                    "compile the step, where checkpoint can be differentiated again, or drop the checkpoint")
        )  # fmt: skip


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """Return ``function(*args)`` without keeping what its backward needs: it runs again then.

    Args:
        function: function of tensors to tensors.
        args: its arguments.
        use_reentrant: accepted for torch's sake.
        preserve_rng_state: draw the same random numbers again.
        kwargs: further arguments.

    Under a trace it is ``jax.checkpoint``, and XLA sees the recomputation.
    """
    if traced(args):
        lift = Lift((lambda *a: function(*a, **kwargs),), (args,))

        def body(outside: Any, given: Any) -> Any:
            def inner(values: Any, a: Any) -> Any:
                return lift.call(0, values, a)

            return jax.checkpoint(inner)(outside, given)

        return lift.run("checkpoint", body, args)
    random = default_generator.get_state() if preserve_rng_state else None
    recording = local.grad
    with Switch(grad=False):
        out = function(*args, **kwargs)
    outs, _ = flatten(out)
    floats = [t for t in outs if is_handle(t)]
    if recording:
        node = CheckpointNode(function, args, kwargs, floats, random)
        for slot, t in enumerate(floats):
            if jax.numpy.issubdtype(t._data.dtype, jax.numpy.inexact):
                t._node, t._slot, t._requires_grad = node, slot, True
    return out
