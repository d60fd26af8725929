"""From a data set to batches of tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from xlagrad.core.dtypes import get_default_dtype
from xlagrad.core.errors import ArgumentError, DtypeError, message
from xlagrad.core.tensor import Tensor, as_array, wrap
from xlagrad.train.data.dataset import IterableDataset
from xlagrad.train.data.sampler import BatchSampler, RandomSampler, SequentialSampler


def default_convert(data: Any) -> Any:
    """Return a sample with its arrays as tensors, structure kept."""
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind not in "SUO":
        return wrap(as_array(np.asarray(data)))
    if isinstance(data, Mapping):
        return {key: default_convert(value) for key, value in data.items()}
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, (list, tuple)):
        return [default_convert(value) for value in data]
    return data


def default_collate(batch: list[Any]) -> Any:
    """Return one batch from a list of samples: arrays and numbers stacked, structure kept.

    Args:
        batch: samples of one structure; strings are kept as a list.

    Raises:
        ArgumentError: samples that are sequences of different lengths.
        DtypeError: something that cannot be stacked.

    Example:
        >>> default_collate([(1.0, 0), (2.0, 1)])
        [tensor([1., 2.]), tensor([0, 1])]

    Deviation from torch: Python floats become the default float type, not float64.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return wrap(as_array(np.stack([t.detach().numpy() for t in batch])))
    if isinstance(first, (np.ndarray, np.generic)) and first.dtype.kind not in "SUO":
        return wrap(as_array(np.stack(batch)))
    if isinstance(first, float):
        return wrap(as_array(np.asarray(batch), get_default_dtype()))
    if isinstance(first, (bool, int)):
        return wrap(as_array(np.asarray(batch)))
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return {key: default_collate([sample[key] for sample in batch]) for key in first}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(list(column)) for column in zip(*batch, strict=True)))
    if isinstance(first, (list, tuple)):
        if len({len(sample) for sample in batch}) != 1:
            expected = "each element in list of batch of equal size"
            lengths = sorted({len(sample) for sample in batch})
            raise ArgumentError(message("default_collate", expected, f"lengths {lengths}"))
        return [default_collate(list(column)) for column in zip(*batch, strict=True)]
    expected = "batches of tensors, numpy arrays, numbers, dicts or lists"
    raise DtypeError(message("default_collate", expected, type(first).__name__, "pass collate_fn="))


class DataLoader:
    """Batches of a data set, as an iterable that can be gone through again and again.

    Args:
        dataset: with ``__getitem__`` and ``__len__``, or an :class:`IterableDataset`.
        batch_size: samples in a batch; None gives single samples.
        shuffle: a new random order each time.
        sampler: the order instead, over indices.
        batch_sampler: the batches instead, lists of indices.
        collate_fn: makes a batch from a list of samples.
        drop_last: leave out a last batch that is not full.
        generator: where the random order comes from.
        num_workers, pin_memory, timeout, worker_init_fn, multiprocessing_context, prefetch_factor,
            persistent_workers, pin_memory_device, in_order: accepted for torch's sake; samples are fetched
            in this process.

    Raises:
        ArgumentError: arguments that exclude each other.

    Follows ``torch.utils.data.DataLoader``. A :class:`~xlagrad.train.data.TensorDataset` is cut into batches
    at once instead of sample by sample.

    Example:
        >>> from xlagrad.train.data import TensorDataset
        >>> loader = DataLoader(TensorDataset(Tensor([1.0, 2.0, 3.0])), batch_size=2)
        >>> [x.tolist() for (x,) in loader]
        [[1.0, 2.0], [3.0]]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Any = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        del worker_init_fn, multiprocessing_context, prefetch_factor, persistent_workers, in_order
        del pin_memory_device, timeout
        iterable = isinstance(dataset, IterableDataset)
        _check(iterable, shuffle, sampler, batch_sampler, batch_size, drop_last, num_workers)
        self.dataset = dataset
        self.num_workers = num_workers
        self.pin_memory = pin_memory
        self.generator = generator
        if sampler is None and not iterable:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is not None:
            batch_size, drop_last = None, False
        elif batch_size is not None and not iterable:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        single = batch_sampler is None and batch_size is None
        self.collate_fn = collate_fn or (default_convert if single else default_collate)

    def __iter__(self) -> Iterator[Any]:
        if isinstance(self.dataset, IterableDataset):
            return self._stream()
        if self.batch_sampler is None:
            return (self.collate_fn(self.dataset[i]) for i in self.sampler)
        at_once = getattr(self.dataset, "batch", None)
        if at_once is not None and self.collate_fn is default_collate:
            return (at_once(indices) for indices in self.batch_sampler)
        return (self.collate_fn(self._fetch(indices)) for indices in self.batch_sampler)

    def _fetch(self, indices: list[Any]) -> list[Any]:
        many = getattr(self.dataset, "__getitems__", None)
        return many(indices) if many is not None else [self.dataset[i] for i in indices]

    def _stream(self) -> Iterator[Any]:
        if self.batch_size is None:
            yield from map(self.collate_fn, self.dataset)
            return
        yield from map(self.collate_fn, BatchSampler(self.dataset, self.batch_size, self.drop_last))

    def __len__(self) -> int:
        if isinstance(self.dataset, IterableDataset):
            count = len(self.dataset)  # type: ignore[arg-type]
            if self.batch_size is None:
                return count
            return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)


def _check(
    iterable: bool,
    shuffle: bool | None,
    sampler: Any,
    batch_sampler: Any,
    batch_size: int | None,
    drop_last: bool,
    num_workers: int,
) -> None:
    def refuse(expected: str, got: str) -> None:
        raise ArgumentError(message("DataLoader", expected, got))

    if num_workers < 0:
        refuse("num_workers of at least 0", str(num_workers))
    if iterable and (shuffle or sampler is not None or batch_sampler is not None):
        refuse("an IterableDataset with an order of its own", "shuffle, sampler or batch_sampler")
    if sampler is not None and shuffle:
        refuse("either sampler or shuffle (they are mutually exclusive)", "both")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        given = "batch_size, shuffle, sampler or drop_last besides"
        refuse("batch_sampler alone (it is mutually exclusive with them)", given)
    if batch_size is None and drop_last:
        refuse("a batch_size for drop_last", "None")
