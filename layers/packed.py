"""Sequences of different lengths in one object, as recurrent layers take them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, StateError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.core.tensor import Tensor


@op(name="_packed_rows")
def _packed_rows(input: Array, rows: Array) -> Array:
    """The rows of (T, N, *) that belong to sequences, one after the other."""
    return input.reshape(-1, *input.shape[2:])[rows]


@op(name="_unpacked_rows")
def _unpacked_rows(input: Array, lengths: Array, rows: Array) -> Array:
    """Packed rows as (T, N, *), zero where a sequence has no element."""
    keep = jnp.arange(rows.shape[0])[:, None] < lengths
    return jnp.where(keep.reshape(*rows.shape, *[1] * (input.ndim - 1)), input[rows], 0)


@op(name="_padded_after")
def _padded_after(input: Array, lengths: Array, value: Any) -> Array:
    """(T, N, *) with ``value`` after the end of each sequence."""
    keep = jnp.arange(input.shape[0])[:, None] < lengths
    return jnp.where(keep.reshape(*input.shape[:2], *[1] * (input.ndim - 2)), input, value)


def known(lengths: Any) -> np.ndarray[Any, Any] | None:
    """Return lengths as NumPy's, None inside a trace, where they are not known."""
    value = read(lengths) if isinstance(lengths, Handle) else lengths
    return None if is_tracer(value) else np.asarray(value)


class PackedSequence:
    """A batch of sequences of different lengths, the longest first.

    ``data`` holds the first elements of all sequences, then the second ones of those that have one, and so
    on; ``batch_sizes`` says how many each time. Behind it lies the padded tensor (T, N, *), which is what
    recurrent layers run on: the executables then depend on T and N only, not on the lengths, and lengths may
    be values of a compiled function. ``data`` and ``batch_sizes`` are made when they are looked at.

    Args:
        data: packed elements, (Σ lengths, *).
        batch_sizes: int64, how many sequences have an element at each time, descending.
        sorted_indices: the order in which the sequences were taken from the batch, None for its own.
        unsorted_indices: the inverse.

    Raises:
        ArgumentError: sizes that do not add up to the elements, or that increase.

    Reference: ``torch.nn.utils.rnn.PackedSequence``. Deviation: not a subclass of ``tuple``, though it can be
    indexed and unpacked like one.
    """

    _fields = ("data", "batch_sizes", "sorted_indices", "unsorted_indices")

    def __init__(
        self, data: Any, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> None:
        if batch_sizes is None and isinstance(data, (tuple, list)):
            data, batch_sizes = data
        sizes = known(batch_sizes)
        if sizes is None:
            fix = "use pack_padded_sequence inside compiled functions"
            raise StateError(message("PackedSequence", "batch_sizes that are known", "traced ones", fix))
        falling = bool((np.diff(sizes) <= 0).all()) and (sizes > 0).all()
        if sizes.ndim != 1 or not falling or int(sizes.sum()) != data.shape[0]:
            want = f"positive descending batch_sizes that add up to {data.shape[0]} elements"
            raise ArgumentError(message("PackedSequence", want, f"{sizes.tolist()}"))
        lengths = (sizes[:, None] > np.arange(sizes[0])).sum(0) if sizes.size else np.zeros(0, int)
        if unsorted_indices is None and sorted_indices is not None:
            unsorted_indices = invert_permutation(sorted_indices)
        self._set(None, Tensor(lengths.astype(np.int32)), sorted_indices, unsorted_indices, data, sizes)

    def _set(
        self, padded: Any, lengths: Any, sorted_indices: Any, unsorted_indices: Any, *known: Any
    ) -> None:
        self._padded, self._lengths = padded, lengths
        self.sorted_indices, self.unsorted_indices = sorted_indices, unsorted_indices
        self._data, self._sizes = known or (None, None)

    @classmethod
    def of_padded(cls, padded: Any, lengths: Any, sorted_indices: Any, unsorted_indices: Any) -> Self:
        """Return the sequences that lie in (T, N, *), with their lengths (N,), descending."""
        self = cls.__new__(cls)
        self._set(padded, lengths, sorted_indices, unsorted_indices)
        return self

    def like(self, padded: Any) -> PackedSequence:
        """Return other sequences of the same lengths."""
        return PackedSequence.of_padded(padded, self._lengths, self.sorted_indices, self.unsorted_indices)

    def _host_sizes(self, what: str) -> np.ndarray[Any, Any]:
        if self._sizes is None:
            lengths = known(self._lengths)
            if lengths is None:
                fix = "give pack_padded_sequence the lengths as a list, or keep to recurrent layers"
                raise StateError(
                    message(f"PackedSequence.{what}", "lengths that are known", "traced ones", fix)
                )
            times = np.arange(int(lengths.max(initial=0)))
            self._sizes = (lengths > times[:, None]).sum(1)
        sizes: np.ndarray[Any, Any] = self._sizes
        return sizes

    @property
    def data(self) -> Any:
        """The elements, (Σ lengths, *)."""
        if self._data is None:
            sizes, batch = self._host_sizes("data"), self._padded.shape[1]
            rows = np.flatnonzero(np.arange(batch) < sizes[:, None])
            self._data = _packed_rows(self._padded, Tensor(rows.astype(np.int32)))
        return self._data

    @property
    def batch_sizes(self) -> Any:
        """How many sequences have an element at each time, int64 on the CPU."""
        return Tensor(self._host_sizes("batch_sizes").astype(np.int64), dtype="int64", device="cpu")

    @property
    def lengths(self) -> Any:
        """The lengths, (N,), descending."""
        return self._lengths

    @property
    def padded(self) -> Any:
        """The sequences as (T, N, *), in their sorted order; what follows an end has no meaning."""
        if self._padded is None:
            sizes = self._host_sizes("data")
            starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
            batch = np.arange(int(sizes[0]))
            rows = np.where(batch < sizes[:, None], starts[:, None] + batch, 0)
            self._padded = _unpacked_rows(self._data, self._lengths, Tensor(rows.astype(np.int32)))
        return self._padded

    def _map(self, fn: Any) -> Self:
        """Return the sequences with a function applied to all tensors that hold elements."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        for name in ("_data", "_padded"):
            if getattr(self, name) is not None:
                setattr(other, name, fn(getattr(self, name)))
        return other

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Return the sequences with their elements on another device or of another type."""
        moved = self._map(lambda t: t.to(*args, **kwargs))
        device = (moved._data if moved._padded is None else moved._padded).device
        for name in ("_lengths", "sorted_indices", "unsorted_indices"):
            if getattr(self, name) is not None:
                setattr(moved, name, getattr(self, name).to(device))
        return moved

    def cpu(self) -> Self:
        """Return the sequences on the CPU."""
        return self.to("cpu")

    def cuda(self, device: Any = "cuda") -> Self:
        """Return the sequences on a GPU."""
        return self.to(device)

    def double(self) -> Self:
        """Return the sequences in float64."""
        return self._map(lambda t: t.double())

    def float(self) -> Self:
        """Return the sequences in float32."""
        return self._map(lambda t: t.float())

    def half(self) -> Self:
        """Return the sequences in float16."""
        return self._map(lambda t: t.half())

    def long(self) -> Self:
        """Return the sequences as integers."""
        return self._map(lambda t: t.long())

    def pin_memory(self) -> Self:
        """Return the sequences: transfers of XLA need no pinned memory."""
        return self

    def is_pinned(self) -> bool:
        """Return False."""
        return False

    @property
    def is_cuda(self) -> bool:
        """Whether the elements are on a GPU."""
        return bool((self._data if self._padded is None else self._padded).is_cuda)

    def __iter__(self) -> Iterator[Any]:
        return iter([getattr(self, name) for name in self._fields])

    def __len__(self) -> int:
        return len(self._fields)

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]

    def __repr__(self) -> str:
        if known(self._lengths) is None:
            return f"PackedSequence({describe(self.padded)}, traced lengths)"
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"PackedSequence({fields})"


def invert_permutation(permutation: Any) -> Any:
    """Return the order that undoes a permutation, None for None."""
    return None if permutation is None else permutation.argsort()


def _flatten(packed: PackedSequence) -> tuple[tuple[Any, ...], None]:
    # Lengths become data: the padded form needs them at run time only.
    return (packed.padded, packed.lengths, packed.sorted_indices, packed.unsorted_indices), None


def _unflatten(_: None, children: Any) -> PackedSequence:
    return PackedSequence.of_padded(*children)


jax.tree_util.register_pytree_node(PackedSequence, _flatten, _unflatten)
