"""The shape of a tensor, and its number of elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from xlagrad.core.errors import IndexingError, message


class Size(tuple[int, ...]):
    """A shape: a tuple that prints and counts as torch's.

    Example:
        >>> Size((2, 3)).numel()
        6
    """

    __slots__ = ()

    def numel(self) -> int:
        """Return the number of elements."""
        return math.prod(self)

    def __getitem__(self, index: Any) -> Any:
        """Return one length, or a part of the shape as a shape."""
        found = super().__getitem__(index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other: Any) -> Any:
        return Size(super().__add__(tuple(other))) if isinstance(other, tuple) else NotImplemented

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"


class Count(int):
    """The number of elements, the array API's ``size``; called, the shape, torch's ``size()``."""

    shape: Size

    def __new__(cls, shape: Sequence[int]) -> Count:
        self = super().__new__(cls, math.prod(shape))
        self.shape = Size(shape)
        return self

    def __call__(self, dim: int | None = None) -> Any:
        """Return the shape, or the length of one dimension."""
        return self.shape if dim is None else self.shape[dimension("size", dim, len(self.shape))]


def dimension(who: str, dim: int, ndim: int) -> int:
    """Return a dimension if there is one of that number, counted from either end.

    Raises:
        IndexingError: there is none.
    """
    if not -ndim <= dim < ndim:
        got = f"Dimension out of range: {dim}"
        raise IndexingError(message(who, f"a dimension in range of [{-ndim}, {ndim - 1}]", got))
    return dim
