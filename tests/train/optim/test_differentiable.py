"""Steps that gradients flow through, against torch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.torch as xt

KINDS: dict[str, dict[str, Any]] = {
    "SGD": {"weight_decay": 0.1},
    "Adam": {"eps": 1e-2},
    "AdamW": {"weight_decay": 0.3},
    "RMSprop": {"momentum": 0.5},
    "Adagrad": {"initial_accumulator_value": 0.5},
    "NAdam": {},
    "ASGD": {"t0": 1},
}


def through(t: Any, kind: str, settings: dict[str, Any]) -> list[np.ndarray]:
    start = t.tensor([1.0, -2.0, 0.5], requires_grad=True)
    slopes = [t.tensor(v, requires_grad=True) for v in ([0.5, 1.0, -1.0], [1.0, -0.5, 2.0])]
    p = start.clone()
    optimizer = getattr(t.optim, kind)([p], lr=0.1, differentiable=True, **settings)
    for slope in slopes:
        p.grad = slope
        optimizer.step()
    (p**2).sum().backward()
    return [x.grad.numpy() for x in (start, *slopes)]


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_through_two_steps_equal_torch(kind: str) -> None:
    want, got = (through(t, kind, KINDS[kind]) for t in (torch, xt))
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_leaves_cannot_be_written_on_the_tape() -> None:
    p = xt.nn.Parameter(xt.tensor([1.0]))
    p.grad = xt.tensor([1.0])
    optimizer = xt.optim.SGD([p], lr=0.5, differentiable=True)
    with pytest.raises(RuntimeError, match="leaf"):
        optimizer.step()
    with xt.no_grad():
        optimizer.step()
    assert p.tolist() == [0.5]
    with pytest.raises(ValueError, match="non-leaf"):
        xt.optim.SGD([p * 1], lr=0.5)
