"""Averages of weights over the course of training: equally weighted (SWA) or exponential (EMA)."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax.numpy as jnp

from xlagrad.core import state
from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Tensor, wrap
from xlagrad.core.view import write_array
from xlagrad.layers.batchnorm import _BatchNorm
from xlagrad.layers.module import Module

Average = Callable[[Any, Any, Any], Any]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """Return the function (average, current, count) ↦ decay · average + (1 - decay) · current.

    Raises:
        ArgumentError: ``decay`` is not in [0, 1].

    Example:
        >>> get_ema_avg_fn(0.75)(4.0, 8.0, 1)
        5.0
    """
    _check_decay("get_ema_avg_fn", decay)

    @no_grad()
    def ema_update(ema_param: Any, current_param: Any, num_averaged: Any) -> Any:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Average:
    """Return the function (average, current, count) ↦ average + (current - average) / (count + 1).

    Example:
        >>> get_swa_avg_fn()(4.0, 8.0, 1)
        6.0
    """

    @no_grad()
    def swa_update(averaged_param: Any, current_param: Any, num_averaged: Any) -> Any:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Average:
    """Return :func:`get_ema_avg_fn` for lists of tensors, which writes into the averages.

    Raises:
        ArgumentError: ``decay`` is not in [0, 1].
    """
    _check_decay("get_ema_multi_avg_fn", decay)
    return _written(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Average:
    """Return :func:`get_swa_avg_fn` for lists of tensors, which writes into the averages."""
    return _written(get_swa_avg_fn())


def _check_decay(who: str, decay: float) -> None:
    if not 0 <= decay <= 1:
        got = f"{decay} (Invalid decay value {decay} provided)"
        raise ArgumentError(message(who, "decay in [0, 1]", got))


def _written(average: Average) -> Average:
    @no_grad()
    def update(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Any) -> None:
        for target, source in zip(averaged, current, strict=True):
            target.copy_(average(target, source, num_averaged))

    return update


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's over calls of ``update_parameters``.

    The first call copies. How often it was called is a tensor, so that compiled functions take it as data.

    Args:
        model: what to average.
        device: where the copy goes.
        avg_fn: from (average, current, count) to the next average; equal weights if not given.
        multi_avg_fn: the same for lists of tensors, of which it writes the first.
        use_buffers: average buffers too, instead of copying them.

    Raises:
        ArgumentError: both functions are given.

    Source: ``torch.optim.swa_utils.AveragedModel``.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Average | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            got = "both (Only one of avg_fn and multi_avg_fn should be provided)"
            raise ArgumentError(message("AveragedModel", "avg_fn or multi_avg_fn", got))
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        count: Tensor = wrap(jnp.zeros((), int))
        self.register_buffer("n_averaged", count if device is None else count.to(device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the averaged model makes of its inputs."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take a model's parameters into the averages."""
        mine, theirs = _tensors(self.module, self.use_buffers), _tensors(model, self.use_buffers)
        averaged = [t.detach() for t in mine]
        current = [t.detach().to(a.device) for a, t in zip(averaged, theirs, strict=True)]
        with no_grad():
            if state.tracing() or int(self.n_averaged) == 0:
                self._begin(averaged, current)
            else:
                self._average(averaged, current)
            if not self.use_buffers:
                for target, source in zip(self.module.buffers(), model.buffers(), strict=True):
                    target.detach().copy_(source.detach().to(target.device))
            self.n_averaged += 1

    def _begin(self, averaged: list[Tensor], current: list[Tensor]) -> None:
        """Copy at the first call; inside a trace, which serves all calls, choose on the device."""
        before = [t.data_array for t in averaged]
        first = self.n_averaged.data_array == 0
        if state.tracing():
            self._average(averaged, current)
        for target, source, old in zip(averaged, current, before, strict=True):
            new = target.data_array if state.tracing() else old
            write_array(target, jnp.where(first, source.data_array.astype(old.dtype), new))

    def _average(self, averaged: list[Tensor], current: list[Tensor]) -> None:
        if self.multi_avg_fn is not None:
            # One call for each type, as torch makes them.
            kinds = dict.fromkeys(t.dtype for t in averaged)
            for kind in kinds:
                pairs = [(a, c) for a, c in zip(averaged, current, strict=True) if a.dtype == kind]
                self.multi_avg_fn([a for a, _ in pairs], [c for _, c in pairs], self.n_averaged)
            return
        average = get_swa_avg_fn() if self.avg_fn is None else self.avg_fn
        for target, source in zip(averaged, current, strict=True):
            target.copy_(average(target, source, self.n_averaged))


def _tensors(model: Module, buffers: bool) -> list[Tensor]:
    return list(itertools.chain(model.parameters(), model.buffers()) if buffers else model.parameters())


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Set the running statistics of a model's batch normalisation to those of one pass over data.

    Args:
        loader: gives batches, or tuples whose first entry is one.
        model: what they are run through.
        device: where batches are put first.

    Source: ``torch.optim.swa_utils.update_bn``.
    """
    momenta = {m: m.momentum for m in model.modules() if isinstance(m, _BatchNorm)}
    if not momenta:
        return
    training = model.training
    model.train()
    for module in momenta:
        module.reset_running_stats()
        module.momentum = None
    for batch in loader:
        batch = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(batch if device is None else batch.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(training)
