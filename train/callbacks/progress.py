"""The callback that shows training."""

from __future__ import annotations

import math

from xlagrad.train.callbacks.base import Callback
from xlagrad.train.callbacks.history import goes_up
from xlagrad.train.logs import Logs
from xlagrad.train.progress import Lines, display


class ProgressBar(Callback):
    """Show progress, the numbers so far, throughput and the time that is left.

    On a terminal a live bar, which leaves a line for each epoch; elsewhere the line alone. The numbers are
    fetched from the device a few times a second, not at every batch.

    Args:
        verbose: 0 for nothing, 1 for a live bar, 2 for lines, ``"auto"`` by where the output goes.
    """

    begins_again = True

    def __init__(self, verbose: str | int = "auto") -> None:
        self.verbose = verbose
        self._display: Lines | None = None
        self._best = math.inf

    def on_train_begin(self, logs: Logs) -> None:
        """Open the display."""
        self._display = display(self.verbose, self.trainer.epochs)
        self._best = math.inf

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Start the epoch's bar."""
        if self._display is not None:
            self._display.begin(epoch, self.trainer.steps)

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Move the bar."""
        if self._display is not None:
            self._display.advance(self.trainer.last_samples, logs)

    def on_test_batch_end(self, batch: int, logs: Logs) -> None:
        """Show that validation goes on."""
        if self._display is not None:
            self._display.advance(self.trainer.last_samples, logs, "validating")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Leave the epoch's line, marked if it is the best so far."""
        if self._display is None:
            return
        name = "val_loss" if "val_loss" in logs else "loss"
        value = float(logs[name]) * (-1 if goes_up(name) else 1)
        best = value < self._best
        self._best = min(self._best, value)
        self._display.end(logs, best and name == "val_loss")

    def say(self, text: str) -> bool:
        """Print a line without disturbing the bar; return whether there is a display."""
        if self._display is not None:
            self._display.say(text)
        return self._display is not None

    def on_train_end(self, logs: Logs) -> None:
        """Close the display."""
        if self._display is not None:
            self._display.close()

    def on_exception(self, error: BaseException) -> None:
        """Close the display."""
        if self._display is not None:
            self._display.close()
