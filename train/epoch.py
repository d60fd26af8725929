"""The loops over epochs and batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import jax
import numpy as np

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor, as_array, wrap
from xlagrad.train.callbacks.base import Callbacks
from xlagrad.train.data.batches import ArraySource, Batch, IterableSource, is_array
from xlagrad.train.logs import Logs
from xlagrad.train.resume import random_state, set_random_state
from xlagrad.train.schedule import ReduceLROnPlateau

# How many steps the host may be ahead of the device: enough to keep it busy, and no more batches in memory.
_AHEAD = 16


class Queue:
    """Lets the host run ahead of the device by a fixed number of steps."""

    def __init__(self) -> None:
        self._running: deque[Any] = deque()

    def add(self, result: Any) -> None:
        """Note a step's result, and wait for an old one if there are too many."""
        self._running.append(result)
        if len(self._running) > _AHEAD:
            jax.block_until_ready(self._running.popleft())


class Counted:
    """Numbers of samples as tensors, one for each number, so that they are no part of a signature."""

    def __init__(self) -> None:
        self._known: dict[int, Tensor] = {}

    def __getitem__(self, samples: int) -> Tensor:
        if samples not in self._known:
            self._known[samples] = wrap(as_array(np.float32(samples)))
        return self._known[samples]


class Runner:
    """One run of ``fit``.

    Args:
        trainer: whose.
        data: to train on.
        validate: measures the model after an epoch; None to leave it out.
        size: samples that batches are filled up to, None to leave them.
        validation_freq: after how many epochs to validate.
    """

    def __init__(
        self,
        trainer: Any,
        data: ArraySource | IterableSource,
        validate: Callable[[Callbacks], Logs] | None,
        size: int | None,
        validation_freq: int,
    ) -> None:
        if not isinstance(validation_freq, int) or validation_freq < 1:
            got = repr(validation_freq)
            raise ArgumentError(message("Trainer.fit", "a positive integer as validation_freq", got))
        self._trainer = trainer
        self._data = data
        self._validate = validate
        self._size = size
        self._freq = validation_freq
        self._queue = Queue()
        self._counted = Counted()

    def run(self) -> Any:
        """Train until the last epoch, or until somebody stops it."""
        trainer, callbacks = self._trainer, self._trainer.callbacks
        mode = getattr(trainer.model, "training", True)
        trainer.steps = self._data.steps
        try:
            callbacks.call("on_train_begin", Logs(dict))
            while trainer.epoch < trainer.epochs and not trainer.stop_training:
                self._epoch()
            callbacks.call("on_train_end", Logs(self._numbers))
        except BaseException as error:
            callbacks.call("on_exception", error)
            raise
        finally:
            set_mode(trainer.model, mode)
        return trainer.history

    def _epoch(self) -> None:
        trainer, callbacks = self._trainer, self._trainer.callbacks
        set_mode(trainer.model, True)
        logs = Logs(self._numbers)
        if trainer.batch:
            for callback in callbacks:
                if callback.begins_again:
                    callback.on_epoch_begin(trainer.epoch, logs)
        else:
            for metric in trainer.trackers:
                metric.reset()
            trainer.epoch_random = random_state()
            callbacks.call("on_epoch_begin", trainer.epoch, logs)
        self._batches()
        found = dict(Logs(self._numbers))
        if self._validate is not None and (trainer.epoch + 1) % self._freq == 0:
            found |= {f"val_{name}": value for name, value in self._validate(callbacks).items()}
        found["lr"] = float(trainer.optimizer.param_groups[0]["lr"])
        if trainer.scheduler is not None and trainer.scheduler_interval == "epoch":
            self._schedule(found)
        epoch = trainer.epoch
        trainer.epoch, trainer.batch = epoch + 1, 0
        callbacks.call("on_epoch_end", epoch, Logs(lambda: found))

    def _schedule(self, found: dict[str, Any]) -> None:
        scheduler = self._trainer.scheduler
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(found.get("val_loss", found["loss"]))
        else:
            scheduler.step()

    def _numbers(self) -> dict[str, Any]:
        return {metric.name: metric.result().data_array for metric in self._trainer.trackers}

    def _opened(self) -> Iterator[Batch]:
        """Return the rest of the epoch's batches."""
        trainer = self._trainer
        start = trainer.batch
        if not start:
            return trainer.batches(self._data, trainer.epoch, 0, self._size)
        # The data's order was drawn when the epoch began: draw it again, and go on from now.
        now = random_state()
        set_random_state(trainer.epoch_random)
        batches = trainer.batches(self._data, trainer.epoch, start, self._size)
        first = list(_first(batches))
        set_random_state(now)
        return chain(first, batches)

    def _batches(self) -> None:
        trainer, callbacks = self._trainer, self._trainer.callbacks
        step = trainer.compiled_step("train", self._size is not None and not self._data.weighted)
        by_batch = trainer.scheduler if trainer.scheduler_interval == "batch" else None
        for batch in self._opened():
            index = trainer.batch
            callbacks.call("on_train_batch_begin", index, Logs(self._numbers))
            samples = self._counted[batch.samples] if batch.weight is None else None
            loss = step(batch.x, batch.y, batch.weight, samples)
            trainer.last_loss, trainer.last_samples = loss, batch.samples
            trainer.batch, trainer.step = index + 1, trainer.step + 1
            self._queue.add(loss.data_array)
            if by_batch is not None:
                by_batch.step()
            callbacks.call("on_train_batch_end", index, Logs(self._numbers))
            if trainer.stop_training:
                return
        if not trainer.batch:
            fix = "pass something that can be gone through again, or steps_per_epoch="
            raise ArgumentError(message("Trainer.fit", f"batches in epoch {trainer.epoch + 1}", "none", fix))


def _first(batches: Iterator[Batch]) -> Iterator[Batch]:
    for batch in batches:
        yield batch
        return


def set_mode(model: Any, training: bool) -> None:
    """Set a module's mode, if it has one and is in another."""
    if getattr(model, "training", training) is not training:
        model.train(training)


def evaluate(trainer: Any, data: Any, size: int | None, callbacks: Callbacks) -> Logs:
    """Return the loss and the metrics on data, as numbers."""
    mode = getattr(trainer.model, "training", False)
    step = trainer.compiled_step("test", size is not None and not data.weighted)
    queue, counted = Queue(), Counted()

    def numbers() -> dict[str, Any]:
        return {metric.name: metric.result().data_array for metric in trainer.test_trackers}

    for metric in trainer.test_trackers:
        metric.reset()
    set_mode(trainer.model, False)
    try:
        callbacks.call("on_test_begin", Logs(dict))
        for i, batch in enumerate(trainer.batches(data, 0, 0, size)):
            callbacks.call("on_test_batch_begin", i, Logs(numbers))
            samples = counted[batch.samples] if batch.weight is None else None
            queue.add(step(batch.x, batch.y, batch.weight, samples).data_array)
            trainer.last_samples = batch.samples
            callbacks.call("on_test_batch_end", i, Logs(numbers))
        found = dict(Logs(numbers))
        callbacks.call("on_test_end", Logs(lambda: found))
    finally:
        set_mode(trainer.model, mode)
    return Logs(lambda: found)


def predict(trainer: Any, data: Any, size: int | None, callbacks: Callbacks) -> Any:
    """Return the model's predictions, the batches' put together again."""
    mode = getattr(trainer.model, "training", False)
    step, parts = trainer.compiled_step("predict"), []
    set_mode(trainer.model, False)
    try:
        callbacks.call("on_predict_begin", Logs(dict))
        for i, batch in enumerate(trainer.batches(data, 0, 0, size)):
            callbacks.call("on_predict_batch_begin", i, Logs(dict))
            parts.append((jax.tree.map(as_array, step(batch.x), is_leaf=is_array), batch.samples))
            if len(parts) > _AHEAD:
                parts[-_AHEAD - 1] = _on_host(*parts[-_AHEAD - 1])
            callbacks.call("on_predict_batch_end", i, Logs(dict))
        callbacks.call("on_predict_end", Logs(dict))
    finally:
        set_mode(trainer.model, mode)
    if not parts:
        raise ArgumentError(message("Trainer.predict", "at least one batch", "none"))
    outputs = [_on_host(*part)[0] for part in parts]
    return jax.tree.map(lambda *rows: np.concatenate(rows), *outputs)


def _on_host(outputs: Any, samples: int) -> tuple[Any, int]:
    return jax.tree.map(lambda a: np.asarray(a)[:samples], outputs), samples
