"""The yardstick: each step written by hand in JAX with optax, jitted whole, its state donated.

`tuned` is what somebody who profiles on CPU writes: pooling by reshape instead of reduce_window, matrix
products with the leading dimensions collapsed, GELU by erf.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from timing import Burst
from workloads import GPT, LEARNING_RATE, MLP, batch

Params = Any


def _dense(key: jax.Array, n_in: int, n_out: int) -> dict[str, jax.Array]:
    bound = n_in**-0.5
    return {"w": jax.random.uniform(key, (n_in, n_out), minval=-bound, maxval=bound), "b": jnp.zeros(n_out)}


def _apply(p: dict[str, jax.Array], x: jax.Array, tuned: bool = False) -> jax.Array:
    if tuned and x.ndim > 2:
        return (x.reshape(-1, x.shape[-1]) @ p["w"] + p["b"]).reshape(*x.shape[:-1], -1)
    return x @ p["w"] + p["b"]


def mlp_init(key: jax.Array) -> Params:
    """Three dense layers."""
    keys = jax.random.split(key, 3)
    return [_dense(k, i, o) for k, i, o in zip(keys, MLP[:-1], MLP[1:], strict=True)]


def mlp(params: Params, x: jax.Array, tuned: bool) -> jax.Array:
    """784-256-256-10 with ReLU."""
    for p in params[:-1]:
        x = jax.nn.relu(_apply(p, x))
    return _apply(params[-1], x)


def cnn_init(key: jax.Array) -> Params:
    """Two 3×3 convolutions (HWIO) and a dense layer."""
    k1, k2, k3 = jax.random.split(key, 3)
    return {
        "c1": {"w": jax.random.normal(k1, (3, 3, 1, 32)) / 3, "b": jnp.zeros(32)},
        "c2": {"w": jax.random.normal(k2, (3, 3, 32, 64)) / 17, "b": jnp.zeros(64)},
        "head": _dense(k3, 1600, 10),
    }


def _pool(x: jax.Array, tuned: bool) -> jax.Array:
    if not tuned:
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    n, h, w, c = x.shape
    x = x[:, : h // 2 * 2, : w // 2 * 2]
    return x.reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))


def cnn(params: Params, x: jax.Array, tuned: bool) -> jax.Array:
    """conv 32, pool, conv 64, pool, dense 10, in NHWC."""
    for name in ("c1", "c2"):
        p = params[name]
        x = jax.lax.conv_general_dilated(
            x, p["w"], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = _pool(jax.nn.relu(x + p["b"]), tuned)
    return _apply(params["head"], x.reshape(x.shape[0], -1))


def _norm_init() -> dict[str, jax.Array]:
    return {"w": jnp.ones(GPT.width), "b": jnp.zeros(GPT.width)}


def gpt_init(key: jax.Array) -> Params:
    """Embeddings, blocks and head of the character model."""
    k_tok, k_pos, k_head, *keys = jax.random.split(key, 3 + GPT.layers)
    d = GPT.width
    blocks = []
    for k in keys:
        k1, k2, k3, k4 = jax.random.split(k, 4)
        block = {"qkv": _dense(k1, d, 3 * d), "out": _dense(k2, d, d), "up": _dense(k3, d, 4 * d)}
        blocks.append({**block, "down": _dense(k4, 4 * d, d), "n1": _norm_init(), "n2": _norm_init()})
    tables = {
        "token": jax.random.normal(k_tok, (GPT.vocabulary, d)),
        "position": jax.random.normal(k_pos, (GPT.tokens, d)),
    }
    return {**tables, "blocks": blocks, "norm": _norm_init(), "head": _dense(k_head, d, GPT.vocabulary)}


def _layer_norm(p: dict[str, jax.Array], x: jax.Array) -> jax.Array:
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(var + 1e-5) * p["w"] + p["b"]


def _attention(p: Params, x: jax.Array, tuned: bool) -> jax.Array:
    b, t, d = x.shape
    q, k, v = (z.reshape(b, t, GPT.heads, -1) for z in jnp.split(_apply(p["qkv"], x, tuned), 3, axis=-1))
    y = jax.nn.dot_product_attention(q, k, v, is_causal=True)
    return _apply(p["out"], y.reshape(b, t, d), tuned)


def _gelu(x: jax.Array, tuned: bool) -> jax.Array:
    # jax.nn's exact form goes by erfc, which XLA:CPU computes more slowly than erf.
    return x * 0.5 * (1 + jax.lax.erf(x * 0.5**0.5)) if tuned else jax.nn.gelu(x, approximate=False)


def gpt(params: Params, tokens: jax.Array, tuned: bool) -> jax.Array:
    """Logits of the next character."""
    x = params["token"][tokens] + params["position"]
    for p in params["blocks"]:
        x = x + _attention(p, _layer_norm(p["n1"], x), tuned)
        h = _apply(p["up"], _layer_norm(p["n2"], x), tuned)
        x = x + _apply(p["down"], _gelu(h, tuned), tuned)
    return _apply(params["head"], _layer_norm(params["norm"], x), tuned)


MODELS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "mlp": (mlp_init, mlp),
    "cnn": (cnn_init, cnn),
    "gpt": (gpt_init, gpt),
}


def training(name: str, tuned: bool = False) -> tuple[Callable[..., Any], Any, tuple[jax.Array, jax.Array]]:
    """(step, state, batch): `step(state, x, y) -> (state, loss)`, not jitted yet."""
    init, apply = MODELS[name]
    x, y = (jnp.asarray(a) for a in batch(name))
    x = jnp.transpose(x, (0, 2, 3, 1)) if name == "cnn" else x
    optimizer = optax.adam(LEARNING_RATE)
    params = init(jax.random.key(0))

    def loss_of(params: Params, x: jax.Array, y: jax.Array) -> jax.Array:
        return optax.softmax_cross_entropy_with_integer_labels(apply(params, x, tuned), y).mean()

    def step(state: Any, x: jax.Array, y: jax.Array) -> tuple[Any, jax.Array]:
        params, slots = state
        loss, grads = jax.value_and_grad(loss_of)(params, x, y)
        updates, slots = optimizer.update(grads, slots)
        return (optax.apply_updates(params, updates), slots), loss

    return step, (params, optimizer.init(params)), (x, y)


def make(name: str, tuned: bool = False) -> Burst:
    """Bursts of the jitted step with its state donated."""
    step, state, (x, y) = training(name, tuned)
    jitted = jax.jit(step, donate_argnums=0)

    def burst(n: int) -> float:
        nonlocal state
        start = time.perf_counter()
        for _ in range(n):
            state, loss = jitted(state, x, y)
        loss.block_until_ready()
        return time.perf_counter() - start

    return burst


def make_tuned(name: str) -> Burst:
    """As `make`, with the tuned forms."""
    return make(name, tuned=True)


def make_scan(name: str, length: int = 20) -> Burst:
    """`lax.scan` over `length` steps in one executable; a burst rounds up to whole scans."""
    step, state, (x, y) = training(name)
    xs, ys = (jnp.broadcast_to(a, (length, *a.shape)) for a in (x, y))
    jitted = jax.jit(lambda s, xs, ys: jax.lax.scan(lambda s, b: step(s, *b), s, (xs, ys)), donate_argnums=0)

    def burst(n: int) -> float:
        nonlocal state
        scans = -(-n // length)
        start = time.perf_counter()
        for _ in range(scans):
            state, losses = jitted(state, xs, ys)
        losses.block_until_ready()
        return (time.perf_counter() - start) * n / (scans * length)

    return burst
