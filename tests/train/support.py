"""A small problem that the tests of the trainer share."""

from __future__ import annotations

from typing import Any

import numpy as np

from xlagrad import Tensor
from xlagrad.layers import BatchNorm1d, Dropout, Linear, ReLU, Sequential

RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 6)).astype(np.float32)
Y = X[:, :3].argmax(1).astype(np.int32)
T = (X @ RNG.standard_normal((6, 1))).astype(np.float32)


def mlp(outputs: int = 3, dropout: float = 0.0, norm: bool = False) -> Any:
    """A perceptron with fixed weights."""
    parts = [Linear(6, 8), *([BatchNorm1d(8)] if norm else []), ReLU()]
    parts += [*([Dropout(dropout)] if dropout else []), Linear(8, outputs)]
    model = Sequential(*parts)
    rng = np.random.default_rng(1)
    for p in model.parameters():
        p._write(Tensor((0.4 * rng.standard_normal(p.shape)).astype(np.float32)).data_array)
    return model


def values(model: Any) -> dict[str, list[Any]]:
    """The state of a model as numbers."""
    return {name: t.tolist() for name, t in model.state_dict().items()}


def distance(a: Any, b: Any) -> float:
    """The largest difference between the states of two models."""
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return max(float(np.abs(np.asarray(x.data_array) - np.asarray(y.data_array)).max()) for x, y in pairs)
