"""Schedules made of schedules: one after another, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from xlagrad.core.errors import ArgumentError, DtypeError, describe, message
from xlagrad.train.optim.optimizer import Optimizer
from xlagrad.train.schedule.base import LRScheduler, copied, later, set_number
from xlagrad.train.schedule.plateau import ReduceLROnPlateau


class _Composite(LRScheduler):
    """A schedule that leaves the rates to others."""

    _schedulers: list[LRScheduler]

    def _check(self, schedulers: Sequence[Any], optimizer: Optimizer | None) -> Optimizer:
        who = type(self).__name__
        if len(schedulers) < 1:
            raise ArgumentError(message(who, "at least one scheduler", "no scheduler"))
        for i, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise DtypeError(message(who, f"a scheduler at index {i}", describe(scheduler)))
            if isinstance(scheduler, ReduceLROnPlateau):
                fix = "step it yourself: it needs a metric"
                raise ArgumentError(message(who, "schedulers that step alone", "ReduceLROnPlateau", fix))
            optimizer = optimizer or scheduler.optimizer
            if scheduler.optimizer is not optimizer:
                got = f"another one's at index {i}"
                raise ArgumentError(message(who, "schedulers of the same optimizer", got))
        assert optimizer is not None
        return optimizer

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer, with the state of each schedule."""
        return {**super().state_dict(), "_schedulers": [s.state_dict() for s in self._schedulers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned, into the schedules that are here."""
        schedulers = self._schedulers
        super().load_state_dict(state_dict)
        self._schedulers = schedulers
        for scheduler, saved in zip(schedulers, state_dict["_schedulers"], strict=True):
            scheduler.load_state_dict(saved)


class SequentialLR(_Composite):
    """One schedule until the first milestone, the next from there, and so on; each starts at its epoch 0.

    Raises:
        ArgumentError: not one milestone fewer than schedules, or schedules of different optimizers.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        self._check(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            expected = f"{len(schedulers) - 1} milestones for {len(schedulers)} schedulers"
            raise ArgumentError(message("SequentialLR", expected, str(len(milestones))))
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        # Making each schedule has set the rates and taken a step: go back, and take the first one's again.
        for group in optimizer.param_groups:
            set_number(group, "lr", group["initial_lr"])
        _step_back(self)
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self, epoch: int | None = None) -> None:
        """Step the schedule whose turn it is; at a milestone the next one begins."""
        if later(self):
            return
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def _step_back(scheduler: LRScheduler) -> None:
    for inner in getattr(scheduler, "_schedulers", ()):
        if hasattr(inner, "_schedulers"):
            _step_back(inner)
        else:
            inner.last_epoch -= 1


class ChainedScheduler(_Composite):
    """All schedules at each step: their factors multiply.

    Raises:
        ArgumentError: no schedules, or schedules of different optimizers.
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self.optimizer = self._check(schedulers, optimizer)
        self._schedulers = list(schedulers)
        self._last_lr = self._current()

    def step(self, epoch: int | None = None) -> None:
        """Step every schedule."""
        if later(self):
            return
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = [copied(group["lr"]) for group in self.optimizer.param_groups]
