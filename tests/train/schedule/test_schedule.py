"""Every schedule against torch's, epoch by epoch, and through a saved state."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.optim.lr_scheduler as theirs

from xlagrad.core.tensor import Parameter, Tensor
from xlagrad.train import schedule as ours
from xlagrad.train.optim import SGD, Adam

STEPS = 50
METRICS = [1.0, 0.9, 0.85, 0.84, 0.84, 0.84, 0.85, 0.83, *(0.83 - 0.001 * (i % 3) for i in range(STEPS))]

Make = Callable[[Any, Any], Any]


class Halving:
    """A callable object, whose attributes are part of a saved state."""

    def __init__(self) -> None:
        self.base = 0.5

    def __call__(self, epoch: int) -> float:
        return self.base ** (epoch / 10)


CASES: dict[str, Make] = {
    "lambda": lambda s, o: s.LambdaLR(o, lambda e: 0.95**e),
    "lambdas": lambda s, o: s.LambdaLR(o, [lambda e: 0.9**e, lambda e: 1 / (1 + e)]),
    "lambda object": lambda s, o: s.LambdaLR(o, Halving()),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda e: 0.97),
    "step": lambda s, o: s.StepLR(o, 7, gamma=0.5),
    "milestones": lambda s, o: s.MultiStepLR(o, [5, 20, 20, 33], gamma=0.3),
    "constant": lambda s, o: s.ConstantLR(o),
    "constant, long": lambda s, o: s.ConstantLR(o, factor=0.2, total_iters=10),
    "linear": lambda s, o: s.LinearLR(o),
    "linear, to less": lambda s, o: s.LinearLR(o, start_factor=0.9, end_factor=0.1, total_iters=20),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.93),
    "polynomial": lambda s, o: s.PolynomialLR(o),
    "polynomial, square": lambda s, o: s.PolynomialLR(o, total_iters=30, power=2.0),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 20),
    "cosine, least": lambda s, o: s.CosineAnnealingLR(o, 15, eta_min=0.01),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 7),
    "restarts, longer": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, T_mult=2, eta_min=0.001),
    "cyclic": lambda s, o: s.CyclicLR(o, base_lr=0.01, max_lr=0.2, step_size_up=8),
    "cyclic 2": lambda s, o: s.CyclicLR(o, 0.01, 0.2, step_size_up=5, step_size_down=9, mode="triangular2"),
    "cyclic exp": lambda s, o: s.CyclicLR(o, 0.01, 0.2, step_size_up=6, mode="exp_range", gamma=0.97),
    "cyclic own": lambda s, o: s.CyclicLR(o, 0.01, 0.2, step_size_up=6, scale_fn=lambda x: 1 / (1 + x)),
    "cyclic own, by step": lambda s, o: s.CyclicLR(
        o, 0.01, 0.2, step_size_up=6, scale_fn=lambda x: 1 / (1 + x), scale_mode="iterations"
    ),
    "cyclic groups": lambda s, o: s.CyclicLR(
        o, [0.01, 0.02], [0.2, 0.4], step_size_up=6, cycle_momentum=False
    ),
    "one cycle": lambda s, o: s.OneCycleLR(o, max_lr=0.5, total_steps=60),
    "one cycle, linear": lambda s, o: s.OneCycleLR(
        o, [0.5, 0.3], epochs=6, steps_per_epoch=10, pct_start=0.4, anneal_strategy="linear"
    ),
    "one cycle, three": lambda s, o: s.OneCycleLR(
        o, 0.5, total_steps=60, three_phase=True, div_factor=10, final_div_factor=100
    ),
    "plateau": lambda s, o: s.ReduceLROnPlateau(o, patience=4),
    "plateau, max": lambda s, o: s.ReduceLROnPlateau(o, mode="max", factor=0.5, patience=3, cooldown=2),
    "plateau, abs": lambda s, o: s.ReduceLROnPlateau(
        o, patience=2, threshold=0.05, threshold_mode="abs", min_lr=1e-3
    ),
    "plateau, max abs": lambda s, o: s.ReduceLROnPlateau(
        o, "max", patience=2, threshold=0.05, threshold_mode="abs", min_lr=[1e-3, 1e-2]
    ),
    "sequential": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=5), s.CosineAnnealingLR(o, 30), s.ExponentialLR(o, 0.9)], [5, 30]
    ),
    "sequential steps": lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 2), s.StepLR(o, 4)], [10]),
    "sequential chain": lambda s, o: s.SequentialLR(
        o,
        [s.ChainedScheduler([s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)]), s.StepLR(o, 9)],
        [20],
    ),
    "chain": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 5), s.ExponentialLR(o, 0.9)]),
    "chain of cosines": lambda s, o: s.ChainedScheduler(
        [s.CosineAnnealingLR(o, 12), s.MultiStepLR(o, [9, 30], 0.5)]
    ),
}


def our_optimizer(kind: str = "SGD") -> Any:
    groups = [{"params": [Parameter([1.0])], "lr": 0.1}, {"params": [Parameter([2.0])], "lr": 0.05}]
    return SGD(groups, lr=0.1, momentum=0.9) if kind == "SGD" else Adam(groups)


def their_optimizer(kind: str = "SGD") -> Any:
    params = [torch.nn.Parameter(torch.tensor([v])) for v in (1.0, 2.0)]
    groups = [{"params": params[:1], "lr": 0.1}, {"params": params[1:], "lr": 0.05}]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9) if kind == "SGD" else torch.optim.Adam(groups)


def row(optimizer: Any, schedule: Any) -> list[float]:
    groups = optimizer.param_groups
    momenta = [g["momentum"] if "momentum" in g else g["betas"][0] for g in groups]
    return [*(g["lr"] for g in groups), *momenta, *schedule.get_last_lr()]


def run(make: Make, module: Any, new: Callable[[], Any], resume_at: int | None = None) -> list[list[float]]:
    optimizer = new()
    schedule = make(module, optimizer)
    rows = [row(optimizer, schedule)]
    for i in range(STEPS):
        if i == resume_at:
            saved = copy.deepcopy((optimizer.state_dict(), schedule.state_dict()))
            optimizer = new()
            schedule = make(module, optimizer)
            optimizer.load_state_dict(saved[0])
            schedule.load_state_dict(saved[1])
        optimizer.step()
        by_metric = isinstance(schedule, (ours.ReduceLROnPlateau, theirs.ReduceLROnPlateau))
        schedule.step(METRICS[i]) if by_metric else schedule.step()
        rows.append(row(optimizer, schedule))
    return rows


@pytest.fixture(autouse=True)
def _quiet_torch() -> Any:
    """SequentialLR steps with an epoch inside torch, which warns about itself."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The epoch parameter", UserWarning)
        # A chain that is begun again by the sequence around it.
        warnings.filterwarnings("ignore", "Detected call of", UserWarning)
        yield


@pytest.mark.parametrize("name", CASES)
def test_rates_equal_torch(name: str) -> None:
    got, want = run(CASES[name], ours, our_optimizer), run(CASES[name], theirs, their_optimizer)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", CASES)
def test_going_on_from_a_saved_state(name: str) -> None:
    got, want = run(CASES[name], ours, our_optimizer, 23), run(CASES[name], ours, our_optimizer)
    if "lambda" in name or "own" in name:
        got, want = got[24:], want[24:]
    assert got == want


@pytest.mark.parametrize("name", ["cyclic", "one cycle"])
def test_momentum_is_the_first_beta_of_adam(name: str) -> None:
    make = CASES[name]
    got = run(make, ours, lambda: our_optimizer("Adam"))
    want = run(make, theirs, lambda: their_optimizer("Adam"))
    np.testing.assert_allclose(got, want, rtol=1e-12)
    assert len({r[2] for r in got}) > 3


@pytest.mark.parametrize(
    "name", ["step", "milestones", "constant", "linear", "exponential", "polynomial", "cosine"]
)
def test_an_epoch_can_be_named(name: str) -> None:
    schedules = [CASES[name](m, new()) for m, new in ((ours, our_optimizer), (theirs, their_optimizer))]
    for epoch in (3, 11, 2):
        for s in schedules:
            s.optimizer.step()
            with pytest.warns(UserWarning, match="epoch"):
                s.step(epoch)
        np.testing.assert_allclose(schedules[0].get_last_lr(), schedules[1].get_last_lr(), rtol=1e-12)


def test_restarts_at_fractions() -> None:
    got = ours.CosineAnnealingWarmRestarts(our_optimizer(), 3, T_mult=2)
    want = theirs.CosineAnnealingWarmRestarts(their_optimizer(), 3, T_mult=2)
    for epoch in (0.5, 2.9, 3.0, 7.25, 20.5, 1.0):
        got.step(epoch)
        want.step(epoch)
        np.testing.assert_allclose(got.get_last_lr(), want.get_last_lr(), rtol=1e-12)


def test_saved_state_has_torchs_keys() -> None:
    for name in ("step", "cosine", "restarts", "one cycle", "plateau", "sequential", "chain", "lambda"):
        got = CASES[name](ours, our_optimizer()).state_dict()
        want = CASES[name](theirs, their_optimizer()).state_dict()
        assert got.keys() == want.keys(), name


def test_torchs_state_is_taken_over() -> None:
    reference = their_optimizer()
    source = theirs.CosineAnnealingLR(reference, 20)
    for _ in range(7):
        reference.step()
        source.step()
    optimizer = our_optimizer()
    schedule = ours.CosineAnnealingLR(optimizer, 20)
    optimizer.load_state_dict(reference.state_dict())
    schedule.load_state_dict(source.state_dict())
    for _ in range(5):
        optimizer.step()
        reference.step()
        schedule.step()
        source.step()
    np.testing.assert_allclose(schedule.get_last_lr(), source.get_last_lr(), rtol=1e-12)


def test_a_tensor_rate_is_written_in_place() -> None:
    rate = Tensor(0.5)
    optimizer = SGD([Parameter([1.0])], lr=rate)
    schedule = ours.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == 0.25
    assert float(schedule.get_last_lr()[0]) == 0.25


def test_own_schedule() -> None:
    class Own(ours.LRScheduler):
        def get_lr(self) -> list[Any]:
            return [b / (1 + self.last_epoch) for b in self.base_lrs]

    optimizer = our_optimizer()
    schedule = Own(optimizer)
    optimizer.step()
    schedule.step()
    assert schedule.get_last_lr() == [0.05, 0.025]


def test_stepping_before_the_optimizer_warns() -> None:
    schedule = ours.StepLR(our_optimizer(), 2)
    with warnings.catch_warnings(), pytest.warns(UserWarning, match=r"before `optimizer\.step\(\)`"):
        warnings.simplefilter("always")
        schedule.step()


BAD: list[tuple[str, Callable[[Any], Any]]] = [
    ("LRScheduler: expected an Optimizer, got 3", lambda o: ours.LRScheduler(3)),  # type: ignore[arg-type]
    ("expected 'initial_lr' in param_groups.0.", lambda o: ours.StepLR(o, 2, last_epoch=3)),
    ("ConstantLR: expected factor between 0 and 1, got 2", lambda o: ours.ConstantLR(o, factor=2)),
    ("LinearLR: expected start_factor between 0 and 1, got 0", lambda o: ours.LinearLR(o, 0)),
    ("LinearLR: expected end_factor between 0 and 1", lambda o: ours.LinearLR(o, 0.5, 1.5)),
    ("lr_lambda with one value for each of the 2", lambda o: ours.LambdaLR(o, [abs])),
    ("functions of the epoch as lr_lambda, got 3", lambda o: ours.LambdaLR(o, 3)),  # type: ignore[arg-type]
    ("a positive integer as T_0, got 0", lambda o: ours.CosineAnnealingWarmRestarts(o, 0)),
    ("a positive integer as T_mult, got 1.5", lambda o: ours.CosineAnnealingWarmRestarts(o, 3, 1.5)),  # type: ignore[arg-type]
    ("a number as eta_min", lambda o: ours.CosineAnnealingWarmRestarts(o, 3, 1, "x")),  # type: ignore[arg-type]
    ("mode triangular", lambda o: ours.CyclicLR(o, 0.1, 0.2, mode="square")),
    ("either total_steps or both", lambda o: ours.OneCycleLR(o, 0.1)),
    ("a positive integer as total_steps, got 0", lambda o: ours.OneCycleLR(o, 0.1, total_steps=0)),
    ("pct_start between 0 and 1", lambda o: ours.OneCycleLR(o, 0.1, total_steps=5, pct_start=2.0)),
    ("anneal_strategy 'cos' or 'linear'", lambda o: ours.OneCycleLR(o, 0.1, 5, anneal_strategy="x")),
    ("at least one scheduler, got no scheduler", lambda o: ours.SequentialLR(o, [], [])),
    ("at least one scheduler, got no scheduler", lambda o: ours.ChainedScheduler([])),
    ("1 milestones for 2 schedulers", lambda o: ours.SequentialLR(o, [ours.StepLR(o, 2)] * 2, [])),
    ("schedulers that step alone", lambda o: ours.ChainedScheduler([ours.ReduceLROnPlateau(o)])),
    ("a scheduler at index 0", lambda o: ours.ChainedScheduler([1])),  # type: ignore[list-item]
    ("of the same optimizer", lambda o: ours.ChainedScheduler([ours.StepLR(our_optimizer(), 1)], o)),
    ("a factor below 1.0", lambda o: ours.ReduceLROnPlateau(o, factor=1.0)),
    ("mode 'min' or 'max'", lambda o: ours.ReduceLROnPlateau(o, "least")),
    ("threshold_mode 'rel' or 'abs'", lambda o: ours.ReduceLROnPlateau(o, threshold_mode="x")),
]


@pytest.mark.parametrize("text,make", BAD, ids=[text for text, _ in BAD])
def test_bad_arguments(text: str, make: Callable[[Any], Any]) -> None:
    optimizer = our_optimizer()
    before = repr(optimizer)
    with pytest.raises((ValueError, TypeError), match=text):
        make(optimizer)
    if "StepLR" not in text and "milestones" not in text:
        assert repr(optimizer) == before


def test_steps_past_the_end_of_one_cycle() -> None:
    optimizer = our_optimizer()
    schedule = ours.OneCycleLR(optimizer, 0.1, total_steps=2)
    for _ in range(2):
        optimizer.step()
        schedule.step()
    with pytest.raises(ValueError, match="at most 2 steps, got step 3; raise total_steps"):
        schedule.step()


def test_a_group_added_later_needs_its_floor() -> None:
    optimizer = our_optimizer()
    schedule = ours.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0.0, 0.0])
    optimizer.add_param_group({"params": [Parameter([3.0])]})
    schedule.step(1.0)
    with pytest.raises(ValueError, match="min_lrs for 3 parameter groups"):
        schedule.step(1.0)
