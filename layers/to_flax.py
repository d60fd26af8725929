"""Modules of ours as flax-style pairs of pure functions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.handle import Handle, read
from xlagrad.core.random import default_generator
from xlagrad.core.tensor import as_array, wrap
from xlagrad.layers.functional_call import swapped
from xlagrad.layers.module import Module

Variables = dict[str, Any]


class Functional(NamedTuple):
    """A module as pure functions of arrays, which go under ``jax.jit``, ``jax.grad`` and ``jax.vmap``.

    Attributes:
        init: ``init(key) -> variables``: freshly drawn parameters, in flax's nested form
            ``{"params": {...}, "buffers": {...}}``. Modules without ``reset_parameters`` keep their values.
        apply: ``apply(variables, *args, train=False, rngs=None, mutable=False, **kwargs)``, the module's
            result; with ``mutable`` a pair of it and ``{"buffers": ...}`` with the new values. ``rngs``
            is a key, or a dictionary with a key named ``dropout``, which starts the random stream.
    """

    init: Callable[..., Variables]
    apply: Callable[..., Any]


def to_flax(module: Module) -> Functional:
    """Return a module as a flax-style (init, apply) pair; the module itself stays as it is.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import xlagrad.layers as nn
        >>> init, apply = to_flax(nn.Linear(2, 3))
        >>> variables = init(jax.random.key(0))
        >>> jax.jit(apply)(variables, jnp.ones((4, 2))).shape
        (4, 3)
    """

    def init(key: Any, *args: Any, **kwargs: Any) -> Variables:
        fresh = _copy(module, key)
        with _seeded(key):
            fresh.apply(_reset)
        return _variables(fresh)

    def apply(
        variables: Mapping[str, Any],
        *args: Any,
        train: bool = False,
        rngs: Any = None,
        mutable: bool = False,
        **kwargs: Any,
    ) -> Any:
        if not isinstance(variables, Mapping) or "params" not in variables:
            raise ArgumentError(message("apply", "variables with 'params'", type(variables).__name__))
        copied = _copy(module, None)
        copied.train(train)
        buffers = dict(copied.named_buffers())
        given = {**_flat(variables["params"]), **_flat(variables.get("buffers", {}))}
        values = {name: wrap(as_array(value)) for name, value in given.items()}
        key = rngs.get("dropout") if isinstance(rngs, Mapping) else rngs
        args, kwargs = jax.tree.map(_dressed, (args, kwargs), is_leaf=lambda x: isinstance(x, Handle))
        with _seeded(key), swapped(copied, values):
            result = jax.tree.map(_bare, copied(*args, **kwargs), is_leaf=lambda x: isinstance(x, Handle))
        if not mutable:
            return result
        new = {name: _bare(values.get(name, buffer)) for name, buffer in buffers.items()}
        return result, {"buffers": _nested(new)}

    return Functional(init, apply)


def _dressed(x: Any) -> Any:
    return wrap(as_array(x)) if isinstance(x, (jax.Array, np.ndarray)) else x


def _bare(x: Any) -> Any:
    return read(x) if isinstance(x, Handle) else x


def _copy(module: Module, key: Any) -> Any:
    """Return a copy with tensors of its own, which may be written within a transformation of ``key``."""
    leaves, tree = jax.tree.flatten(module)
    if key is not None:
        # Under jit or vmap only a value that comes from the key can be replaced by another that does.
        zero = jnp.sum(_data(key)) * 0
        leaves = [leaf + zero.astype(leaf.dtype) for leaf in leaves]
    return jax.tree.unflatten(tree, leaves)


def _reset(module: Any) -> None:
    for name in ("reset_parameters", "_reset_parameters"):
        reset = getattr(module, name, None)
        if callable(reset):
            reset()
            return


def _data(key: Any) -> Any:
    typed = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    return (jax.random.key_data(key) if typed else jnp.asarray(key)).reshape(-1)[-2:]


@contextlib.contextmanager
def _seeded(key: Any) -> Iterator[None]:
    """Let the default generator draw from ``key`` during a ``with`` block."""
    if key is None:
        yield
        return
    words = jnp.concatenate([_data(key).astype(jnp.uint32), jnp.zeros(1, jnp.uint32)])
    before = default_generator._tensor
    default_generator._tensor = wrap(words)
    try:
        yield
    finally:
        default_generator._tensor = before


def _variables(module: Module) -> Variables:
    params = {name: p.data_array for name, p in module.named_parameters()}
    variables: Variables = {"params": _nested(params)}
    buffers = {name: b.data_array for name, b in module.named_buffers()}
    if buffers:
        variables["buffers"] = _nested(buffers)
    return variables


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        inner = tree
        for step in path:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return tree


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat
