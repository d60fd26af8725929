"""The step in Keras 3 on its JAX backend: `compile` and `fit`, with their defaults."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
from timing import Burst
from workloads import GPT, LEARNING_RATE, MLP, batch


def _model(keras: Any, name: str) -> Any:
    layers = keras.layers
    if name == "mlp":
        hidden = [layers.Dense(n, activation="relu") for n in MLP[1:-1]]
        return keras.Sequential([keras.Input((MLP[0],)), *hidden, layers.Dense(MLP[-1])])
    if name == "cnn":
        stages = [
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
        ]
        return keras.Sequential(
            [keras.Input((28, 28, 1)), *stages, layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10)]
        )
    tokens = keras.Input((GPT.tokens,), dtype="int32")
    positions = layers.Embedding(GPT.tokens, GPT.width)(np.arange(GPT.tokens))
    x = layers.Embedding(GPT.vocabulary, GPT.width)(tokens) + positions
    for _ in range(GPT.layers):
        h = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.MultiHeadAttention(GPT.heads, GPT.width // GPT.heads)(h, h, use_causal_mask=True)
        h = layers.Dense(4 * GPT.width, activation="gelu")(layers.LayerNormalization(epsilon=1e-5)(x))
        x = x + layers.Dense(GPT.width)(h)
    return keras.Model(tokens, layers.Dense(GPT.vocabulary)(layers.LayerNormalization(epsilon=1e-5)(x)))


def make(name: str) -> Burst:
    """Bursts of `fit` over n batches."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    model = _model(keras, name)
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    x, y = batch(name)
    x = x.transpose(0, 2, 3, 1) if name == "cnn" else x

    def burst(n: int) -> float:
        xs, ys = np.concatenate([x] * n), np.concatenate([y] * n)
        start = time.perf_counter()
        model.fit(xs, ys, batch_size=len(x), epochs=1, shuffle=False, verbose=0)
        return time.perf_counter() - start

    return burst
