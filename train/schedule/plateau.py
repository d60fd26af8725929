"""A schedule that follows a metric."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any, SupportsFloat

from xlagrad.core.errors import ArgumentError, message
from xlagrad.train.optim.optimizer import Optimizer
from xlagrad.train.schedule.base import LRScheduler, check_optimizer, per_group, refuse_in_trace, set_number


class ReduceLROnPlateau(LRScheduler):
    """γ ← ``factor`` · γ whenever a metric has not improved for more than ``patience`` steps.

    Args:
        optimizer: whose rates to set.
        mode: ``"min"`` if less is better, ``"max"`` if more is.
        factor: below 1.
        patience: how many steps without improvement are let pass.
        threshold: what counts as an improvement, as a share of the best value or as a difference.
        threshold_mode: ``"rel"`` or ``"abs"``.
        cooldown: how many steps to wait after a reduction.
        min_lr: no rate goes below this, for all groups or for each.
        eps: reductions smaller than this are left out.

    Raises:
        ArgumentError: ``factor`` of 1 or more, or an unknown mode.

    Follows ``torch.optim.lr_scheduler.ReduceLROnPlateau``.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        who = "ReduceLROnPlateau"
        check_optimizer(who, optimizer)
        if factor >= 1.0:
            raise ArgumentError(message(who, "a factor below 1.0", str(factor)))
        if mode not in ("min", "max"):
            raise ArgumentError(message(who, "mode 'min' or 'max'", repr(mode)))
        if threshold_mode not in ("rel", "abs"):
            raise ArgumentError(message(who, "threshold_mode 'rel' or 'abs'", repr(threshold_mode)))
        self.optimizer = optimizer
        self.factor = factor
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr
        self.min_lrs = per_group(who, "min_lr", optimizer, min_lr)
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.last_epoch = 0
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self._last_lr = self._current()
        self._reset()

    def _reset(self) -> None:
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        """Whether a reduction was made too recently for another."""
        return self.cooldown_counter > 0

    def step(self, metrics: SupportsFloat, epoch: int | None = None) -> None:  # type: ignore[override]
        """Look at the metric, and reduce the rates if it is time.

        Args:
            metrics: a number or a tensor of one element.
            epoch: deprecated.
        """
        refuse_in_trace("ReduceLROnPlateau")
        if epoch is not None:
            text = "the epoch argument of lr_scheduler.step() is deprecated; call step(metric) alone"
            warnings.warn(text, UserWarning, stacklevel=2)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        current = float(metrics)
        if self._is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = self._current()

    def _is_better(self, value: float, best: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            return sign * value < sign * best * (1 - sign * self.threshold)
        return sign * value < sign * best - self.threshold

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                expected = f"min_lrs for {len(groups)} parameter groups"
                fix = "set scheduler.min_lrs after adding a group"
                raise ArgumentError(message("ReduceLROnPlateau", expected, str(len(self.min_lrs)), fix))
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, least in zip(groups, self.min_lrs, strict=True):
            old = float(group["lr"])
            new = max(old * self.factor, least)
            if old - new > self.eps:
                set_number(group, "lr", new)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""
        super().load_state_dict(state_dict)
        self.mode_worse = math.inf if self.mode == "min" else -math.inf
