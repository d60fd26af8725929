"""What every learning-rate schedule has: a count of epochs, base rates, and a step."""

from __future__ import annotations

import functools
import types
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp

from xlagrad.core import state
from xlagrad.core.errors import ArgumentError, DtypeError, StateError, describe, message
from xlagrad.core.tensor import Tensor, wrap
from xlagrad.train.optim.optimizer import Optimizer


class LRScheduler:
    """Sets ``group["lr"]`` of an optimizer at each :meth:`step`, which follows the optimizer's.

    A subclass gives the new rates in ``get_lr``, from ``self.last_epoch``, ``self.base_lrs`` and the groups.
    Rates are Python numbers on the host; compiled steps take them as inputs, so that a step of the schedule
    makes nothing trace again.

    Args:
        optimizer: whose rates to set.
        last_epoch: where to go on; -1 starts afresh, and makes the present rates the base.

    Attributes:
        base_lrs: the rate of each group at the start.
        last_epoch: how many steps were made.

    Raises:
        DtypeError: ``optimizer`` is none.
        ArgumentError: going on with an optimizer that has no ``initial_lr``.

    Follows ``torch.optim.lr_scheduler.LRScheduler``.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    optimizer: Optimizer
    base_lrs: list[Any]
    last_epoch: int
    _last_lr: list[Any]
    _step_count: int

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(type(self).__name__, optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                expected = f"'initial_lr' in param_groups[{i}] when last_epoch is given"
                fix = "load the optimizer's state first, or leave last_epoch out"
                raise ArgumentError(message(type(self).__name__, expected, "none", fix))
        self.base_lrs = self._of_groups("initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def _of_groups(self, key: str) -> list[Any]:
        return [copied(group[key]) for group in self.optimizer.param_groups]

    def _current(self) -> list[Any]:
        """Return the present rates: what ``get_lr`` gives where nothing changes."""
        return self._of_groups("lr")

    def get_last_lr(self) -> list[Any]:
        """Return the rate of each group after the last step; inside a trace, tensors."""
        if state.tracing():
            return [group["lr"] for group in self.optimizer.param_groups]
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Return the rate of each group for ``self.last_epoch``."""
        raise NotImplementedError(f"{type(self).__name__}.get_lr")

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch and set the rates.

        Args:
            epoch: deprecated: the epoch to go to.

        Inside a compiled function it is made at the end of each call, on the host: nothing that depends on
        the rates may follow it there.

        Raises:
            StateError: inside a compiled function, for an optimizer that is made there.
        """
        if later(self, *([] if epoch is None else [epoch])):
            return
        if self._step_count == 1 and not getattr(self.optimizer, "_opt_called", False):
            text = (
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`: the first value of the"
                " schedule is skipped; call `optimizer.step()` first"
            )
            warnings.warn(text, UserWarning, stacklevel=2)
        self._step_count += 1
        if epoch is not None:
            text = "the epoch argument of lr_scheduler.step() is deprecated; call step() without it"
            warnings.warn(text, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self._get_lr_called_within_step = True
        try:
            self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
            closed = getattr(self, "_get_closed_form_lr", None)
            rates = closed() if epoch is not None and closed is not None else self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        self._set_rates(rates)

    def _set_rates(self, rates: list[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            set_number(group, "lr", rate)
        self._last_lr = self._current()

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""
        self.__dict__.update(state_dict)


def check_optimizer(who: str, optimizer: Any) -> None:
    """Raise if ``optimizer`` is none."""
    if not isinstance(optimizer, Optimizer):
        raise DtypeError(message(who, "an Optimizer", f"{describe(optimizer)}, which is not an Optimizer"))


def later(scheduler: LRScheduler, *args: Any) -> bool:
    """Put a step off to the end of each call of the compiled function that is being traced.

    The schedule counts in Python, which runs once while a function is traced. The rates are inputs of it, so
    that a step after each call does what one at the end of it would.

    Returns:
        Whether it was put off: not outside of traces.

    Raises:
        StateError: the optimizer is made inside the compiled function.
    """
    if not state.tracing():
        return False
    optimizer = scheduler.optimizer
    if optimizer._is_transient():
        refuse_in_trace(type(scheduler).__name__)
    groups = optimizer.param_groups
    hypers = [group.hyper for group in groups]
    state.after(functools.partial(scheduler.step, *args), [optimizer, scheduler, *groups, *hypers])
    return True


def refuse_in_trace(who: str) -> None:
    """Raise inside a compiled function, whose Python would not run again."""
    if state.tracing():
        fix = "call it after the compiled step: the new rates are inputs of it"
        raise StateError(message(f"{who}.step", "a call outside compiled functions", "one inside", fix))


def copied(value: Any) -> Any:
    """Return a tensor's copy, or the value itself: a rate that does not move with the group's."""
    return wrap(jnp.copy(value.data_array)) if isinstance(value, Tensor) else value


def set_number(group: Any, key: str, value: Any) -> None:
    """Set ``group[key]``, in place where it is a tensor."""
    held = group[key]
    if isinstance(held, Tensor):
        array = held.data_array
        held._write(jnp.full(array.shape, float(value), array.dtype))
    else:
        group[key] = value


def per_group(who: str, name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """Return one value for each group, from one for all or a list.

    Raises:
        ArgumentError: a list of another length.
    """
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [copied(value) for _ in range(count)]
    if len(value) != count:
        expected = f"{name} with one value for each of the {count} parameter groups"
        raise ArgumentError(message(who, expected, f"{len(value)} values"))
    return [copied(v) for v in value]


def saved_callables(functions: list[Any]) -> list[Any]:
    """Return the attributes of callable objects, and None for plain functions, which cannot be saved."""
    return [None if isinstance(f, types.FunctionType) else dict(f.__dict__) for f in functions]


def restore_callables(functions: list[Any], saved: list[Any]) -> None:
    """Undo :func:`saved_callables`."""
    for function, fields in zip(functions, saved, strict=True):
        if fields is not None:
            function.__dict__.update(fields)


Factor = Callable[[int], float]
