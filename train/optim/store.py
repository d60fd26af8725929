"""Dictionaries whose changes compiled functions hear of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xlagrad.core import state

_missing = object()


class Watched(dict[Any, Any]):
    """A dict that announces every change of its entries to :func:`xlagrad.core.state.touch`.

    A trace that fails has its changes undone; a compiled function looks at its guards again.

    Example:
        >>> entries = Watched(a=1)
        >>> entries["b"] = 2
        >>> entries.pop("a"), entries
        (1, {'b': 2})
    """

    def __setitem__(self, key: Any, value: Any) -> None:
        state.touch(self, self, key)
        super().__setitem__(key, value)

    def __delitem__(self, key: Any) -> None:
        if key in self:
            state.touch(self, self, key)
        super().__delitem__(key)

    def pop(self, key: Any, default: Any = _missing) -> Any:
        """Remove a key and return its value."""
        if key not in self and default is not _missing:
            return default
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[Any, Any]:
        """Remove the newest entry and return it."""
        key = next(reversed(self))
        return key, self.pop(key)

    def clear(self) -> None:
        """Remove every entry."""
        for key in list(self):
            del self[key]

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Return the value of a key, setting it first if it is absent."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *others: Any, **entries: Any) -> None:
        """Set every entry of other mappings."""
        for key, value in dict(*others, **entries).items():
            self[key] = value

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]
        self.update(other)
        return self


class Entries(Watched):
    """A :class:`Watched` dict that makes an empty one for an absent key, as ``optimizer.state``."""

    def __init__(self, entries: Mapping[Any, Any] | None = None) -> None:
        super().__init__()
        for key, value in (entries or {}).items():
            super().__setitem__(key, _watched(value))

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, _watched(value))

    def __missing__(self, key: Any) -> Any:
        self[key] = Watched()
        return self[key]


def _watched(value: Any) -> Any:
    return Watched(value) if isinstance(value, dict) and not isinstance(value, Watched) else value
