"""Optimizers that are an optax transformation: a whole group is updated by one executable."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
import optax

from xlagrad.core import state
from xlagrad.core.errors import ArgumentError, DtypeError, describe, message
from xlagrad.core.handle import is_tracer
from xlagrad.core.modes import enable_grad, local, no_grad
from xlagrad.core.tensor import Tensor, wrap
from xlagrad.core.view import write_array
from xlagrad.ops.index import getitem
from xlagrad.train.optim.group import ParamGroup
from xlagrad.train.optim.optimizer import Optimizer
from xlagrad.train.optim.plan import Plan, fused, update_group


class RuleOptimizer(Optimizer):
    """An optimizer whose step is an optax transformation made by ``factory`` from a group's settings.

    Attributes:
        factory: takes the settings as keyword arguments.
        options: settings that are fixed in an executable.
        counter: whether ``state[p]["step"]`` counts the updates, as torch shows them.
    """

    factory: ClassVar[Callable[..., optax.GradientTransformation]]
    options: ClassVar[tuple[str, ...]] = ()
    counter: ClassVar[bool] = True

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the names of the tensors that each parameter of a group keeps."""
        raise NotImplementedError

    def counted(self, group: ParamGroup) -> bool:
        """Return whether the arithmetic depends on the number of updates."""
        return True

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters that have gradients, once.

        Args:
            closure: clears the gradients, computes the loss, calls backward, and returns the loss.

        Returns:
            What the closure returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._update(group)
        return loss

    def _plan(self, group: ParamGroup) -> Plan:
        hyper = group.hyper
        return Plan(
            type(self).factory,
            tuple((name, group[name]) for name in self.options),
            hyper.places,
            hyper.zeros(),
            frozenset(hyper.loose()),
            self.slots(group),
            self.counted(group),
        )

    def _update(self, group: ParamGroup) -> None:
        every = group["params"]
        found = [(i, p, g) for i, p in enumerate(every) if (g := p.grad) is not None]
        if not found:
            return
        plan = self._plan(group)
        counts = self._counts(group, plan, [i for i, _, _ in found])
        entries = [self._entry(p, plan) for _, p, _ in found] if plan.slots else []
        # Inside a trace the arithmetic belongs to the program that is being traced, not to one of its own.
        run = update_group if state.tracing() else fused
        params, slots, steps = run(
            plan,
            None if len(found) == len(every) else tuple(i for i, _, _ in found),
            [p.data_array for _, p, _ in found],
            [g.data_array for _, _, g in found],
            {name: [entry[name].data_array for entry in entries] for name in plan.slots},
            jnp.zeros(len(every)) if counts is None else counts.data_array,
            group.hyper.vector.data_array,
            {place: held.data_array for place, held in group.hyper.loose().items()},
        )
        for (_, p, _), array in zip(found, params, strict=True):
            write_array(p, array)
        for name in plan.slots:
            for entry, array in zip(entries, slots[name], strict=True):
                write_array(entry[name], array)
        if counts is not None:
            write_array(counts, steps)

    def _made(self) -> contextlib.AbstractContextManager[None]:
        """Return the context in which state is made: outside the trace, unless the optimizer is of it."""
        inside = not state.tracing() or self._is_transient()
        return contextlib.nullcontext() if inside else state.outside()

    def _entry(self, p: Tensor, plan: Plan) -> dict[str, Any]:
        entry: dict[str, Any] = self.state[p]
        for name in plan.slots:
            if entry.get(name) is None:
                array = p.data_array
                with self._made():
                    slot = wrap(jnp.zeros(array.shape, array.dtype, device=_place(p)))
                entry[name] = slot
        return entry

    def _counts(self, group: ParamGroup, plan: Plan, indices: list[int]) -> Tensor | None:
        """Return the vector of update counts, made or renewed where the state was set from outside.

        One vector serves the whole group, since hundreds of scalars cost more than the arithmetic. What
        torch shows as ``state[p]["step"]`` is a view of it.
        """
        if not (self.counter or plan.counted):
            return None
        key = "step" if self.counter else plan.slots[0]
        anchors = [self.state.get(p, {}).get(key) for p in group["params"]]
        known = group.links
        # A slot that has come to a parameter without one is the work of `_entry`; a count is not.
        if (
            group.steps is None
            or len(known) != len(anchors)
            or any(
                old is not new and (old is not None or self.counter)
                for old, new in zip(known, anchors, strict=True)
            )
        ):
            anchors = self._recount(group, anchors)
        for i in indices:
            if self.counter and anchors[i] is None:
                anchors[i] = self._show(group, i)
        if len(known) != len(anchors) or any(a is not b for a, b in zip(known, anchors, strict=True)):
            state.touch(group, group.__dict__, "links")
            group.links = anchors
        return group.steps

    def _recount(self, group: ParamGroup, anchors: list[Any]) -> list[Any]:
        """Make a new vector from the counts in the state; a slot alone counts as one update."""
        with self._made():
            counts = [0.0 if a is None else float(a) if self.counter else 1.0 for a in anchors]
            steps = wrap(jnp.asarray(np.asarray(counts, np.float32)))
        state.touch(group, group.__dict__, "steps")
        group.steps = steps
        if not self.counter:
            return anchors
        return [None if a is None else self._show(group, i) for i, a in enumerate(anchors)]

    def _show(self, group: ParamGroup, index: int) -> Tensor:
        """Put a view of a parameter's count into its state."""
        with self._made(), no_grad():
            count: Tensor = getitem(group.steps, index)
        self.state[group["params"][index]]["step"] = count
        return count


def _place(p: Tensor) -> Any:
    """Return where the slots of ``p`` belong: where it was put on purpose, else wherever JAX likes."""
    array: Any = p._data
    if is_tracer(array) and local.trace is not None:
        saved = local.trace.saved.get(id(p))
        array = array if saved is None else saved.array
    return array.sharding if not is_tracer(array) and array.committed else None


def check_numbers(who: str, **numbers: Any) -> None:
    """Raise if a rate is negative or no number, or a decay (a name that starts with beta) is not in [0, 1).

    Values that are tensors pass: looking at them would wait for the device, or stop a trace.
    """
    for name, value in numbers.items():
        if isinstance(value, Tensor):
            continue
        if not isinstance(value, (int, float, np.number)) or isinstance(value, bool):
            raise DtypeError(message(who, f"a number as {name}", describe(value)))
        if not value >= 0:
            raise ArgumentError(message(who, f"{name} of at least 0 (Invalid {name} value)", str(value)))
        if name.startswith("beta") and not value < 1:
            raise ArgumentError(message(who, f"{name} in [0, 1) (Invalid beta parameter)", str(value)))
