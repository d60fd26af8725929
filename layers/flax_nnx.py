"""Flax nnx modules as layers of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.random import key_of, next_key
from xlagrad.layers.flax_module import FlaxModule, Path, Slot, fill

_RNG = "rng"


def _nnx() -> Any:
    """Return ``flax.nnx``, which is slow to import."""
    from flax import nnx

    return nnx


class Structure:
    """An nnx module without its values: the graph, and the variables emptied.

    Attributes:
        graph: nnx's definition of the module.
        templates: (path, class, metadata) of every variable, in flax's order.
        streams: the initial values of the random states among them, by position; None for the others.
    """

    def __init__(self, module: Any, training: bool) -> None:
        # A mode is a static attribute of nnx modules, so each has a graph of its own.
        (module.train if training else module.eval)()
        self.graph, variables = _nnx().split(module)
        self.templates: list[tuple[Path, Any, dict[str, Any]]] = []
        self.streams: list[Any] = []
        for path, variable in _nnx().to_flat_state(variables):
            self.templates.append((path, type(variable), dict(variable.get_metadata())))
            self.streams.append(_plain(variable) if isinstance(variable, _nnx().RngState) else None)

    def __hash__(self) -> int:
        return hash(self.graph)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Structure) or self.graph != other.graph:
            return False
        return [t[:2] for t in self.templates] == [t[:2] for t in other.templates]

    def build(self, values: Sequence[Any], key: Any) -> Any:
        """Return the nnx module with these values, and random streams that start from ``key``, if given."""
        rest = iter(values)
        flat = []
        for i, ((path, kind, metadata), stream) in enumerate(zip(self.templates, self.streams, strict=True)):
            if stream is None:
                value = next(rest)
            elif not issubclass(kind, _nnx().RngKey):
                value = jnp.asarray(stream)
            else:
                value = key_of(jnp.asarray(stream)) if key is None else jax.random.fold_in(key, i)
            flat.append((path, kind(value, **metadata)))
        return _nnx().merge(self.graph, _nnx().from_flat_state(flat))


def _plain(variable: Any) -> Any:
    """Return a random state's value as a NumPy array: key data, or a count."""
    value = variable.get_value()
    return np.asarray(jax.random.key_data(value) if isinstance(variable, _nnx().RngKey) else value)


class NNXModule(FlaxModule):
    """An nnx module as one of ours.

    ``nnx.Param`` variables are parameters, all others but random states are buffers. Their values are taken
    over here: training does not change the nnx module. ``train()`` and ``eval()`` do what nnx's own do.

    Args:
        module: the nnx module.
    """

    def __init__(self, module: Any) -> None:
        super().__init__()
        self._structures = tuple(Structure(module, training) for training in (False, True))
        flat = _nnx().to_flat_state(_nnx().state(module))
        self._bind(
            (_collection(v), path, v.get_value()) for path, v in flat if not isinstance(v, _nnx().RngState)
        )

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the nnx module returns."""
        structure = self._structures[self.training]
        changed = tuple(i for i, slot in enumerate(self._slots) if slot.collection != "params")
        random = any(stream is not None for stream in structure.streams)
        keys = {_RNG: next_key()} if random and self.training else {}
        return self._run(_function, (structure, self._slots, changed), keys, args, kwargs, changed)

    def extra_repr(self) -> str:
        """Return the class of the nnx module."""
        return str(self._structures[0].graph.nodes[0].type.__name__)


def _collection(variable: Any) -> str:
    return "params" if isinstance(variable, _nnx().Param) else type(variable).__name__


def _function(
    structure: Structure, slots: tuple[Slot, ...], changed: Sequence[int], tree: Any, plain: Any
) -> Callable[..., Any]:
    def apply(values: Any, keys: Any, dynamic: Any) -> Any:
        module = structure.build(values, key_of(keys[_RNG]) if keys else None)
        args, kwargs = fill(tree, plain, dynamic)
        result = module(*args, **kwargs)
        now = dict(_nnx().to_flat_state(_nnx().state(module)))
        return result, [jnp.asarray(now[slots[i].path].get_value()) for i in changed]

    return apply
