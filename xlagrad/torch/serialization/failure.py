"""The error for a file that cannot be read, and how its messages are made."""

from __future__ import annotations

import pickle
from typing import Any

from xlagrad.core.errors import message


class LoadError(pickle.UnpicklingError, RuntimeError):
    """A file that is damaged, lies about itself, or asks for what loading does not do."""


def failure(expected: str, got: str, fix: str = "") -> LoadError:
    """Return the error of ``torch.load``.

    Example:
        >>> print(failure("a file", "a folder"))
        torch.load: expected a file, got a folder.
    """
    return LoadError(message("torch.load", expected, got, fix))


def shown(value: Any, depth: int = 2) -> str:
    """Return a short text for what a file made, without a look at more of it than is shown.

    Example:
        >>> shown(("storage", [1, 2, 3], {}))
        "('storage', [...], dict)"
    """
    if value is None or isinstance(value, (bool, float, int)):
        text = repr(value) if not isinstance(value, int) or abs(value) < 1 << 64 else "a huge int"
    elif isinstance(value, (str, bytes)):
        text = repr(value[:60])
    elif type(value) in (list, tuple):
        few = ", ".join(shown(item, depth - 1) for item in value[:4]) if depth > 1 else "..."
        text = f"[{few}]" if type(value) is list else f"({few})"
    else:
        text = getattr(value, "__qualname__", None) or type(value).__name__
    return text if len(text) <= 80 else text[:77] + "..."
