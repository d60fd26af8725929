"""`torch.jit`: its decorators leave Python as it is; there is no TorchScript here to save or load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

from xlagrad.core.errors import message
from xlagrad.torch.names import missing


class ScriptModule:
    """PyTorch's class of compiled modules. Nothing here is one."""


class ScriptFunction:
    """PyTorch's class of compiled functions. Nothing here is one."""


RecursiveScriptModule = TopLevelTracedModule = TracedModule = ScriptModule


def script(obj: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Return what was given: it runs as the Python that it is. ``torch.compile`` compiles.

    Source: ``torch.jit.script``.
    """
    return script if obj is None else obj


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """Return a decorator that returns what it is given, or what was given to it as a decorator."""
    return drop if callable(drop) else script


def unused(fn: Any) -> Any:
    """Return what was given."""
    return fn


export = interface = script_if_tracing = script_method = _overload = _overload_method = unused


def annotate(the_type: Any, the_value: Any) -> Any:
    """Return the value."""
    return the_value


def is_scripting() -> bool:
    """Return False: nothing is compiled by TorchScript."""
    return False


is_tracing = is_scripting


def isinstance(obj: Any, target_type: Any) -> bool:
    """Return Python's own answer."""
    return issubclass(type(obj), target_type)


def _absent(name: str, fix: str) -> Callable[..., NoReturn]:
    def function(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(message(f"torch.jit.{name}", "no TorchScript", "a call", fix))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Raise NotImplementedError: {fix}."
    return function


trace = _absent("trace", "use torch.compile, which traces at the first call")
trace_module = _absent("trace_module", "use torch.compile, which traces at the first call")
freeze = _absent("freeze", "use torch.compile on the module in eval mode")
optimize_for_inference = _absent("optimize_for_inference", "use torch.compile on the module in eval mode")
save = _absent("save", "use torch.save with the state_dict")
load = _absent("load", "save the state_dict with torch.save, and load that")
fork = _absent("fork", "call the function; XLA overlaps what is independent")
wait = _absent("wait", "call the function; XLA overlaps what is independent")

__all__ = [
    "Final",
    "RecursiveScriptModule",
    "ScriptFunction",
    "ScriptModule",
    "TopLevelTracedModule",
    "TracedModule",
    "annotate",
    "export",
    "fork",
    "freeze",
    "ignore",
    "interface",
    "is_scripting",
    "is_tracing",
    "isinstance",
    "load",
    "optimize_for_inference",
    "save",
    "script",
    "script_if_tracing",
    "script_method",
    "trace",
    "trace_module",
    "unused",
    "wait",
]


def __getattr__(name: str) -> Any:
    raise missing("torch.jit", name, __all__)
