"""Gradient scaling against torch's, eager and compiled."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad as xg
from xlagrad import Parameter, Tensor
from xlagrad.train import optim as ours
from xlagrad.train.scaling import GradScaler

# What the loss is multiplied with at each step: three of them overflow.
FACTORS = [1.0, 1.0, 1e38, 1.0, 1.0, 1.0, float("nan"), 1.0, 1.0, 1e38, 1.0, 1.0]
SETTINGS = {"init_scale": 1024.0, "growth_factor": 3.0, "backoff_factor": 0.25, "growth_interval": 2}


def in_torch(kind: str, clip: bool) -> tuple[list[float], list[float], Any]:
    p = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = getattr(torch.optim, kind)([p], lr=0.1)
    scaler = torch.amp.GradScaler("cpu", **SETTINGS)
    scales = []
    for factor in FACTORS:
        optimizer.zero_grad()
        scaler.scale((p * p).sum() * factor).backward()
        if clip:
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_([p], 1.0)
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
    return p.tolist(), scales, (scaler, optimizer)


class Plain(ours.Optimizer):
    """SGD with momentum, as a user would write it."""

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, {"lr": lr})

    @xg.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                entry = self.state[p]
                if "velocity" not in entry:
                    entry["velocity"] = xg.zeros_like(p)
                entry["velocity"].mul_(0.5).add_(p.grad)
                p.sub_(group["lr"] * entry["velocity"])


def in_ours(make: Any, clip: bool, compiled: bool) -> tuple[list[float], list[float], Any]:
    p = Parameter([1.0, -2.0])
    optimizer = make([p])
    scaler = GradScaler("cpu", **SETTINGS)

    def step(factor: Any) -> None:
        optimizer.zero_grad()
        scaler.scale((p * p).sum() * factor).backward()
        if clip:
            scaler.unscale_(optimizer)
            norm = xg.linalg.vector_norm(p.grad)
            p.grad.mul_(xg.clip(1.0 / (norm + 1e-6), max=1.0))
        scaler.step(optimizer)
        scaler.update()

    run = xg.compile(step, keep_grads=True) if compiled else step
    scales = []
    for i, factor in enumerate(FACTORS):
        (step if i == 0 and make is Plain else run)(Tensor(factor))
        scales.append(scaler.get_scale())
    if compiled:
        assert len(xg.explain(run)) == 1, xg.explain(run)
    return p.tolist(), scales, (scaler, optimizer)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("clip", [False, True], ids=["plain", "clipped"])
@pytest.mark.parametrize("kind", ["SGD", "Adam", "NAdam"])
def test_twelve_steps_equal_torch(kind: str, clip: bool, compiled: bool) -> None:
    want, scales, (reference, steps) = in_torch(kind, clip)
    got, mine, (scaler, optimizer) = in_ours(lambda ps: getattr(ours, kind)(ps, lr=0.1), clip, compiled)
    assert mine == scales
    np.testing.assert_allclose(got, want, rtol=1e-5)
    assert scaler.state_dict() == reference.state_dict()
    for entry, theirs in zip(optimizer.state.values(), steps.state.values(), strict=True):
        assert entry["step"].item() == theirs["step"].item() == 9


def test_an_optimizer_of_ones_own() -> None:
    want, scales, _ = in_ours(Plain, False, False)
    got, mine, _ = in_ours(Plain, False, True)
    assert mine == scales
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_state_that_a_compiled_step_would_make() -> None:
    p = Parameter([1.0])
    optimizer, scaler = Plain([p]), GradScaler("cpu")

    @xg.compile
    def step() -> None:
        optimizer.zero_grad()
        scaler.scale((p * p).sum()).backward()
        scaler.step(optimizer)
        scaler.update()

    with pytest.raises(RuntimeError, match="once outside the compiled function"):
        step()
    assert (p.tolist(), scaler.get_scale()) == ([1.0], 65536.0)


def test_the_order_of_calls() -> None:
    p = Parameter([1.0])
    optimizer, scaler = ours.SGD([p]), GradScaler("cpu")
    for call in (lambda: scaler.unscale_(optimizer), lambda: scaler.step(optimizer), scaler.update):
        with pytest.raises(RuntimeError, match="but _scale is None"):
            call()
    scaler.scale((p * p).sum()).backward()
    with pytest.raises(RuntimeError, match="No inf checks were recorded"):
        scaler.update()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="already been called on this optimizer"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="called after step"):
        scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="already been called since"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="Closure use"):
        scaler.step(optimizer, closure=lambda: None)
    with pytest.raises(RuntimeError, match="between rounds"):
        pickle.dumps(scaler)
    scaler.update(8.0)
    assert scaler.get_scale() == 8.0
    copy = pickle.loads(pickle.dumps(scaler))
    assert copy.state_dict() == scaler.state_dict()


def test_lists_are_scaled_and_state_is_exchanged() -> None:
    scaler = GradScaler("cpu", init_scale=4.0)
    first, (second,) = scaler.scale([Tensor(1.0), (Tensor(2.0),)])
    assert (first.item(), second.item()) == (4.0, 8.0)
    reference = torch.amp.GradScaler("cpu", init_scale=32.0, growth_interval=7)
    scaler.load_state_dict(reference.state_dict())
    assert scaler.state_dict() == reference.state_dict()
    reference.load_state_dict({**scaler.state_dict(), "scale": 2.0})
    assert reference.get_scale() == 2.0
    with pytest.raises(RuntimeError, match="state dict is empty"):
        scaler.load_state_dict({})
    with pytest.raises(TypeError, match="must be a Tensor or an iterable"):
        scaler.scale(3)


def test_switched_off() -> None:
    p = Parameter([1.0])
    optimizer = ours.SGD([p], lr=0.25)
    scaler = GradScaler("cpu", enabled=False)
    loss = scaler.scale((p * p).sum())
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert (p.tolist(), scaler.get_scale(), scaler.state_dict()) == ([0.5], 1.0, {})
    with pytest.warns(UserWarning, match="not available"):
        assert not GradScaler("tpu").is_enabled()


def test_half_precision_gradients_are_refused() -> None:
    p = Parameter(Tensor([1.0]).half())
    scaler = GradScaler("cpu", init_scale=2.0)
    scaler.scale((p * p).sum()).backward()
    with pytest.raises(ValueError, match="Attempting to unscale FP16 gradients"):
        scaler.step(ours.SGD([p]))


@pytest.mark.parametrize("name", ["growth_factor", "backoff_factor"])
def test_factors_of_one(name: str) -> None:
    with pytest.raises(ValueError, match=name.replace("_", " ")):
        GradScaler("cpu", **{name: 1.0})
