"""Optimizer state as a dictionary in torch's layout, and back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import chain
from typing import Any

import jax.numpy as jnp

from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.tensor import Tensor, as_array, wrap
from xlagrad.train.optim.store import Entries, Watched


def pack(optimizer: Any) -> dict[str, Any]:
    """Return settings and state with every parameter replaced by its number, counted over the groups."""
    number: dict[Tensor, int] = {}
    for p in chain.from_iterable(group["params"] for group in optimizer.param_groups):
        number.setdefault(p, len(number))
    groups = []
    for group in optimizer.param_groups:
        entries = {key: value for key, value in group.items() if key != "params"}
        groups.append({**entries, "params": [number[p] for p in group["params"]]})
    state = {
        number.get(key, key) if isinstance(key, Tensor) else key: dict(value)
        if isinstance(value, dict)
        else value
        for key, value in optimizer.state.items()
    }
    return {"state": state, "param_groups": groups}


def load(optimizer: Any, packed: Mapping[str, Any]) -> None:
    """Replace settings and state; see ``Optimizer.load_state_dict``."""
    who = f"{type(optimizer).__name__}.load_state_dict"
    groups, saved = optimizer.param_groups, packed["param_groups"]
    _check_groups(who, groups, saved)
    numbers = chain.from_iterable(g["params"] for g in saved)
    parameters = dict(zip(numbers, chain.from_iterable(g["params"] for g in groups), strict=True))
    # All that can fail comes before the first change.
    entries = Entries()
    for key, value in packed["state"].items():
        if key in parameters:
            dict.__setitem__(entries, parameters[key], _slots(optimizer, who, parameters[key], value))
        else:
            dict.__setitem__(entries, key, copy.deepcopy(value))
    kept = [{k: copy.deepcopy(v) for k, v in g.items() if k not in ("params", "param_names")} for g in saved]
    for group, settings in zip(groups, kept, strict=True):
        # What an older version has not saved yet stays as it is.
        kept_here = {"params", "param_names", *optimizer.defaults}
        for key in [k for k in group if k not in settings and k not in kept_here]:
            del group[key]
        group.update(settings)
    _replace_state(optimizer, entries)


def _check_groups(who: str, groups: list[Any], saved: list[Any]) -> None:
    if len(groups) != len(saved):
        got = f"{len(saved)} (the loaded state dict has a different number of parameter groups)"
        raise ArgumentError(
            message(who, f"{len(groups)} parameter groups", got, "make the same groups first")
        )
    for i, (group, other) in enumerate(zip(groups, saved, strict=True)):
        if len(group["params"]) != len(other["params"]):
            expected = f"{len(group['params'])} parameters in group {i}"
            got = (
                f"{len(other['params'])} (a parameter group that doesn't match the size of optimizer's group)"
            )
            raise ArgumentError(message(who, expected, got, "load what was saved for the same model"))


def _slots(optimizer: Any, who: str, p: Tensor, entry: Any) -> Any:
    """Return copies of a parameter's slots: of its type where they hold floats, and where it is."""
    if not isinstance(entry, Mapping):
        return _copied(entry, p)
    slots = Watched()
    for name, value in entry.items():
        if value is None:
            continue
        if name == "step" and optimizer.counter:
            found: Any = _own(value, jnp.float32)
        elif name == "step" and _is_array(value):
            found = _own(value, None)
        elif _is_array(value):
            like = optimizer._saved_like(name, p)
            found = _copied(value, p) if like is None else _own(value, like.dtype)
            if like is not None and found.data_array.shape != like.shape:
                expected = f"{name} like its parameter {describe(p.data_array)}"
                raise ShapeError(message(who, expected, describe(found.data_array)))
        else:
            found = _copied(value, p)
        dict.__setitem__(slots, name, found)
    return slots


def _is_array(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape")


def _own(value: Any, dtype: Any) -> Tensor:
    # A copy: the executable gives its buffers away, the caller's must remain.
    return wrap(jnp.array(as_array(value), dtype, copy=True))


def _copied(value: Any, p: Tensor) -> Any:
    """Return a copy with tensors of the parameter's type in place of all arrays."""
    if _is_array(value):
        kind = p.data_array.dtype
        return _own(value, kind if jnp.issubdtype(kind, jnp.floating) else None)
    if isinstance(value, Mapping):
        return {key: _copied(v, p) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_copied(v, p) for v in value)
    return copy.deepcopy(value)


def _replace_state(optimizer: Any, entries: Entries) -> None:
    """Write new values into the slots that are there, so that executables which hold them remain valid."""
    old = optimizer.state
    same = old.keys() == entries.keys() and all(
        isinstance(old[k], dict) and isinstance(entries[k], dict) and _alike(old[k], entries[k]) for k in old
    )
    if not same:
        optimizer.state = entries
        return
    for key, entry in entries.items():
        for name, value in entry.items():
            old[key][name]._write(value.data_array)


def _alike(a: dict[str, Any], b: dict[str, Any]) -> bool:
    def form(value: Any) -> Any:
        return (value.data_array.shape, value.data_array.dtype) if isinstance(value, Tensor) else None

    return a.keys() == b.keys() and all(form(a[k]) is not None and form(a[k]) == form(b[k]) for k in a)
