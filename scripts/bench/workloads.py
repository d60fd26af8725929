"""The three training steps that every side of the benchmark runs: their sizes and their data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEARNING_RATE = 1e-3
NAMES = ("mlp", "cnn", "gpt")


@dataclass(frozen=True)
class Gpt:
    """Sizes of the character model: pre-norm blocks, learned positions, erf GELU, untied head."""

    layers: int = 4
    width: int = 128
    heads: int = 4
    batch: int = 8
    tokens: int = 64
    vocabulary: int = 65


GPT = Gpt()
MLP = (784, 256, 256, 10)
MLP_BATCH = 128
CNN_BATCH = 64


def batch(name: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """One batch (inputs, integer targets) of a workload; images are NCHW, as torch has them."""
    rng = np.random.default_rng(seed)
    if name == "mlp":
        x = rng.standard_normal((MLP_BATCH, MLP[0])).astype(np.float32)
        return x, rng.integers(0, 10, MLP_BATCH).astype(np.int32)
    if name == "cnn":
        x = rng.standard_normal((CNN_BATCH, 1, 28, 28)).astype(np.float32)
        return x, rng.integers(0, 10, CNN_BATCH).astype(np.int32)
    tokens = rng.integers(0, GPT.vocabulary, (GPT.batch, GPT.tokens + 1)).astype(np.int32)
    return tokens[:, :-1], tokens[:, 1:]
