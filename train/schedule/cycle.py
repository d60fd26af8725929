"""Schedules that move the rate up and down, and momentum against it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.train.optim.optimizer import Optimizer
from xlagrad.train.schedule.base import (
    LRScheduler,
    check_optimizer,
    per_group,
    restore_callables,
    saved_callables,
    set_number,
)


class _WithMomentum(LRScheduler):
    """A schedule that may also set ``momentum``, or the first of ``betas``."""

    cycle_momentum: bool
    use_beta1: bool

    def _init_momentum(
        self, optimizer: Optimizer, base: float | list[float], top: float | list[float], fresh: bool
    ) -> tuple[list[Any], list[Any]]:
        who = type(self).__name__
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            expected = "an optimizer with momentum or betas for cycle_momentum"
            raise ArgumentError(message(who, expected, type(optimizer).__name__, "set cycle_momentum=False"))
        self.use_beta1 = "betas" in optimizer.defaults
        lows = per_group(who, "base_momentum", optimizer, base)
        highs = per_group(who, "max_momentum", optimizer, top)
        if fresh:
            for group, low, high in zip(optimizer.param_groups, lows, highs, strict=True):
                self._set_momentum(group, high)
                group["max_momentum"] = high
                group["base_momentum"] = low
        return lows, highs

    def _set_momentum(self, group: Any, value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


class CyclicLR(_WithMomentum):
    """Up from ``base_lr`` to ``max_lr`` and down again, linearly, over and over.

    Args:
        optimizer: whose rates to set.
        base_lr, max_lr: the ends, for all groups or for each.
        step_size_up, step_size_down: lengths of the two halves, by default the same.
        mode: ``"triangular"``, ``"triangular2"`` (each cycle half as high) or ``"exp_range"``
            (``gamma``^step as high).
        gamma: for ``"exp_range"``.
        scale_fn: height as a function of the cycle or the step, in place of ``mode``.
        scale_mode: ``"cycle"`` or ``"iterations"``: what ``scale_fn`` is a function of.
        cycle_momentum: move momentum from ``max_momentum`` to ``base_momentum`` and back.
        base_momentum, max_momentum: its ends.
        last_epoch: where to go on.

    Raises:
        ArgumentError: an unknown mode, or an optimizer without momentum.

    Reference: Smith, Cyclical Learning Rates for Training Neural Networks, 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("CyclicLR", optimizer)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ArgumentError(
                message("CyclicLR", "mode triangular, triangular2 or exp_range, or a scale_fn", repr(mode))
            )
        base_lrs = per_group("CyclicLR", "base_lr", optimizer, base_lr)
        self.max_lrs = per_group("CyclicLR", "max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, base_lrs, strict=True):
                set_number(group, "lr", rate)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        by_steps = mode == "exp_range" and scale_fn is None
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if by_steps else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            ends = self._init_momentum(optimizer, base_momentum, max_momentum, last_epoch == -1)
            self.base_momentums, self.max_momentums = ends
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """Return the height of cycle ``x``, or at step ``x``, as a share of the full one."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return 1 / 2.0 ** (x - 1) if self.mode == "triangular2" else self.gamma**x

    def get_lr(self) -> list[Any]:
        """Return the rates at this point of the cycle, and set the momenta."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            ends = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in ends:
                self._set_momentum(group, high - (high - low) * height)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer and a plain ``scale_fn``."""
        values = super().state_dict()
        custom = values["_scale_fn_custom"]
        values["_scale_fn_custom"] = None if custom is None else saved_callables([custom])[0]
        return values

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned, into the ``scale_fn`` that is here."""
        custom = self._scale_fn_custom
        super().load_state_dict(state_dict)
        if custom is not None:
            restore_callables([custom], [state_dict["_scale_fn_custom"]])
        self._scale_fn_custom = custom


class OneCycleLR(_WithMomentum):
    """Up from ``max_lr / div_factor`` to ``max_lr``, then down to a ``final_div_factor``-th of the start.

    Args:
        optimizer: whose rates to set, step by step.
        max_lr: the top, for all groups or for each.
        total_steps: how long; or give ``epochs`` and ``steps_per_epoch``.
        epochs, steps_per_epoch: their product is ``total_steps``.
        pct_start: share of the way up.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        cycle_momentum: move momentum from ``max_momentum`` to ``base_momentum`` and back.
        base_momentum, max_momentum: its ends.
        div_factor: ``max_lr`` over the rate at the start.
        final_div_factor: the rate at the start over that at the end.
        three_phase: go down as slowly as up, then to the end.
        last_epoch: where to go on.

    Raises:
        ArgumentError: no length, a share outside [0, 1], an unknown strategy, or a step past the end.

    Reference: Smith and Topin, Super-Convergence, 2018.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("OneCycleLR", optimizer)
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, (int, float)) or not 0 <= pct_start <= 1:
            raise ArgumentError(message("OneCycleLR", "pct_start between 0 and 1", repr(pct_start)))
        if anneal_strategy not in ("cos", "linear"):
            got = repr(anneal_strategy)
            raise ArgumentError(message("OneCycleLR", "anneal_strategy 'cos' or 'linear'", got))
        self._anneal_func_type = anneal_strategy
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        tops = per_group("OneCycleLR", "max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, top in zip(optimizer.param_groups, tops, strict=True):
                group["initial_lr"] = top / div_factor
                group["max_lr"] = top
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._init_momentum(optimizer, base_momentum, max_momentum, last_epoch == -1)
        super().__init__(optimizer, last_epoch)

    def _between(self, start: Any, end: Any, share: float) -> Any:
        if self._anneal_func_type == "linear":
            return start + (end - start) * share
        return end + (start - end) / 2.0 * (1 + math.cos(math.pi * share))

    def get_lr(self) -> list[Any]:
        """Return the rates at this step, and set the momenta."""
        step = self.last_epoch
        if step > self.total_steps:
            expected = f"at most {self.total_steps} steps"
            raise ArgumentError(message("OneCycleLR.step", expected, f"step {step}", "raise total_steps"))
        begin, phase = 0.0, self._schedule_phases[0]
        for phase in self._schedule_phases:
            if step <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            begin = phase["end_step"]
        share = (step - begin) / (phase["end_step"] - begin)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], share))
            if self.cycle_momentum:
                ends = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._set_momentum(group, self._between(*ends, share))
        return rates


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    given = {"total_steps": total_steps}
    if total_steps is None:
        given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    product = 1
    for name, value in given.items():
        if value is None:
            expected = "either total_steps or both epochs and steps_per_epoch"
            raise ArgumentError(message("OneCycleLR", expected, f"no {name}"))
        if not isinstance(value, int) or value <= 0:
            raise ArgumentError(message("OneCycleLR", f"a positive integer as {name}", repr(value)))
        product *= value
    return product


def _phases(total: int, share: float, three: bool) -> list[dict[str, Any]]:
    """Return the parts of the curve: where each ends, and between which entries of a group it runs."""

    def phase(end: float, rates: str, momenta: str) -> dict[str, Any]:
        (a, b), (c, d) = rates.split(), momenta.split()
        starts = {"end_step": end, "start_lr": f"{a}_lr", "end_lr": f"{b}_lr"}
        return {**starts, "start_momentum": f"{c}_momentum", "end_momentum": f"{d}_momentum"}

    up = phase(float(share * total) - 1, "initial max", "max base")
    if not three:
        return [up, phase(total - 1, "max min", "base max")]
    down = phase(float(2 * share * total) - 2, "max initial", "base max")
    return [up, down, phase(total - 1, "initial min", "max max")]
