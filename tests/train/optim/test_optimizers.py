"""Optimizers stepping parameters in place, eager and compiled, against torch."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad as xg
from xlagrad import Parameter, Tensor
from xlagrad.train import optim as ours

STEPS = 20
SHAPES = [(4, 3), (5,), ()]

SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {"lr": 0.1}),
    "sgd decay": ("SGD", {"lr": 0.1, "weight_decay": 0.2}),
    "sgd momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "sgd dampened": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.1}),
    "sgd nesterov": ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    "sgd up": ("SGD", {"lr": 0.1, "momentum": 0.8, "maximize": True}),
    "adam": ("Adam", {"lr": 0.01}),
    "adam other": ("Adam", {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.3}),
    "adam amsgrad": ("Adam", {"lr": 0.01, "weight_decay": 0.3, "amsgrad": True, "maximize": True}),
    "adamw": ("AdamW", {"lr": 0.01}),
    "adamw amsgrad": ("AdamW", {"lr": 0.01, "weight_decay": 0.5, "amsgrad": True}),
    "rmsprop": ("RMSprop", {"lr": 0.01}),
    "rmsprop centered": ("RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.7, "weight_decay": 0.1}),
    "rmsprop up": ("RMSprop", {"lr": 0.01, "alpha": 0.5, "eps": 1e-2, "maximize": True}),
    "adadelta": ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1, "maximize": True}),
    "adagrad": ("Adagrad", {"lr": 0.1}),
    "adagrad other": (
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.2, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3},
    ),
    "adamax": ("Adamax", {"lr": 0.01, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    "nadam": ("NAdam", {"lr": 0.01, "weight_decay": 0.2}),
    "nadam decoupled": (
        "NAdam",
        {"lr": 0.01, "weight_decay": 0.5, "momentum_decay": 0.1, "decoupled_weight_decay": True},
    ),
    "radam": ("RAdam", {"lr": 0.01, "weight_decay": 0.2}),
    "radam decoupled": (
        "RAdam",
        {"lr": 0.01, "betas": (0.7, 0.9), "weight_decay": 0.5, "decoupled_weight_decay": True},
    ),
    "asgd": ("ASGD", {"lr": 0.1, "lambd": 0.1, "alpha": 0.6, "t0": 5, "weight_decay": 0.1}),
    "rprop": ("Rprop", {"lr": 0.01, "etas": (0.4, 1.3), "step_sizes": (1e-3, 0.05), "maximize": True}),
    "adafactor": ("Adafactor", {"lr": 0.1}),
    "adafactor other": (
        "Adafactor",
        {"lr": 0.1, "beta2_decay": -0.3, "eps": (1e-2, 0.5), "d": 2.0, "weight_decay": 0.1, "maximize": True},
    ),
}


def numbers(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(s).astype(np.float32) for s in SHAPES]


def gradients(step: int) -> list[np.ndarray]:
    grads = numbers(100 + step)
    grads[0][0] = 0.0
    grads[0][1] *= 1e-6
    return grads


def absent(step: int) -> set[int]:
    """Which parameters have no gradient at a step: one starts late, one pauses."""
    return ({1} if step < 3 else set()) | ({0} if 8 <= step < 12 else set())


def grouped(params: list[Any], settings: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"params": params[:2]}, {"params": params[2:], "lr": settings["lr"] / 2}]


def in_torch(name: str, settings: dict[str, Any], gaps: bool) -> tuple[list[np.ndarray], Any]:
    params = [torch.nn.Parameter(torch.tensor(a)) for a in numbers(0)]
    optimizer = getattr(torch.optim, name)(grouped(params, settings), **settings)
    for i in range(STEPS):
        for j, (p, g) in enumerate(zip(params, gradients(i), strict=True)):
            p.grad = None if gaps and j in absent(i) else torch.tensor(g)
        optimizer.step()
    return [p.detach().numpy() for p in params], optimizer


def in_ours(
    name: str, settings: dict[str, Any], gaps: bool, compiled: bool
) -> tuple[list[np.ndarray], Any, Any]:
    params = [Parameter(a) for a in numbers(0)]
    optimizer = getattr(ours, name)(grouped(params, settings), **settings)

    def step(grads: list[Any]) -> None:
        for p, g in zip(params, grads, strict=True):
            p.grad = g
        optimizer.step()

    run = xg.compile(step) if compiled else step
    for i in range(STEPS):
        run([None if gaps and j in absent(i) else Tensor(g) for j, g in enumerate(gradients(i))])
    return [p.detach().numpy() for p in params], optimizer, run


def assert_close(got: Any, want: Any) -> None:
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-6)


def assert_same_state(optimizer: Any, reference: Any) -> None:
    mine, theirs = optimizer.state_dict(), reference.state_dict()
    assert mine["param_groups"] == theirs["param_groups"]
    assert repr(optimizer) == repr(reference)
    assert list(mine["state"]) == list(theirs["state"])
    for key, slots in theirs["state"].items():
        assert set(mine["state"][key]) == set(slots)
        for slot, value in slots.items():
            np.testing.assert_allclose(mine["state"][key][slot].numpy(), value, rtol=2e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore::xlagrad.RetraceWarning")
@pytest.mark.parametrize("gaps", [False, True], ids=["all", "gaps"])
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("case", SETTINGS)
def test_twenty_steps_equal_torch(case: str, compiled: bool, gaps: bool) -> None:
    name, settings = SETTINGS[case]
    want, reference = in_torch(name, settings, gaps)
    got, optimizer, run = in_ours(name, settings, gaps, compiled)
    assert_close(got, want)
    assert_same_state(optimizer, reference)
    if compiled:
        # All present, the second missing, the first missing.
        assert len(xg.explain(run)) == (3 if gaps else 1), str(xg.explain(run))


@pytest.mark.parametrize(
    "case",
    ["sgd momentum", "adam amsgrad", "rmsprop centered", "sgd dampened", "adadelta", "adagrad other"]
    + ["adamax", "nadam", "radam", "asgd", "rprop", "adafactor"],
)
def test_torchs_state_goes_on_here_and_back(case: str) -> None:
    name, settings = SETTINGS[case]
    want, reference = in_torch(name, settings, False)
    params = [Parameter(a) for a in want]
    optimizer = getattr(ours, name)(grouped(params, settings), **settings)
    optimizer.load_state_dict(reference.state_dict())
    theirs = [p for g in reference.param_groups for p in g["params"]]
    for i in range(5):
        for p, q, g in zip(params, theirs, gradients(50 + i), strict=True):
            p.grad, q.grad = Tensor(g), torch.tensor(g)
        optimizer.step()
        reference.step()
    assert_close([p.detach().numpy() for p in params], [p.detach().numpy() for p in theirs])
    assert_same_state(optimizer, reference)
    saved = optimizer.state_dict()
    back = {
        key: {name: torch.tensor(x.numpy()) for name, x in slots.items()}
        for key, slots in saved["state"].items()
    }
    reference.load_state_dict({"state": back, "param_groups": saved["param_groups"]})
    for i in range(3):
        for p, q, g in zip(params, theirs, gradients(60 + i), strict=True):
            p.grad, q.grad = Tensor(g), torch.tensor(g)
        optimizer.step()
        reference.step()
    assert_close([p.detach().numpy() for p in params], [p.detach().numpy() for p in theirs])


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("case", ["sgd dampened", "adam", "rmsprop centered"])
def test_saved_state_goes_on_bit_for_bit(case: str, compiled: bool) -> None:
    name, settings = SETTINGS[case]

    def make(values: list[Any]) -> Any:
        params = [Parameter(a) for a in values]
        optimizer = getattr(ours, name)(grouped(params, settings), **settings)

        def step(grads: list[Any]) -> None:
            for p, g in zip(params, grads, strict=True):
                p.grad = g
            optimizer.step()

        return params, optimizer, xg.compile(step) if compiled else step

    def run(step: Any, first: int, last: int) -> None:
        for i in range(first, last):
            step([Tensor(g) for g in gradients(i)])

    params, optimizer, step = make(numbers(0))
    run(step, 0, 5)
    saved = copy.deepcopy(([p.detach() for p in params], optimizer.state_dict()))
    kept = pickle.dumps(saved[1])
    run(step, 5, 9)
    others, other, step2 = make([p.numpy() for p in saved[0]])
    other.load_state_dict(saved[1])
    run(step2, 5, 9)
    assert [p.tolist() for p in params] == [p.tolist() for p in others]
    # Loading into an optimizer that is running: its executables remain valid, the saved copy stays.
    for p, value in zip(params, saved[0], strict=True):
        p._write(value.data_array)
    optimizer.load_state_dict(pickle.loads(kept))
    run(step, 5, 9)
    assert [p.tolist() for p in params] == [p.tolist() for p in others]
    if compiled:
        assert len(xg.explain(step)) == 1


def quadratic(kind: Callable[..., Any], **settings: Any) -> tuple[Parameter, Any, Any]:
    p = Parameter([1.0, -2.0])
    optimizer = kind([p], **settings)

    def step() -> Any:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return p, optimizer, xg.compile(step)


def test_a_rate_changes_without_a_retrace() -> None:
    p, optimizer, step = quadratic(ours.SGD, lr=0.1)
    group = optimizer.param_groups[0]
    value = 1.0
    for rate in (0.1, 0.2, 0.0, 0.3):
        group["lr"] = rate
        assert group["lr"] == rate
        step()
        value *= 1 - 2 * rate
        np.testing.assert_allclose(p.tolist()[0], value, rtol=1e-6)
    assert len(xg.explain(step)) == 1


def test_every_number_of_adam_changes_without_a_retrace() -> None:
    p, optimizer, step = quadratic(ours.Adam, lr=0.1, weight_decay=0.1)
    q = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    reference = torch.optim.Adam([q], lr=0.1, weight_decay=0.1)
    for i in range(8):
        change = {"lr": 0.1 / (i + 1), "betas": (0.9 - i / 20, 0.99), "eps": 10.0 ** (i - 8)}
        change["weight_decay"] = 0.1 * (i + 1)
        optimizer.param_groups[0].update(change)
        reference.param_groups[0].update(change)
        step()
        reference.zero_grad()
        (q * q).sum().backward()
        reference.step()
    np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-5)
    assert len(xg.explain(step)) == 1


def test_switches_and_zeros_retrace() -> None:
    p, optimizer, step = quadratic(ours.SGD, lr=0.1, momentum=0.5)
    group = optimizer.param_groups[0]
    q = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    reference = torch.optim.SGD([q], lr=0.1, momentum=0.5)
    changes = [{}, {"nesterov": True}, {"weight_decay": 0.1}, {"momentum": 0.0, "nesterov": False}]
    for i, change in enumerate([*changes, {"momentum": 0.5}, {"maximize": True}]):
        group.update(change)
        reference.param_groups[0].update(change)
        for _ in range(2):
            step()
            reference.zero_grad()
            (q * q).sum().backward()
            reference.step()
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-5)
        assert len(xg.explain(step)) == i + 1


def test_a_rate_that_is_a_tensor() -> None:
    rate = Tensor(0.1)
    p, optimizer, step = quadratic(ours.SGD, lr=rate)
    step()
    np.testing.assert_allclose(p.tolist()[0], 0.8, rtol=1e-6)
    rate.fill_(0.25)
    step()
    np.testing.assert_allclose(p.tolist()[0], 0.4, rtol=1e-6)
    assert optimizer.param_groups[0]["lr"] is rate
    assert len(xg.explain(step)) == 1
    optimizer.param_groups[0]["lr"] = 0.5
    step()
    assert p.tolist()[0] == 0.0


def test_a_rate_that_is_set_inside_a_compiled_function() -> None:
    p = Parameter([1.0])
    optimizer = ours.SGD([p], lr=0.5)
    group = optimizer.param_groups[0]

    @xg.compile
    def step(factor: Any) -> None:
        p.grad = Tensor([1.0])
        group["lr"] = group["lr"] * factor
        optimizer.step()

    for value, rate in ((0.75, 0.25), (0.625, 0.125)):
        step(Tensor(0.5))
        assert p.tolist() == [value]
        assert group["lr"] == rate
        assert repr(rate) in repr(optimizer)
        assert optimizer.state_dict()["param_groups"][0]["lr"] == rate
    group["lr"] = 0.5
    step(Tensor(0.5))
    assert group["lr"] == 0.25
    assert len(xg.explain(step)) == 1


def test_betas_inside_a_compiled_function() -> None:
    p = Parameter([1.0])
    optimizer = ours.Adam([p], betas=(0.5, 0.75))

    @xg.compile
    def change() -> Any:
        group = optimizer.param_groups[0]
        first, second = group["betas"]
        group["betas"] = (first * 0.5, second)
        return group["betas"][0]

    assert change().item() == 0.25
    assert optimizer.param_groups[0]["betas"] == (0.25, 0.75)


def test_a_failed_trace_leaves_no_mark() -> None:
    p = Parameter([1.0, 2.0])
    optimizer = ours.Adam([p], lr=0.1)
    fail = True

    @xg.compile
    def step() -> None:
        optimizer.zero_grad()
        (p * p).sum().backward()
        optimizer.param_groups[0]["lr"] = 0.5
        optimizer.step()
        optimizer.add_param_group({"params": [Parameter([3.0])]})
        if fail:
            raise RuntimeError("in the middle")

    before = repr(optimizer), optimizer.state_dict(), p.tolist()
    with pytest.raises(RuntimeError, match="in the middle"):
        step()
    assert (repr(optimizer), optimizer.state_dict(), p.tolist()) == before
    assert p.grad is None
    assert len(optimizer.param_groups) == 1
    fail = False
    step()
    np.testing.assert_allclose(p.tolist(), [0.5, 1.5], rtol=1e-6)
    assert optimizer.state[p]["step"].item() == 1.0
    assert len(optimizer.param_groups) == 2


def test_lowering_does_not_step() -> None:
    p, optimizer, step = quadratic(ours.Adam, lr=0.1)
    step.lower()
    assert (p.tolist(), dict(optimizer.state)) == ([1.0, -2.0], {})
    with xg.eager():
        step()
    step()
    assert optimizer.state[p]["step"].item() == 2.0
    assert len(xg.explain(step)) == 1


def test_state_that_is_cleared_starts_again() -> None:
    p, optimizer, step = quadratic(ours.Adam, lr=0.1)
    for _ in range(3):
        step()
    optimizer.state.clear()
    p._write(Tensor([1.0, -2.0]).data_array)
    step()
    np.testing.assert_allclose(p.tolist(), [0.9, -1.9], rtol=1e-6)
    assert optimizer.state[p]["step"].item() == 1.0


def test_counts_can_be_read_and_set() -> None:
    p, optimizer, step = quadratic(ours.Adam, lr=0.1)
    step()
    count = optimizer.state[p]["step"]
    step()
    assert count.item() == 2.0
    count.fill_(10.0)
    step()
    assert optimizer.state[p]["step"].item() == 11.0
    optimizer.state[p]["step"] = Tensor(4.0)
    step()
    assert optimizer.state[p]["step"].item() == 5.0


def test_state_read_inside_a_compiled_function() -> None:
    p = Parameter([1.0, -2.0])
    optimizer = ours.Adam([p], lr=0.1)

    @xg.compile
    def step() -> Any:
        optimizer.zero_grad()
        (p * p).sum().backward()
        optimizer.step()
        entry = optimizer.state[p]
        return entry["exp_avg"] * 1, entry["step"] * 1

    for i in range(3):
        mean, count = step()
        assert mean.tolist() == optimizer.state[p]["exp_avg"].tolist()
        assert count.item() == optimizer.state[p]["step"].item() == i + 1
    assert len(xg.explain(step)) == 1
