"""L-BFGS against torch's, on functions of which few iterations do not yet amplify rounding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad as xg
from xlagrad import Parameter, Tensor
from xlagrad.train import optim as ours
from xlagrad.train.optim.linesearch import Point, cubic_minimum

SETTINGS: list[dict[str, Any]] = [
    {"lr": 0.5, "max_iter": 6},
    {"lr": 0.5, "history_size": 2, "max_iter": 5},
    {"lr": 1, "line_search_fn": "strong_wolfe", "max_iter": 4},
    {"lr": 0.1, "line_search_fn": "strong_wolfe", "max_iter": 3, "max_eval": 5},
    {"lr": 0.5, "tolerance_grad": 10.0},
    {"lr": 0.5, "tolerance_change": 0.5},
]


def minimize(
    library: Any, kind: Any, make: Callable[[Any], Any], settings: dict[str, Any], wrap: Any
) -> tuple[list[Any], list[float], Any]:
    """Minimize a narrow valley of one parameter and a bowl of another, for two steps."""
    p, q = make([-1.2, 1.0]), make([[0.5, -3.0], [1.0, 2.0]])
    unused = make([7.0])
    optimizer = kind([p, q, unused], **settings)

    def value() -> Any:
        optimizer.zero_grad()
        loss = 3 * (p[1] - p[0] / 2) ** 2 + (1 - p[0]) ** 2 + (p**4).sum() / 8 + (q * q).sum()
        loss.backward()
        return loss

    closure = wrap(value)
    losses = [float(optimizer.step(closure).detach()) for _ in range(2)]
    return [x.detach().numpy() for x in (p, q, unused)], losses, optimizer


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled closure"])
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: ", ".join(s))
def test_two_steps_equal_torch(settings: dict[str, Any], compiled: bool) -> None:
    want, losses, reference = minimize(
        torch, torch.optim.LBFGS, lambda v: torch.nn.Parameter(torch.tensor(v)), settings, lambda f: f
    )
    wrap = (lambda f: xg.compile(f, keep_grads=True)) if compiled else (lambda f: f)
    got, mine, optimizer = minimize(xg, ours.LBFGS, Parameter, settings, wrap)
    np.testing.assert_allclose(mine, losses, rtol=2e-3, atol=1e-5)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-3)
    ((entry,), (theirs,)) = optimizer.state_dict()["state"].values(), reference.state_dict()["state"].values()
    assert (entry["n_iter"], entry["func_evals"]) == (theirs["n_iter"], theirs["func_evals"])
    assert set(entry) == set(theirs) - {"al"}


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_state_goes_on_here(search: str | None) -> None:
    settings = {"lr": 0.5, "max_iter": 4, "line_search_fn": search}
    x = torch.nn.Parameter(torch.tensor([1.5, -2.0, 0.5]))
    reference = torch.optim.LBFGS([x], **settings)
    p = Parameter([1.5, -2.0, 0.5])
    optimizer = ours.LBFGS([p], **settings)

    def closing(opt: Any, v: Any) -> Callable[[], Any]:
        def closure() -> Any:
            opt.zero_grad()
            loss = (v**4).sum() + (v[0] * v[1] - 1) ** 2
            loss.backward()
            return loss

        return closure

    reference.step(closing(reference, x))
    p._write(Tensor(x.detach().numpy()).data_array)
    optimizer.load_state_dict(reference.state_dict())
    for _ in range(2):
        reference.step(closing(reference, x))
        optimizer.step(closing(optimizer, p))
    np.testing.assert_allclose(p.detach().numpy(), x.detach().numpy(), rtol=1e-4, atol=1e-5)


def test_complex_parameters() -> None:
    value = np.array([1 + 2j, -1 + 0.5j], np.complex64)
    x, p = torch.nn.Parameter(torch.tensor(value)), Parameter(value)
    for opt, v in ((torch.optim.LBFGS([x], lr=0.1), x), (ours.LBFGS([p], lr=0.1), p)):

        def closure(opt: Any = opt, v: Any = v) -> Any:
            opt.zero_grad()
            loss = (abs(v) ** 4).sum()
            loss.backward()
            return loss

        opt.step(closure)
    np.testing.assert_allclose(p.detach().numpy(), x.detach().numpy(), rtol=1e-4)


def test_refusals() -> None:
    p = Parameter([1.0])
    with pytest.raises(ValueError, match="per-parameter options"):
        ours.LBFGS([{"params": [p]}, {"params": [Parameter([2.0])]}])
    with pytest.raises(ValueError, match="Invalid learning rate: -1"):
        ours.LBFGS([p], lr=-1)
    optimizer = ours.LBFGS([p], line_search_fn="golden")

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        optimizer.step(closure)
    with pytest.raises(ValueError, match="a closure"):
        optimizer.step()
    with pytest.raises(NotImplementedError, match="compile the closure"):
        xg.compile(lambda: optimizer.step(closure))()


def test_the_minimum_of_a_cubic() -> None:
    # x³ - x between 0 and 2, and a straight line, which has none.
    points = [Point(t, t**3 - t, Tensor(0.0).data_array, 3 * t * t - 1) for t in (0.0, 2.0)]
    assert cubic_minimum(*points) == pytest.approx(3**-0.5)
    line = [Point(t, t, Tensor(0.0).data_array, 1.0) for t in (0.0, 2.0)]
    assert cubic_minimum(line[1], line[0]) in (0.0, 1.0)
