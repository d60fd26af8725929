"""Flax linen modules as layers of ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core import state
from xlagrad.core.errors import StateError, message
from xlagrad.core.handle import Handle
from xlagrad.core.random import key_of, next_key
from xlagrad.core.tensor import as_array
from xlagrad.layers.flax_module import FlaxModule, Path, Slot, fill

# How linen modules call the argument that tells training from evaluation, and what it is in training.
_MODE_ARGUMENTS = {
    "train": True,
    "training": True,
    "is_training": True,
    "deterministic": False,
    "use_running_average": False,
}


class LinenModule(FlaxModule):
    """A linen module as one of ours.

    Collections other than ``params`` are buffers and mutable in training; in evaluation ``batch_stats``
    stays as it is. An argument called ``train``, ``training``, ``is_training``, ``deterministic`` or
    ``use_running_average`` follows ``self.training`` unless it is passed.

    Args:
        module: the linen module.
        args: example inputs; without them, and without ``variables``, the first call initialises.
        variables: variables to use instead of initialising.
        rngs: names of the random streams that ``apply`` needs.
        method: the method to call instead of ``__call__``.
        kwargs: example keyword inputs.
    """

    def __init__(
        self,
        module: Any,
        *args: Any,
        variables: Mapping[str, Any] | None = None,
        rngs: Sequence[str] = ("dropout",),
        method: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        # Past `__setattr__`, which would wrap it again.
        self.__dict__["_flax_module"] = module
        self._rng_names = tuple(rngs)
        self._method = method
        self._slots: tuple[Slot, ...] = ()
        self._ready = False
        if variables is not None:
            self._adopt(variables)
        elif args or kwargs:
            self._initialise(args, kwargs)

    def _initialise(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if state.tracing():
            raise StateError(
                message(
                    "from_flax",
                    "variables before the module is compiled",
                    "none",
                    "pass example inputs to from_flax, or call the module once outside compile",
                )
            )
        names = ("params", *self._rng_names)
        keys = {name: key_of(next_key()) for name in names}
        plain = jax.tree.map(
            lambda x: as_array(x) if isinstance(x, Handle) else x,
            (args, self._with_mode(kwargs)),
            is_leaf=lambda x: isinstance(x, Handle),
        )
        self._adopt(self._flax_module.init(keys, *plain[0], method=self._method, **plain[1]))

    def _adopt(self, variables: Mapping[str, Any]) -> None:
        found = []
        for collection, tree in _unboxed(dict(variables)).items():
            for path, value in jax.tree_util.tree_flatten_with_path(tree)[0]:
                found.append((collection, tuple(_step(p) for p in path), value))
        self._bind(found)
        self._ready = True

    def _with_mode(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        method = self._method or type(self._flax_module).__call__
        if isinstance(method, str):
            method = getattr(type(self._flax_module), method)
        known = inspect.signature(method).parameters
        mode = {
            name: in_training is self.training
            for name, in_training in _MODE_ARGUMENTS.items()
            if name in known
        }
        return {**mode, **kwargs}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the linen module returns."""
        if not self._ready:
            self._initialise(args, kwargs)
        frozen = ("params",) if self.training else ("params", "batch_stats")
        collections = {slot.collection for slot in self._slots}
        mutable = tuple(sorted(collections - set(frozen)))
        changed = [i for i, slot in enumerate(self._slots) if slot.collection in mutable]
        wanted = [name for name in self._rng_names if self.training or name != "dropout"]
        keys = {name: next_key() for name in wanted}
        static = (self._flax_module, self._slots, mutable, self._method)
        kwargs = self._with_mode(kwargs)
        return self._run(_function, static, keys, args, kwargs, changed)

    def extra_repr(self) -> str:
        """Return the linen module's own ``repr``."""
        return repr(self._flax_module)


def _function(
    module: Any, slots: tuple[Slot, ...], mutable: tuple[str, ...], method: Any, tree: Any, plain: Any
) -> Callable[..., Any]:
    def apply(values: Any, keys: Any, dynamic: Any) -> Any:
        variables: dict[str, Any] = {}
        for slot, value in zip(slots, values, strict=True):
            _put(variables, (slot.collection, *slot.path), value)
        args, kwargs = fill(tree, plain, dynamic)
        rngs = {name: key_of(data) for name, data in keys.items()}
        result, new = module.apply(
            variables, *args, rngs=rngs, mutable=list(mutable), method=method, **kwargs
        )
        new = _unboxed(new)
        changed = []
        for slot, value in zip(slots, values, strict=True):
            if slot.collection in mutable:
                changed.append(jnp.asarray(_get(new, (slot.collection, *slot.path), value)))
        return result, changed

    return apply


def _unboxed(tree: Any) -> Any:
    """Return variables without the boxes that flax puts around partitioned ones."""
    from flax.core import meta

    return meta.unbox(tree)


def _step(part: Any) -> Any:
    return getattr(part, "key", getattr(part, "idx", getattr(part, "name", part)))


def _put(tree: dict[str, Any], path: Path, value: Any) -> None:
    for step in path[:-1]:
        tree = tree.setdefault(step, {})
    tree[path[-1]] = value


def _get(tree: Any, path: Path, default: Any) -> Any:
    for step in path:
        if step not in tree:
            return default
        tree = tree[step]
    return tree
