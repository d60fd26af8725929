"""cond, while_loop, scan and checkpoint: traced as in eager mode, with gradients and state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xlagrad as xg
from xlagrad import Parameter, Tensor
from xlagrad.core.errors import AutogradError, ShapeError

XS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def both_ways(program: Callable[[], list[Any]]) -> list[np.ndarray]:
    """Run a program eagerly and compiled, each from scratch; check that they agree; return the numbers."""
    results = []
    for compile in (lambda fn: fn, xg.compile):
        results.append([np.asarray(x) for x in program(compile)])  # type: ignore[call-arg]
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    return results[0]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_cond_with_gradients_and_writes(sign: float) -> None:
    def program(compile: Any) -> list[Any]:
        w = Parameter(np.eye(3, dtype=np.float32))
        count = Tensor(0.0)

        def up(x: Tensor) -> Tensor:
            count.add_(1.0)
            return (x @ w).sum()

        def step(x: Tensor) -> Tensor:
            y = xg.cond(x.sum() > 0, up, lambda x: (x * x).sum() * 2, x)
            y.backward()
            return y.detach()

        x = Tensor(np.full((2, 3), sign, np.float32), requires_grad=True)
        y = compile(step)(x)
        zero = np.zeros((3, 3))
        return [y, count, zero if w.grad is None else w.grad, x.grad]

    _, count, w_grad, x_grad = both_ways(program)
    assert count == (1.0 if sign > 0 else 0.0)
    assert (w_grad == 0).all() == (sign < 0)
    np.testing.assert_allclose(x_grad, 1.0 if sign > 0 else -4.0)


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_with_gradients_closures_and_writes(reverse: bool) -> None:
    def program(compile: Any) -> list[Any]:
        w = Parameter(np.full((3, 3), 0.1, np.float32))
        seen = Tensor(0.0)

        def cell(h: Tensor, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            seen.add_(1.0)
            h = (h @ w + x).tanh()
            return h, {"norm": (h * h).sum(), "step": seen * 1}

        def step(xs: Tensor) -> Any:
            h, out = xg.scan(cell, Tensor(np.zeros(3, np.float32)), xs, reverse=reverse)
            (h.sum() + out["norm"].sum()).backward()
            return h.detach(), out["norm"].detach(), out["step"].detach()

        h, norms, steps = compile(step)(Tensor(XS))
        return [h, norms, steps, seen, w.grad]

    *_, steps, seen, _ = both_ways(program)
    assert seen == 5.0
    assert steps.tolist() == ([5.0, 4, 3, 2, 1] if reverse else [1.0, 2, 3, 4, 5])


def test_while_loop() -> None:
    def program(compile: Any) -> list[Any]:
        def halve(x: Tensor) -> Any:
            with xg.no_grad():
                return xg.while_loop(lambda n, x: (x > 1).any(), lambda n, x: (n + 1, x / 2), (Tensor(0), x))

        return list(compile(halve)(Tensor([8.0, 3.0])))

    n, x = both_ways(program)
    assert n == 3 and x.tolist() == [1.0, 0.375]


def test_checkpoint_draws_the_same_numbers_again() -> None:
    def program(compile: Any) -> list[Any]:
        w = Parameter(np.eye(3, dtype=np.float32))
        xg.manual_seed(5)

        def block(x: Tensor) -> Tensor:
            return (x @ w).tanh() * xg.rand(3)

        def step(x: Tensor) -> Tensor:
            y = xg.checkpoint(block, x).sum()
            y.backward()
            return y.detach()

        x = Tensor(XS, requires_grad=True)
        return [compile(step)(x), w.grad, x.grad, xg.rand(2)]

    y, _, x_grad, after = both_ways(program)
    xg.manual_seed(5)
    noise = xg.rand(3).numpy()
    np.testing.assert_allclose(y, (np.tanh(XS) * noise).sum(), rtol=1e-5)
    np.testing.assert_allclose(x_grad, (1 - np.tanh(XS) ** 2) * noise, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(after, xg.rand(2).numpy())


def test_misuse_is_named() -> None:
    x = Tensor(XS, requires_grad=True)
    with pytest.raises(AutogradError, match=r"while_loop: .*xg\.scan"):
        xg.compile(lambda x: xg.while_loop(lambda c: c.sum() > 0, lambda c: c - 1, x))(x)
    with pytest.raises(ShapeError, match="scan: expected one length"):
        xg.scan(lambda c, x: (c, x), Tensor(0.0), {"a": Tensor(XS), "b": Tensor(XS[:2])})
    with pytest.raises(ShapeError, match="cond: expected branches"):
        xg.compile(lambda x: xg.cond(x.sum() > 0, lambda: x, lambda: (x, x)))(Tensor(XS))
