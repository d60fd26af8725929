"""`torch.utils.checkpoint`: trade time for memory by computing activations again in the backward."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from xlagrad.core.checkpoint import checkpoint as _checkpoint
from xlagrad.core.errors import ArgumentError, message


def checkpoint(function: Callable[..., Any], *args: Any, use_reentrant: bool = False, **kwargs: Any) -> Any:
    """Return ``function(*args, **kwargs)`` and keep only its inputs for the backward.

    Args:
        function: what to run, and to run again in the backward.
        args: its arguments.
        use_reentrant: accepted for PyTorch's sake; there is one implementation.
        kwargs: its keyword arguments, less PyTorch's ``preserve_rng_state``, ``context_fn``,
            ``determinism_check`` and ``debug``: random draws always repeat.

    Reference: ``torch.utils.checkpoint.checkpoint``.
    """
    for name in ("preserve_rng_state", "context_fn", "determinism_check", "debug"):
        kwargs.pop(name, None)
    return _checkpoint(function, *args, **kwargs)


def checkpoint_sequential(functions: Any, segments: int, input: Any, **options: Any) -> Any:
    """Run modules in order, in ``segments`` parts that are each a checkpoint.

    Args:
        functions: an ``nn.Sequential``, or a list of modules or functions.
        segments: how many parts.
        input: the input of the first.
        options: those of :func:`checkpoint`.

    Raises:
        ArgumentError: fewer than one segment, or more than there are functions.
    """
    parts = list(functions)
    if not 1 <= segments <= max(len(parts), 1):
        want = f"1 to {len(parts)} segments"
        raise ArgumentError(message("checkpoint_sequential", want, str(segments), "pass fewer"))
    size = len(parts) // segments
    bounds = [*range(0, size * segments, size), len(parts)]

    def run(start: int, end: int) -> Callable[[Any], Any]:
        def forward(x: Any) -> Any:
            for part in parts[start:end]:
                x = part(x)
            return x

        return forward

    for start, end in itertools.pairwise(bounds):
        input = checkpoint(run(start, end), input, **options)
    return input


__all__ = ["checkpoint", "checkpoint_sequential"]
