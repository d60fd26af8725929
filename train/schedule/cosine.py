"""Schedules along a half cosine, once or again and again."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.train.optim.optimizer import Optimizer
from xlagrad.train.schedule.base import LRScheduler, later


class CosineAnnealingLR(LRScheduler):
    """η + (γ₀ - η) (1 + cos(π epoch / T)) / 2, with η = ``eta_min`` and T = ``T_max``.

    The next rate is computed from the present one, as torch does, so that it combines with other schedules.

    Reference: Loshchilov and Hutter, SGDR, 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def _height(self, epoch: int) -> float:
        return 1 + math.cos(math.pi * epoch / self.T_max)

    def get_lr(self) -> list[Any]:
        """Return the rates of the next point on the curve."""
        if self._is_initial:
            return self._current()
        if self._step_count == 1 and self.last_epoch > 0:
            return self._get_closed_form_lr()
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:
            # The last height was 0, which no ratio leads away from.
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            pairs = zip(self._current(), self.base_lrs, strict=True)
            return [rate + (base - self.eta_min) * rise for rate, base in pairs]
        ratio = self._height(self.last_epoch) / self._height(self.last_epoch - 1)
        return [ratio * (rate - self.eta_min) + self.eta_min for rate in self._current()]

    def _get_closed_form_lr(self) -> list[Any]:
        half = self._height(self.last_epoch) / 2
        return [self.eta_min + (base - self.eta_min) * half for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """A half cosine from γ₀ to ``eta_min`` over ``T_0`` epochs, then again, each ``T_mult`` times as long.

    Raises:
        ArgumentError: ``T_0`` is no positive integer, ``T_mult`` no integer of at least 1, or ``eta_min`` no
            number.

    Reference: Loshchilov and Hutter, SGDR, 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        who = type(self).__name__
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value <= 0:
                raise ArgumentError(message(who, f"a positive integer as {name}", repr(value)))
        if not isinstance(eta_min, (int, float)):
            raise ArgumentError(message(who, "a number as eta_min", repr(eta_min)))
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates at ``T_cur`` of a cycle of ``T_i``."""
        half = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * half for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or to any one, fractions included.

        Raises:
            ArgumentError: a negative epoch.
        """
        if later(self, *([] if epoch is None else [epoch])):
            return
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._go_to(epoch)
        self.last_epoch = math.floor(epoch)
        self._get_lr_called_within_step = False
        self._set_rates(self.get_lr())

    def _go_to(self, epoch: float) -> None:
        if epoch < 0:
            raise ArgumentError(message(f"{type(self).__name__}.step", "an epoch of at least 0", str(epoch)))
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            # Cycles that are over, from the sum of their lengths, a geometric series.
            done = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_i = self.T_0 * self.T_mult**done
            self.T_cur = epoch - self.T_0 * (self.T_mult**done - 1) / (self.T_mult - 1)
