"""What wrapped flax modules share: their variables as parameters and buffers, and the call on our tape."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import apply_pure
from xlagrad.core.handle import Handle
from xlagrad.core.tensor import Parameter, wrap
from xlagrad.core.view import write_array
from xlagrad.layers.module import Module
from xlagrad.layers.static import freeze

Path = tuple[Any, ...]


class Scope(Module):
    """Holds the variables of one submodule of a flax module."""


class Slot:
    """One variable of a flax module, and where ours keeps it.

    Attributes:
        collection: flax's name for its kind, ``params`` for trained ones.
        path: where flax has it.
        scopes: names of the :class:`Scope` modules that lead to it.
        name: its attribute in the last one.
    """

    __slots__ = ("collection", "name", "path", "scopes")

    def __init__(self, collection: str, path: Path, scopes: tuple[str, ...], name: str) -> None:
        self.collection = collection
        self.path = path
        self.scopes = scopes
        self.name = name

    def _key(self) -> tuple[Any, ...]:
        return self.collection, self.path, self.scopes, self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slot) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


class FlaxModule(Module):
    """A flax module as one of ours: variables are parameters and buffers, calls go on our tape.

    Trained variables become parameters, all others buffers, under flax's own names joined by dots. Random
    keys come from our generator, drawn in training only (for streams other than dropout's, always).
    """

    _slots: tuple[Slot, ...]

    def _bind(self, variables: Iterable[tuple[str, Path, Any]]) -> None:
        """Register every (collection, path, array)."""
        slots = []
        for collection, path, value in variables:
            owner: Module = self
            scopes = []
            for step in path[:-1]:
                name = _free(owner, str(step), Scope)
                if name not in owner._modules:
                    owner.add_module(name, Scope())
                owner = owner._modules[name]  # type: ignore[assignment]
                scopes.append(name)
            name = _free(owner, str(path[-1]), None)
            array = jnp.asarray(value)
            if collection == "params" and jnp.issubdtype(array.dtype, jnp.inexact):
                owner.register_parameter(name, Parameter(array))
            else:
                owner.register_buffer(name, wrap(array))
            slots.append(Slot(collection, path, tuple(scopes), name))
        self._slots = tuple(slots)

    def _tensor(self, slot: Slot) -> Any:
        owner: Any = self
        for step in slot.scopes:
            owner = owner._modules[step]
        table = owner._parameters if slot.name in owner._parameters else owner._buffers
        return table[slot.name]

    def _run(
        self,
        build: Callable[..., Callable[..., Any]],
        static: tuple[Any, ...],
        keys: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        changed: Sequence[int],
    ) -> Any:
        """Run the pure function that ``build(*static, plain)`` returns, and keep the variables it changes.

        Args:
            build: makes ``fn(values, keys, dynamic) -> (result, new values of the changed slots)``.
            static: hashable arguments of ``build``.
            keys: random keys by stream.
            args: positional arguments of the flax module.
            kwargs: keyword arguments.
            changed: which slots the call may change.
        """
        leaves, tree = jax.tree.flatten((args, kwargs), is_leaf=lambda x: isinstance(x, Handle))
        dynamic = [x for x in leaves if isinstance(x, (Handle, jax.Array, np.ndarray))]
        plain = tuple(None if isinstance(x, (Handle, jax.Array, np.ndarray)) else (x,) for x in leaves)
        made = _functions.setdefault(self, {})
        key = (freeze(static), tree, freeze(plain))
        if key not in made:
            made[key] = build(*static, tree, plain)
        values = [self._tensor(slot) for slot in self._slots]
        result, new = apply_pure(type(self).__name__, made[key], values, keys, dynamic)
        for i, value in zip(changed, new, strict=True):
            write_array(values[i], value.data_array)
        return result


# Pure functions by module, and by what is static in a call: JAX's caches live on the function objects.
_functions: weakref.WeakKeyDictionary[FlaxModule, dict[Any, Callable[..., Any]]] = weakref.WeakKeyDictionary()


def fill(tree: Any, plain: Sequence[Any], dynamic: Sequence[Any]) -> Any:
    """Put the static and the dynamic arguments of a call together again."""
    rest = iter(dynamic)
    return jax.tree.unflatten(tree, [next(rest) if x is None else x[0] for x in plain])


def _free(owner: Module, name: str, kind: Any) -> str:
    """Return ``name``, with underscores appended until no other attribute has it."""
    while kind is not None and name in owner._modules:
        return name
    while not name or hasattr(owner, name):
        name += "_"
    return name.replace(".", "_")
