"""The name ``torch`` and every module below it, bound to ``xlagrad.torch`` for this process."""

from __future__ import annotations

import difflib
import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.machinery import ModuleSpec
from multiprocessing import spawn
from pathlib import Path
from types import ModuleType
from typing import Any

import xlagrad.torch as ours
from xlagrad.core import modes
from xlagrad.core.errors import StateError, message
from xlagrad.torch.names import missing

NAME = "torch"
HOME = "xlagrad.torch"


class Loader(importlib.abc.Loader):
    """Puts a module of ours under torch's name; the module itself stays as it is."""

    def exec_module(self, module: ModuleType) -> None:
        """Put our module in the place of the one that was made for the name."""
        found = _member(module.__name__)
        # The import system hands out what stands here once this returns.
        found = found or importlib.import_module(_home(module.__name__))
        sys.modules[module.__name__] = _complete(found)


class Finder(importlib.abc.MetaPathFinder):
    """Finds ``torch`` and its submodules here, before anything that is installed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where our module of a name is.

        Raises:
            ModuleNotFoundError: an import of a module that there is not; the message names the nearest.
        """
        if fullname != NAME and not fullname.startswith(f"{NAME}."):
            return None
        found = _spec(fullname)
        if found is None:
            if _only_asked():
                return None
            raise _no_module(fullname)
        spec = ModuleSpec(fullname, Loader(), origin=found.origin)
        spec.submodule_search_locations = found.submodule_search_locations
        return spec

    def find_distributions(
        self, context: importlib.metadata.DistributionFinder.Context
    ) -> Iterable[importlib.metadata.Distribution]:
        """Yield the metadata of ``torch``, whose version is ours."""
        if context.name is not None and context.name.lower() == NAME:
            yield Metadata()

    def invalidate_caches(self) -> None:
        """Do nothing: there is no cache."""


class Names(importlib.abc.MetaPathFinder):
    """Comes last: ``from torch import name`` of a name that we lack ends here, with the nearest one."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise the error for a name below ``xlagrad.torch`` that is neither a module nor anything else."""
        if fullname.startswith(f"{HOME}.") and not _only_asked():
            name = fullname.removeprefix("xlagrad.")
            where, _, last = name.rpartition(".")
            try:
                getattr(sys.modules[f"xlagrad.{where}"], last)
            except AttributeError as error:
                raise ImportError(
                    f"cannot import name {last!r} from {where!r}: {error}", name=where
                ) from None
        return None


class Metadata(importlib.metadata.Distribution):
    """What ``importlib.metadata`` finds for ``torch``."""

    def read_text(self, filename: str) -> str | None:
        """Return the name and version."""
        if filename == "METADATA":
            return f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {ours.__version__}\n"
        return None

    def locate_file(self, path: Any) -> Any:
        """Return where a file of the package is."""
        return Path(ours.__path__[0]).parent / path


def _home(fullname: str) -> str:
    return HOME + fullname.removeprefix(NAME)


def _member(fullname: str) -> ModuleType | None:
    """Return the module that the parent of a name has under it, which may be called something else."""
    parent, _, last = fullname.rpartition(".")
    found = vars(sys.modules[parent]).get(last) if parent in sys.modules else None
    return found if isinstance(found, ModuleType) else None


def _complete(module: ModuleType) -> ModuleType:
    """Let a module of ours answer for names that it lacks, however they are asked for; return it."""
    if module.__name__ == HOME or module.__name__.startswith(f"{HOME}."):
        name = module.__name__.removeprefix("xlagrad.")

        def absent(attribute: str) -> Any:
            raise missing(name, attribute, vars(module))

        vars(module).setdefault("__getattr__", absent)
        # Only of a package does `from module import name` ask the finders before it gives up.
        vars(module).setdefault("__path__", [])
    return module


def _spec(fullname: str) -> ModuleSpec | None:
    found = sys.modules.get(_home(fullname)) or _member(fullname)
    if found is not None:
        return found.__spec__
    try:
        return importlib.util.find_spec(_home(fullname))
    except ModuleNotFoundError:
        return None


def _only_asked() -> bool:
    """Return whether somebody asks if there is such a module, as ``importlib.util.find_spec`` does."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") in (__name__, "importlib._bootstrap"):
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__") in ("importlib.util", "pkgutil")


def _no_module(fullname: str) -> ModuleNotFoundError:
    parent, _, last = fullname.rpartition(".")
    there = sys.modules.get(_home(parent))
    known = [n for n in getattr(there, "__all__", None) or dir(there) if not n.startswith("_")]
    near = difflib.get_close_matches(last, known, n=1, cutoff=0.5)
    fix = f"the nearest is {parent}.{near[0]}" if near else f"dir({parent}) lists what there is"
    text = message(fullname, f"a module that xlagrad.{parent} has", repr(last), fix)
    return ModuleNotFoundError(f"No module named {fullname!r}: {text}", name=fullname)


def is_bound() -> bool:
    """Return whether ``torch`` is ours in this process."""
    return any(isinstance(finder, Finder) for finder in sys.meta_path)


def bind() -> None:
    """Make ``import torch`` and every other way to import it give ``xlagrad.torch`` in this process.

    Processes that ``multiprocessing`` starts from it are bound too; others are not.

    Raises:
        StateError: PyTorch itself has been imported already.
    """
    if is_bound():
        return
    real = sys.modules.get(NAME)
    if real is not None and real is not ours:
        got = f"PyTorch {getattr(real, '__version__', '')} from {getattr(real, '__file__', '?')}"
        fix = "start the program with `xlagrad run`, or bind before anything imports torch"
        raise StateError(message("xlagrad run", "that nothing has imported torch", got, fix))
    for home, module in list(sys.modules.items()):
        if home == HOME or home.startswith(f"{HOME}."):
            sys.modules[NAME + home.removeprefix(HOME)] = _complete(module)
    sys.meta_path.insert(0, Finder())
    sys.meta_path.append(Names())
    _bind_children()


class _Bound:
    """Binds the process that unpickles it."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return bind_child, (modes.is_eager(),)


def bind_child(eager: bool) -> None:
    """Bind a process that ``multiprocessing`` has started."""
    modes.eager(eager)
    bind()


def _bind_children() -> None:
    """Have the data that a new process reads first, before it imports the main module, bind it."""
    prepare = spawn.get_preparation_data

    def prepared(name: str) -> dict[str, Any]:
        return {"xlagrad": _Bound(), **prepare(name)}

    spawn.get_preparation_data = prepared


def switch_eager() -> None:
    """Switch every ``compile`` off, in this process and those that it starts."""
    modes.eager(True)
    os.environ["XLAGRAD_EAGER"] = "1"
