"""`torch._dynamo`: the switches of PyTorch's tracer, which programs set; XLA's has none of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from xlagrad.torch.compiler import allow_in_graph, disable, is_compiling, list_backends, reset
from xlagrad.torch.compiler import compile as _compile
from xlagrad.torch.names import missing

#: What is set here is kept and changes nothing.
config = SimpleNamespace(cache_size_limit=8, recompile_limit=8, suppress_errors=False, verbose=False)


def optimize(backend: Any = "inductor", **options: Any) -> Any:
    """Return a decorator that compiles, as ``torch.compile(backend=...)`` does."""
    return _compile(backend=backend)


def graph_break() -> None:
    """Do nothing outside of ``compile``; within, the graph is whole and goes on."""


__all__ = [
    "allow_in_graph",
    "config",
    "disable",
    "graph_break",
    "is_compiling",
    "list_backends",
    "optimize",
    "reset",
]


def __getattr__(name: str) -> Any:
    raise missing("torch._dynamo", name, __all__)
