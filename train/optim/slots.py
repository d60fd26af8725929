"""The tensors that an optimizer keeps for each parameter: those that users see, and those only just made."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

from xlagrad.core import state
from xlagrad.core.handle import is_tracer
from xlagrad.core.modes import local
from xlagrad.core.tensor import Tensor, wrap
from xlagrad.train.optim.rule import Start
from xlagrad.train.optim.store import Entries


class Slots:
    """State by parameter and name.

    A slot that is made while a function is traced is kept aside until a run has written to it. If the trace
    fails, nobody has seen it; if it succeeds, the executable has captured it, and needs neither to put it
    into a dictionary at each call nor to be traced again because the dictionary has changed.

    Attributes:
        entries: what users see as ``optimizer.state``.
    """

    def __init__(self, entries: Entries | None = None) -> None:
        self.entries = Entries() if entries is None else entries
        self._aside: dict[Tensor, dict[str, tuple[Tensor, weakref.ref[Any]]]] = {}

    def get(self, p: Tensor, name: str) -> Tensor | None:
        """Return a slot, None if there is none yet."""
        entry = self.entries.get(p)
        found = entry.get(name) if isinstance(entry, dict) else None
        if found is not None:
            return found
        slot, start = self._aside.get(p, {}).get(name, (None, None))
        if slot is None or start is None:
            return None
        return slot if is_tracer(slot._data) or slot._data is start() else None

    def make(self, p: Tensor, name: str, start: Start, inside: bool) -> Tensor:
        """Return a new slot.

        Args:
            p: the parameter.
            name: of the slot.
            start: its first value.
            inside: whether it belongs to the trace that is running, with which it ends.
        """
        if not state.tracing():
            slot: Tensor = wrap(start.array(_place(p)))
            self.entries[p][name] = slot
            return slot
        if inside:
            slot = wrap(start.array())
        else:
            with state.outside():
                slot = wrap(start.array(_place(p)))
        self._aside.setdefault(p, {})[name] = slot, weakref.ref(slot._data)
        return slot

    def promote(self) -> list[tuple[Tensor, str, Tensor]]:
        """Show the slots that a run has written to, and inside a trace all of them; return what is new."""
        shown = list(self._live())
        for p, name, slot in shown:
            self.entries[p][name] = slot
            if not state.tracing():
                del self._aside[p][name]
        if not state.tracing():
            self._aside = {p: rest for p, rest in self._aside.items() if rest}
        return shown

    def _live(self) -> Iterator[tuple[Tensor, str, Tensor]]:
        for p, slots in self._aside.items():
            for name, (slot, start) in slots.items():
                if is_tracer(slot._data) and state.tracing():
                    if slot is not self.entries.get(p, {}).get(name):
                        yield p, name, slot
                elif not is_tracer(slot._data) and slot._data is not start():
                    yield p, name, slot


def _place(p: Tensor) -> Any:
    """Return where the slots of ``p`` belong: where it was put on purpose, else wherever JAX likes."""
    array: Any = p._data
    if is_tracer(array) and local.trace is not None:
        saved = local.trace.saved.get(id(p))
        array = array if saved is None else saved.array
    return array.sharding if not is_tracer(array) and array.committed else None
