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
        linked: places of the leaves that are views of another leaf or of watched state, and written as such.

    Args:
        args: positional arguments.
        kwargs: keyword arguments.
        watched: ids of tensors that the function reaches without its arguments.
        link: whether views share what they are views of; otherwise each stands for itself.
    """

    __slots__ = ("_bases", "_places", "_views", "_watched", "key", "labels", "leaves", "linked", "objects")

    def __init__(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], watched: set[int], link: bool = False
    ) -> None:
        self._bases = _bases((args, kwargs)) if link else None
        self.linked: set[int] = set()
        self._views = False
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
        if self._views:
            self.key = (*self.key, self._sharing())

    def _sharing(self) -> Any:
        """Return which views among the leaves are of one base, of another leaf, or of watched state."""
        bases = [
            id(x._view.base if x._view is not None else x) if isinstance(x, Handle) else 0
            for x in self.leaves
        ]
        pattern = []
        for place, base in enumerate(bases):
            first = bases.index(base)
            if base and (first != place or (base in self._watched and id(self.leaves[place]) != base)):
                pattern.append((place, first))
        return tuple(pattern)

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
        if x._view is not None:
            self._views = True
        if self._bases is not None and x._view is not None:
            base = x._view.base
            if self._bases[id(base)] > 1 or id(base) in self._watched:
                self.linked.add(place)
                self.objects.append(base)
                return ("view", place, id(base), steps_key(x._view.steps), array.aval, x._requires_grad)
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


def _bases(tree: Any) -> dict[int, int]:
    """Return how many different tensors among the arguments are, or are views of, each base."""
    found: dict[int, Handle] = {}

    def note(x: Any) -> Any:
        if isinstance(x, Handle):
            found[id(x)] = x
        return x

    walk(tree, note)
    counts: dict[int, int] = {}
    for x in found.values():
        base = id(x if x._view is None else x._view.base)
        counts[base] = counts.get(base, 0) + 1
    return counts


def steps_key(steps: tuple[Any, ...]) -> Any:
    """Return a hashable description of how a view was taken."""
    return tuple(
        [
            (
                s.take.name,
                tuple(sorted(s.statics.items())),
                tuple([np.asarray(d).tobytes() for d in s.dynamic]),
            )
            for s in steps
        ]
    )


def types_of(arrays: list[Any]) -> list[Any]:
    """Return what ``jax.make_jaxpr`` needs to know of the arrays."""
    return [a if isinstance(a, jax.Array) else jnp.asarray(a) for a in arrays]


def walk(x: Any, leaf: Callable[[Any], Any]) -> Any:
    """Return arguments with ``leaf`` applied to each tensor and array; other objects stay themselves."""
    kind = type(x)
    if isinstance(x, (Handle, jax.Array, np.ndarray)):
        return leaf(x)
    if kind is tuple or kind is list:
        return kind([walk(v, leaf) for v in x])
    if kind is dict:
        return {k: walk(v, leaf) for k, v in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return kind(*[walk(v, leaf) for v in x])
    return x


def parameter_names(fn: Callable[..., Any]) -> list[str]:
    """Return the names of a function's positional parameters, as far as they can be known."""
    code = getattr(getattr(fn, "__func__", fn), "__code__", None)
    names = list(code.co_varnames[: code.co_argcount]) if code is not None else []
    return names[1:] if hasattr(fn, "__func__") else names
