"""What callbacks are told: numbers that stay on the device until somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax


class Logs(Mapping[str, Any]):
    """Named numbers that are fetched from the device, all at once, when the first is looked at.

    Args:
        fetch: returns arrays and numbers by name.
    """

    def __init__(self, fetch: Callable[[], dict[str, Any]]) -> None:
        self._fetch = fetch
        self._values: dict[str, Any] | None = None

    def _all(self) -> dict[str, Any]:
        if self._values is None:
            found = self._fetch()
            # As a list: a dict would come back sorted.
            values = jax.device_get(list(found.values()))
            self._values = dict(zip(found, map(number, values), strict=True))
        return self._values

    def __getitem__(self, name: str) -> Any:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


def number(value: Any) -> Any:
    """Return a Python number for an array of one element, a nested list for others."""
    return value.tolist() if hasattr(value, "tolist") else value
