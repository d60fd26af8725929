"""Random orders of samples, made on the host from the device's random stream."""

from __future__ import annotations

from typing import Any

import numpy as np

from xlagrad.core.random import next_key

Order = np.ndarray[Any, np.dtype[np.int64]]


def host_generator(generator: Any = None) -> np.random.Generator:
    """Return NumPy's generator, seeded by one draw from a stream of the library's.

    Sample orders are wanted on the host: the stream decides them, and the host makes them.
    """
    words = np.asarray(next_key(generator)).astype(np.uint64)
    return np.random.Generator(np.random.Philox(key=words))


def permutation(count: int, generator: Any = None) -> Order:
    """Return 0 … count - 1 in a random order."""
    return host_generator(generator).permutation(count)


def epoch_order(count: int, seed: int, epoch: int) -> Order:
    """Return the order of an epoch, which the seed and the epoch's number alone decide.

    An interrupted epoch can therefore go on anywhere without any state.
    """
    key = np.asarray([seed % 2**64, epoch], np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).permutation(count)
