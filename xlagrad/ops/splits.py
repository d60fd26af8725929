"""Further ways to cut a dimension: at given places, in rows, columns or layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.ops.parts import chunk, narrow, split
from xlagrad.ops.values import concrete
from xlagrad.ops.view import axis, whole


def _cuts(who: str, given: Any) -> int | list[int]:
    """Return a number of parts, or the places to cut at."""
    if isinstance(given, (list, tuple)):
        return [whole(who, "indices", i) for i in given]
    if not isinstance(given, int) and hasattr(given, "shape"):
        found = concrete(who, given, "pass integers")
        if found.dtype.kind not in "iu" or found.ndim > 1:
            fix = "pass an integer, or a vector of integers"
            raise ShapeError(message(who, "a 0-d or 1-d integer tensor", describe(given), fix))
        return [int(i) for i in found] if found.ndim else int(found)
    return whole(who, "sections", given)


def _ends(who: str, cuts: int | list[int], length: int) -> list[int]:
    """Return where the parts end, by Python's rules for slices."""
    if isinstance(cuts, list):
        return [*cuts, length]
    if cuts <= 0:
        raise ArgumentError(message(who, "a number of sections above 0", str(cuts)))
    small, larger = divmod(length, cuts)
    sizes = [small + (i < larger) for i in range(cuts)]
    return [sum(sizes[: i + 1]) for i in range(cuts)]


def tensor_split(input: Any, indices_or_sections: Any = None, dim: int = 0, **names: Any) -> tuple[Any, ...]:
    """Return views of parts of a dimension: so many of nearly equal length, or cut before given indices.

    Args:
        input: a tensor with at least one dimension.
        indices_or_sections: how many parts (the first ones are longer by one if they must differ), or the
            indices to cut before, as Python's slices take them; also as ``sections=`` or ``indices=``.
        dim: the dimension to cut.
        names: PyTorch's other names for the second argument.

    Raises:
        ArgumentError: fewer than 1 section.
        ShapeError: a 0-d tensor, or indices that are no vector of integers.

    Example:
        >>> from xlagrad.core.tensor import Tensor
        >>> [part.tolist() for part in tensor_split(Tensor([1, 2, 3, 4, 5]), 2)]
        [[1, 2, 3], [4, 5]]

    Source: ``torch.tensor_split``.
    """
    given = names.get("sections", names.get("indices", indices_or_sections))
    return _pieces("tensor_split", input, _cuts("tensor_split", given), dim)


def _pieces(who: str, input: Any, cuts: int | list[int], dim: int) -> tuple[Any, ...]:
    shape = tuple(input.shape)
    if not shape:
        raise ShapeError(message(who, "at least one dimension", describe(input), "unsqueeze it"))
    at = axis(who, dim, len(shape))
    ends = _ends(who, cuts, shape[at])
    parts = []
    for first, last in zip([0, *ends[:-1]], ends, strict=True):
        start, stop, _ = slice(first, last).indices(shape[at])
        parts.append(narrow(input, at, start, max(stop - start, 0)))
    return tuple(parts)


def _splitter(name: str, least: int, at: Callable[[int], int], what: str) -> Callable[..., Any]:
    def split_along(input: Any, indices_or_sections: Any = None, **names: Any) -> tuple[Any, ...]:
        given = names.get("sections", names.get("indices", indices_or_sections))
        ndim = len(input.shape)
        if ndim < least:
            want = f"at least {least} dimension{'s' * (least != 1)}"
            raise ShapeError(message(name, want, describe(input), "use tensor_split"))
        dim, cuts = at(ndim), _cuts(name, given)
        if isinstance(cuts, int) and (cuts <= 0 or input.shape[dim] % cuts):
            want = f"a number of sections that divides dimension {dim} of size {input.shape[dim]}"
            raise ArgumentError(message(name, want, str(cuts), "use tensor_split"))
        return _pieces(name, input, cuts, dim)

    split_along.__name__ = split_along.__qualname__ = name
    split_along.__doc__ = f"""Return views of parts of {what}; arguments as for `tensor_split`.

    Raises:
        ShapeError: the tensor has fewer than {least} dimensions.
        ArgumentError: the sections do not divide the dimension.

    Source: ``torch.{name}``.
    """
    return split_along


hsplit = _splitter(
    "hsplit", 1, lambda ndim: 0 if ndim == 1 else 1, "the second dimension (of a vector, the first)"
)
vsplit = _splitter("vsplit", 2, lambda ndim: 0, "the first dimension")
dsplit = _splitter("dsplit", 3, lambda ndim: 2, "the third dimension")


UNSAFE = ("unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes")


def unsafe_chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """Return what `chunk` returns, whose parts can be written one by one here in any case.

    Source: ``torch.unsafe_chunk``. Deviation: a write to a part is part of the history of ``input``.
    """
    return chunk(input, chunks, dim)


def unsafe_split(tensor: Any, split_size: Any, dim: int = 0) -> tuple[Any, ...]:
    """Return what `split` returns, whose parts can be written one by one here in any case.

    Source: ``torch.unsafe_split``. Deviation: a write to a part is part of the history of ``tensor``.
    """
    return split(tensor, split_size, dim)


def unsafe_split_with_sizes(input: Any, split_sizes: Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Return what `split` returns for given lengths; the parts can be written one by one here in any case.

    Source: ``torch.unsafe_split_with_sizes``. Deviation: a write to a part is part of the history of
    ``input``.
    """
    return split(input, split_sizes, dim)
