"""`torch.compile` with PyTorch's arguments, and `torch.compiler`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax

from xlagrad.core import state
from xlagrad.core.compile import compile as compile_whole
from xlagrad.core.errors import ArgumentError, TraceError, describe, message

#: PyTorch's backends; XLA is behind all of them here, but for those that run as they are.
BACKENDS = ("cudagraphs", "inductor", "ipex", "onnxrt", "openxla", "tensorrt", "tvm", "xla")
AS_IT_IS = ("aot_eager", "eager")
MODES = ("default", "max-autotune", "max-autotune-no-cudagraphs", "reduce-overhead")


def compile(
    model: Callable[..., Any] | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: str | Callable[..., Any] = "inductor",
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: bool = False,
    donate: bool = True,
    keep_grads: bool | None = None,
) -> Any:
    """Return a function or module that runs as one XLA executable.

    Args:
        model: what to compile; without it, a decorator is returned.
        fullgraph: accepted: the whole is always one graph. What cannot be traced raises; it is not left out.
        dynamic: accepted: each shape has an executable of its own.
        backend: one of PyTorch's names, behind which XLA compiles; "eager" and "aot_eager" return ``model``
            as it is.
        mode: one of PyTorch's names; XLA has one mode.
        options: of PyTorch's backend; without effect.
        disable: return ``model`` as it is.
        donate: whether the executable may reuse the buffers of state that it replaces.
        keep_grads: whether gradients that it computes and consumes can be looked at afterwards.

    Raises:
        ArgumentError: no such backend or mode.
        NotImplementedError: a backend of one's own, which would be given PyTorch's graph.

    Example:
        >>> @compile(mode="reduce-overhead")
        ... def double(x):
        ...     return 2 * x
        >>> from xlagrad.core.tensor import Tensor
        >>> double(Tensor([1.0, 2.0]))
        tensor([2., 4.])

    Source: ``torch.compile``.
    """
    _check(backend, mode)
    if mode is not None and options:
        raise ArgumentError(message("torch.compile", "mode or options", "both", "pass one of them"))
    if model is None:
        return functools.partial(
            compile,
            fullgraph=fullgraph,
            dynamic=dynamic,
            backend=backend,
            mode=mode,
            options=options,
            disable=disable,
            donate=donate,
            keep_grads=keep_grads,
        )
    if disable or backend in AS_IT_IS:
        return model
    return compile_whole(model, donate=donate, keep_grads=keep_grads, dynamic=dynamic)


def _check(backend: Any, mode: Any) -> None:
    if not isinstance(backend, str):
        got = f"{describe(backend)}, which wants an FX graph"
        fix = "leave backend out, or use jax's own tools on the function"
        raise NotImplementedError(message("torch.compile", "the name of a backend", got, fix))
    if backend not in BACKENDS + AS_IT_IS:
        want = f"a backend of {', '.join(sorted(BACKENDS + AS_IT_IS))}"
        raise ArgumentError(message("torch.compile", want, repr(backend)))
    if mode is not None and mode not in MODES:
        raise ArgumentError(message("torch.compile", f"a mode of {', '.join(MODES)}", repr(mode)))


def is_compiling() -> bool:
    """Return whether a compiled function is being traced."""
    return bool(state.tracing())


is_dynamo_compiling = is_compiling


def is_exporting() -> bool:
    """Return False: there is no exporter."""
    return False


def reset() -> None:
    """Forget every executable."""
    jax.clear_caches()


def list_backends(exclude_tags: Any = None) -> list[str]:
    """Return the backends that `compile` knows by name."""
    return sorted(BACKENDS)


def allow_in_graph(fn: Any) -> Any:
    """Return what was given: everything is in the graph."""
    return fn


assume_constant_result = allow_in_graph


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """Return a function that runs as plain Python, and refuses to run within a compiled one.

    Raises:
        TraceError: on a call while a compiled function is traced, where PyTorch would break its graph.
    """
    if fn is None:
        return functools.partial(disable, recursive=recursive, reason=reason)

    @functools.wraps(fn)
    def outside(*args: Any, **kwargs: Any) -> Any:
        if is_compiling():
            want = f"{getattr(fn, '__qualname__', describe(fn))} outside of compile"
            fix = "call it outside, or run with --eager"
            raise TraceError(message("torch.compiler.disable", want, "a call within", fix))
        return fn(*args, **kwargs)

    return outside


def cudagraph_mark_step_begin() -> None:
    """Do nothing: XLA's buffers need no mark."""


__all__ = [
    "allow_in_graph",
    "assume_constant_result",
    "compile",
    "cudagraph_mark_step_begin",
    "disable",
    "is_compiling",
    "is_dynamo_compiling",
    "is_exporting",
    "list_backends",
    "reset",
]
