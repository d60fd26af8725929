"""Data sets: things with samples that are numbered, or that come one after another."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.errors import ArgumentError, IndexingError, ShapeError, describe, message
from xlagrad.core.tensor import Tensor, as_array, wrap
from xlagrad.train.data.shuffle import permutation


class Dataset:
    """A collection of samples: a subclass gives ``__getitem__``, and mostly ``__len__``.

    Follows ``torch.utils.data.Dataset``.
    """

    def __class_getitem__(cls, item: Any) -> Any:
        """Allow ``Dataset[T]`` in annotations."""
        return cls

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}.__getitem__")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """Samples that come one after another: a subclass gives ``__iter__``."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}.__iter__")


class TensorDataset(Dataset):
    """Samples cut from tensors along their first dimension.

    Args:
        tensors: of equal length.

    Raises:
        ShapeError: their lengths differ.

    Example:
        >>> data = TensorDataset(Tensor([[1.0], [2.0]]), Tensor([0, 1]))
        >>> len(data), data[1]
        (2, (tensor([2.]), tensor(1)))
    """

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tuple(t if isinstance(t, Tensor) else wrap(as_array(t)) for t in tensors)
        lengths = {t.shape[0] if t.ndim else None for t in self.tensors}
        if len(lengths) != 1 or None in lengths:
            shapes = ", ".join(describe(t) for t in self.tensors) or "none"
            raise ShapeError(message("TensorDataset", "tensors of one length (Size mismatch)", shapes))

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(t[index] for t in self.tensors)

    def batch(self, indices: Sequence[int]) -> list[Tensor]:
        """Return the samples of a batch at once, one tensor for each of the data set's."""
        at = np.asarray(indices)
        return [wrap(rows(t.data_array, at)) for t in self.tensors]

    def __len__(self) -> int:
        return int(self.tensors[0].shape[0])


def rows(array: jax.Array, at: np.ndarray[Any, Any]) -> jax.Array:
    """Return rows of an array, by way of the host's memory where that is where it is."""
    if next(iter(array.devices())).platform == "cpu":
        return jnp.asarray(np.asarray(array)[at])
    return jnp.take(array, jnp.asarray(at), axis=0)


class Subset(Dataset):
    """Some samples of a data set, in an order of their own."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset):
    """Data sets one after another.

    Raises:
        ArgumentError: there are none.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ArgumentError(message("ConcatDataset", "at least one data set", "an empty iterable"))
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))

    def __getitem__(self, index: int) -> Any:
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexingError(message("ConcatDataset", f"an index below {len(self)}", str(index)))
        which = bisect.bisect_right(self.cumulative_sizes, at)
        before = self.cumulative_sizes[which - 1] if which else 0
        return self.datasets[which][at - before]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


def random_split(dataset: Any, lengths: Sequence[float], generator: Any = None) -> list[Subset]:
    """Divide a data set at random into parts that do not overlap.

    Args:
        dataset: what to divide.
        lengths: how many samples each part has, or shares that add up to 1; what rounding leaves over goes
            to the first parts, one each.
        generator: where the random order comes from.

    Raises:
        ArgumentError: the lengths do not add up.
    """
    count = len(dataset)
    sizes = [int(n) for n in lengths]
    if math.isclose(sum(lengths), 1) and sum(sizes) != count:
        sizes = [math.floor(count * share) for share in lengths]
        for i in range(count - sum(sizes)):
            sizes[i % len(sizes)] += 1
    if sum(sizes) != count or any(n < 0 for n in sizes):
        expected = f"lengths that add up to the data set's {count}"
        raise ArgumentError(message("random_split", expected, f"{list(lengths)}"))
    order = permutation(count, generator).tolist()
    ends = list(itertools.accumulate(sizes))
    return [Subset(dataset, order[end - size : end]) for size, end in zip(sizes, ends, strict=True)]
