"""Optimizers stepping parameters in place, eager and compiled, against torch."""

from __future__ import annotations

import copy
import pickle
import warnings
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


@pytest.mark.parametrize("case", ["sgd momentum", "adam amsgrad", "rmsprop centered", "sgd dampened"])
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


def test_closure() -> None:
    p = Parameter([3.0])
    optimizer = ours.SGD([p], lr=0.25)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with xg.no_grad():
        assert optimizer.step(closure).item() == 9.0
    assert p.tolist() == [1.5]
    assert xg.compile(lambda: optimizer.step(closure))().item() == 2.25


def test_zero_grad() -> None:
    p = Parameter([3.0])
    optimizer = ours.SGD([p], lr=0.25)
    p.grad = Tensor([1.0])
    held = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is held
    assert held.tolist() == [0.0]
    optimizer.zero_grad()
    assert p.grad is None


def test_hooks_and_their_order() -> None:
    p = Parameter([1.0])
    optimizer = ours.SGD([p], lr=0.5)
    p.grad = Tensor([1.0])
    seen: list[str] = []
    handles = [
        ours.register_optimizer_step_pre_hook(lambda *a: seen.append("global pre")),
        optimizer.register_step_pre_hook(lambda *a: seen.append("pre")),
        optimizer.register_step_post_hook(lambda *a: seen.append("post")),
        ours.register_optimizer_step_post_hook(lambda *a: seen.append("global post")),
        optimizer.register_state_dict_pre_hook(lambda o: seen.append("save 2")),
        optimizer.register_state_dict_pre_hook(lambda o: seen.append("save 1"), prepend=True),
        optimizer.register_state_dict_post_hook(lambda o, s: {**s, "extra": 1}),
        optimizer.register_load_state_dict_pre_hook(lambda o, s: seen.append("load")),
        optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded")),
    ]
    optimizer.step()
    assert seen == ["global pre", "pre", "post", "global post"]
    saved = optimizer.state_dict()
    assert saved["extra"] == 1
    optimizer.load_state_dict(saved)
    assert seen[4:] == ["save 1", "save 2", "load", "loaded"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(seen) == 8


def test_an_optimizer_of_ones_own() -> None:
    class Sign(ours.Optimizer):
        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, {"lr": lr})

        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        state = self.state[p]
                        if "total" not in state:
                            state["total"] = xg.Tensor(np.zeros(p.shape, np.float32))
                        state["total"].add_(p.grad)
                        p.data.add_(state["total"].sign(), alpha=-group["lr"])

    for compiled in (False, True):
        p = Parameter([1.0, -1.0])
        optimizer = Sign([p], lr=0.5)
        calls: list[int] = []
        optimizer.register_step_post_hook(lambda *a, calls=calls: calls.append(1))

        def step(p: Any = p, optimizer: Any = optimizer) -> None:
            p.grad = Tensor([1.0, -1.0])
            optimizer.step()

        run = xg.compile(step) if compiled else step
        for _ in range(3):
            run()
        optimizer.param_groups[0]["lr"] = 1.0
        run()
        assert p.tolist() == [-1.5, 1.5]
        assert calls


def test_repr_equals_torchs() -> None:
    groups = [{"params": [Parameter([1.0])]}, {"params": [Parameter([1.0])], "lr": 0.5}]
    theirs = [{"params": [torch.nn.Parameter(torch.ones(1))]} for _ in range(2)]
    theirs[1]["lr"] = 0.5  # type: ignore[assignment]
    for name in ("SGD", "Adam", "AdamW", "RMSprop"):
        want = repr(getattr(torch.optim, name)([dict(g) for g in theirs], lr=0.1))
        assert repr(getattr(ours, name)([dict(g) for g in groups], lr=0.1)) == want


@pytest.mark.parametrize("how", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies_go_their_own_way(how: Callable[[Any], Any]) -> None:
    p, optimizer, step = quadratic(ours.Adam, lr=0.1)
    step()
    other = how(optimizer)
    q = other.param_groups[0]["params"][0]
    assert q is not p
    assert q.tolist() == p.tolist()
    step()
    q.grad = p.grad
    other.step()
    assert q.tolist() == p.tolist()
    assert other.state[q]["step"].item() == 2.0
    optimizer.param_groups[0]["lr"] = 0.7
    assert other.param_groups[0]["lr"] == 0.1


def test_named_parameters() -> None:
    a, b = Parameter([1.0]), Parameter([2.0])
    optimizer = ours.SGD([("a", a), ("b", b)])
    assert optimizer.param_groups[0]["param_names"] == ["a", "b"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["a", "b"]
    with pytest.raises(ValueError, match="all optimizer param groups with names"):
        optimizer.add_param_group({"params": [Parameter([1.0])]})
    with pytest.raises(ValueError, match="all optimizer params with names, or all without"):
        ours.SGD([("a", a), b])


def test_one_gradient_type_for_all() -> None:
    """A gradient of another precision than its parameter, and half-precision parameters."""
    p, q = Parameter(np.ones(2, "f4")), Parameter(np.ones(2, "f2"))
    optimizer = ours.Adam([p, q], lr=0.5)
    p.grad, q.grad = Tensor(np.ones(2, "f2")), Tensor(np.ones(2, "f2"))
    optimizer.step()
    assert str(p.dtype.name) == "float32"
    np.testing.assert_allclose(q.detach().numpy(), 0.5, rtol=1e-3)
    assert optimizer.state[q]["exp_avg"].dtype == q.dtype


BAD: list[tuple[str, Callable[[], Any]]] = [
    ("SGD: expected an iterable of tensors or dicts as params", lambda: ours.SGD(Tensor([1.0]))),  # type: ignore[arg-type]
    ("SGD: expected parameters, got an empty parameter list", lambda: ours.SGD([])),
    (r"SGD\.add_param_group: expected tensors .*, got int", lambda: ours.SGD([3])),
    ("an ordered collection, got a set", lambda: ours.SGD([{"params": {Parameter([1.0])}}])),
    ("can't optimize a non-leaf Tensor", lambda: ours.SGD([Parameter([1.0]) * 2])),
    ("SGD: expected lr of at least 0 .*, got -1", lambda: ours.SGD([Parameter([1.0])], lr=-1)),
    ("SGD: expected a number as lr, got 'x'", lambda: ours.SGD([Parameter([1.0])], lr="x")),  # type: ignore[arg-type]
    ("SGD: expected momentum above 0", lambda: ours.SGD([Parameter([1.0])], nesterov=True)),
    ("Adam: expected beta1 in .0, 1.", lambda: ours.Adam([Parameter([1.0])], betas=(1.0, 0.9))),
    ("AdamW: expected eps of at least 0", lambda: ours.AdamW([Parameter([1.0])], eps=-1e-8)),
    ("RMSprop: expected alpha of at least 0", lambda: ours.RMSprop([Parameter([1.0])], alpha=-1)),
]


@pytest.mark.parametrize("text,make", BAD, ids=[text for text, _ in BAD])
def test_bad_arguments(text: str, make: Callable[[], Any]) -> None:
    with pytest.raises((ValueError, TypeError), match=text):
        make()


def test_a_parameter_belongs_to_one_group() -> None:
    p = Parameter([1.0])
    optimizer = ours.SGD([p])
    with pytest.raises(ValueError, match="some parameters appear in more than one"):
        optimizer.add_param_group({"params": p})
    with pytest.raises(TypeError, match="a dict with 'params'"):
        optimizer.add_param_group([p])  # type: ignore[arg-type]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(ours.SGD([p, p]).param_groups[0]["params"]) == 1
    assert "duplicate parameters" in str(caught[0].message)


def test_loading_what_does_not_fit_changes_nothing() -> None:
    _, optimizer, step = quadratic(ours.Adam, lr=0.1)
    step()
    before = repr(optimizer), optimizer.state_dict()
    _, other, step2 = quadratic(ours.Adam, lr=0.7)
    step2()
    saved = other.state_dict()
    saved["state"][0]["exp_avg"] = Tensor([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"exp_avg like its parameter float32.2., got float32.3."):
        optimizer.load_state_dict(saved)
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optimizer.load_state_dict({"state": {}, "param_groups": []})
    saved["param_groups"][0]["params"] = [0, 1]
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        optimizer.load_state_dict(saved)
    after = repr(optimizer), optimizer.state_dict()
    assert after[0] == before[0]
    assert after[1]["state"][0]["exp_avg"] is before[1]["state"][0]["exp_avg"]
