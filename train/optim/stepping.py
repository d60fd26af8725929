"""Optimizers that are an optax transformation: a whole group is updated by one executable."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import optax

from xlagrad.core import state
from xlagrad.core.dispatch import apply_pure
from xlagrad.core.errors import ArgumentError, DtypeError, describe, message
from xlagrad.core.modes import enable_grad, local
from xlagrad.core.tensor import Tensor
from xlagrad.core.view import write_array
from xlagrad.train.optim.counts import Counts
from xlagrad.train.optim.group import ParamGroup, hashable
from xlagrad.train.optim.optimizer import Optimizer
from xlagrad.train.optim.plan import Plan, fused, recorded, update_group
from xlagrad.train.optim.rule import Start, zeros_like
from xlagrad.train.optim.slots import Slots
from xlagrad.train.optim.store import Entries


class RuleOptimizer(Optimizer):
    """An optimizer whose step is an optax transformation made by ``factory`` from a group's settings.

    In a group with ``differentiable`` set, the step is recorded where gradients are.

    Attributes:
        factory: takes the settings as keyword arguments.
        options: settings that are fixed in an executable.
        counter: whether ``state[p]["step"]`` counts the updates, as torch shows them.
    """

    factory: ClassVar[Callable[..., optax.GradientTransformation]]
    options: ClassVar[tuple[str, ...]] = ()
    counter: ClassVar[bool] = True
    _slots: Slots

    def slots(self, group: ParamGroup) -> tuple[str, ...]:
        """Return the names of the tensors that each parameter of a group keeps."""
        raise NotImplementedError

    def counted(self, group: ParamGroup) -> bool:
        """Return whether the arithmetic depends on the number of updates."""
        return True

    def start(self, name: str, param: Any) -> Start | None:
        """Return how a slot begins, None for a parameter that has none of that name."""
        return zeros_like(name, param)

    def _saved_like(self, name: str, param: Tensor) -> Start | None:
        return self.start(name, param.data_array)

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

    def step_unless(self, skip: Tensor, *args: Any, **kwargs: Any) -> Any:
        """Step where ``skip`` is 0, and otherwise write what was there: the choice is made on the device."""
        self.__dict__["_skip"] = skip
        try:
            return self.step(*args, **kwargs)
        finally:
            del self.__dict__["_skip"]

    def _plan(self, group: ParamGroup) -> Plan:
        hyper = group.hyper
        return Plan(
            type(self).factory,
            tuple((name, _fixed(group[name])) for name in self.options),
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
        counts = self._counts(group, plan)
        slots = {name: [self._slot(group, i, name) for i, _, _ in found] for name in plan.slots}
        active = None if len(found) == len(every) else tuple(i for i, _, _ in found)
        if group.get("differentiable") and local.grad:
            self._record(recorded(plan, active), found, slots, counts, group)
            return
        # Inside a trace the arithmetic belongs to the program that is being traced, not to one of its own.
        run = update_group if state.tracing() else fused
        arguments: Any = (
            plan,
            active,
            [p.data_array for _, p, _ in found],
            [g.data_array for _, _, g in found],
            {name: [_array(slot) for slot in column] for name, column in slots.items()},
            jnp.zeros(len(every)) if counts is None else counts.data_array,
            group.hyper.vector.data_array,
            {place: held.data_array for place, held in group.hyper.loose().items()},
        )
        params, after, steps = run(*arguments)
        if (skip := self.__dict__.get("_skip")) is not None:
            before = arguments[2], arguments[4], arguments[5]
            params, after, steps = _chosen(skip.data_array > 0, before, (params, after, steps))
        for (_, p, _), array in zip(found, params, strict=True):
            write_array(p, array)
        for name, column in slots.items():
            for slot, array in zip(column, after[name], strict=True):
                if slot is not None:
                    write_array(slot, array)
        if counts is not None:
            write_array(counts, steps)

    def _record(
        self,
        update: Any,
        found: list[Any],
        slots: dict[str, list[Any]],
        counts: Tensor | None,
        group: ParamGroup,
    ) -> None:
        """Update on the tape, so that gradients flow through the step."""
        params, grads = [p for _, p, _ in found], [g for _, _, g in found]
        steps = jnp.zeros(len(group["params"])) if counts is None else counts.data_array
        hyper = group.hyper
        arguments = params, grads, slots, steps, hyper.vector, hyper.loose()
        moved, after, steps = apply_pure(f"{type(self).__name__}.step", update, *arguments)
        pairs = [*zip(params, moved, strict=True)]
        for name, column in slots.items():
            pairs += zip(column, after[name], strict=True)
        for target, value in pairs:
            if target is not None:
                target.copy_(value)
        if counts is not None:
            write_array(counts, steps.data_array)

    def _counts(self, group: ParamGroup, plan: Plan) -> Tensor | None:
        """Return the group's update counts, None where nothing depends on them."""
        with state.outside():
            # What runs have written, but nothing of this trace, of which nobody knows yet.
            self._promote()
        if not (self.counter or plan.counted):
            return None
        if group.counts is None:
            group.counts = Counts("step" if self.counter else plan.slots[0])
        return group.counts.current(self._slots, group["params"], self._is_transient())

    def _slot(self, group: ParamGroup, index: int, name: str) -> Tensor | None:
        p = group["params"][index]
        slot = self._slots.get(p, name)
        if slot is None:
            start = self.start(name, p.data_array)
            if start is None:
                return None
            slot = self._slots.make(p, name, start, self._is_transient())
            if not state.tracing():
                self._mark(group, index, name, slot)
        return slot

    def _mark(self, group: ParamGroup, index: int, name: str, slot: Tensor) -> None:
        if group.counts is not None and group.counts.key == name:
            group.counts.mark(index, slot)

    def _promote(self) -> None:
        """Show the slots that compiled runs have written to."""
        for p, name, slot in self._slots.promote():
            for group in self.param_groups:
                if group.counts is not None and group.counts.key == name:
                    index = next((i for i, q in enumerate(group["params"]) if q is p), None)
                    if index is not None:
                        group.counts.mark(index, slot)

    @property
    def state(self) -> Any:
        """For each parameter its slots, by torch's names."""
        self._promote()
        for group in self.param_groups:
            if group.counts is not None:
                group.counts.show(self._slots, group["params"])
        return self._slots.entries

    @state.setter
    def state(self, entries: Any) -> None:
        state.touch(self, self.__dict__, "_slots")
        self.__dict__["_slots"] = Slots(Entries(entries))
        for group in self.__dict__.get("param_groups", ()):
            state.touch(group, group.__dict__, "counts")
            group.counts = None

    def _guard_state(self) -> Hashable:
        if not state.tracing():
            self._promote()
        return tuple(self._group_state(group) for group in self.param_groups), self._common_guards()

    def _group_state(self, group: ParamGroup) -> Hashable:
        params, names = group["params"], self.slots(group)
        held = tuple(id(self._slots.get(p, name)) for p in params for name in names)
        others = tuple(
            (k, hashable(v))
            for p in params
            for k, v in self._slots.entries.get(p, {}).items()
            if k not in names and k != "step"
        )
        counts = None if group.counts is None else group.counts.signature(self._slots, params)
        return group.signature(), held, others, counts


def _chosen(skip: jax.Array, before: Any, after: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(skip, a, b), before, after)


def _array(slot: Tensor | None) -> Any:
    return None if slot is None else slot.data_array


def _fixed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


# How torch calls the settings in its errors, where that is not by their names.
_CALLED = {"lr": "learning rate", "eps": "epsilon value"}


def check_numbers(who: str, **numbers: Any) -> None:
    """Raise if a rate is negative or no number, or a decay (a name that starts with beta) is not in [0, 1).

    Values that are tensors pass, if they have one element: looking at them would wait for the device, or
    stop a trace.
    """
    for name, value in numbers.items():
        if isinstance(value, Tensor):
            if value.numel() != 1:
                got = describe(value)
                raise ArgumentError(message(who, f"one number (Tensor {name} must be 1-element)", got))
            continue
        if not isinstance(value, (int, float, np.number)) or isinstance(value, bool):
            raise DtypeError(message(who, f"a number as {name}", describe(value)))
        beta = name.startswith("beta") and name[4:].isdigit()
        if not value >= 0:
            said = (
                f"beta parameter at index {int(name[4:]) - 1}" if beta else _CALLED.get(name, f"{name} value")
            )
            expected = f"{name} of at least 0 (Invalid {said}: {value})"
            raise ArgumentError(message(who, expected, str(value)))
        if beta and not value < 1:
            expected = f"{name} in [0, 1) (Invalid beta parameter at index {int(name[4:]) - 1}: {value})"
            raise ArgumentError(message(who, expected, str(value)))


def check_forms(who: str, fused: bool | None, foreach: bool | None, differentiable: bool) -> None:
    """Raise for combinations of torch's implementations that exclude each other."""
    if fused and (differentiable or foreach):
        other = "`differentiable`" if differentiable else "`foreach`"
        expected = f"`fused` without {other} (they cannot be True together)"
        raise ArgumentError(
            message(who, expected, "both", "every update here is one fused executable anyway")
        )
