"""PyTorch's names of memory layouts and formats, which XLA chooses by itself."""

from __future__ import annotations

from collections.abc import Sequence

from xlagrad.core.view import is_contiguous


class Layout:
    """How the elements of a tensor are stored; every tensor here is ``torch.strided``.

    Source: ``torch.layout``.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class MemoryFormat:
    """An order of dimensions in memory.

    Source: ``torch.memory_format``.

    Attributes:
        name: PyTorch's name of it.
        order: the dimensions from the outermost in memory, None where any will do.
    """

    __slots__ = ("name", "order")

    def __init__(self, name: str, order: tuple[int, ...] | None = None) -> None:
        self.name = name
        self.order = order

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name

    def fits(self, shape: Sequence[int], strides: Sequence[int]) -> bool:
        """Return whether a layout has this order without gaps.

        Example:
            >>> channels_last.fits((2, 3, 4, 5), (60, 1, 15, 3))
            True
        """
        if self.order is None:
            return is_contiguous(shape, strides)
        if len(self.order) != len(shape):
            return False
        return is_contiguous([shape[d] for d in self.order], [strides[d] for d in self.order])


strided = Layout("strided")
sparse_coo = Layout("sparse_coo")
sparse_csr = Layout("sparse_csr")
sparse_csc = Layout("sparse_csc")
sparse_bsr = Layout("sparse_bsr")
sparse_bsc = Layout("sparse_bsc")
jagged = Layout("jagged")

contiguous_format = MemoryFormat("contiguous_format")
preserve_format = MemoryFormat("preserve_format")
channels_last = MemoryFormat("channels_last", (0, 2, 3, 1))
channels_last_3d = MemoryFormat("channels_last_3d", (0, 2, 3, 4, 1))

#: All of them by name.
NAMES: dict[str, Layout | MemoryFormat] = {
    x.name: x
    for x in (
        *(strided, sparse_coo, sparse_csr, sparse_csc, sparse_bsr, sparse_bsc, jagged),
        *(contiguous_format, preserve_format, channels_last, channels_last_3d),
    )
}
