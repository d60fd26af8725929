"""Running a script or a module as the main program, as ``python`` itself does."""

from __future__ import annotations

import builtins
import importlib.machinery
import importlib.util
import io
import os
import signal
import sys
from collections.abc import Callable
from types import CodeType, ModuleType, TracebackType
from typing import Any


def run_script(path: str, arguments: list[str]) -> int:
    """Run a file, or the ``__main__.py`` of a folder, as ``python path ...`` does; return the exit status."""
    target = os.path.join(path, "__main__.py") if os.path.isdir(path) else path
    try:
        with io.open_code(os.path.abspath(target)) as file:
            source = file.read()
    except OSError as error:
        print(f"xlagrad run: can't open file {path!r}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 2
    sys.argv[:] = [path, *arguments]
    _first_on_path(os.path.dirname(os.path.realpath(target)))
    loader = importlib.machinery.SourceFileLoader("__main__", target)
    main = _main_module(__file__=target, __loader__=loader, __spec__=None, __package__=None, __cached__=None)
    return _execute(lambda: compile(source, target, "exec", dont_inherit=True), main)


def run_module(name: str, arguments: list[str]) -> int:
    """Run a module or package as ``python -m name ...`` does; return the exit status."""
    _first_on_path(os.getcwd())
    sys.argv[:] = ["-m", *arguments]
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except ImportError as error:
        spec = None
        if error.name is None or not f"{name}.__main__".startswith(error.name):
            raise
    loader: Any = spec.loader if spec is not None else None
    if spec is None or not hasattr(loader, "get_code"):
        print(f"xlagrad run: no module to run named {name!r}", file=sys.stderr)  # noqa: T201
        return 1
    sys.argv[0] = spec.origin or name
    main = _main_module(
        __file__=spec.origin,
        __loader__=loader,
        __spec__=spec,
        __package__=spec.parent,
        __cached__=spec.cached,
    )
    return _execute(lambda: loader.get_code(spec.name), main)


def _first_on_path(folder: str) -> None:
    """Put the program's folder where ``python`` has put that of the command."""
    if sys.flags.safe_path:
        return
    sys.path[0] = folder


def _main_module(**fields: Any) -> ModuleType:
    main = ModuleType("__main__")
    main.__dict__.update(fields, __builtins__=builtins, __doc__=None)
    sys.modules["__main__"] = main
    return main


def _execute(code: Callable[[], CodeType], main: ModuleType) -> int:
    """Run code as the main program. What it raises is shown as if nothing had been around it."""
    try:
        exec(code(), main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        trace = _own(error.__traceback__)
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
        error.__traceback__ = trace
        sys.excepthook(type(error), error, trace)
        return 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _own(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the program's first line on."""
    while trace is not None and trace.tb_frame.f_globals.get("__name__") == __name__:
        trace = trace.tb_next
    return trace
