"""Optimizers as objects: hooks, copies, groups, one's own, and what they refuse."""

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
from tests.train.optim.test_optimizers import quadratic
from xlagrad import Parameter, Tensor
from xlagrad.train import optim as ours


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


def test_what_older_versions_did_not_save_stays() -> None:
    p, q = Parameter([1.0]), torch.nn.Parameter(torch.tensor([1.0]))
    reference = torch.optim.AdamW([q], lr=0.1)
    q.grad = torch.tensor([1.0])
    reference.step()
    saved = reference.state_dict()
    for name in ("maximize", "fused", "decoupled_weight_decay", "differentiable"):
        del saved["param_groups"][0][name]
    saved["state"][0]["step"] = 1
    optimizer = ours.AdamW([p])
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is True
    assert optimizer.param_groups[0]["lr"] == 0.1
    p.grad = Tensor([1.0])
    optimizer.step()
    assert optimizer.state[p]["step"].item() == 2.0
