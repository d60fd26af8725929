"""The exceptions that users see, and the one form that their messages take."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


class ShapeError(ValueError, RuntimeError):
    """Operands whose shapes do not fit together."""


class DtypeError(TypeError, RuntimeError):
    """An operand or argument of the wrong type."""


class DeviceError(ValueError, RuntimeError):
    """A device that is absent, or operands on different devices."""


class ArgumentError(ValueError, RuntimeError):
    """An argument whose value is out of range."""


class IndexingError(IndexError, ValueError):
    """An index or dimension that is out of range or of an unusable kind."""


class TraceError(RuntimeError):
    """Something that needs a value was asked of a tensor that is being traced."""


class AutogradError(RuntimeError):
    """A gradient that was asked for in a way that cannot be given."""


class StateError(RuntimeError):
    """State that cannot be read or written where this was tried."""


class LinAlgError(RuntimeError):
    """A matrix for which the result is not defined: singular, or not positive definite."""


class MissingDependencyError(ImportError):
    """An optional package that is not installed."""


XLAGRAD_ERRORS = (
    ShapeError,
    DtypeError,
    DeviceError,
    ArgumentError,
    IndexingError,
    TraceError,
    AutogradError,
    StateError,
    LinAlgError,
)


def message(who: str, expected: str, got: str, fix: str = "") -> str:
    """Return an error message in the one form that they all have.

    Args:
        who: the function or class that was called.
        expected: what it needs.
        got: what it received.
        fix: what the caller can do, as an imperative.

    Returns:
        ``"who: expected ..., got ...; fix."``

    Example:
        >>> message("relu", "a tensor", "str", "pass xg.asarray(...)")
        'relu: expected a tensor, got str; pass xg.asarray(...).'
    """
    tail = f"; {fix}" if fix else ""
    return f"{who}: expected {expected}, got {got}{tail}."


def describe(value: Any) -> str:
    """Return ``"float32[2, 3]"`` for anything with a shape and a dtype, else a short ``repr``.

    Example:
        >>> import numpy as np
        >>> describe(np.zeros((2, 3), np.float32))
        'float32[2, 3]'
    """
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if isinstance(shape, tuple) and dtype is not None:
        name = getattr(dtype, "name", None) or str(dtype)
        return f"{name}[{', '.join(str(n) for n in shape)}]"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def need(package: str, extra: str) -> ModuleType:
    """Import an optional package.

    Args:
        package: the module to import, dots allowed.
        extra: the extra of xlagrad that installs it.

    Raises:
        MissingDependencyError: it is not installed; the message names the command to run.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        if error.name is not None and error.name.split(".")[0] != package.split(".")[0]:
            raise
        fix = f"run: pip install 'xlagrad[{extra}]'"
        raise MissingDependencyError(message(package, "an installed package", "none", fix)) from error
