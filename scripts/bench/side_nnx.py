"""The step in flax nnx with `nnx.jit` and `nnx.Optimizer`, as its guide writes it."""

from __future__ import annotations

import itertools
import time
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from timing import Burst
from workloads import GPT, LEARNING_RATE, MLP, batch


class Mlp(nnx.Module):
    """784-256-256-10 with ReLU."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.layers = nnx.List([nnx.Linear(i, o, rngs=rngs) for i, o in itertools.pairwise(MLP)])

    def __call__(self, x: jax.Array) -> jax.Array:
        for layer in list(self.layers)[:-1]:
            x = nnx.relu(layer(x))
        return self.layers[-1](x)


class Cnn(nnx.Module):
    """conv 32, pool, conv 64, pool, dense 10."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.c1 = nnx.Conv(1, 32, (3, 3), padding="VALID", rngs=rngs)
        self.c2 = nnx.Conv(32, 64, (3, 3), padding="VALID", rngs=rngs)
        self.head = nnx.Linear(1600, 10, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        for conv in (self.c1, self.c2):
            x = nnx.max_pool(nnx.relu(conv(x)), (2, 2), strides=(2, 2))
        return self.head(x.reshape(x.shape[0], -1))


class Block(nnx.Module):
    """Pre-norm attention and feed-forward."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        d = GPT.width
        self.n1, self.n2 = nnx.LayerNorm(d, rngs=rngs), nnx.LayerNorm(d, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(GPT.heads, d, decode=False, rngs=rngs)
        self.up, self.down = nnx.Linear(d, 4 * d, rngs=rngs), nnx.Linear(4 * d, d, rngs=rngs)

    def __call__(self, x: jax.Array, mask: jax.Array) -> jax.Array:
        x = x + self.attention(self.n1(x), mask=mask)
        return x + self.down(jax.nn.gelu(self.up(self.n2(x)), approximate=False))


class Gpt(nnx.Module):
    """Logits of the next character."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.token = nnx.Embed(GPT.vocabulary, GPT.width, rngs=rngs)
        self.position = nnx.Embed(GPT.tokens, GPT.width, rngs=rngs)
        self.blocks = nnx.List([Block(rngs) for _ in range(GPT.layers)])
        self.norm = nnx.LayerNorm(GPT.width, rngs=rngs)
        self.head = nnx.Linear(GPT.width, GPT.vocabulary, rngs=rngs)

    def __call__(self, tokens: jax.Array) -> jax.Array:
        x = self.token(tokens) + self.position(jnp.arange(tokens.shape[1]))
        mask = nnx.make_causal_mask(tokens)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x))


MODELS: dict[str, Any] = {"mlp": Mlp, "cnn": Cnn, "gpt": Gpt}


def make(name: str) -> Burst:
    """Bursts of the `nnx.jit` step."""
    model = MODELS[name](nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.adam(LEARNING_RATE), wrt=nnx.Param)
    x, y = (jnp.asarray(a) for a in batch(name))
    x = jnp.transpose(x, (0, 2, 3, 1)) if name == "cnn" else x

    @nnx.jit
    def step(model: Any, optimizer: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        def loss_of(model: Any) -> jax.Array:
            return optax.softmax_cross_entropy_with_integer_labels(model(x), y).mean()

        loss, grads = nnx.value_and_grad(loss_of)(model)
        optimizer.update(model, grads)
        return loss

    def burst(n: int) -> float:
        start = time.perf_counter()
        for _ in range(n):
            loss = step(model, optimizer, x, y)
        loss.block_until_ready()
        return time.perf_counter() - start

    return burst
