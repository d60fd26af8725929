"""Schedules that a function of the user's defines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xlagrad.core.errors import DtypeError, describe, message
from xlagrad.train.optim.optimizer import Optimizer
from xlagrad.train.schedule.base import (
    Factor,
    LRScheduler,
    per_group,
    restore_callables,
    saved_callables,
)


class _ByFunction(LRScheduler):
    """A schedule that has a function for each group."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Factor | list[Factor], last_epoch: int = -1) -> None:
        who = type(self).__name__
        self.lr_lambdas = per_group(who, "lr_lambda", optimizer, lr_lambda)
        for function in self.lr_lambdas:
            if not callable(function):
                raise DtypeError(message(who, "functions of the epoch as lr_lambda", describe(function)))
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer and plain functions; of callable objects, their attributes."""
        return {**super().state_dict(), "lr_lambdas": saved_callables(self.lr_lambdas)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned, into the functions that are here."""
        functions = self.lr_lambdas
        super().load_state_dict(state_dict)
        restore_callables(functions, state_dict["lr_lambdas"])
        self.lr_lambdas = functions


class LambdaLR(_ByFunction):
    """γ₀ · f(epoch), with a function for all groups or one for each."""

    def get_lr(self) -> list[Any]:
        """Return each base rate times its function's value."""
        pairs = zip(self.lr_lambdas, self.base_lrs, strict=True)
        return [base * function(self.last_epoch) for function, base in pairs]


class MultiplicativeLR(_ByFunction):
    """γ · f(epoch) at each epoch but the first: the factors accumulate."""

    def get_lr(self) -> list[Any]:
        """Return each present rate times its function's value."""
        if self._is_initial:
            return self._current()
        pairs = zip(self.lr_lambdas, self._current(), strict=True)
        return [rate * function(self.last_epoch) for function, rate in pairs]
