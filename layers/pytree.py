"""Modules as JAX pytrees: children are all tensors below a module, the rest is static structure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import jax

from xlagrad.core.handle import Handle
from xlagrad.layers.attributes import HOOK_TABLES, MEMBER_TABLES, ModuleAttributes
from xlagrad.layers.static import freeze

_DROPPED = frozenset({"_compiled_call_impl"})
_CONTAINERS = (list, tuple, dict, OrderedDict)


class Static:
    """A value that is not a tensor: kept for rebuilding, compared by its snapshot."""

    __slots__ = ("key", "value")

    def __init__(self, value: Any) -> None:
        self.value = _copy(value)
        self.key = freeze(value)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and self.key == other.key

    def __repr__(self) -> str:
        return repr(self.value)


class Skeleton:
    """What remains of a module when its tensors are taken out: hashable, equal for equal architectures.

    ``plan`` is a nested tuple of ``("leaf", i)``, ``("module", class, fields)``, ``("again", k)`` for the
    k-th module met before, ``("items", type, keys, plans)`` for containers with tensors inside, and
    :class:`Static` values.
    """

    __slots__ = ("_hash", "plan")

    def __init__(self, plan: Hashable) -> None:
        self.plan = plan
        self._hash = hash(plan)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Skeleton) and self._hash == other._hash and self.plan == other.plan

    def __repr__(self) -> str:
        return f"Skeleton({self.plan[1].__name__ if isinstance(self.plan, tuple) else self.plan})"


class _Taker:
    """Walks a module once, collecting each tensor where it is first met."""

    def __init__(self) -> None:
        self.leaves: list[Any] = []
        self.names: list[str] = []
        self._index: dict[int, int] = {}
        self._seen: dict[int, int] = {}

    def plan(self, value: Any, name: str) -> Hashable:
        if isinstance(value, (Handle, jax.Array)):
            return ("leaf", self._leaf(value, name))
        if isinstance(value, ModuleAttributes):
            return self._module(value, name)
        if type(value) in _CONTAINERS and _holds_tensors(value):
            return self._items(value, name)
        return Static(value)

    def _leaf(self, value: Any, name: str) -> int:
        index = self._index.get(id(value))
        if index is None:
            index = self._index[id(value)] = len(self.leaves)
            self.leaves.append(value)
            self.names.append(name)
        return index

    def _module(self, module: ModuleAttributes, name: str) -> Hashable:
        again = self._seen.get(id(module))
        if again is not None:
            return ("again", again)
        self._seen[id(module)] = len(self._seen)
        prefix = f"{name}." if name else ""
        fields: list[tuple[str, Hashable]] = []
        for key, value in module.__dict__.items():
            if key in _DROPPED or (key in HOOK_TABLES and not value):
                continue
            if key in MEMBER_TABLES:
                if value:
                    plans = tuple(self.plan(v, prefix + k) for k, v in value.items())
                    fields.append((key, ("items", dict, tuple(value), plans)))
            else:
                fields.append((key, self.plan(value, prefix + key)))
        return ("module", type(module), tuple(fields))

    def _items(self, value: Any, name: str) -> Hashable:
        keys = tuple(value) if isinstance(value, dict) else tuple(range(len(value)))
        return ("items", type(value), keys, tuple(self.plan(value[k], f"{name}.{k}") for k in keys))


class _Rebuilder:
    """Builds the module that a skeleton describes around new leaves."""

    def __init__(self, leaves: Sequence[Any]) -> None:
        self._leaves = leaves
        self._modules: list[ModuleAttributes] = []

    def build(self, plan: Any) -> Any:
        if isinstance(plan, Static):
            return _copy(plan.value)
        kind = plan[0]
        if kind == "leaf":
            return self._leaves[plan[1]]
        if kind == "again":
            return self._modules[plan[1]]
        if kind == "items":
            _, container, keys, plans = plan
            values = [self.build(p) for p in plans]
            return (
                container(zip(keys, values, strict=True))
                if issubclass(container, dict)
                else container(values)
            )
        _, cls, fields = plan
        module = cls.__new__(cls)
        self._modules.append(module)
        module._init_tables()
        for key, field in fields:
            module.__dict__[key] = self.build(field)
        module._rebuilt()
        return module


def _holds_tensors(value: Any, depth: int = 8) -> bool:
    if isinstance(value, (Handle, jax.Array, ModuleAttributes)):
        return True
    if type(value) not in _CONTAINERS or depth == 0:
        return False
    inner = value.values() if isinstance(value, dict) else value
    return any(_holds_tensors(v, depth - 1) for v in inner)


def _copy(value: Any) -> Any:
    """Copy plain containers, so that a change to the original does not reach the kept one."""
    kind = type(value)
    if kind in (list, tuple):
        return kind(_copy(v) for v in value)
    if kind in (dict, OrderedDict):
        return kind((k, _copy(v)) for k, v in value.items())
    return set(value) if kind is set else value


def flatten(module: Any) -> tuple[tuple[Any, ...], Skeleton]:
    """Take a module apart into its tensors, each once however often it is shared, and the rest.

    Parameters, buffers, tensors in other attributes and those of submodules count, in the order in which
    they were assigned.
    """
    taker = _Taker()
    plan = taker.plan(module, "")
    return tuple(taker.leaves), Skeleton(plan)


def flatten_with_keys(module: Any) -> tuple[tuple[tuple[Any, Any], ...], Skeleton]:
    """Do what :func:`flatten` does, with each tensor's dotted name as its key."""
    taker = _Taker()
    plan = taker.plan(module, "")
    keyed = zip(map(jax.tree_util.GetAttrKey, taker.names), taker.leaves, strict=True)
    return tuple(keyed), Skeleton(plan)


def unflatten(skeleton: Skeleton, leaves: Iterable[Any]) -> Any:
    """Put a module together again around ``leaves``, which may be anything that JAX passes through."""
    return _Rebuilder(tuple(leaves)).build(skeleton.plan)


def register(cls: type[Any]) -> None:
    """Make ``cls``, a class of modules, a pytree for JAX."""
    take: Callable[[Any], Any] = flatten
    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, take)
