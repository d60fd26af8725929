"""Gradient scaling: half-precision gradients kept away from underflow, steps with infinite ones skipped."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core import devices, state
from xlagrad.core.errors import ArgumentError, DtypeError, StateError, describe, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Tensor, wrap
from xlagrad.core.view import write_array
from xlagrad.train.optim.optimizer import Optimizer
from xlagrad.train.optim.stepping import RuleOptimizer
from xlagrad.train.optim.store import Watched


class OptState(Enum):
    """How far an optimizer is in a round."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


@jax.jit
def unscaled(grads: list[jax.Array], scale: jax.Array) -> tuple[list[jax.Array], jax.Array]:
    """Return gradients divided by the scale, and 1 if any element of them is not finite, else 0."""
    inverse = 1 / scale
    bad = [jnp.logical_not(jnp.isfinite(g)).any() for g in grads]
    found = jnp.stack(bad).any() if bad else jnp.zeros((), bool)
    return [(g * inverse).astype(g.dtype) for g in grads], found.astype(jnp.float32)


@jax.jit
def updated(
    scale: jax.Array, tracker: jax.Array, found: jax.Array, growth: float, backoff: float, interval: int
) -> tuple[jax.Array, jax.Array]:
    """Return the next scale and count of good steps: less after a bad one, more after enough good ones."""
    grown = scale * growth
    due = tracker + 1 == interval
    good = jnp.where(due & jnp.isfinite(grown), grown, scale)
    bad = found > 0
    count = jnp.where(bad | due, 0, tracker + 1)
    return jnp.where(bad, scale * backoff, good).astype(scale.dtype), count.astype(tracker.dtype)


class GradScaler:
    """Scales a loss before backward and its gradients back before a step, which infinities among them skip.

    Args:
        device: ``"cuda"``, ``"cpu"`` or ``"tpu"``; for a device that is not there, scaling is off.
        init_scale: the first scale.
        growth_factor: times which the scale grows after ``growth_interval`` good steps in a row.
        backoff_factor: times which it shrinks after a bad one.
        growth_interval: see there.
        enabled: False makes every method do nothing but step.

    All of it is data: a compiled function that scales, steps and updates is one executable, in which a step
    that is to be skipped writes what was there. There, an optimizer of the user's own needs its state made by
    a step outside before.

    Raises:
        ArgumentError: factors that do not grow or shrink.

    Source: ``torch.amp.GradScaler``.
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        kind = {"xla": "tpu", "gpu": "cuda"}.get(device, device)
        if enabled and kind != "cpu" and not devices.is_available(kind):
            text = f"GradScaler is enabled, but {kind.upper()} is not available.  Disabling."
            warnings.warn(text, UserWarning, stacklevel=2)
            enabled = False
        if enabled and growth_factor <= 1.0:
            expected = "growth_factor above 1 (The growth factor must be > 1.0.)"
            raise ArgumentError(message("GradScaler", expected, str(growth_factor)))
        if enabled and backoff_factor >= 1.0:
            expected = "backoff_factor below 1 (The backoff factor must be < 1.0.)"
            raise ArgumentError(message("GradScaler", expected, str(backoff_factor)))
        self._enabled = enabled
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._make(init_scale, 0)

    def _make(self, scale: float, tracker: int) -> None:
        with state.outside():
            self._scale: Tensor = wrap(jnp.full((), scale, jnp.float32))
            self._growth_tracker: Tensor = wrap(jnp.full((), tracker, jnp.int32))
        # For each optimizer how far it is in this round, and what was found in its gradients.
        self._stages = Watched()
        self._found: dict[int, Tensor] = {}
        self._used = Watched(scale=False)

    # What compiled functions depend on.

    def _guard_state(self) -> Hashable:
        stages = tuple(self._stages.items())
        found = tuple((key, id(t)) for key, t in self._found.items())
        factors = self._growth_factor, self._backoff_factor, self._growth_interval
        return self._enabled, factors, stages, found, id(self._scale), id(self._growth_tracker)

    def _guard_is_volatile(self) -> bool:
        return True

    def _check_used(self, name: str) -> None:
        if not self._used["scale"]:
            got = f"Attempted {name} but _scale is None"
            raise StateError(message(f"GradScaler.{name}", "scaler.scale(loss) before", got))

    def scale(self, outputs: Any) -> Any:
        """Return a tensor, or every tensor in a list or tuple, times the scale."""
        if not self._enabled:
            return outputs
        if not self._used["scale"]:
            self._used["scale"] = True
        if isinstance(outputs, Tensor):
            state.depend(self)
            return outputs * self._scale
        if isinstance(outputs, (list, tuple)):
            return type(outputs)(self.scale(x) for x in outputs)
        if isinstance(outputs, Iterable):
            return map(self.scale, outputs)
        fix = "outputs must be a Tensor or an iterable of Tensors"
        raise DtypeError(message("GradScaler.scale", "tensors", describe(outputs), fix))

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide an optimizer's gradients by the scale and look for infinities, without waiting for them.

        Raises:
            StateError: called twice, or after the step.
            ArgumentError: gradients in float16, which are to be scaled as gradients of float32 parameters.
        """
        if not self._enabled:
            return
        self._check_used("unscale_")
        stage = self._stages.get(id(optimizer), OptState.READY)
        if stage == OptState.UNSCALED:
            got = "unscale_() has already been called on this optimizer since the last update()."
            raise StateError(message("GradScaler.unscale_", "one call in a round", got))
        if stage == OptState.STEPPED:
            got = "unscale_() is being called after step()."
            raise StateError(message("GradScaler.unscale_", "a call before the step", got))
        state.depend(self)
        grads = [g for p in _parameters(optimizer) if (g := p.grad) is not None]
        for g in grads:
            if str(g.dtype) == "torch.float16":
                got = "float16 (Attempting to unscale FP16 gradients.)"
                fix = "keep parameters in float32 and let autocast cast them"
                raise ArgumentError(message("GradScaler.unscale_", "gradients in float32", got, fix))
        arrays, found = unscaled([g.data_array for g in grads], self._scale.data_array)
        with no_grad():
            for g, array in zip(grads, arrays, strict=True):
                write_array(g, array)
        write_array(self._found_for(optimizer), found)
        self._stages[id(optimizer)] = OptState.UNSCALED

    def _found_for(self, optimizer: Optimizer) -> Tensor:
        found = self._found.get(id(optimizer))
        if found is None:
            with state.outside():
                found = self._found[id(optimizer)] = wrap(jnp.zeros((), jnp.float32))
        return found

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """Step an optimizer, after unscaling its gradients if that was not done, unless some are infinite.

        Returns:
            What the optimizer's step returned; None where it was skipped.

        Raises:
            StateError: called twice in a round, or with a closure.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            got = "Closure use is not currently supported if GradScaler is enabled."
            raise StateError(message("GradScaler.step", "no closure", got))
        self._check_used("step")
        stage = self._stages.get(id(optimizer), OptState.READY)
        if stage == OptState.STEPPED:
            got = "step() has already been called since the last update()."
            raise StateError(message("GradScaler.step", "one call in a round", got))
        if stage == OptState.READY:
            self.unscale_(optimizer)
        found = self._found_for(optimizer)
        if state.tracing():
            result = _masked_step(optimizer, found, args, kwargs)
        else:
            result = None if found.item() else optimizer.step(*args, **kwargs)
        self._stages[id(optimizer)] = OptState.STEPPED
        return result

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Grow or shrink the scale after the steps of a round, or set it, and begin a new round.

        Raises:
            StateError: nothing was unscaled in this round.
            ArgumentError: ``new_scale`` is not one number.
        """
        if not self._enabled:
            return
        self._check_used("update")
        state.depend(self)
        if new_scale is not None:
            if isinstance(new_scale, Tensor) and (new_scale.numel() != 1 or new_scale.requires_grad):
                expected = "new_scale to be a float or a 1-element tensor with requires_grad=False"
                raise ArgumentError(message("GradScaler.update", expected, describe(new_scale)))
            value = new_scale.data_array.reshape(()) if isinstance(new_scale, Tensor) else new_scale
            write_array(self._scale, jnp.asarray(value, jnp.float32))
        else:
            found = [self._found[key].data_array for key in self._stages]
            if not found:
                got = "No inf checks were recorded prior to update."
                raise StateError(message("GradScaler.update", "a step before", got))
            factors = self._growth_factor, self._backoff_factor, self._growth_interval
            pair = self._scale.data_array, self._growth_tracker.data_array
            scale, tracker = updated(*pair, jnp.stack(found).max(), *factors)
            write_array(self._scale, scale)
            write_array(self._growth_tracker, tracker)
        self._stages.clear()

    def get_scale(self) -> float:
        """Return the scale, 1 where scaling is off."""
        return float(self._scale.item()) if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """Return the growth factor."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set the growth factor."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """Return the backoff factor."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set the backoff factor."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """Return the growth interval."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set the growth interval."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Return whether losses are scaled."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """Return scale, factors and counts as Python numbers; nothing where scaling is off."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": int(self._growth_tracker.item()),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned, or torch's.

        Raises:
            StateError: it is empty.
        """
        if not self._enabled:
            return
        if not state_dict:
            got = "The source state dict is empty, possibly because it was saved from a disabled GradScaler"
            raise StateError(message("GradScaler.load_state_dict", "entries", got))
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        write_array(self._scale, jnp.full((), state_dict["scale"], jnp.float32))
        write_array(self._growth_tracker, jnp.full((), state_dict["_growth_tracker"], jnp.int32))

    def __getstate__(self) -> dict[str, Any]:
        if self._stages:
            fix = "pickle it after update()"
            raise StateError(message("GradScaler", "to be pickled between rounds", "one that is in one", fix))
        saved = {"_scale": self.get_scale(), "_growth_tracker": int(self._growth_tracker.item())}
        own = ("_device", "_enabled", "_growth_factor", "_backoff_factor", "_growth_interval")
        return {**{name: self.__dict__[name] for name in own}, **saved}

    def __setstate__(self, values: dict[str, Any]) -> None:
        numbers = {name: values.pop(name) for name in ("_scale", "_growth_tracker")}
        self.__dict__.update(values)
        self._make(numbers["_scale"], numbers["_growth_tracker"])


def _parameters(optimizer: Optimizer) -> Iterator[Tensor]:
    for group in optimizer.param_groups:
        yield from group["params"]


def _masked_step(optimizer: Optimizer, found: Tensor, args: Any, kwargs: Any) -> Any:
    """Step inside a trace, and put back what was there where the gradients were not finite."""
    if isinstance(optimizer, RuleOptimizer):
        return optimizer.step_unless(found, *args, **kwargs)
    before = {id(t): (t, t.data_array) for t in _held(optimizer)}
    result = optimizer.step(*args, **kwargs)
    skip = found.data_array > 0
    with no_grad():
        for t in _held(optimizer):
            if id(t) not in before:
                fix = "call scaler.step once outside the compiled function, so that the state is there"
                got = "state that this step has made"
                raise StateError(message("GradScaler.step", "an optimizer whose state exists", got, fix))
            write_array(t, jnp.where(skip, before[id(t)][1], t.data_array))
    return result


def _held(optimizer: Optimizer) -> Iterator[Tensor]:
    yield from _parameters(optimizer)
    for entry in optimizer.state.values():
        if isinstance(entry, dict):
            yield from (value for value in entry.values() if isinstance(value, Tensor))
