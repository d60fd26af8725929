"""The numbers of a parameter group, as one vector on the device beside exact Python numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import state
from xlagrad.core.errors import StateError, message
from xlagrad.core.tensor import Tensor, as_array, wrap
from xlagrad.ops.index import getitem
from xlagrad.train.optim.plan import DECAY, Place
from xlagrad.train.optim.rule import is_zero


class Hyper:
    """Hyperparameters that may change between the calls of an executable.

    Compiled functions take the vector as an input. Each element keeps one form for the life of this
    object: an ordinary number, a zero for which the arithmetic is left out, or a tensor of the user's.

    Args:
        entries: value of each key: a number, a tensor, or a tuple of those.
        kinds: whether each key is a ``"rate"`` or a ``"decay"``, which is kept as its complement.
        optional: the keys for which a zero is a form of its own.

    Attributes:
        places: what each element of the vector is.
        vector: the tensor that compiled functions capture.
    """

    def __init__(
        self, entries: Mapping[str, Any], kinds: Mapping[str, str], optional: frozenset[str]
    ) -> None:
        self._kinds = kinds
        self._optional = optional
        self._tuples = {
            key: type(value) for key, value in entries.items() if isinstance(value, (tuple, list))
        }
        self._host: dict[Place, Any] = {
            place: value for key in entries for place, value in self._elements(key, entries[key])
        }
        self.places: tuple[Place, ...] = tuple(self._host)
        self.forms = {place: self._form(place, value) for place, value in self._host.items()}
        self._sent = self._packed()
        self.vector: Tensor = wrap(jnp.asarray(self._sent))
        self._sent_array: Any = self.vector._data

    def _elements(self, key: str, value: Any) -> list[tuple[Place, Any]]:
        kind = self._kinds[key]
        if isinstance(value, (tuple, list)):
            return [((key, i, kind), v) for i, v in enumerate(value)]
        return [((key, None, kind), value)]

    def _form(self, place: Place, value: Any) -> Any:
        if isinstance(value, Tensor) and not state.tracing():
            return id(value)
        return "zero" if place[0] in self._optional and is_zero(value) else "number"

    def _packed(self) -> np.ndarray[Any, Any]:
        """Return the vector's elements, rounded from double precision; a tensor's place is left at 0."""
        kind = jax.dtypes.canonicalize_dtype(np.float64)
        return np.asarray(
            [0.0 if isinstance(v, Tensor) else _code(p, v) for p, v in self._host.items()], kind
        )

    def loose(self) -> dict[Place, Tensor]:
        """Return the places that a tensor of the user's fills."""
        return {place: value for place, value in self._host.items() if isinstance(value, Tensor)}

    def zeros(self) -> frozenset[Place]:
        """Return the places whose arithmetic is left out."""
        return frozenset(place for place, form in self.forms.items() if form == "zero")

    def accepts(self, key: str, value: Any) -> bool:
        """Return whether ``value`` has the form of the present one, so that executables remain valid."""
        new = self._elements(key, value)
        old = [place for place in self.places if place[0] == key]
        if [place for place, _ in new] != old:
            return False
        if state.tracing():
            # A tensor of the user's is written into, rather than replaced.
            new = [(place, v) for place, v in new if not isinstance(self._host[place], Tensor)]
        return all(self._form(place, v) == self.forms[place] for place, v in new)

    def write(self, key: str, value: Any) -> None:
        """Set a key to a value that it accepts."""
        if state.tracing():
            self._write_traced(key, value)
            return
        self._sync()
        new = dict(self._elements(key, value))
        changed = any(self._host[place] is not v and self._host[place] != v for place, v in new.items())
        self._host.update(new)
        if changed:
            self._sent = self._packed()
            self.vector._write(jnp.asarray(self._sent))
            self._sent_array = self.vector._data

    def _write_traced(self, key: str, value: Any) -> None:
        """Write into the vector alone: the Python numbers follow when they are next read outside."""
        array = self.vector.data_array
        for place, v in self._elements(key, value):
            if isinstance(held := self._host[place], Tensor):
                held._write(as_array(v).astype(held.data_array.dtype))
                continue
            code = 1 - as_array(v) if place[2] == DECAY else as_array(v)
            array = array.at[self.places.index(place)].set(code.astype(array.dtype))
        self.vector._write(array)

    def read(self, key: str) -> Any:
        """Return the value of a key: Python numbers outside a trace, tensors within."""
        traced = state.tracing()
        if not traced:
            self._sync()
        elif state.settled(self):
            fix = "read it before scheduler.step(), or outside"
            got = "a schedule's step, which is made after the call"
            raise StateError(message(f"param_groups[{key!r}]", "a value that is known", got, fix))
        found = [
            self._element(i) if traced else self._host[place]
            for i, place in enumerate(self.places)
            if place[0] == key
        ]
        return self._tuples[key](found) if key in self._tuples else found[0]

    def _element(self, index: int) -> Any:
        place = self.places[index]
        if self.forms[place] != "number":
            return self._host[place]
        element = getitem(self.vector, index)
        return 1 - element if place[2] == DECAY else element

    def _sync(self) -> None:
        """Take over the numbers that a compiled function has written to the vector."""
        array = self.vector._data
        if array is self._sent_array:
            return
        found = np.asarray(array)
        for i, place in enumerate(self.places):
            if found[i] != self._sent[i]:
                self._host[place] = _code(place, found[i])
        self._sent, self._sent_array = found, array


def _code(place: Place, value: Any) -> float:
    """Turn a number into the vector's element, or back: of a decay the complement is kept."""
    return 1 - float(value) if place[2] == DECAY else float(value)
