"""Callbacks that follow one quantity: stop, reduce the rate, keep the best."""

from __future__ import annotations

import math
import warnings
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import as_array
from xlagrad.train.callbacks.base import Callback
from xlagrad.train.callbacks.history import goes_up
from xlagrad.train.logs import Logs


class Monitor(Callback):
    """A callback that looks at one quantity at the end of each epoch.

    Args:
        monitor: its name; validation's begin with ``val_``.
        mode: ``"min"`` if less is better, ``"max"`` if more is, ``"auto"`` by the name.
        min_delta: by how much a value must be better to count as better.

    Raises:
        ArgumentError: an unknown mode, or a negative ``min_delta``.
    """

    def __init__(self, monitor: str, mode: str = "auto", min_delta: float = 0.0) -> None:
        who = type(self).__name__
        if mode not in ("auto", "min", "max"):
            raise ArgumentError(message(who, "mode 'auto', 'min' or 'max'", repr(mode)))
        if min_delta < 0:
            raise ArgumentError(message(who, "min_delta of at least 0", str(min_delta)))
        self.monitor = monitor
        self.min_delta = min_delta
        self.sign = -1.0 if goes_up(monitor, mode) else 1.0
        self.best = self.sign * math.inf

    def value(self, logs: Logs) -> float | None:
        """Return the quantity, None with a warning if it is not there."""
        if self.monitor in logs:
            return float(logs[self.monitor])
        known = ", ".join(logs)
        text = message(type(self).__name__, f"{self.monitor!r} among the logs", known, "monitor one of those")
        warnings.warn(text, UserWarning, stacklevel=2)
        return None

    def is_better(self, value: float, than: float) -> bool:
        """Return whether a value is better than another by more than ``min_delta``; NaN never is."""
        return self.sign * value < self.sign * than - self.min_delta

    def state_dict(self) -> dict[str, Any]:
        """Return the best value and what the subclass counts."""
        return {k: v for k, v in self.__dict__.items() if isinstance(v, (int, float)) and k != "trainer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""
        self.__dict__.update(state_dict)


class EarlyStopping(Monitor):
    """Stop when a quantity has not become better for ``patience`` epochs.

    Args:
        monitor: its name.
        min_delta: by how much a value must be better to count as better.
        patience: epochs without progress to let pass.
        verbose: say so when training stops.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        baseline: a value that must be bettered from the start.
        restore_best_weights: put the model of the best epoch back at the end.
        start_from_epoch: epochs before this are not looked at.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, abs(min_delta))
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.wait = 0
        self.stopped_epoch = -1
        self.best_epoch = -1
        self._weights: dict[str, Any] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare, count, and stop."""
        if epoch < self.start_from_epoch:
            return
        value = self.value(logs)
        if value is None:
            return
        self.wait += 1
        if self.is_better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                state = self.model.state_dict()
                self._weights = {name: as_array(t).copy() for name, t in state.items()}
            if self.baseline is None or self.is_better(value, self.baseline):
                self.wait = 0
        if self.wait > 0 and self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.trainer.stop_training = True
            if self.verbose:
                self.trainer.say(
                    f"Stopped at epoch {epoch + 1}: {self.monitor} was best at epoch {self.best_epoch + 1}"
                    f" ({self.best:.6g})"
                )

    def on_train_end(self, logs: Logs) -> None:
        """Put the best weights back."""
        if self.restore_best_weights and self._weights is not None:
            self.model.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the counts and the best weights."""
        return {**super().state_dict(), "_weights": self._weights}


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by ``factor`` when a quantity has not become better for a while.

    Args:
        monitor: its name.
        factor: below 1.
        patience: epochs without progress to let pass.
        verbose: say so when the rate is reduced.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        min_delta: by how much a value must be better to count as better.
        cooldown: epochs to wait after a reduction.
        min_lr: the rate does not go below this.

    Raises:
        ArgumentError: ``factor`` of 1 or more.

    Follows ``keras.callbacks.ReduceLROnPlateau``.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if factor >= 1:
            raise ArgumentError(message("ReduceLROnPlateau", "a factor below 1", str(factor)))
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.wait = 0
        self.cooling = 0

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare, count, and reduce."""
        value = self.value(logs)
        if value is None:
            return
        if self.cooling > 0:
            self.cooling -= 1
            self.wait = 0
        if self.is_better(value, self.best):
            self.best, self.wait = value, 0
            return
        if self.cooling > 0:
            return
        self.wait += 1
        if self.wait < self.patience:
            return
        for group in self.trainer.optimizer.param_groups:
            group["lr"] = max(float(group["lr"]) * self.factor, self.min_lr)
        self.cooling, self.wait = self.cooldown, 0
        if self.verbose:
            rate = self.trainer.optimizer.param_groups[0]["lr"]
            self.trainer.say(f"Epoch {epoch + 1}: learning rate reduced to {float(rate):.6g}")
