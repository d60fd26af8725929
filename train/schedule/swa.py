"""A schedule that goes to a constant rate, for the averaging of weights."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.train.optim.optimizer import Optimizer
from xlagrad.train.schedule.base import LRScheduler, per_group


class SWALR(LRScheduler):
    """γ goes from where it is to ``swa_lr`` over ``anneal_epochs``, then stays.

    Args:
        optimizer: whose rates to set.
        swa_lr: where to go, for all groups or for each.
        anneal_epochs: how long it takes.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        last_epoch: where to go on.

    Raises:
        ArgumentError: another strategy, or a negative length.

    Source: ``torch.optim.swa_utils.SWALR``.

    Reference: Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, 2018.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = per_group("SWALR", "swa_lr", optimizer, swa_lr)
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            expected = "anneal_strategy 'cos' or 'linear' (anneal_strategy must be one of them)"
            raise ArgumentError(message("SWALR", expected, repr(anneal_strategy)))
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            expected = "anneal_epochs of at least 0 (anneal_epochs must be equal or greater than 0)"
            raise ArgumentError(message("SWALR", expected, repr(anneal_epochs)))
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def anneal_func(self, t: float) -> float:
        """Return how much of the way is behind after a share ``t`` of the time."""
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[Any]:
        """Return the rates at the next point of the way."""
        if not self._get_lr_called_within_step:
            text = "To get the last learning rate computed by the scheduler, please use `get_last_lr()`."
            warnings.warn(text, UserWarning, stacklevel=2)
        step = max(1, self._step_count - 1) if self.anneal_epochs == 0 else self._step_count - 1
        before, now = (
            self.anneal_func(max(0, min(1, s / max(1, self.anneal_epochs)))) for s in (step - 1, step)
        )
        rates = []
        for group in self.optimizer.param_groups:
            goal = group["swa_lr"]
            start = goal if before == 1 else (group["lr"] - before * goal) / (1 - before)
            rates.append(goal * now + start * (1 - now))
        return rates

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned, or torch's."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "anneal_func"})
