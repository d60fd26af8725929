"""Small callbacks: functions, schedules by epoch, an end at NaN."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.train.callbacks.base import Callback
from xlagrad.train.logs import Logs


class LambdaCallback(Callback):
    """A callback made of functions, by the names of the methods that they stand for.

    Args:
        functions: such as ``on_epoch_end=lambda epoch, logs: ...``.

    Raises:
        ArgumentError: a name that callbacks do not have.
    """

    def __init__(self, **functions: Callable[..., Any] | None) -> None:
        for name, function in functions.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                points = ", ".join(n for n in dir(Callback) if n.startswith("on_"))
                raise ArgumentError(message("LambdaCallback", f"names among {points}", repr(name)))
            if function is not None:
                setattr(self, name, function)


class LearningRateScheduler(Callback):
    """Set the learning rate at the start of each epoch.

    Args:
        schedule: from the epoch (from 0) and the present rate to the new one.
        verbose: say what it is.
    """

    def __init__(self, schedule: Callable[[int, float], float], verbose: int = 0) -> None:
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Set the rate."""
        for group in self.trainer.optimizer.param_groups:
            group["lr"] = float(self.schedule(epoch, float(group["lr"])))
        if self.verbose:
            rate = float(self.trainer.optimizer.param_groups[0]["lr"])
            self.trainer.say(f"Epoch {epoch + 1}: learning rate {rate:.6g}")


class TerminateOnNaN(Callback):
    """Stop when the loss of a batch is NaN or infinite.

    The losses are looked at as the device finishes them, without waiting: training stops a few batches
    later at most, and an epoch never ends unnoticed.
    """

    begins_again = True

    def __init__(self) -> None:
        self._running: deque[tuple[int, Any]] = deque()

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Forget what came before."""
        self._running.clear()

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Look at the losses that are done."""
        self._running.append((batch, self.trainer.last_loss.data_array))
        self._look(wait=False)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Look at the rest."""
        self._look(wait=True)

    def _look(self, wait: bool) -> None:
        while self._running and (wait or self._running[0][1].is_ready()):
            batch, loss = self._running.popleft()
            if not math.isfinite(float(loss)) and not self.trainer.stop_training:
                self.trainer.stop_training = True
                self.trainer.say(f"Batch {batch + 1}: the loss is {float(loss)}; training stops")
