"""What every metric is: numbers on the device that a batch updates, and a result computed from them."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from xlagrad.core import state
from xlagrad.core.errors import ShapeError, describe, message
from xlagrad.core.tensor import Tensor, as_array, wrap
from xlagrad.core.view import write_array

Sums: TypeAlias = dict[str, jax.Array]


class Metric:
    """A quantity gathered over batches.

    Its state is tensors on the device: ``update`` runs as part of a compiled step, and nothing reaches the
    host before ``result`` is printed or converted. Sums are carried in two floats each, so that a million
    batches add up as exactly as ten.

    A subclass gives ``shapes``, ``advance`` and ``value``, all pure, and keeps its settings as attributes
    that are not changed afterwards.

    Args:
        name: what histories and progress bars call it.

    Example:
        >>> from xlagrad.train.metrics import Mean
        >>> m = Mean()
        >>> m.update([1.0, 2.0])
        >>> m.update([6.0])
        >>> m.result().item()
        3.0
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._sums: dict[str, Tensor] | None = None

    def shapes(self) -> dict[str, Sequence[int]]:
        """Return the shape of each sum."""
        raise NotImplementedError

    def advance(self, sums: Sums, *arrays: jax.Array, weight: jax.Array | None) -> Sums:
        """Return what a batch adds to each sum."""
        raise NotImplementedError

    def value(self, sums: Sums) -> jax.Array:
        """Return the metric from the sums."""
        raise NotImplementedError

    def _settings(self) -> tuple[Any, ...]:
        fields = ((k, v) for k, v in self.__dict__.items() if k not in ("name", "_sums"))
        return type(self), *sorted((k, str(v)) for k, v in fields)

    def _guard_state(self) -> Hashable:
        return self._settings(), tuple(map(id, self._tensors().values()))

    def _tensors(self) -> dict[str, Tensor]:
        if self._sums is None:
            state.touch(self, self.__dict__, "_sums")
            with state.outside():
                self._sums = {name: wrap(jnp.zeros((2, *shape))) for name, shape in self.shapes().items()}
        return self._sums

    def update(self, *values: Any, weight: Any = None) -> None:
        """Take a batch in.

        Args:
            values: for most metrics predictions and targets.
            weight: how much each sample counts, one number for each; 0 leaves a sample out altogether.

        Raises:
            ShapeError: the shapes do not fit together.
        """
        state.depend(self)
        tensors = self._tensors()
        run = _advance if state.tracing() else _advance_jit
        arrays = [as_array(v) for v in values]
        before = {name: t.data_array for name, t in tensors.items()}
        after = run(_Static(self), before, arrays, None if weight is None else as_array(weight))
        for name, t in tensors.items():
            write_array(t, after[name])

    def result(self) -> Tensor:
        """Return the metric over everything since the last reset; NaN where that is nothing."""
        state.depend(self)
        run = _value if state.tracing() else _value_jit
        result: Tensor = wrap(run(_Static(self), {name: t.data_array for name, t in self._tensors().items()}))
        return result

    def reset(self) -> None:
        """Forget every batch."""
        state.depend(self)
        for t in self._tensors().values():
            write_array(t, jnp.zeros(t.shape, jnp.float32))

    def state_dict(self) -> dict[str, Tensor]:
        """Return the sums, each with its rounding error beside it."""
        return dict(self._tensors())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the sums that ``state_dict`` returned."""
        for name, t in self._tensors().items():
            t._write(jnp.array(as_array(state_dict[name]), copy=True))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"


class _Static:
    """A metric without its state, equal to every other of the same settings: a key of executables."""

    def __init__(self, metric: Metric) -> None:
        self.settings = metric._settings()
        self.metric = copy.copy(metric)
        self.metric._sums = None

    def __hash__(self) -> int:
        return hash(self.settings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Static) and self.settings == other.settings


def _advance(static: _Static, sums: Sums, arrays: list[jax.Array], weight: jax.Array | None) -> Sums:
    totals = {name: pair[0] + pair[1] for name, pair in sums.items()}
    added = static.metric.advance(totals, *arrays, weight=weight)
    return {name: _add(pair, added[name]) for name, pair in sums.items()}


def _value(static: _Static, sums: Sums) -> jax.Array:
    return static.metric.value({name: pair[0] + pair[1] for name, pair in sums.items()})


_advance_jit = jax.jit(_advance, static_argnums=0)
_value_jit = jax.jit(_value, static_argnums=0)


def _add(pair: jax.Array, x: jax.Array) -> jax.Array:
    """Add to a sum and to its rounding error (Neumaier's compensated summation)."""
    total, error = pair[0], pair[1]
    new = total + x
    lost = jnp.where(jnp.abs(total) >= jnp.abs(x), (total - new) + x, (x - new) + total)
    # Past infinity there is no error to keep, and inf - inf would make it NaN.
    return jnp.stack([new, jnp.where(jnp.isfinite(new), error + lost, 0.0)])


def weighted_sum(x: jax.Array, weight: jax.Array | None) -> tuple[jax.Array, jax.Array]:
    """Return the sum of ``x`` and the number of its elements, each sample counted by its weight.

    Samples of weight 0 do not contribute, whatever their values, NaN included.
    """
    x = x.astype(jnp.float32)
    if weight is None:
        return x.sum(), jnp.asarray(x.size, jnp.float32)
    w = spread(weight, x)
    return jnp.where(w == 0, 0.0, x * w).sum(), w.sum()


def spread(weight: jax.Array, x: jax.Array) -> jax.Array:
    """Return a weight for each element of ``x`` from one for each sample, or for each element.

    Raises:
        ShapeError: there are more or fewer samples.
    """
    if weight.ndim > x.ndim or weight.shape != x.shape[: weight.ndim]:
        expected = f"one weight for each sample of {describe(x)}"
        raise ShapeError(message("Metric.update", expected, describe(weight)))
    shape = weight.shape + (1,) * (x.ndim - weight.ndim)
    return jnp.broadcast_to(weight.astype(jnp.float32).reshape(shape), x.shape)


def ratio(a: jax.Array, b: jax.Array, empty: float = jnp.nan) -> jax.Array:
    """Return ``a / b``, and ``empty`` where ``b`` is 0."""
    return jnp.where(b == 0, empty, a / jnp.where(b == 0, 1.0, b))
