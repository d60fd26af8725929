"""The classes and functions that a user allows files to name: ``torch.serialization.add_safe_globals``."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any

from xlagrad.core.errors import ArgumentError, describe, message

#: Nothing from these modules can be allowed: a file that names them wants a program to run.
BLOCKED = frozenset({"nt", "os", "posix", "subprocess", "sys"})

_allowed: dict[str, Any] = {}


def _named(entry: Any) -> tuple[str, Any]:
    if isinstance(entry, tuple):
        if len(entry) == 2 and isinstance(entry[1], str):
            return entry[1], entry[0]
    elif callable(entry) and hasattr(entry, "__qualname__"):
        return f"{entry.__module__}.{entry.__qualname__}", entry
    want = "classes, functions, or pairs of one and its dotted name"
    raise ArgumentError(message("add_safe_globals", want, describe(entry)))


def add_safe_globals(safe_globals: Iterable[Any]) -> None:
    """Allow files to name classes and functions, which :func:`load` then calls.

    Args:
        safe_globals: the objects, or pairs of one and the name that files have for it.

    Raises:
        ArgumentError: neither an object with a name nor a pair.

    Example:
        >>> import argparse
        >>> add_safe_globals([argparse.Namespace])
        >>> remove_safe_globals([argparse.Namespace])

    Source: ``torch.serialization.add_safe_globals``.
    """
    _allowed.update(map(_named, safe_globals))


def remove_safe_globals(safe_globals: Iterable[Any]) -> None:
    """Take back what :func:`add_safe_globals` allowed."""
    for name, _ in map(_named, safe_globals):
        _allowed.pop(name, None)


def clear_safe_globals() -> None:
    """Take back everything that was allowed."""
    _allowed.clear()


def get_safe_globals() -> list[Any]:
    """Return what is allowed now: objects, and pairs where a name is not the object's own."""
    found: list[Any] = []
    for name, value in _allowed.items():
        own = f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
        found.append(value if own == name else (value, name))
    return found


class safe_globals:
    """Allow files to name classes and functions within a ``with`` block.

    Example:
        >>> import argparse
        >>> with safe_globals([argparse.Namespace]):
        ...     get_safe_globals()
        [<class 'argparse.Namespace'>]

    Source: ``torch.serialization.safe_globals``.
    """

    def __init__(self, safe_globals: Iterable[Any]) -> None:
        self._entries = list(safe_globals)

    def __enter__(self) -> None:
        self._before = dict(_allowed)
        add_safe_globals(self._entries)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _allowed.clear()
        _allowed.update(self._before)


def allowed(name: str) -> Any:
    """Return the object that users allowed under a name, or None."""
    return _allowed.get(name)


def is_allowed(value: Any) -> bool:
    """Return whether users allowed this very object."""
    return any(value is other for other in _allowed.values())
