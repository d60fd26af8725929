"""What a callback can do, and the list that they are called through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from xlagrad.core.errors import DtypeError, describe, message
from xlagrad.train.logs import Logs


class Callback:
    """Something that is called at points of training; override what is needed.

    ``logs`` are the numbers so far: looking at one waits for the device, so that a callback which does not
    look costs nothing. To stop training, set ``self.trainer.stop_training = True``.

    Attributes:
        trainer: whose training it is.
        order: callbacks of a higher order are called after those of a lower one.
        begins_again: whether ``on_epoch_begin`` is also called where an interrupted epoch is taken up.

    Follows ``keras.callbacks.Callback``.
    """

    trainer: Any
    order = 0
    begins_again = False

    @property
    def model(self) -> Any:
        """The model being trained."""
        return self.trainer.model

    def set_trainer(self, trainer: Any) -> None:
        """Take the trainer; called before anything else."""
        self.trainer = trainer

    def on_train_begin(self, logs: Logs) -> None:
        """Before the first epoch; what a checkpoint holds has been restored."""

    def on_train_end(self, logs: Logs) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """After an epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs) -> None:
        """Before a batch, counted from 0 in each epoch."""

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """After a batch has been given to the device."""

    def on_test_begin(self, logs: Logs) -> None:
        """Before an evaluation or validation."""

    def on_test_end(self, logs: Logs) -> None:
        """After one."""

    def on_test_batch_begin(self, batch: int, logs: Logs) -> None:
        """Before one of its batches."""

    def on_test_batch_end(self, batch: int, logs: Logs) -> None:
        """After one of its batches."""

    def on_predict_begin(self, logs: Logs) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs) -> None:
        """After one."""

    def on_predict_batch_begin(self, batch: int, logs: Logs) -> None:
        """Before one of its batches."""

    def on_predict_batch_end(self, batch: int, logs: Logs) -> None:
        """After one of its batches."""

    def on_exception(self, error: BaseException) -> None:
        """When training ends by an exception, an interrupt among them, before it goes on its way."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must keep for this callback to go on as if nothing had happened."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""


class Callbacks:
    """Callbacks in their order.

    Raises:
        DtypeError: one that is no :class:`Callback`.
    """

    def __init__(self, callbacks: Iterable[Any], trainer: Any) -> None:
        found = list(callbacks)
        for callback in found:
            if not isinstance(callback, Callback):
                fix = "derive it from Callback, or wrap functions in LambdaCallback"
                raise DtypeError(message("callbacks", "Callback objects", describe(callback), fix))
        self._callbacks = sorted(found, key=lambda callback: callback.order)
        for callback in self._callbacks:
            callback.set_trainer(trainer)
        # Batches are many: only those that do something then are called.
        self._listening: dict[str, list[Any]] = {}

    def __iter__(self) -> Iterator[Callback]:
        return iter(self._callbacks)

    def call(self, point: str, *args: Any) -> None:
        """Call one method of every callback that has its own."""
        listening = self._listening.get(point)
        if listening is None:
            listening = self._listening[point] = [
                getattr(c, point) for c in self._callbacks if overrides(c, point)
            ]
        for method in listening:
            method(*args)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of each callback, by class and number."""
        return {name: state for name, c in self._named() if (state := c.state_dict())}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Give the callbacks their state; one that was not there then is left as it is."""
        for name, callback in self._named():
            if name in state_dict:
                callback.load_state_dict(state_dict[name])

    def _named(self) -> Iterator[tuple[str, Callback]]:
        seen: dict[str, int] = {}
        for callback in self._callbacks:
            kind = type(callback).__name__
            seen[kind] = seen.get(kind, -1) + 1
            yield f"{kind}.{seen[kind]}", callback


def overrides(callback: Callback, point: str) -> bool:
    """Return whether a callback has a method of its own, or was given one."""
    return point in callback.__dict__ or getattr(type(callback), point) is not getattr(Callback, point)
