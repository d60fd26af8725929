"""Samplers: which samples, in which order, in which batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.train.data.shuffle import host_generator


class Sampler:
    """An order of samples: a subclass gives ``__iter__``, over indices.

    Follows ``torch.utils.data.Sampler``.
    """

    def __init__(self, data_source: Any = None) -> None:
        del data_source

    def __class_getitem__(cls, item: Any) -> Any:
        """Allow ``Sampler[int]`` in annotations."""
        return cls

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}.__iter__")


class SequentialSampler(Sampler):
    """0, 1, 2, …"""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """Samples in a random order, or drawn with replacement.

    Args:
        data_source: the data set.
        replacement: whether a sample can come twice.
        num_samples: how many to draw, by default as many as there are.
        generator: where the randomness comes from.

    Raises:
        ArgumentError: ``num_samples`` is not positive.
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Any = None,
    ) -> None:
        if num_samples is not None and (not isinstance(num_samples, int) or num_samples <= 0):
            got = repr(num_samples)
            raise ArgumentError(message("RandomSampler", "a positive integer as num_samples", got))
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator

    @property
    def num_samples(self) -> int:
        """How many samples there will be."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        draw, count = host_generator(self.generator), len(self.data_source)
        if self.replacement:
            yield from draw.integers(count, size=self.num_samples).tolist()
            return
        for start in range(0, self.num_samples, max(count, 1)):
            yield from draw.permutation(count)[: self.num_samples - start].tolist()

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """Given samples in a random order."""

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in host_generator(self.generator).permutation(len(self.indices)):
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Samples drawn with probabilities in proportion to weights.

    Raises:
        ArgumentError: a negative weight, or more samples than weights without replacement.
    """

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: Any = None
    ) -> None:
        values = weights.numpy() if isinstance(weights, Tensor) else weights
        self.weights = np.asarray(values, np.float64)
        if self.weights.ndim != 1 or (self.weights < 0).any() or not self.weights.sum() > 0:
            got = f"shape {self.weights.shape}, least {self.weights.min(initial=0)}"
            raise ArgumentError(message("WeightedRandomSampler", "a row of weights of at least 0", got))
        possible = int((self.weights > 0).sum())
        if (
            not isinstance(num_samples, int)
            or num_samples <= 0
            or not (replacement or num_samples <= possible)
        ):
            expected = "a positive num_samples" + ("" if replacement else f" of at most {possible}")
            raise ArgumentError(message("WeightedRandomSampler", expected, repr(num_samples)))
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        shares = self.weights / self.weights.sum()
        draw = host_generator(self.generator)
        yield from draw.choice(len(shares), self.num_samples, self.replacement, shares).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """The indices of another sampler in lists of ``batch_size``.

    Raises:
        ArgumentError: ``batch_size`` is not positive.
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            got = repr(batch_size)
            raise ArgumentError(message("BatchSampler", "a positive integer as batch_size", got))
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        batch: list[Any] = []
        for index in self.sampler:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
