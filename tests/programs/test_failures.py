"""A compiled step that cannot go on: state is as before the call; the error says where, and the ways out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xlagrad as xg
import xlagrad.torch as torch
from tests.programs.support import mlp, tensor
from xlagrad.core.errors import TraceError


class Interrupted(Exception):
    """The user's own exception."""


def _numbers(model: Any, opt: Any) -> list[np.ndarray]:
    slots = [v for state in opt.state.values() for v in state.values() if isinstance(v, torch.Tensor)]
    return [t.detach().numpy().copy() for t in [*model.state_dict().values(), *slots]]


def _trainer(fail: Callable[[], bool]) -> tuple[Any, Any, Any]:
    nn = torch.nn
    model = nn.Sequential(mlp(torch), nn.BatchNorm1d(3), nn.Dropout(0.5))
    opt = torch.optim.Adam(model.parameters(), lr=0.1)
    log: dict[str, Any] = {}

    @xg.compile
    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        model.seen = loss.detach()
        model.train()
        x.add_(1.0)
        if fail():
            log["reached"] = True
            raise Interrupted("in the middle")
        return loss

    step.log = log
    return model, opt, step


def test_an_exception_leaves_all_state_as_it_was() -> None:
    failing = [True]
    model, opt, step = _trainer(lambda: failing[0])
    model.eval()
    torch.manual_seed(5)
    x, y = tensor(torch, 1, 8, 6), tensor(torch, 2, 8, 3)
    values, random, x0 = _numbers(model, opt), torch.get_rng_state().numpy().copy(), x.numpy().copy()
    with pytest.raises(Interrupted):
        step(x, y)
    assert step.log == {"reached": True}
    for before, after in zip(values, _numbers(model, opt)[: len(values)], strict=True):
        np.testing.assert_array_equal(before, after)
    assert all(p.grad is None for p in model.parameters())
    assert not model.training and not hasattr(model, "seen")
    np.testing.assert_array_equal(random, torch.get_rng_state().numpy())
    np.testing.assert_array_equal(x0, x.numpy())


def test_an_exception_at_a_later_trace_leaves_all_state_as_it_was() -> None:
    failing = [False]
    model, opt, step = _trainer(lambda: failing[0])
    x, y = tensor(torch, 1, 8, 6), tensor(torch, 2, 8, 3)
    step(x, y)
    values, random = _numbers(model, opt), torch.get_rng_state().numpy().copy()
    grads = [p.grad.numpy().copy() for p in model.parameters()]
    failing[0] = True
    with pytest.raises(Interrupted):
        step(tensor(torch, 3, 4, 6), tensor(torch, 4, 4, 3))
    for before, after in zip(values, _numbers(model, opt), strict=True):
        np.testing.assert_array_equal(before, after)
    for before, p in zip(grads, model.parameters(), strict=True):
        np.testing.assert_array_equal(before, p.grad.numpy())
    np.testing.assert_array_equal(random, torch.get_rng_state().numpy())


def test_the_step_works_after_an_exception() -> None:
    failing = [True]
    model, _, step = _trainer(lambda: failing[0])
    fresh_model, _, fresh_step = _trainer(lambda: False)
    for raising in (True, False, True, False):
        failing[0] = raising
        n = 8 if not raising else 4
        x, y = tensor(torch, 1, n, 6), tensor(torch, 2, n, 3)
        if raising:
            with pytest.raises(Interrupted):
                step(x, y)
        else:
            torch.manual_seed(1)
            step(x, y)
            torch.manual_seed(1)
            fresh_step(tensor(torch, 1, n, 6), tensor(torch, 2, n, 3))
    for name, value in fresh_model.state_dict().items():
        np.testing.assert_allclose(model.state_dict()[name].numpy(), value.numpy(), rtol=1e-5, atol=1e-7)


def _branch(x: Any) -> Any:
    if x.sum() > 0:
        return x
    return -x


def _loop(x: Any) -> Any:
    while x.sum() < 10:
        x = x * 2
    return x


def _item(x: Any) -> Any:
    return x * x.sum().item()


def _float(x: Any) -> Any:
    return x * float(x[0])


def _range(x: Any) -> Any:
    return sum(range(int(x[0])))


def _numpy(x: Any) -> Any:
    return x.numpy() + 1


def _tolist(x: Any) -> Any:
    return x.tolist()


def _mask(x: Any) -> Any:
    return x[x > 0]


@pytest.mark.parametrize("fn", [_branch, _loop, _item, _float, _range, _numpy, _tolist, _mask])
def test_a_traced_value_asked_for_names_the_line_and_the_ways_out(fn: Callable[[Any], Any]) -> None:
    lines, first = inspect.getsourcelines(fn)
    with pytest.raises(TraceError) as caught:
        xg.compile(fn)(torch.ones(3))
    text = str(caught.value)
    assert "test_failures.py" in text, text
    assert any(f"{first + i}" in text for i in range(1, len(lines))), text
    assert "--eager" in text or "eager" in text, text


def test_a_branch_on_a_traced_value_names_where_cond_and_while_loop() -> None:
    line = inspect.getsourcelines(_branch)[1] + 1
    with pytest.raises(TraceError) as caught:
        xg.compile(_branch)(torch.ones(3))
    text = str(caught.value)
    for part in (f"test_failures.py:{line}", "xg.where", "xg.cond", "--eager"):
        assert part in text, text
    with pytest.raises(TraceError, match=r"xg\.while_loop"):
        xg.compile(_loop)(torch.ones(3))


def test_the_ways_out_work() -> None:
    def where(x: Any) -> Any:
        return torch.where(x.sum() > 0, x, -x)

    def cond(x: Any) -> Any:
        return xg.cond(x.sum() > 0, lambda x: x, lambda x: -x, x)

    for sign in (1.0, -1.0):
        x = sign * torch.ones(3)
        for fn in (where, cond):
            np.testing.assert_array_equal(xg.compile(fn)(x).numpy(), np.ones(3, np.float32))
        with xg.eager():
            np.testing.assert_array_equal(xg.compile(_branch)(x).numpy(), np.ones(3, np.float32))
