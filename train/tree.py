"""Nested state as arrays by path and a JSON document that says where they go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from xlagrad.core.errors import StateError, describe, message
from xlagrad.core.tensor import Tensor, wrap

Arrays = dict[str, Any]


def split(value: Any, path: str = "") -> tuple[Any, Arrays]:
    """Return a JSON document for a nested structure, and its arrays by path.

    Structures are dicts with any simple keys, lists, tuples, counters, tensors, arrays and what JSON has;
    :func:`join` gives them back exactly.

    Raises:
        StateError: something else.

    Example:
        >>> split({"lr": 0.1, "betas": (0.9, 0.999)})
        ({'lr': 0.1, 'betas': {'$': 'tuple', 'items': [0.9, 0.999]}}, {})
    """
    if value is None or (isinstance(value, (bool, int, float, str)) and not isinstance(value, np.generic)):
        return value, {}
    if isinstance(value, np.generic):
        return value.item(), {}
    arrays: Arrays = {}
    if isinstance(value, (Tensor, jax.Array, np.ndarray)):
        kind = "tensor" if isinstance(value, Tensor) else "array"
        arrays[path] = value.data_array if isinstance(value, Tensor) else value
        return {"$": kind, "path": path}, arrays

    def inner(key: Any, item: Any) -> Any:
        document, found = split(item, f"{path}/{key}" if path else str(key))
        arrays.update(found)
        return document

    if isinstance(value, Mapping):
        kind = "counter" if isinstance(value, Counter) else "dict"
        plain = kind == "dict" and all(isinstance(k, str) and k != "$" for k in value)
        pairs = [[k, inner(k, v)] for k, v in value.items()]
        return (dict(pairs) if plain else {"$": kind, "items": pairs}), arrays
    if isinstance(value, (list, tuple)):
        items = [inner(i, item) for i, item in enumerate(value)]
        return (items if isinstance(value, list) else {"$": "tuple", "items": items}), arrays
    expected = f"numbers, text, tensors, dicts and lists at {path or 'the top'}"
    raise StateError(message("checkpoint", expected, describe(value), "leave it out of state_dict()"))


def join(document: Any, arrays: Mapping[str, Any]) -> Any:
    """Return the structure that :func:`split` took apart."""
    if isinstance(document, list):
        return [join(item, arrays) for item in document]
    if not isinstance(document, dict):
        return document
    kind = document.get("$")
    if kind is None:
        return {key: join(item, arrays) for key, item in document.items()}
    if kind in ("tensor", "array"):
        if document["path"] not in arrays:
            raise StateError(message("checkpoint", f"an array at {document['path']}", "none"))
        array = arrays[document["path"]]
        return wrap(array) if kind == "tensor" else np.asarray(array)
    if kind == "tuple":
        return tuple(join(item, arrays) for item in document["items"])
    pairs = {_key(key): join(item, arrays) for key, item in document["items"]}
    return Counter(pairs) if kind == "counter" else pairs


def _key(key: Any) -> Any:
    return tuple(key) if isinstance(key, list) else key
