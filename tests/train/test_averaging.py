"""Averages of weights against torch's, eager and compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import swa_utils as theirs

import xlagrad as xg
import xlagrad.torch as xt
from xlagrad.torch.optim import swa_utils as ours
from xlagrad.train.schedule import SWALR

WAYS: dict[str, Any] = {
    "equal": lambda s: {},
    "exponential": lambda s: {"avg_fn": s.get_ema_avg_fn(0.8)},
    "exponential lists": lambda s: {"multi_avg_fn": s.get_ema_multi_avg_fn(0.8)},
    "equal lists": lambda s: {"multi_avg_fn": s.get_swa_multi_avg_fn()},
    "with buffers": lambda s: {"use_buffers": True},
    "own": lambda s: {"avg_fn": lambda a, b, n: (a + 2 * b) / 3 + 0 * n},
}


def trained(t: Any, s: Any, way: str, compiled: bool) -> tuple[dict[str, np.ndarray], Any, Any]:
    rng = np.random.default_rng(0)
    model = t.nn.Sequential(t.nn.Linear(3, 4), t.nn.BatchNorm1d(4), t.nn.Linear(4, 2))
    with t.no_grad():
        for p in model.parameters():
            p.copy_(t.tensor(rng.standard_normal(tuple(p.shape)).astype(np.float32)))
    optimizer = t.optim.SGD(model.parameters(), lr=0.1)
    average = s.AveragedModel(model, **WAYS[way](s))

    def step(x: Any) -> None:
        optimizer.zero_grad()
        (model(x) ** 2).mean().backward()
        optimizer.step()
        average.update_parameters(model)

    run = xg.compile(step) if compiled else step
    for _ in range(4):
        run(t.tensor(rng.standard_normal((5, 3)).astype(np.float32)))
    found = {k: v.detach().numpy().copy() for k, v in average.state_dict().items()}
    return found, average, run


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("way", WAYS)
def test_four_steps_equal_torch(way: str, compiled: bool) -> None:
    want, reference, _ = trained(torch, theirs, way, False)
    got, average, run = trained(xt, ours, way, compiled)
    assert list(got) == list(want)
    for name, value in want.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-4, atol=1e-5, err_msg=name)
    x = np.ones((2, 3), np.float32)
    average.eval(), reference.eval()
    out = reference(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(average(xt.tensor(x)).detach().numpy(), out, rtol=1e-3, atol=1e-5)
    if compiled:
        assert len(xg.explain(run)) == 1


def test_running_statistics_of_a_pass() -> None:
    rng = np.random.default_rng(1)
    batches = [rng.standard_normal((6, 3)).astype(np.float32) for _ in range(3)]
    found = []
    for t, s in ((torch, theirs), (xt, ours)):
        model = t.nn.Sequential(t.nn.BatchNorm1d(3), t.nn.ReLU()).eval()
        s.update_bn([(t.tensor(b), None) for b in batches], model)
        assert (model.training, model[0].momentum) == (False, 0.1)
        found.append([model[0].running_mean.numpy(), model[0].running_var.numpy()])
        s.update_bn([], t.nn.Linear(1, 1))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 7])
def test_the_schedule_equals_torchs(strategy: str, epochs: int) -> None:
    rates, states = [], []
    for t, s in ((torch, theirs), (xt, ours)):
        ps = [t.nn.Parameter(t.tensor([1.0])) for _ in range(2)]
        optimizer = t.optim.SGD([{"params": ps[:1], "lr": 0.4}, {"params": ps[1:]}], lr=0.1)
        schedule = s.SWALR(optimizer, [0.05, 0.2], epochs, strategy)
        rates.append([])
        for i in range(10):
            if i == 5 and states:
                schedule.load_state_dict(states[0])
            elif i == 5:
                states.append(dict(schedule.state_dict()))
            optimizer.step()
            schedule.step()
            rates[-1].append([group["lr"] for group in optimizer.param_groups])
    np.testing.assert_allclose(rates[1], rates[0], rtol=1e-6)
    assert set(schedule.state_dict()) == set(states[0])


def test_refusals() -> None:
    model = xt.nn.Linear(1, 1)
    both = {"avg_fn": ours.get_swa_avg_fn(), "multi_avg_fn": ours.get_swa_multi_avg_fn()}
    with pytest.raises(ValueError, match="Only one of avg_fn and multi_avg_fn"):
        ours.AveragedModel(model, **both)
    for make in (ours.get_ema_avg_fn, ours.get_ema_multi_avg_fn):
        with pytest.raises(ValueError, match=r"Invalid decay value 1\.5"):
            make(1.5)
    optimizer = xt.optim.SGD(model.parameters())
    with pytest.raises(ValueError, match="anneal_strategy must be one of"):
        SWALR(optimizer, 0.1, anneal_strategy="steps")
    with pytest.raises(ValueError, match="anneal_epochs must be equal or greater than 0"):
        SWALR(optimizer, 0.1, anneal_epochs=-1)
    with pytest.warns(UserWarning, match="get_last_lr"):
        SWALR(optimizer, 0.1).get_lr()
