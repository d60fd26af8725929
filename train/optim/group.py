"""A parameter group: a dict whose numbers may change between compiled calls without a retrace."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from xlagrad.core import state
from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.train.optim.counts import Counts
from xlagrad.train.optim.hyper import Hyper
from xlagrad.train.optim.store import Watched


class ParamGroup(Watched):
    """An entry of ``optimizer.param_groups``.

    Outside a trace it is a dict as torch's. Inside one, its numbers (``lr``, ``betas``, ...) read as
    tensors, and what is written to them is the new value. Everything else, and a weight decay or momentum
    that turns from 0 to something, is fixed in an executable: changing it makes compiled functions trace
    again.

    Args:
        entries: the group's keys and values.
        kinds: which keys hold numbers, as :class:`~xlagrad.train.optim.hyper.Hyper` has it.
        optional: those among them for which 0 leaves the arithmetic out.

    Attributes:
        hyper: the numbers.
        counts: how often each parameter was updated; None where nothing depends on it.
    """

    def __init__(
        self, entries: Mapping[str, Any], kinds: Mapping[str, str], optional: frozenset[str] = frozenset()
    ) -> None:
        super().__init__()
        dict.update(self, entries)
        self.counts: Counts | None = None
        self._kinds = kinds
        self._optional = optional
        self._renew()

    def _renew(self) -> None:
        numbers = {k: v for k in self._kinds if k in self and _is_number(v := dict.__getitem__(self, k))}
        self.hyper = Hyper(numbers, self._kinds, self._optional)
        self._numbers = frozenset(numbers)

    def is_zero(self, key: str) -> bool:
        """Return whether a number is a zero whose arithmetic is left out."""
        return any(form == "zero" for place, form in self.hyper.forms.items() if place[0] == key)

    def signature(self) -> Hashable:
        """Return everything that a trace through this group depends on, values of numbers aside."""
        fixed = tuple((k, hashable(v)) for k, v in dict.items(self) if k not in self._numbers)
        return fixed, tuple(self.hyper.forms.items()), id(self.hyper.vector)

    def __getitem__(self, key: Any) -> Any:
        return self.hyper.read(key) if key in self._numbers else dict.__getitem__(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        if key not in self._kinds:
            super().__setitem__(key, value)
        elif key in self._numbers and _is_number(value) and self.hyper.accepts(key, value):
            self.hyper.write(key, value)
        elif state.tracing():
            fix = "set it before the compiled function is called"
            raise ArgumentError(
                message(f"param_groups[{key!r}]", "a change of value alone", repr(value), fix)
            )
        else:
            self._settle()
            super().__setitem__(key, value)
            self._renew()

    def __delitem__(self, key: Any) -> None:
        self._settle()
        super().__delitem__(key)
        if key in self._kinds:
            self._renew()

    def _settle(self) -> None:
        """Bring the dict's own storage up to date with the numbers."""
        for key in self._numbers:
            dict.__setitem__(self, key, self.hyper.read(key))

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of a key, or the default."""
        return self[key] if key in self else default  # noqa: SIM401  it is what is defined here

    def copy(self) -> dict[str, Any]:
        """Return the entries as a plain dict."""
        return {key: self[key] for key in self}

    def items(self) -> Any:
        """Return the keys with their values."""
        return self.copy().items()

    def values(self) -> Any:
        """Return the values."""
        return self.copy().values()

    def __reduce__(self) -> Any:
        return ParamGroup, (self.copy(), self._kinds, self._optional)

    def __repr__(self) -> str:
        return repr(self.copy())


def _is_number(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return bool(value) and all(_is_number(v) for v in value)
    return isinstance(value, (int, float, np.number, Tensor)) and not isinstance(value, bool)


def hashable(value: Any) -> Hashable:
    """Return something that equals itself as long as ``value`` has not changed."""
    if isinstance(value, (tuple, list)):
        return tuple(hashable(v) for v in value)
    if isinstance(value, Tensor):
        return id(state.identity(value))
    return value if isinstance(value, (bool, int, float, str, type(None))) else id(value)
