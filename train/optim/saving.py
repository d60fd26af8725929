"""Optimizer state as a dictionary in torch's layout, and back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import chain
from typing import Any

import jax.numpy as jnp
import numpy as np

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
            dict.__setitem__(entries, parameters[key], _slots(who, parameters[key], value))
        else:
            dict.__setitem__(entries, key, copy.deepcopy(value))
    kept = [{k: copy.deepcopy(v) for k, v in g.items() if k not in ("params", "param_names")} for g in saved]
    for group, settings in zip(groups, kept, strict=True):
        for key in [k for k in group if k not in settings and k not in ("params", "param_names")]:
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


def _slots(who: str, p: Tensor, entry: Any) -> Any:
    """Return copies of a parameter's slots: of its type where they hold floats, and where it is."""
    if not isinstance(entry, Mapping):
        return copy.deepcopy(entry)
    slots = Watched()
    for name, value in entry.items():
        if value is None or (isinstance(value, (bool, int, float, str)) and name != "step"):
            if value is not None:
                dict.__setitem__(slots, name, value)
            continue
        if not hasattr(value, "dtype") and name != "step":
            dict.__setitem__(slots, name, copy.deepcopy(value))
            continue
        array = as_array(np.asarray(value) if not isinstance(value, Tensor) else value)
        like = p.data_array
        if name == "step":
            array = array.astype(jnp.float32)
        elif array.ndim and array.shape != like.shape:
            raise ShapeError(message(who, f"{name} like its parameter {describe(like)}", describe(array)))
        else:
            array = array.astype(like.dtype) if jnp.issubdtype(like.dtype, jnp.inexact) else array
        # A copy: the executable gives its buffers away, the caller's must remain.
        dict.__setitem__(slots, name, wrap(jnp.array(array, copy=True)))
    return slots


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
