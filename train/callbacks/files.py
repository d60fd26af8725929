"""Callbacks that write files: weights, checkpoints, tables."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.train.callbacks.base import Callback
from xlagrad.train.callbacks.monitor import Monitor
from xlagrad.train.checkpoint import Checkpoints
from xlagrad.train.logs import Logs
from xlagrad.train.weights import save_weights


class ModelCheckpoint(Monitor):
    """Save the model's weights as training goes on.

    Args:
        filepath: a safetensors file. ``{epoch}`` (from 1) and the logs' names are filled in, as in
            ``"best-{epoch:02d}-{val_loss:.3f}.safetensors"``.
        monitor: what to compare by.
        verbose: say so when something is saved.
        save_best_only: only when ``monitor`` is better than ever.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        save_freq: ``"epoch"``, or after how many batches.
        initial_value_threshold: what ``monitor`` must better from the start.

    Raises:
        ArgumentError: ``save_freq`` is neither ``"epoch"`` nor a positive integer, or batches with
            ``save_best_only``.
    """

    order = 10

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        check_freq("ModelCheckpoint", save_freq)
        if save_best_only and save_freq != "epoch":
            expected = "save_freq='epoch' with save_best_only"
            raise ArgumentError(message("ModelCheckpoint", expected, repr(save_freq)))
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_freq = save_freq
        if initial_value_threshold is not None:
            self.best = initial_value_threshold

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Save after so many batches."""
        if isinstance(self.save_freq, int) and self.trainer.step % self.save_freq == 0:
            self._save(self.trainer.epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Save after the epoch, if it is time and good enough."""
        if self.save_freq != "epoch":
            return
        if self.save_best_only:
            value = self.value(logs)
            if value is None or not self.is_better(value, self.best):
                return
            self.best = value
        self._save(epoch, logs)

    def _save(self, epoch: int, logs: Logs) -> None:
        path = self.filepath
        if "{" in path:
            try:
                path = path.format(epoch=epoch + 1, **logs)
            except KeyError as error:
                expected = f"names of logs in filepath: {', '.join(logs)}"
                raise ArgumentError(message("ModelCheckpoint", expected, str(error))) from error
        save_weights(self.model, path, {"epoch": str(epoch + 1)})
        if self.verbose:
            self.trainer.say(f"Epoch {epoch + 1}: saved {path}")


class BackupAndRestore(Callback):
    """Keep checkpoints of everything, so that training that was interrupted goes on as if it had not been.

    At the start the newest checkpoint in the directory, if there is one, is restored. What follows is equal
    bit for bit to a run without interruption.

    Args:
        backup_dir: where the checkpoints are.
        save_freq: ``"epoch"``, or after how many batches.
        keep: how many to keep.
        restore: whether to go on from what is there.

    Raises:
        ArgumentError: ``save_freq`` is neither ``"epoch"`` nor a positive integer.

    Follows ``keras.callbacks.BackupAndRestore``, but leaves the checkpoints there at the end.
    """

    # Last of all, so that the other callbacks' state is that after the epoch.
    order = 100

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        keep: int = 2,
        restore: bool = True,
    ) -> None:
        check_freq("BackupAndRestore", save_freq)
        self.checkpoints = Checkpoints(backup_dir, keep)
        self.save_freq = save_freq
        self.restore = restore

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Save after so many batches."""
        if isinstance(self.save_freq, int) and self.trainer.step % self.save_freq == 0:
            self.checkpoints.save(self.trainer.step, self.trainer.state_dict())

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Save after the epoch."""
        self.checkpoints.save(self.trainer.step, self.trainer.state_dict())

    def on_train_end(self, logs: Logs) -> None:
        """Let go of the directory."""
        self.checkpoints.close()

    def on_exception(self, error: BaseException) -> None:
        """Let go of the directory."""
        self.checkpoints.close()


class CSVLogger(Callback):
    """Write the numbers of each epoch as a line of a table.

    Args:
        filename: the file.
        separator: between columns.
        append: go on with a table that is there.
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        self.filename = Path(filename)
        self.separator = separator
        self.append = append
        self._names: list[str] | None = None

    def on_train_begin(self, logs: Logs) -> None:
        """Begin the table, or read its head."""
        self.filename.parent.mkdir(parents=True, exist_ok=True)
        going_on = self.append or self.trainer.epoch > 0
        self._names = None
        if going_on and self.filename.exists() and self.filename.stat().st_size:
            with self.filename.open(newline="") as file:
                self._names = next(csv.reader(file, delimiter=self.separator))
        else:
            self.filename.write_text("")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write a line."""
        values = {"epoch": epoch, **logs}
        with self.filename.open("a", newline="") as file:
            writer = csv.writer(file, delimiter=self.separator, lineterminator="\n")
            if self._names is None:
                self._names = list(values)
                writer.writerow(self._names)
            writer.writerow([values.get(name, "") for name in self._names])


def check_freq(who: str, save_freq: Any) -> None:
    """Raise unless ``save_freq`` is ``"epoch"`` or a positive integer."""
    number = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
    if save_freq != "epoch" and not number:
        raise ArgumentError(message(who, "save_freq 'epoch' or a number of batches", repr(save_freq)))
