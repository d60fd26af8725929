"""Hashable snapshots of plain Python values: what a trace depends on besides tensors."""

from __future__ import annotations

import argparse
import dataclasses
import enum
import types
import weakref
import zlib
from collections.abc import Hashable
from typing import Any

import jax
import numpy as np

from xlagrad.core import state
from xlagrad.core.handle import Handle

_ATOMS = (type(None), bool, int, str, bytes, type(Ellipsis))
_REALS = (float, complex)
_NAMESPACES = (types.SimpleNamespace, argparse.Namespace)


class Same:
    """Equal to another ``Same`` of the very same object only; holds tensors and modules weakly.

    A bare ``id`` would not do: CPython hands the address of a freed object to the next one, and a
    replaced parameter would look like the old one.
    """

    __slots__ = ("_ref", "key")

    def __init__(self, value: Any) -> None:
        if isinstance(value, Handle):
            value = state.identity(value)
        self.key = id(value)
        try:
            self._ref: Any = weakref.ref(value)
        except TypeError:
            self._ref = lambda: value

    def __hash__(self) -> int:
        return self.key

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Same) or self.key != other.key:
            return False
        mine = self._ref()
        return mine is not None and mine is other._ref()

    def __repr__(self) -> str:
        return f"Same({self._ref()!r})"


class Foreign:
    """Wraps an object that is not plain data: equal when the objects are, by ``==`` where that works."""

    __slots__ = ("_hash", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        try:
            self._hash = hash(value)
        except TypeError:
            self._hash = id(value)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Foreign):
            return False
        a, b = self.value, other.value
        if a is b:
            return True
        if type(a) is not type(b) or self._hash != other._hash:
            return False
        try:
            return bool(a == b)
        except Exception:  # someone else's __eq__, for instance one that returns an array
            return False

    def __repr__(self) -> str:
        return f"Foreign({self.value!r})"


# Beyond these a guard, which is looked at in every call, goes by identity and length alone.
MAX_ITEMS = 256
MAX_BYTES = 1 << 16


def freeze(value: Any, whole: bool = True) -> Hashable:
    """Return a hashable snapshot of ``value``: equal snapshots mean that a trace would come out the same.

    Numbers of different types differ (``1``, ``1.0`` and ``True`` promote differently), NaN equals NaN, and
    ``-0.0`` is not ``0.0``. Containers, dataclasses and namespaces are compared by content, NumPy arrays by
    content, tensors and modules by identity, and all else by its own ``==``.

    Args:
        value: anything.
        whole: also look into containers of more than 256 items and arrays of more than 64 KiB. Without, a
            vocabulary costs nothing, and goes by its identity and length.

    Example:
        >>> config = {"layers": [1, 2]}
        >>> before = freeze(config)
        >>> config["layers"].append(3)
        >>> freeze(config) == before
        False
    """
    return _freeze(value, (), whole)


def _freeze(value: Any, path: tuple[int, ...], whole: bool) -> Hashable:
    kind = type(value)
    if kind in _ATOMS:
        return (kind, value)
    if kind in _REALS:
        return (kind, repr(value))
    if isinstance(value, Handle):
        return Same(state.identity(value))
    if isinstance(value, jax.Array) or hasattr(kind, "_guard_state"):
        return Same(value)
    if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, enum.Enum)):
        return Foreign(value)
    if not whole and _is_large(value):
        return (kind, len(value), Same(value))
    if isinstance(value, np.ndarray):
        return (kind, value.shape, value.dtype.str, zlib.crc32(np.ascontiguousarray(value).tobytes()))
    if id(value) in path:
        return ("cycle", len(path) - path.index(id(value)))
    inner = (*path, id(value))
    if isinstance(value, (list, tuple)):
        return (kind, tuple(_freeze(v, inner, whole) for v in value))
    if isinstance(value, dict):
        return (kind, tuple((_freeze(k, inner, whole), _freeze(v, inner, whole)) for k, v in value.items()))
    if isinstance(value, (set, frozenset)):
        return (kind, frozenset(_freeze(v, inner, whole) for v in value))
    if _is_record(value):
        return (kind, tuple((k, _freeze(v, inner, whole)) for k, v in vars(value).items()))
    return Foreign(value)


def _is_large(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim > 0 and value.nbytes > MAX_BYTES
    return isinstance(value, (list, tuple, dict, set, frozenset)) and len(value) > MAX_ITEMS


def _is_record(value: Any) -> bool:
    """Return whether ``value`` only groups plain values: a configuration, not an object with a life."""
    if not hasattr(value, "__dict__"):
        return False
    if isinstance(value, _NAMESPACES):
        return True
    if dataclasses.is_dataclass(value):
        # One with a hash of its own says that it does not change: its own equality decides.
        return type(value).__hash__ in (None, object.__hash__)
    return all(_is_plain(v, 3) for v in vars(value).values())


def _is_plain(value: Any, depth: int) -> bool:
    if isinstance(value, (*_ATOMS, *_REALS, type, types.FunctionType, enum.Enum)):
        return True
    if depth == 0 or _is_large(value):
        return False
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(_is_plain(v, depth - 1) for v in value)
    if isinstance(value, dict):
        return all(_is_plain(k, 0) and _is_plain(v, depth - 1) for k, v in value.items())
    return False


def is_mutable(value: Any) -> bool:
    """Return whether ``value`` can change without an attribute of its owner being set.

    Example:
        >>> is_mutable((1, "a")), is_mutable([1])
        (False, True)
    """
    if isinstance(value, (*_ATOMS, *_REALS, type, types.FunctionType, enum.Enum, Handle, jax.Array)):
        return False
    if isinstance(value, (tuple, frozenset)):
        return any(is_mutable(v) for v in value)
    if isinstance(value, (list, dict, set, np.ndarray)):
        return True
    return _is_record(value)
