"""The arguments of a compiled call: tensors and arrays as data, the rest as part of the key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.handle import Handle, is_tracer

_STATIC = (int, float, str, bool, complex, bytes, type(None))


class Flat:
    """Arguments taken apart.

    Attributes:
        key: hashable description of everything but the data; equal keys can share an executable.
        leaves: tensors and arrays, each once.
        labels: how to name each leaf in messages.
        objects: the other objects; kept alive as long as the key, which holds their ids.
    """

    __slots__ = ("_places", "_watched", "key", "labels", "leaves", "objects")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], watched: set[int]) -> None:
        self.leaves: list[Any] = []
        self.labels: list[str] = []
        self.objects: list[Any] = []
        self._places: dict[int, int] = {}
        self._watched = watched
        key = tuple([self._key(a, i) for i, a in enumerate(args)])
        if kwargs:
            named = tuple([(k, self._key(kwargs[k], k)) for k in sorted(kwargs)])
            self.key: Any = (key, named)
        else:
            self.key = (key, ())

    def _key(self, x: Any, label: Any) -> Any:
        kind = type(x)
        if isinstance(x, Handle):
            return self._tensor(x, label)
        if kind in _STATIC:
            return (kind, x)
        if isinstance(x, (jax.Array, np.ndarray)):
            place = self._place(x, label)
            return ("array", place, x.aval if isinstance(x, jax.Array) else (x.shape, x.dtype))
        if kind is tuple or kind is list:
            return (kind, tuple([self._key(v, f"{label}[{i}]") for i, v in enumerate(x)]))
        if kind is dict:
            return (dict, tuple([(k, self._key(v, f"{label}[{k!r}]")) for k, v in x.items()]))
        if isinstance(x, tuple) and hasattr(x, "_fields"):
            return (kind, tuple([self._key(v, f"{label}.{n}") for n, v in zip(x._fields, x, strict=True)]))
        self.objects.append(x)
        return ("object", id(x))

    def _tensor(self, x: Handle, label: Any) -> Any:
        array = x._data if x._view is None else x.data_array  # type: ignore[attr-defined]
        place = self._place(x, label)
        # A tensor that the function also reaches by name is one with it, not just any argument.
        same = id(x) if id(x) in self._watched or type(x).__name__ == "Parameter" else 0
        if same:
            self.objects.append(x)
        return (type(x), place, array.aval, x._requires_grad, x._requires_grad and x._node is None, same)

    def _place(self, x: Any, label: Any) -> int:
        place = self._places.get(id(x))
        if place is None:
            place = self._places[id(x)] = len(self.leaves)
            self.leaves.append(x)
            self.labels.append(str(label))
        return place

    def arrays(self) -> list[Any]:
        """Return the data of the leaves."""
        return [
            (x._data if x._view is None else x.data_array) if isinstance(x, Handle) else x  # type: ignore[attr-defined]
            for x in self.leaves
        ]

    def traced(self) -> bool:
        """Return whether an outer JAX transformation is running over the arguments."""
        return any(is_tracer(a) for a in self.arrays())


def types_of(arrays: list[Any]) -> list[Any]:
    """Return what ``jax.make_jaxpr`` needs to know of the arrays."""
    return [a if isinstance(a, jax.Array) else jnp.asarray(a) for a in arrays]


def replace(x: Any, leaf: Callable[[Any], Any]) -> Any:
    """Return arguments with ``leaf`` applied to each array; tensors and other objects stay themselves."""
    kind = type(x)
    if isinstance(x, Handle):
        return x
    if isinstance(x, (jax.Array, np.ndarray)):
        return leaf(x)
    if kind is tuple or kind is list:
        return kind([replace(v, leaf) for v in x])
    if kind is dict:
        return {k: replace(v, leaf) for k, v in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return kind(*[replace(v, leaf) for v in x])
    return x


def parameter_names(fn: Callable[..., Any]) -> list[str]:
    """Return the names of a function's positional parameters, as far as they can be known."""
    code = getattr(getattr(fn, "__func__", fn), "__code__", None)
    names = list(code.co_varnames[: code.co_argcount]) if code is not None else []
    return names[1:] if hasattr(fn, "__func__") else names
