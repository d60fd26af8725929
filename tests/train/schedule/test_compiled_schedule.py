"""Schedules that are stepped inside compiled functions: at the end of each call, on the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.optim.lr_scheduler as theirs

import xlagrad as xg
from xlagrad import Parameter, Tensor
from xlagrad.train import schedule as ours
from xlagrad.train.optim import SGD, Adam

CASES: dict[str, Callable[[Any, Any], Any]] = {
    "exponential": lambda s, o: s.ExponentialLR(o, 0.5),
    "lambda": lambda s, o: s.LambdaLR(o, lambda e: 0.9**e),
    "one cycle": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=30),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3),
    "one after another": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)], [3]
    ),
    "together": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)], o),
}


def rates(s: Any, parameter: Any, kind: Any, name: str, wrap: Callable[[Any], Any]) -> tuple[Any, ...]:
    p = parameter
    optimizer = kind([p], lr=0.1, momentum=0.9)
    scheduler = CASES[name](s, optimizer)

    def step() -> Any:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        optimizer.step()
        scheduler.step()
        return loss

    run = wrap(step)
    found = []
    for _ in range(8):
        run()
        found.append(scheduler.get_last_lr()[0])
    return found, p.tolist(), scheduler.last_epoch if hasattr(scheduler, "last_epoch") else None, run


@pytest.mark.filterwarnings("ignore:.*epoch parameter in `scheduler.step:UserWarning")
@pytest.mark.parametrize("name", CASES)
def test_eight_steps_equal_torch(name: str) -> None:
    start = [1.0, -2.0]
    want = rates(theirs, torch.nn.Parameter(torch.tensor(start)), torch.optim.SGD, name, lambda f: f)
    got = rates(ours, Parameter(start), SGD, name, xg.compile)
    assert got[0] == pytest.approx(want[0])
    assert got[1] == pytest.approx(want[1], rel=1e-5)
    assert got[2] == want[2]
    assert len(xg.explain(got[3])) == 1


def test_what_would_see_an_old_rate_is_refused() -> None:
    p = Parameter([1.0])
    optimizer = Adam([p], lr=0.1)
    scheduler = ours.ExponentialLR(optimizer, 0.5)
    before = scheduler.state_dict()

    def early() -> None:
        p.grad = Tensor([1.0])
        scheduler.step()
        optimizer.step()

    with pytest.raises(RuntimeError, match="step before the schedule's"):
        xg.compile(early)()

    def late() -> Any:
        p.grad = Tensor([1.0])
        optimizer.step()
        scheduler.step()
        return scheduler.get_last_lr()[0]

    with pytest.raises(RuntimeError, match=r"read it before scheduler\.step\(\)"):
        xg.compile(late)()
    assert (scheduler.state_dict(), p.tolist()) == (before, [1.0])


def test_rates_read_inside_are_not_constants() -> None:
    p = Parameter([1.0])
    optimizer = SGD([p], lr=0.5)
    scheduler = ours.ExponentialLR(optimizer, 0.5)

    @xg.compile
    def step() -> Any:
        p.grad = Tensor([0.0])
        optimizer.step()
        rate = scheduler.get_last_lr()[0] * 1
        scheduler.step()
        return rate

    assert [float(step()) for _ in range(3)] == [0.5, 0.25, 0.125]


def test_metrics_and_passing_optimizers_are_refused() -> None:
    p = Parameter([1.0])
    scheduler = ours.ReduceLROnPlateau(SGD([p]))
    with pytest.raises(RuntimeError, match="a call outside compiled functions"):
        xg.compile(lambda x: scheduler.step(x))(Tensor(1.0))

    def passing() -> None:
        optimizer = SGD([p])
        inner = ours.ExponentialLR(optimizer, 0.5)
        inner.step()

    with pytest.raises(RuntimeError, match="a call outside compiled functions"):
        xg.compile(passing)()


def test_an_error_in_the_step_of_a_schedule_comes_after_the_call() -> None:
    p = Parameter([1.0])
    optimizer = SGD([p], lr=0.5, momentum=0.5)
    scheduler = ours.OneCycleLR(optimizer, 0.5, total_steps=4)

    @xg.compile
    def step() -> None:
        p.grad = Tensor([1.0])
        optimizer.step()
        scheduler.step()

    for _ in range(4):
        step()
    moved = p.tolist()
    with pytest.raises(ValueError, match="at most 4 steps"):
        step()
    assert p.tolist() != moved
