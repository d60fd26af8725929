"""Sixty common operations, in PyTorch's words and in JAX's; parameters name what they are called with.

``x`` and ``y`` are normal (n, m), ``p`` is uniform in [0.5, 1.5] and like them, ``z`` is (m, n), ``v`` (m,);
``i`` holds indices below n and ``b`` truth values, both (n, m).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Call = Callable[..., Any]

#: The same words in both libraries: ``t`` is PyTorch, xlagrad or ``jax.numpy``.
SHARED: dict[str, Call] = {
    "add": lambda t, x, y: t.add(x, y),
    "subtract": lambda t, x, y: x - y,
    "multiply": lambda t, x, y: x * y,
    "divide": lambda t, x, p: x / p,
    "add a number": lambda t, x: x + 2.0,
    "square": lambda t, x: x**2,
    "power": lambda t, p, y: p**y,
    "maximum": lambda t, x, y: t.maximum(x, y),
    "atan2": lambda t, x, y: t.atan2(x, y),
    "where": lambda t, b, x, y: t.where(b, x, y),
    "less": lambda t, x, y: x < y,
    "equal": lambda t, x, y: x == y,
    "and": lambda t, b: t.logical_and(b, b),
    "not": lambda t, b: ~b,
    "isnan": lambda t, x: t.isnan(x),
    "negative": lambda t, x: -x,
    "abs": lambda t, x: t.abs(x),
    "sign": lambda t, x: t.sign(x),
    "floor": lambda t, x: t.floor(x),
    "round": lambda t, x: t.round(x),
    "exp": lambda t, x: t.exp(x),
    "log": lambda t, p: t.log(p),
    "log1p": lambda t, p: t.log1p(p),
    "sqrt": lambda t, p: t.sqrt(p),
    "reciprocal": lambda t, p: 1.0 / p,
    "sin": lambda t, x: t.sin(x),
    "tanh": lambda t, x: t.tanh(x),
    "sum": lambda t, x: t.sum(x),
    "mean": lambda t, x: t.mean(x),
    "matmul": lambda t, x, z: t.matmul(x, z),
    "matrix times vector": lambda t, x, v: x @ v,
    "outer": lambda t, v: t.outer(v, v),
    "einsum": lambda t, x, y: t.einsum("ij,kj->ik", x, y),
    "reshape": lambda t, x: t.reshape(x, (-1,)),
    "transpose and add": lambda t, x, z: x.T + z,
    "tril": lambda t, x: t.tril(x),
    "slice": lambda t, x: x[1:, ::2],
    "index": lambda t, x, i: x[i[:, 0]],
}

#: PyTorch's words and JAX's where they differ.
PAIRS: dict[str, tuple[Call, Call]] = {
    "sum of rows": (lambda t, x: t.sum(x, 1), lambda t, x: t.sum(x, 1)),
    "mean of columns": (lambda t, x: t.mean(x, 0), lambda t, x: t.mean(x, 0)),
    "variance": (lambda t, x: t.var(x, 1), lambda t, x: t.var(x, 1, ddof=1)),
    "amax": (lambda t, x: t.amax(x, 1), lambda t, x: t.max(x, 1)),
    "argmax": (lambda t, x: t.argmax(x, 1), lambda t, x: t.argmax(x, 1)),
    "cumsum": (lambda t, x: t.cumsum(x, 1), lambda t, x: t.cumsum(x, 1)),
    "norm": (lambda t, x: t.linalg.norm(x), lambda t, x: t.linalg.norm(x)),
    "sort": (lambda t, x: t.sort(x, 1)[0], lambda t, x: t.sort(x, 1)),
    "topk": (lambda t, x: t.topk(x, 4)[0], lambda t, x: jax.lax.top_k(x, 4)[0]),
    "gather": (lambda t, x, i: t.gather(x, 0, i), lambda t, x, i: t.take_along_axis(x, i, 0)),
    "masked_fill": (lambda t, x, b: x.masked_fill(b, 0.0), lambda t, x, b: t.where(b, 0.0, x)),
    "clamp": (lambda t, x: t.clamp(x, -1.0, 1.0), lambda t, x: t.clip(x, -1.0, 1.0)),
    "cat": (lambda t, x, y: t.cat([x, y], 1), lambda t, x, y: t.concatenate([x, y], 1)),
    "stack": (lambda t, x, y: t.stack([x, y]), lambda t, x, y: t.stack([x, y])),
    "flip": (lambda t, x: t.flip(x, (0,)), lambda t, x: t.flip(x, 0)),
    "roll": (lambda t, x: t.roll(x, 1, 0), lambda t, x: t.roll(x, 1, 0)),
    "relu": (lambda t, x: t.relu(x), lambda t, x: jax.nn.relu(x)),
    "sigmoid": (lambda t, x: t.sigmoid(x), lambda t, x: jax.nn.sigmoid(x)),
    "gelu": (lambda t, x: t.nn.functional.gelu(x), lambda t, x: jax.nn.gelu(x, approximate=False)),
    "softmax": (lambda t, x: t.softmax(x, -1), lambda t, x: jax.nn.softmax(x, -1)),
    "logsumexp": (lambda t, x: t.logsumexp(x, 1), lambda t, x: jax.nn.logsumexp(x, 1)),
    "layer_norm": (
        lambda t, x, v: t.nn.functional.layer_norm(x, v.shape, v, v),
        lambda t, x, v: (x - t.mean(x, -1, keepdims=True))
        * jax.lax.rsqrt(t.var(x, -1, keepdims=True) + 1e-5) * v + v,
    ),
}  # fmt: skip


def table() -> dict[str, tuple[Call, Call]]:
    """Return all operations: PyTorch's form, which is also ours, and JAX's."""
    return {name: (call, call) for name, call in SHARED.items()} | PAIRS


def inputs(rows: int, columns: int) -> dict[str, Any]:
    """Return what the operations are called with, as JAX arrays."""
    keys = iter(jax.random.split(jax.random.key(0), 7))
    shape = (rows, columns)
    return {
        "x": jax.random.normal(next(keys), shape),
        "y": jax.random.normal(next(keys), shape),
        "p": jax.random.uniform(next(keys), shape, minval=0.5, maxval=1.5),
        "z": jax.random.normal(next(keys), shape[::-1]),
        "v": jax.random.normal(next(keys), (columns,)),
        "i": jax.random.randint(next(keys), shape, 0, rows, jnp.int32),
        "b": jax.random.bernoulli(next(keys), 0.5, shape),
    }
