"""How often each parameter of a group was updated: one vector, of which ``state[p]["step"]`` are views."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core import state
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Tensor, wrap
from xlagrad.ops.index import getitem
from xlagrad.train.optim.slots import Slots


class Counts:
    """Update counts of a group's parameters.

    One vector serves them all, since hundreds of scalars cost more than the arithmetic of an update. What
    users set or delete in the state is noticed by the identity of the entries.

    Args:
        key: the entry of a parameter's state that its count goes with: ``"step"``, which shows it, or a
            slot, whose presence means that there was an update.

    Attributes:
        vector: float32, one count for each parameter; None before the first update.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.vector: Tensor | None = None
        self._known: list[Any] = []
        self._views: list[Tensor] = []

    def _found(self, slots: Slots, params: Sequence[Tensor]) -> list[Any]:
        entries = (slots.entries.get(p) for p in params)
        return [entry.get(self.key) if isinstance(entry, dict) else None for entry in entries]

    def current(self, slots: Slots, params: Sequence[Tensor], inside: bool) -> Tensor:
        """Return the vector, made anew where the state has been set from outside.

        Args:
            slots: the optimizer's state.
            params: the group's parameters.
            inside: whether the state belongs to the trace that is running.
        """
        found = self._found(slots, params)
        known = self._known + [None] * (len(found) - len(self._known))
        if self.vector is None or len(self._known) != len(found) or self._differs(known, found):
            if state.tracing() and not inside:
                with state.outside():
                    self._recount(known, found)
            else:
                self._recount(known, found)
            self._known = found
        assert self.vector is not None
        return self.vector

    def _differs(self, known: list[Any], found: list[Any]) -> bool:
        return not all(map(self._accounted, range(len(found)), known, found))

    def _accounted(self, index: int, known: Any, found: Any) -> bool:
        """Whether an entry is what the vector counts, or a view of it that has just come to be shown."""
        if found is known:
            return True
        return known is None and index < len(self._views) and found is self._views[index]

    def _recount(self, known: list[Any], found: list[Any]) -> None:
        counts = np.zeros(len(found), np.float32)
        if self.vector is not None:
            old = self.vector.numpy()
            counts[: len(old)] = old
        for i, (before, now) in enumerate(zip(known, found, strict=True)):
            if now is not before:
                counts[i] = 0 if now is None else float(now) if self.key == "step" else 1
        vector = self.vector = wrap(jnp.asarray(counts))
        if self.key == "step":
            # Taken while the vector's value is known, so that a trace may show them too.
            with no_grad():
                self._views = [getitem(vector, i) for i in range(len(found))]

    def mark(self, index: int, entry: Any) -> None:
        """Take an entry that the optimizer itself has made for what a count goes with."""
        if index < len(self._known):
            self._known[index] = entry

    def show(self, slots: Slots, params: Sequence[Tensor]) -> None:
        """Put views of the counts into the state of parameters that have one."""
        if self.vector is None or self.key != "step":
            return
        for i, (before, now) in enumerate(zip(self._known, self._found(slots, params), strict=False)):
            entry = slots.entries.get(params[i])
            if not isinstance(entry, dict) or not entry or not self._accounted(i, before, now):
                continue
            if now is not self._views[i]:
                entry[self.key] = self._views[i]
            if not state.tracing():
                self._known[i] = self._views[i]

    def signature(self, slots: Slots, params: Sequence[Tensor]) -> Hashable:
        """Return what guards know: the vector, and entries that it does not account for yet."""
        found = self._found(slots, params)
        known = self._known + [None] * (len(found) - len(self._known))
        return id(self.vector), tuple(
            None if self._accounted(i, a, b) else id(b)
            for i, (a, b) in enumerate(zip(known, found, strict=False))
        )
