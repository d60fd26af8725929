"""``vmap``: a function over one example as a function over many."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.errors import ArgumentError, StateError, message
from xlagrad.core.random import default_generator, key_of, next_key
from xlagrad.core.transforms import Pure, Scope


class _Mapped(Pure):
    """A function of one example, with what a random draw in it means."""

    def __init__(self, fn: Callable[..., Any], args: Any, kwargs: Any, randomness: str) -> None:
        super().__init__(fn, args, kwargs)
        self.randomness = randomness
        self._index: Any = None

    def begin(self, scope: Scope) -> None:
        """Give each example a stream of its own if its draws are to differ."""
        if self.randomness == "different":
            t = default_generator.tensor
            words = scope.read(t)
            scope.keep(t)
            key = jax.random.key_data(jax.random.fold_in(key_of(words[:2]), self._index))
            t._data, t._version = jnp.concatenate([key, words[2:]]), t._version + 1

    def map(self, args: Any, axes: Any, outs: Any) -> tuple[Any, list[Any]]:
        """Run over all examples; return the results and the values written outside."""

        def one(index: Any, given: Any) -> Any:
            self._index = index
            out, written = self(*given)
            return out, self._outside(written)

        per = axes if isinstance(axes, tuple) else (axes,) * len(args)
        count = _count(args, per)
        found = jax.vmap(one, in_axes=(0, per), out_axes=(outs, None))(jnp.arange(count), tuple(args))
        if self.randomness == "different" and self._drew:
            next_key()
        return found

    _drew = False

    def _outside(self, written: Sequence[Any]) -> list[Any]:
        state = default_generator.tensor
        places = [i for i, t in enumerate(self.written) if t is state]
        self._drew = bool(places)
        if places and self.randomness == "error":
            raise StateError(
                message("vmap", "no random draws, as randomness='error' says", "a function that draws",
                        "pass randomness='different' or 'same'")
            )  # fmt: skip
        if places and self.randomness == "different":
            self.written = [t for t in self.written if t is not state]
            return [w for i, w in enumerate(written) if i not in places]
        return list(written)


def _count(args: Any, axes: tuple[Any, ...]) -> int:
    """Return the length of the mapped dimension."""
    if len(axes) != len(args):
        raise ArgumentError(message("vmap", f"one of in_dims for each of {len(args)} arguments", f"{axes}"))
    for arg, axis in zip(args, axes, strict=True):
        if isinstance(axis, int):
            for leaf in jax.tree.leaves(arg):
                if jnp.ndim(leaf) > 0:
                    return int(jnp.shape(leaf)[axis])
        elif axis is not None:
            leaves = jax.tree.leaves(jax.tree.map(_length, axis, arg, is_leaf=lambda x: x is None))
            if leaves:
                return int(leaves[0])
    raise ArgumentError(message("vmap", "an argument with a mapped dimension", "none", "check in_dims"))


def _length(axis: Any, arg: Any) -> Any:
    return None if axis is None else jnp.shape(jax.tree.leaves(arg)[0])[axis]


def vmap(
    fn: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    in_axes: Any = None,
    out_axes: Any = None,
) -> Callable[..., Any]:
    """Return a function that maps ``fn`` over a dimension of its arguments.

    Args:
        fn: function of tensors, arrays, pytrees of them, or modules.
        in_dims: which dimension of each argument, None for one that is not mapped (``in_axes`` also serves).
        out_dims: where the dimension goes in the results (``out_axes`` also serves).
        randomness: what a random draw inside means: "same" for each element, "different", or "error".

    Raises:
        StateError: a tensor from outside is given a value that differs from element to element.

    Follows ``torch.func.vmap``.
    """
    if randomness not in ("error", "same", "different"):
        raise ArgumentError(message("vmap", "randomness 'error', 'same' or 'different'", repr(randomness)))
    dims = in_dims if in_axes is None else in_axes
    outs = out_dims if out_axes is None else out_axes

    @functools.wraps(fn)
    def inner(*args: Any, **kwargs: Any) -> Any:
        axes = tuple(dims) if isinstance(dims, list) else dims
        pure = _Mapped(fn, args, kwargs, randomness)
        try:
            out, written = pure.map(args, axes, outs)
        except ValueError as error:
            if "out_axes" in str(error) and "None" in str(error):
                raise StateError(
                    message("vmap", "state that is the same for all elements",
                            "an in-place write of a mapped value to a tensor from outside",
                            "return the value instead, or pass the tensor as a mapped argument")
                ) from error  # fmt: skip
            raise ArgumentError(
                message("vmap", "arguments that share a mapped dimension", str(error))
            ) from error
        pure.commit(written)
        return pure.result(out)

    return inner
