"""Flax modules as layers of ours."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import apply_pure
from xlagrad.core.errors import DtypeError, message
from xlagrad.core.handle import Handle
from xlagrad.core.tensor import Parameter, wrap
from xlagrad.core.view import write_array
from xlagrad.layers.attributes import adopters
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


def from_flax(module: Any, *args: Any, **options: Any) -> FlaxModule:
    """Make a flax module, linen or nnx, a module of ours.

    A flax module that is assigned to an attribute of a module of ours, or put into a container, is wrapped
    by itself, without options.

    Args:
        module: the flax module.
        args: for linen, example inputs from which the variables are initialised at once; without, this
            happens in the first call.
        options: ``variables`` (linen: use these), ``rngs`` (linen: names of the random streams, by default
            ``("dropout",)``), ``method`` (linen: the method to call), and example keyword inputs.

    Raises:
        DtypeError: it is no flax module.

    Example:
        >>> import flax.linen
        >>> from xlagrad.core.tensor import Tensor
        >>> layer = from_flax(flax.linen.Dense(3), Tensor([[1.0, 2.0]]))
        >>> {name: tuple(p.shape) for name, p in layer.named_parameters()}
        {'kernel': (2, 3), 'bias': (3,)}
    """
    # flax takes a second or two to import, and whoever has a flax module has imported it.
    kind = _kind(module)
    if kind == "linen":
        from xlagrad.layers.flax_linen import LinenModule

        return LinenModule(module, *args, **options)
    if kind == "nnx":
        from xlagrad.layers.flax_nnx import NNXModule

        return NNXModule(module, **options)
    raise DtypeError(message("from_flax", "a flax linen or nnx module", type(module).__name__))


def _kind(value: Any) -> str | None:
    for name in ("linen", "nnx"):
        package = sys.modules.get(f"flax.{name}")
        base = getattr(package, "Module", None)
        if base is not None and isinstance(value, base):
            return name
    return None


def _adopt(value: Any) -> Any:
    return from_flax(value) if _kind(value) is not None else value


adopters.append(_adopt)
