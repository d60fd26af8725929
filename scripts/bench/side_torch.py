"""The step as people write it in PyTorch; the module's name decides whether torch or xlagrad runs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from timing import Burst
from workloads import GPT, LEARNING_RATE, MLP, batch


def mlp(torch: Any) -> Any:
    """784-256-256-10 with ReLU."""
    nn = torch.nn
    layers = [
        nn.Linear(MLP[0], MLP[1]),
        nn.ReLU(),
        nn.Linear(MLP[1], MLP[2]),
        nn.ReLU(),
        nn.Linear(MLP[2], MLP[3]),
    ]
    return nn.Sequential(*layers)


def cnn(torch: Any) -> Any:
    """conv 32, pool, conv 64, pool, dense 10."""
    nn = torch.nn
    convolutions = [
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(1600, 10))


def gpt(torch: Any) -> Any:
    """Pre-norm transformer with learned positions; logits of the next character."""
    nn, d = torch.nn, GPT.width

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
            self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
            self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

        def attention(self, x: Any) -> Any:
            b, t, _ = x.shape
            q, k, v = (z.view(b, t, GPT.heads, -1).transpose(1, 2) for z in self.qkv(x).split(d, dim=2))
            y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.out(y.transpose(1, 2).reshape(b, t, d))

        def forward(self, x: Any) -> Any:
            x = x + self.attention(self.n1(x))
            return x + self.down(nn.functional.gelu(self.up(self.n2(x))))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Embedding(GPT.vocabulary, d)
            self.position = nn.Embedding(GPT.tokens, d)
            self.blocks = nn.Sequential(*[Block() for _ in range(GPT.layers)])
            self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, GPT.vocabulary)

        def forward(self, tokens: Any) -> Any:
            x = self.token(tokens) + self.position(torch.arange(tokens.shape[1]))
            return self.head(self.norm(self.blocks(x)))

    return Model()


MODELS: dict[str, Callable[[Any], Any]] = {"mlp": mlp, "cnn": cnn, "gpt": gpt}


def training(torch: Any, name: str) -> tuple[Callable[..., Any], tuple[Any, Any]]:
    """(step, batch): the imperative step, not compiled."""
    model = MODELS[name](torch)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    x, y = (torch.tensor(a) for a in batch(name))
    y = y.long()

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        logits = model(x)
        loss = torch.nn.functional.cross_entropy(logits.view(-1, logits.shape[-1]), y.view(-1))
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step, (x, y)


def bursts(step: Callable[..., Any], data: tuple[Any, Any]) -> Burst:
    """Bursts of a step on one batch; reading the last loss waits for it."""

    def burst(n: int) -> float:
        start = time.perf_counter()
        for _ in range(n):
            loss = step(*data)
        loss.item()
        return time.perf_counter() - start

    return burst


def make(name: str) -> Burst:
    """Real torch, eager, on as many threads as there are cores."""
    import torch

    torch.manual_seed(0)
    return bursts(*training(torch, name))


def make_ours(name: str) -> Burst:
    """The same source under `xlagrad.torch`, compiled."""
    import xlagrad as xg
    import xlagrad.torch as torch

    torch.manual_seed(0)
    step, data = training(torch, name)
    return bursts(xg.compile(step), data)


def make_ours_eager(name: str) -> Burst:
    """The same source under `xlagrad.torch`, op by op."""
    import xlagrad.torch as torch

    torch.manual_seed(0)
    return bursts(*training(torch, name))
