"""`torch.torch_version`: a version that compares as one, with text and with tuples of numbers."""

from __future__ import annotations

import re
from typing import Any


def _release(value: Any) -> tuple[int, ...] | None:
    if isinstance(value, str):
        found = re.match(r"v?(\d+(?:\.\d+)*)", value)
        value = () if found is None else found[1].split(".")
    if not isinstance(value, (tuple, list)) or not value or not all(str(n).isdigit() for n in value):
        return None
    numbers = [int(n) for n in value]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


class TorchVersion(str):
    """A version of PyTorch.

    Example:
        >>> TorchVersion("2.13.0") > "2.4", TorchVersion("2.13.0") >= (2, 13)
        (True, True)

    Source: ``torch.torch_version.TorchVersion``. Deviation: only the numbers of the release are compared.
    """

    __slots__ = ()

    def _compare(self, other: Any) -> int | None:
        mine, others = _release(str(self)), _release(other)
        return None if mine is None or others is None else (mine > others) - (mine < others)

    def __lt__(self, other: Any) -> bool:
        found = self._compare(other)
        return NotImplemented if found is None else found < 0

    def __le__(self, other: Any) -> bool:
        found = self._compare(other)
        return NotImplemented if found is None else found <= 0

    def __gt__(self, other: Any) -> bool:
        found = self._compare(other)
        return NotImplemented if found is None else found > 0

    def __ge__(self, other: Any) -> bool:
        found = self._compare(other)
        return NotImplemented if found is None else found >= 0

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other) is True or self._compare(other) == 0

    def __hash__(self) -> int:
        return str.__hash__(self)


__version__ = TorchVersion("2.13.0+xlagrad")
