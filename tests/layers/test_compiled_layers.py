"""Layers of every family in one training step: eager, compiled, and PyTorch's give the same."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.layers.models import ours, twin
from xlagrad.core.compile import compile

Make = Callable[[Any], Any]


def image(p: Any) -> Any:
    return p.Sequential(
        p.Conv2d(2, 4, 3, padding=1),
        p.BatchNorm2d(4),
        p.SiLU(),
        p.MaxPool2d(2),
        p.Conv2d(4, 4, 3, groups=4, padding="same", bias=False),
        p.GroupNorm(2, 4),
        p.GELU(),
        p.ConvTranspose2d(4, 2, 2, stride=2),
        p.InstanceNorm2d(2, affine=True),
        p.PReLU(2),
        p.AdaptiveAvgPool2d(2),
        p.Flatten(),
        p.Dropout(0.0),
        p.Linear(8, 3),
        p.LogSoftmax(1),
    )


def text(p: Any) -> Any:
    class Model(p.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embed = p.Embedding(7, 6, padding_idx=0)
            self.lstm = p.LSTM(6, 3, batch_first=True, bidirectional=True)
            self.gru = p.GRU(6, 6)
            self.attention = p.MultiheadAttention(6, 2, batch_first=True)
            self.norm = p.LayerNorm(6)
            self.head = p.Linear(6, 7, bias=False)
            self.head.weight.data *= 0.5
            self.scale = p.ParameterList([p.Parameter(self.head.weight.data[0] * 0 + 1)])

        def forward(self, tokens: Any) -> Any:
            x = self.embed(tokens)
            x = x + self.lstm(x)[0]
            x = x + self.gru(x.transpose(0, 1))[0].transpose(0, 1)
            x = self.norm(x + self.attention(x, x, x)[0]) * self.scale[0]
            return self.head(x).log_softmax(-1).mean(1)

    return Model()


def train(model: Any, wrap: Callable[[Any], Any], x: Any, y: Any) -> list[float]:
    def step(x: Any, y: Any) -> Any:
        loss = -(model(x) * y).sum(1).mean()
        loss.backward()
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-0.1)
            p.grad = None
        return loss.detach()

    run = wrap(step)
    return [run(x, y).item() for _ in range(3)]


MODELS: dict[str, tuple[Make, torch.Tensor, int]] = {
    "image": (image, torch.randn(4, 2, 8, 8, generator=torch.Generator().manual_seed(0)), 3),
    "text": (text, torch.randint(0, 7, (4, 5), generator=torch.Generator().manual_seed(0)), 7),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_training_agrees(name: str) -> None:
    make, x, classes = MODELS[name]
    module, reference = twin(make)
    y = torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 1]), classes).float()
    other = copy.deepcopy(module)
    eager = train(module, lambda f: f, ours(x), ours(y))
    compiled = train(other, compile, ours(x), ours(y))
    expected = train(reference, lambda f: f, x, y)
    np.testing.assert_allclose(eager, expected, rtol=1e-4)
    np.testing.assert_allclose(compiled, eager, rtol=1e-5)
    for (key, a), (_, b), (_, c) in zip(
        module.state_dict().items(), other.state_dict().items(), reference.state_dict().items(), strict=True
    ):
        np.testing.assert_allclose(a.numpy(), c.numpy(), rtol=1e-3, atol=1e-4, err_msg=key)
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-5, err_msg=key)
