"""Guards: what a trace depended on in Python, and whether it still is as it was."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from xlagrad.core.handle import Handle
from xlagrad.core.where import is_user_file

_SCALARS = (int, float, str, bool, complex, bytes, type(None))
_MISSING: Any = object()
_DEPTH = 3


class Check(NamedTuple):
    """One thing to look at: where it is, what it was.

    Attributes:
        label: how the message about a retrace calls it.
        holder: a closure cell, or a dictionary (of globals, or of an object's attributes).
        name: key in the dictionary, None for a cell.
        was: snapshot of the value.
    """

    label: str
    holder: Any
    name: str | None
    was: Any

    def now(self) -> Any:
        """Return the value that is there now."""
        if self.name is None:
            try:
                return self.holder.cell_contents
            except ValueError:
                return _MISSING
        return self.holder.get(self.name, _MISSING)

    def holds(self) -> bool:
        """Return whether the value is what it was."""
        return matches(self.was, self.now())


def snapshot(value: Any) -> Any:
    """Return what ``matches`` compares a later value with: containers by their items, objects themselves."""
    kind = type(value)
    if kind is list or kind is tuple:
        return kind, tuple(map(snapshot, value))
    if kind is dict:
        return kind, tuple((k, snapshot(v)) for k, v in value.items())
    return value


def matches(was: Any, now: Any) -> bool:
    """Return whether ``now`` is the same object, an equal number or string, or has the same items."""
    if was is now:
        return True
    kind = type(now)
    if kind in _SCALARS:
        return type(was) is kind and (was == now or (was != was and now != now))
    if kind is list or kind is tuple:
        if type(was) is not tuple or len(was) != 2 or was[0] is not kind or len(was[1]) != len(now):
            return False
        return all(map(operator.is_, was[1], now)) or all(map(matches, was[1], now))
    if kind is dict:
        if type(was) is not tuple or len(was) != 2 or was[0] is not dict or len(was[1]) != len(now):
            return False
        return all(k in now and matches(v, now[k]) for k, v in was[1])
    return False


def unwrap(fn: Any) -> tuple[Any, list[Any]]:
    """Return the function under partials, methods and callable objects, and the objects bound to it."""
    bound: list[Any] = []
    while True:
        if isinstance(fn, functools.partial):
            bound.extend(fn.args)
            bound.extend(fn.keywords.values())
            fn = fn.func
        elif isinstance(fn, types.MethodType):
            bound.append(fn.__self__)
            fn = fn.__func__
        elif isinstance(fn, types.FunctionType):
            return fn, bound
        else:
            bound.append(fn)
            call = vars(type(fn)).get("__call__")
            return (call if isinstance(call, types.FunctionType) else None), bound


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _names(const)


class Collector:
    """Finds, from a function, the Python values that its trace may depend on.

    It looks at closure cells and globals by the names that the code uses, follows the user's own functions
    that it finds there, and looks into plain objects for the attributes that the code names.

    Attributes:
        checks: what was found.
        stateful: objects with a guard state of their own (modules, optimizers).
        tensors: ids of the tensors that are reached by name.
        codes: code of the functions.
    """

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.stateful: dict[int, Any] = {}
        self.tensors: set[int] = set()
        self.codes: set[types.CodeType] = set()
        self._seen: set[int] = set()

    def function(self, fn: Any) -> None:
        """Look at everything that ``fn`` names."""
        inner, bound = unwrap(fn)
        names = set(_names(inner.__code__)) if inner is not None else set()
        for obj in bound:
            self.value("self", obj, names, 0)
        if inner is None or id(inner) in self._seen:
            return
        self._seen.add(id(inner))
        self.codes.add(inner.__code__)
        for name, cell in zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=True):
            self._check(f"closure variable '{name}'", cell, None, names)
        for name in names:
            if name in inner.__globals__:
                self._check(f"global '{name}'", inner.__globals__, name, names)

    def _check(self, label: str, holder: Any, name: str | None, names: set[str], depth: int = 0) -> None:
        check = Check(label, holder, name, None)
        value = check.now()
        self.checks.append(check._replace(was=snapshot(value)))
        self.value(label, value, names, depth)

    def value(self, label: str, value: Any, names: set[str], depth: int) -> None:
        """Look into a value that the function reaches."""
        kind = type(value)
        if kind in _SCALARS or depth > _DEPTH:
            return
        if isinstance(value, Handle):
            self.tensors.add(id(value))
        elif hasattr(kind, "_guard_state"):
            self._state(value)
        elif kind is list or kind is tuple:
            for i, item in enumerate(value):
                self.value(f"{label}[{i}]", item, names, depth + 1)
        elif kind is dict:
            for key, item in value.items():
                self.value(f"{label}[{key!r}]", item, names, depth + 1)
        elif isinstance(value, types.FunctionType):
            if is_user_file(value.__code__.co_filename):
                self.function(value)
        elif isinstance(value, (types.MethodType, functools.partial)):
            self.function(value)
        elif isinstance(value, types.ModuleType):
            if is_user_file(getattr(value, "__file__", None) or "<built-in>"):
                self._attributes(label, value, names, depth)
        elif not isinstance(value, type) and hasattr(value, "__dict__") and id(value) not in self._seen:
            self._seen.add(id(value))
            self._attributes(label, value, names, depth)
            for name in names:
                method = getattr(kind, name, None)
                if isinstance(method, types.FunctionType) and is_user_file(method.__code__.co_filename):
                    self.function(method)
                    self._attributes(label, value, set(_names(method.__code__)), depth)

    def _attributes(self, label: str, value: Any, names: set[str], depth: int) -> None:
        fields = vars(value)
        for name in names:
            if name in fields:
                self._check(f"{label}.{name}", fields, name, names, depth + 1)

    def argument(self, obj: Any, fn: Any) -> None:
        """Look into an object that is passed as an argument."""
        inner, _ = unwrap(fn)
        self.value(f"argument {type(obj).__name__}", obj, set(_names(inner.__code__)) if inner else set(), 0)

    def _state(self, obj: Any) -> None:
        if id(obj) in self.stateful:
            return
        self.stateful[id(obj)] = obj
        children = getattr(obj, "modules", None)
        if callable(children):
            for child in children():
                self.stateful.setdefault(id(child), child)


class Guards:
    """All that one trace depended on, with the objects' guard states from before the call."""

    def __init__(self, checks: list[Check], stateful: list[Any]) -> None:
        self.checks = checks
        self.states = [(obj, obj._guard_state()) for obj in stateful]
        # Lists and dicts change without telling anyone: these are looked at in every call.
        self.volatile = [pair for pair in self.states if _is_volatile(pair[0])]

    def quick(self) -> bool:
        """Return whether what can change unannounced is as it was."""
        for check in self.checks:
            if not check.holds():
                return False
        return all(obj._guard_state() == was for obj, was in self.volatile)

    def full(self) -> bool:
        """Return whether everything is as it was."""
        return self.quick() and all(obj._guard_state() == was for obj, was in self.states)

    def difference(self) -> str | None:
        """Return what has changed, in words, None if nothing has."""
        for check in self.checks:
            if not check.holds():
                return f"{check.label} changed from {_short(check.was)} to {_short(check.now())}"
        for obj, was in self.states:
            now = obj._guard_state()
            if now != was:
                return f"{type(obj).__name__} changed: {_first_difference(was, now)}"
        return None


def _is_volatile(obj: Any) -> bool:
    ask: Callable[[], bool] | None = getattr(obj, "_guard_is_volatile", None)
    return bool(ask is not None and ask())


def _first_difference(was: Any, now: Any) -> str:
    if isinstance(was, tuple) and isinstance(now, tuple) and len(was) == len(now):
        for a, b in zip(was, now, strict=True):
            if a != b:
                inner = _first_difference(a, b)
                named = len(was) >= 2 and isinstance(was[0], str) and was[0] == now[0]
                return f"{was[0]}: {inner}" if named else inner
    return f"from {_short(was)} to {_short(now)}"


def _short(value: Any) -> str:
    if value is _MISSING:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
