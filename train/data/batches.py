"""Where the training loop gets its batches: arrays, or an iterable of the user's."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError, describe, message
from xlagrad.core.tensor import Tensor, as_array, wrap
from xlagrad.train.data.dataset import rows
from xlagrad.train.data.shuffle import epoch_order


class Batch(NamedTuple):
    """What a step gets.

    Attributes:
        x: inputs: a tensor, or a structure of tensors.
        y: targets, None if there are none.
        weight: one number for each sample, 0 for padding; None where all count alike.
        samples: how many are no padding.
    """

    x: Any
    y: Any
    weight: Any
    samples: int


class ArraySource:
    """Batches cut from arrays.

    The order of an epoch depends on the seed and the epoch's number alone, so that training can be taken up
    in the middle of one.

    Args:
        x, y, weight: arrays or structures of arrays, of one length; y and weight may be None.
        batch_size: samples in a batch.
        shuffle: a new order in each epoch.
        seed: of the orders.

    Raises:
        ShapeError: lengths differ.
        ArgumentError: no samples, or no positive ``batch_size``.
    """

    def __init__(
        self, who: str, x: Any, y: Any, weight: Any, batch_size: int, shuffle: bool, seed: int = 0
    ) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
            raise ArgumentError(message(who, "a positive integer as batch_size", repr(batch_size)))
        self._arrays = jax.tree.map(host_array, (x, y, weight), is_leaf=is_array)
        leaves = jax.tree.leaves(self._arrays)
        lengths = {a.shape[0] if a.ndim else None for a in leaves}
        if len(lengths) != 1 or None in lengths:
            shapes = ", ".join(map(describe, leaves)) or "nothing"
            raise ShapeError(message(who, "x, y and weights with as many samples each", shapes))
        self.samples: int | None = int(leaves[0].shape[0])
        if not self.samples:
            raise ArgumentError(message(who, "at least one sample", "none"))
        self.batch_size: int | None = batch_size
        self.weighted = weight is not None
        self._shuffle = shuffle
        self._seed = seed

    @property
    def steps(self) -> int | None:
        """Batches in an epoch."""
        assert self.samples is not None and self.batch_size is not None
        return -(-self.samples // self.batch_size)

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """Yield inputs, targets and weights, from batch ``start`` on."""
        assert self.samples is not None and self.batch_size is not None
        order = epoch_order(self.samples, self._seed, epoch) if self._shuffle else np.arange(self.samples)
        for begin in range(start * self.batch_size, self.samples, self.batch_size):
            at = order[begin : begin + self.batch_size]
            yield jax.tree.map(lambda a, at=at: _rows(a, at), self._arrays)


class IterableSource:
    """Batches from an iterable: a loader, a list, or a function that returns an iterator.

    Each element is ``x``, ``(x, y)`` or ``(x, y, weight)``.

    Args:
        data: the iterable. A bare iterator serves one epoch only.
        steps: batches to take in an epoch; by default all.
    """

    samples: int | None = None
    weighted = False
    batch_size: int | None = None

    def __init__(self, data: Any, steps: int | None = None) -> None:
        self._data = data
        self._steps = steps
        # An iterator is gone through once: with a number of steps its epochs follow on one another.
        self._running: Iterator[Any] | None = data if isinstance(data, Iterator) else None

    @property
    def steps(self) -> int | None:
        """Batches in an epoch, None if that is not known."""
        if self._steps is not None:
            return self._steps
        try:
            return len(self._data)
        except TypeError:
            return None

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """Yield inputs, targets and weights; the first ``start`` batches are fetched and left out."""
        for name in ("batch_sampler", "sampler", "dataset", None):
            sampler = self._data if name is None else getattr(self._data, name, None)
            if callable(set_epoch := getattr(sampler, "set_epoch", None)):
                set_epoch(epoch)
        iterator = self._running if self._running is not None else _open(self._data)
        for i, item in enumerate(iterator):
            if i >= start:
                yield _parts(item)
            if self._steps is not None and i + 1 >= self._steps:
                return


def _open(data: Any) -> Iterator[Any]:
    return iter(data() if callable(data) and not hasattr(data, "__iter__") else data)


def _parts(item: Any) -> tuple[Any, Any, Any]:
    if not isinstance(item, (tuple, list)):
        return item, None, None
    if not 1 <= len(item) <= 3:
        expected = "batches of x, (x, y) or (x, y, weight)"
        raise ArgumentError(message("Trainer", expected, f"one of {len(item)} elements"))
    return (*item, None, None)[:3]


def is_array(x: Any) -> bool:
    """Return whether ``x`` is an array, or a list that NumPy takes for one."""
    # A list of numbers is one array, as NumPy takes it; a list of arrays is a structure of them.
    if isinstance(x, list) and not any(isinstance(v, (Tensor, jax.Array, np.ndarray)) for v in x):
        return True
    return isinstance(x, (Tensor, jax.Array, np.ndarray))


def host_array(x: Any) -> Any:
    """Return data as an array to cut batches from: on the host, unless it is on an accelerator already."""
    if isinstance(x, Tensor):
        x = x.data_array
    if isinstance(x, jax.Array) and next(iter(x.devices())).platform != "cpu":
        return x
    array = np.asarray(x)
    if array.dtype.kind in "OUSMm":
        raise DtypeError(message("Trainer", "numbers", describe(array), "turn them into numbers first"))
    wide = {"f": 8, "i": 8, "u": 8, "c": 16}.get(array.dtype.kind)
    if array.dtype.itemsize == wide and not jax.config.read("jax_enable_x64"):
        return array.astype(f"{array.dtype.kind}{array.dtype.itemsize // 2}")
    return array


def _rows(array: Any, at: np.ndarray[Any, Any]) -> Any:
    return rows(array, at) if isinstance(array, jax.Array) else array[at]


def samples_of(x: Any) -> int:
    """Return how many samples a batch of inputs has."""
    leaves = jax.tree.leaves(x, is_leaf=is_array)
    shape = np.shape(leaves[0]) if leaves and not isinstance(leaves[0], Tensor) else ()
    if leaves and isinstance(leaves[0], Tensor):
        shape = tuple(leaves[0].shape)
    return int(shape[0]) if shape else 1


class Feeder:
    """Puts batches on the device a little ahead of the steps, and fills up the last one.

    Args:
        device: a JAX device, None for the default.
        ahead: how many batches to have on their way.
    """

    def __init__(self, device: Any = None, ahead: int = 2) -> None:
        self._device = device
        self._ahead = ahead

    def feed(self, batches: Iterator[tuple[Any, Any, Any]], size: int | None) -> Iterator[Batch]:
        """Yield batches on the device.

        Args:
            batches: inputs, targets, weights.
            size: samples that every batch is to have: short ones are filled up with copies of their last
                sample, which have weight 0. None leaves batches as they are.
        """
        waiting: deque[Batch] = deque()
        for x, y, weight in batches:
            waiting.append(self._batch(x, y, weight, size))
            if len(waiting) > self._ahead:
                yield waiting.popleft()
        yield from waiting

    def _batch(self, x: Any, y: Any, weight: Any, size: int | None) -> Batch:
        count = samples_of(x)
        more = 0 if size is None else size - count
        if size is not None and more >= 0:
            weight = np.ones(count, np.float32) if weight is None else np.asarray(weight, np.float32)
            weight = np.concatenate([weight, np.zeros(more, np.float32)])

        def place(a: Any) -> Tensor:
            return self._place(_filled(a, more))

        x, y = (None if v is None else jax.tree.map(place, v, is_leaf=is_array) for v in (x, y))
        return Batch(x, y, None if weight is None else self._place(weight), count)

    def _place(self, a: Any) -> Tensor:
        array: Any = as_array(a) if isinstance(a, (Tensor, jax.Array)) else host_array(a)
        tensor: Tensor = wrap(jax.device_put(array, self._device))
        return tensor


def _filled(a: Any, more: int) -> Any:
    if more <= 0:
        return a
    if isinstance(a, (Tensor, jax.Array)):
        array = as_array(a)
        return jnp.concatenate([array, jnp.repeat(array[-1:], more, axis=0)])
    host: np.ndarray[Any, Any] = np.asarray(a)
    # Copies of a real sample: zeros might be where a model divides by zero.
    return np.concatenate([host, np.repeat(host[-1:], more, axis=0)])
