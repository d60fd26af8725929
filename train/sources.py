"""From what users pass as data to the batches of an epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax

from xlagrad.core.errors import ArgumentError, message
from xlagrad.layers.batchnorm import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)
from xlagrad.train.data.batches import ArraySource, IterableSource, host_array, is_array
from xlagrad.train.losses import Loss
from xlagrad.train.metrics.base import Metric
from xlagrad.train.metrics.mean import MeanOf

Source = ArraySource | IterableSource

_MIXERS = (BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d)


def source(
    who: str,
    x: Any,
    y: Any,
    weight: Any,
    batch_size: int,
    shuffle: bool,
    seed: int = 0,
    steps: int | None = None,
) -> Source:
    """Return where batches come from: arrays (or structures of them), or an iterable of batches.

    Raises:
        ArgumentError: targets or weights besides an iterable, which has its own.
    """
    if is_arrays(x):
        return ArraySource(who, x, y, weight, batch_size, shuffle, seed)
    if y is not None or weight is not None:
        expected = "x alone where it is an iterable of batches"
        raise ArgumentError(message(who, expected, "y or weights besides", "yield (x, y) from it"))
    if not hasattr(x, "__iter__") and not callable(x):
        expected = "arrays, or an iterable of batches"
        raise ArgumentError(message(who, expected, type(x).__name__, "pass x=, y= or a DataLoader"))
    return IterableSource(x, steps)


def is_arrays(x: Any) -> bool:
    """Return whether ``x`` is an array, or a tuple, list or dict of arrays.

    A list with tuples in it is a list of batches: ``(x, y)`` each.
    """
    if isinstance(x, Mapping):
        return bool(x) and all(map(is_arrays, x.values()))
    if isinstance(x, tuple):
        return bool(x) and all(map(is_arrays, x))
    if isinstance(x, list) and (not x or any(isinstance(v, (tuple, Mapping)) for v in x)):
        return False
    return is_array(x) or (isinstance(x, list) and all(map(is_arrays, x)))


def hold_out(x: Any, y: Any, weight: Any, share: float) -> tuple[Any, Any]:
    """Divide arrays into a first part to train on and a last part to validate on.

    Returns:
        ``(x, y, weight)`` of either part.

    Raises:
        ArgumentError: a share outside (0, 1), one that leaves a part empty, or data that is no arrays.
    """
    who = "Trainer.fit"
    if not 0 < share < 1:
        raise ArgumentError(message(who, "validation_split between 0 and 1", str(share)))
    if not is_arrays(x):
        fix = "pass validation_data="
        raise ArgumentError(message(who, "arrays for validation_split", type(x).__name__, fix))
    arrays = jax.tree.map(host_array, (x, y, weight), is_leaf=is_array)
    count = jax.tree.leaves(arrays)[0].shape[0]
    at = int(count * (1 - share))
    if not 0 < at < count:
        raise ArgumentError(message(who, "samples in both parts", f"{at} and {count - at} of {count}"))
    return jax.tree.map(lambda a: a[:at], arrays), jax.tree.map(lambda a: a[at:], arrays)


def mixes_samples(model: Any) -> bool:
    """Return whether a sample's outputs in training depend on the others of its batch, as far as known."""
    modules = model.modules() if hasattr(model, "modules") else [model]
    # What happens inside a module of flax's is not to be seen from here.
    return any(isinstance(m, _MIXERS) or hasattr(m, "flax_module") for m in modules)


def can_pad(loss: Loss | None, metrics: list[Metric]) -> bool:
    """Return whether samples can be left out of the loss and of every metric."""
    return loss is not None and loss.maskable and not any(isinstance(m, MeanOf) for m in metrics)
