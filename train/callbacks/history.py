"""The record of training."""

from __future__ import annotations

from typing import Any

from xlagrad.train.callbacks.base import Callback
from xlagrad.train.logs import Logs


class History(Callback):
    """What every epoch came to.

    Attributes:
        epoch: the numbers of the epochs.
        history: for each quantity its value at each epoch; validation's begin with ``val_``.
    """

    # Before the others, so that they find the epoch in it.
    order = -1

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write the epoch down."""
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def best(self, name: str, mode: str = "auto") -> tuple[int, float]:
        """Return the epoch with the best value of a quantity, and that value.

        Args:
            name: of the quantity.
            mode: ``"min"``, ``"max"``, or by the name.
        """
        values = self.history[name]
        sign = -1 if goes_up(name, mode) else 1
        at = min(range(len(values)), key=lambda i: sign * values[i])
        return self.epoch[len(self.epoch) - len(values) + at], values[at]

    def state_dict(self) -> dict[str, Any]:
        """Return the record."""
        return {"epoch": list(self.epoch), "history": {k: list(v) for k, v in self.history.items()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a record."""
        self.epoch = list(state_dict["epoch"])
        self.history = {k: list(v) for k, v in state_dict["history"].items()}

    def __repr__(self) -> str:
        return f"History({len(self.epoch)} epochs: {', '.join(self.history)})"


_UP = ("acc", "auc", "f1", "precision", "recall", "top", "score", "r2", "iou", "dice", "map", "bleu")


def goes_up(name: str, mode: str = "auto") -> bool:
    """Return whether more of a quantity is better: as ``mode`` says, or by the name.

    Example:
        >>> goes_up("val_accuracy"), goes_up("val_loss"), goes_up("loss", "max")
        (True, False, True)
    """
    if mode in ("min", "max"):
        return mode == "max"
    bare = name.removeprefix("val_")
    return any(bare == up or bare.startswith(up) or bare.endswith(f"_{up}") for up in _UP)
