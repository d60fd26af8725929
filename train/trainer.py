"""``Trainer``: a model, an optimizer, a loss and metrics, and the loop that joins them."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from xlagrad.core.compile import compile
from xlagrad.core.devices import as_device
from xlagrad.core.errors import ArgumentError, DtypeError, describe, message
from xlagrad.core.tensor import Tensor, wrap
from xlagrad.train import loop, resume, sources
from xlagrad.train.callbacks.base import Callbacks
from xlagrad.train.callbacks.files import BackupAndRestore
from xlagrad.train.callbacks.history import History
from xlagrad.train.callbacks.progress import ProgressBar
from xlagrad.train.checkpoint import Checkpoints
from xlagrad.train.data.batches import Batch, Feeder
from xlagrad.train.data.shuffle import host_generator
from xlagrad.train.epoch import Runner, evaluate, predict
from xlagrad.train.losses import Loss
from xlagrad.train.metrics.base import Metric
from xlagrad.train.metrics.mean import Mean
from xlagrad.train.metrics.resolve import resolve
from xlagrad.train.optim import OPTIMIZERS, Optimizer
from xlagrad.train.schedule import LRScheduler


class Trainer:
    """Trains, measures and applies a model.

    The step is an ordinary imperative one (``zero_grad``, ``backward``, ``step``), compiled into one
    executable with the metrics in it; nothing comes back to the host until it is shown.

    The last batch of arrays is filled up to the size of the others, its padding left out of loss and
    metrics, so that an epoch is one executable. That takes a loss with a ``reduction`` and metrics that are
    no plain functions; while training it also takes a model without BatchNorm, whose statistics padding
    would enter. Otherwise the last batch runs at its own size, which compiles a second time.

    Args:
        model: a module. Inputs in a tuple or list are passed one by one, in a dict by name.
        optimizer: an optimizer of the model's parameters, a name, or a function that makes one from them.
        loss: a function or module of predictions and targets, or a name; None if the model returns it.
        metrics: metrics, their names, or functions of predictions and targets.
        scheduler: of the optimizer's learning rate, or a function that makes one from it.
        scheduler_interval: whether the schedule steps each ``"epoch"`` or each ``"batch"``.
        clip_norm: bound for the norm of all gradients together.
        device: where to train; the model is moved there.
        run_eagerly: run the steps as plain Python, for debugging; None leaves it to the eager flag.

    Attributes:
        history: of the last ``fit``.
        epoch, batch, step: where training is: epoch and batch counted from 0, and steps in all.
        stop_training: set it to stop after the running batch.

    Example:
        >>> import numpy as np
        >>> from xlagrad.layers.linear import Linear
        >>> from xlagrad.train.optim import SGD
        >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
        >>> trainer = Trainer(Linear(1, 1), lambda p: SGD(p, lr=0.1), "mse")
        >>> history = trainer.fit(x, 3 * x, epochs=40, batch_size=8, verbose=0, seed=0)
        >>> history.history["loss"][-1] < 0.1
        True
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Sequence[Any] = (),
        *,
        scheduler: Any = None,
        scheduler_interval: str = "epoch",
        clip_norm: float | None = None,
        device: Any = None,
        run_eagerly: bool | None = None,
    ) -> None:
        if scheduler_interval not in ("epoch", "batch"):
            expected = "scheduler_interval 'epoch' or 'batch'"
            raise ArgumentError(message("Trainer", expected, repr(scheduler_interval)))
        if not callable(model):
            raise DtypeError(message("Trainer", "a module as model", describe(model)))
        self.device = None if device is None else as_device(device)
        self.model = model if device is None else model.to(self.device)
        self.optimizer = _optimizer(optimizer, model)
        self.loss = None if loss is None else Loss(loss)
        self.scheduler = _scheduler(scheduler, self.optimizer)
        self.scheduler_interval = scheduler_interval
        self.clip_norm = clip_norm
        self.run_eagerly = run_eagerly
        self.metrics = [resolve(metric) for metric in metrics]
        names = ["loss", "lr", *(metric.name for metric in self.metrics)]
        if len(set(names)) != len(names):
            raise ArgumentError(message("Trainer", "metrics of different names", ", ".join(names[2:])))
        self.trackers: list[Metric] = [Mean("loss"), *self.metrics]
        self.test_trackers = [_fresh(metric) for metric in self.trackers]
        self.epoch = self.batch = self.step = 0
        self.epochs = 0
        self.steps: int | None = None
        self.seed = 0
        self.stop_training = False
        self.history = History()
        self.callbacks = Callbacks((), self)
        self.epoch_random: Any = None
        self.last_loss: Tensor = wrap(0.0)
        self.last_samples = 0
        self._compiled: dict[Any, loop.Step] = {}

    # Steps.

    def compiled_step(self, kind: str, padding: bool = False) -> loop.Step:
        """Return a step, made at first use."""
        key = kind, padding
        if key not in self._compiled:
            if kind == "train":
                step = loop.train_step(
                    self.model,
                    self.optimizer,
                    self.loss,
                    self.trackers[0],  # type: ignore[arg-type]
                    self.metrics,
                    None if self.clip_norm is None else self._clip,
                    padding,
                )
            elif kind == "test":
                losses, *metrics = self.test_trackers
                step = loop.test_step(self.model, self.loss, losses, metrics, padding)  # type: ignore[arg-type]
            else:
                step = loop.predict_step(self.model)
            self._compiled[key] = step if self.run_eagerly else compile(step)
        return self._compiled[key]

    def _clip(self) -> None:
        assert self.optimizer is not None
        params = [p for group in self.optimizer.param_groups for p in group["params"]]
        loop.clip_gradients(params, float(self.clip_norm or 0.0))

    # Training.

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        *,
        sample_weight: Any = None,
        batch_size: int = 32,
        epochs: int = 1,
        validation_data: Any = None,
        validation_split: float = 0.0,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        callbacks: Iterable[Any] = (),
        shuffle: bool = True,
        verbose: str | int = "auto",
        seed: int | None = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        resume: str | os.PathLike[str] | None = None,
        pad: bool | None = None,
    ) -> History:
        """Train the model.

        Args:
            x: inputs: arrays, or an iterable of batches ``x``, ``(x, y)`` or ``(x, y, weight)``.
            y, sample_weight: targets, and how much each sample counts, for arrays.
            batch_size: samples in a batch, for arrays.
            epochs: where to stop; ``initial_epoch`` of them are taken as done.
            validation_data: ``(x, y)``, ``(x, y, weight)`` or an iterable, to measure on after an epoch.
            validation_split: the share of the arrays, from their end, to measure on instead.
            validation_batch_size: samples in its batches, by default as in training.
            validation_freq: after how many epochs to measure.
            callbacks: called at points of training.
            shuffle: take arrays in a new random order in each epoch.
            verbose: 0 for silence, 1 for a bar, 2 for a line an epoch, ``"auto"`` by where the output goes.
            seed: of the orders; by default drawn from the random stream, which ``manual_seed`` starts.
            initial_epoch: the epoch to begin with.
            steps_per_epoch: batches in an epoch, for iterables.
            resume: a directory of checkpoints: go on from the newest one there.
            pad: whether to fill up the last batch; None decides by loss, metrics and model.

        Returns:
            What every epoch came to, in ``.history``.

        Raises:
            ArgumentError: data or settings that do not fit together.
            StateError: ``resume`` without a checkpoint there.
        """
        if self.optimizer is None:
            raise ArgumentError(message("Trainer.fit", "an optimizer", "none", "pass optimizer= to Trainer"))
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = sources.hold_out(x, y, sample_weight, validation_split)
        self._start(epochs, initial_epoch, seed, [ProgressBar(verbose), *callbacks])
        self._go_on(resume)
        data = sources.source(
            "Trainer.fit", x, y, sample_weight, batch_size, shuffle, self.seed, steps_per_epoch
        )
        tests = self._tests(validation_data, validation_batch_size or batch_size, pad)
        runner = Runner(self, data, tests, self._size(data, True, pad), validation_freq)
        return runner.run()

    def _start(self, epochs: int, epoch: int, seed: int | None, callbacks: list[Any]) -> None:
        """Set everything to how training begins."""
        if not isinstance(epochs, int) or epochs < 0:
            raise ArgumentError(message("Trainer.fit", "a number of epochs", repr(epochs)))
        self.epochs, self.epoch, self.batch, self.step = epochs, epoch, 0, 0
        self.stop_training = False
        self.seed = int(host_generator().integers(2**31)) if seed is None else seed
        self.history = History()
        self.callbacks = Callbacks([self.history, *callbacks], self)

    def _tests(self, data: Any, batch_size: int, pad: bool | None) -> Callable[[Callbacks], Any] | None:
        """Return a function that validates, None if there is nothing to validate on."""
        if data is None:
            return None
        arrays = isinstance(data, (tuple, list)) and 1 <= len(data) <= 3
        x, y, weight = (*data, None, None)[:3] if arrays else (data, None, None)
        source = sources.source("Trainer.fit", x, y, weight, batch_size, False)
        return lambda callbacks: evaluate(self, source, self._size(source, False, pad), callbacks)

    def _go_on(self, path: Any) -> None:
        """Take up a training that was interrupted."""
        if path is not None:
            with Checkpoints(path, keep=None) as checkpoints:
                self.load_state_dict(checkpoints.restore())
        for callback in self.callbacks:
            if isinstance(callback, BackupAndRestore) and callback.restore and path is None:
                if callback.checkpoints.latest() is not None:
                    self.load_state_dict(callback.checkpoints.restore())

    def _size(self, data: sources.Source, training: bool, pad: bool | None) -> int | None:
        """Return the size that batches are filled up to, None to leave them."""
        if pad is None:
            pad = sources.can_pad(self.loss, self.metrics)
            pad = pad and not (training and sources.mixes_samples(self.model))
        return data.batch_size if pad else None

    def batches(self, data: sources.Source, epoch: int, start: int, size: int | None) -> Iterator[Batch]:
        """Yield an epoch's batches on the device."""
        device = None if self.device is None else self.device.jax
        return Feeder(device).feed(data.batches(epoch, start), size)

    # Measuring and applying.

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        *,
        sample_weight: Any = None,
        batch_size: int = 32,
        callbacks: Iterable[Any] = (),
        pad: bool | None = None,
    ) -> dict[str, Any]:
        """Return the loss and the metrics on data.

        Args:
            x, y, sample_weight, batch_size, callbacks, pad: as for :meth:`fit`.

        Raises:
            ArgumentError: data that does not fit together.
        """
        data = sources.source("Trainer.evaluate", x, y, sample_weight, batch_size, False)
        logs = evaluate(self, data, self._size(data, False, pad), Callbacks(callbacks, self))
        return dict(logs)

    def predict(self, x: Any, *, batch_size: int = 32, callbacks: Iterable[Any] = ()) -> Any:
        """Return the model's predictions as NumPy arrays, structured as the model returns them.

        Args:
            x: inputs: arrays, or an iterable of batches, whose targets are not used.
            batch_size, callbacks: as for :meth:`fit`.
        """
        data = sources.source("Trainer.predict", x, None, None, batch_size, False)
        return predict(self, data, data.batch_size, Callbacks(callbacks, self))

    # State.

    def state_dict(self) -> dict[str, Any]:
        """Return everything that training needs to go on from here, bit for bit."""
        return resume.collect(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned.

        Raises:
            StateError: it is another trainer's.
        """
        resume.restore(self, state_dict)

    def say(self, text: str) -> None:
        """Print a line, without disturbing the progress bar."""
        bars = [c for c in self.callbacks if isinstance(c, ProgressBar)]
        if not any(bar.say(text) for bar in bars) and not bars:
            sys.stdout.write(text + "\n")


def _optimizer(given: Any, model: Any) -> Optimizer | None:
    """Return the optimizer that an optimizer, a name or a function of parameters stands for."""
    if given is None or isinstance(given, Optimizer):
        return given
    if isinstance(given, str) and given in OPTIMIZERS:
        given = OPTIMIZERS[given]
    if not callable(given):
        expected = f"an optimizer, a function of the parameters, or one of {', '.join(OPTIMIZERS)}"
        raise ArgumentError(message("Trainer", expected, repr(given)))
    made = given(model.parameters())
    if not isinstance(made, Optimizer):
        raise DtypeError(message("Trainer", "a function that makes an optimizer", describe(made)))
    return made


def _scheduler(given: Any, optimizer: Optimizer | None) -> LRScheduler | None:
    """Return the schedule that a schedule, or a function of the optimizer, stands for."""
    if given is None or isinstance(given, LRScheduler):
        return given
    made = given(optimizer) if callable(given) else given
    if not isinstance(made, LRScheduler):
        expected = "a scheduler, or a function of the optimizer that makes one"
        raise DtypeError(message("Trainer", expected, describe(made)))
    return made


def _fresh(metric: Metric) -> Metric:
    """Return a metric of the same settings with sums of its own."""
    other = copy.copy(metric)
    other._sums = None
    return other
