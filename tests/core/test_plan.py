"""Plans: what is compiled once, what is kept for backward, and how a walk runs on it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import xlagrad as xg
from xlagrad.core.errors import ArgumentError
from xlagrad.core.plan import Plan, attached, call_plan
from xlagrad.core.tape import edge


def counted(fn: Any) -> tuple[Plan, list[Any]]:
    """Return a plan of a function, and a list that grows with each trace of it."""
    traces: list[Any] = []

    def body(*operands: Any) -> Any:
        traces.append([o.shape if hasattr(o, "shape") else o for o in operands])
        return fn(*operands)

    return Plan("counted", body), traces


def leaf(*shape: int) -> Any:
    return xg.Tensor(
        np.arange(1.0, 1.0 + np.prod(shape), dtype=np.float32).reshape(shape), requires_grad=True
    )


def test_each_signature_is_traced_once() -> None:
    plan, traces = counted(lambda a, b: a * b)
    for _ in range(3):
        for shape in ((2,), (2, 3)):
            call_plan(plan, [leaf(*shape), leaf(*shape)]).sum().backward()
            call_plan(plan, [leaf(*shape).detach(), leaf(*shape)]).sum().backward()
        call_plan(plan, [leaf(2), 3.0]).sum().backward()
        call_plan(plan, [leaf(2).detach(), 3.0])
    assert len(traces) == 6


def test_numbers_are_data() -> None:
    plan, traces = counted(lambda a, k: a * k)
    assert [call_plan(plan, [leaf(1), float(k)]).item() for k in range(4)] == [0.0, 1.0, 2.0, 3.0]
    assert len(traces) == 1


def test_residuals_that_are_there_already_are_not_copied() -> None:
    a, b = leaf(4), leaf(4)
    y = a * b
    z = y.exp()
    kept = [r for node in (y.grad_fn, z.grad_fn) for r in node.saved]
    assert {id(r) for r in kept} <= {id(t.data_array) for t in (a, b, y, z)}


def test_writes_after_the_forward_do_not_reach_residuals() -> None:
    # PyTorch raises here; the values of the time of the forward are kept, and give the right gradient.
    a, b = leaf(2), leaf(2)
    y = a * b
    with xg.no_grad():
        a.mul_(100.0)
    y.sum().backward()
    assert b.grad.tolist() == [1.0, 2.0]


def test_outputs_without_cotangent_count_as_zero() -> None:
    plan, _ = counted(lambda a: (a * 2, jnp.int32(1), a * 3, a * 5))
    x = leaf(2)
    _, whole, second, third = call_plan(plan, [x])
    assert (whole.requires_grad, second.requires_grad) == (False, True)
    second.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [3.0, 3.0]
    (second + third).sum().backward()
    assert x.grad.tolist() == [11.0, 11.0]


def test_double_backward_with_some_outputs_unused() -> None:
    plan, _ = counted(lambda a, b: (a * b, a**3))
    a, b = leaf(2), leaf(2)
    _, cube = call_plan(plan, [a, b])
    cube.sum().backward(create_graph=True)
    a.grad.sum().backward()
    assert a.grad.tolist() == [3.0 + 6.0, 12.0 + 12.0]
    assert b.grad is None or b.grad.tolist() == [0.0, 0.0]


def test_integer_results_have_no_history() -> None:
    plan, _ = counted(lambda a: jnp.argmax(a))
    found = call_plan(plan, [leaf(3)])
    assert (found.requires_grad, found.grad_fn) == (False, None)


def test_a_failed_call_leaves_nothing_behind() -> None:
    def body(a: Any) -> Any:
        if a.shape == (2,):
            raise ValueError("not two")
        return a * 2

    plan = Plan("picky", body)
    x = leaf(2)
    with pytest.raises(
        ArgumentError, match=r"picky: expected operands that fit together, got float32\[2\]; not two\."
    ):
        call_plan(plan, [x])
    assert call_plan(plan, [leaf(3)]).tolist() == [2.0, 4.0, 6.0]
    assert (x.tolist(), x.is_leaf) == ([1.0, 2.0], True)


def test_attached_tensors_take_an_edge_that_exists() -> None:
    x = leaf(2)
    y = attached(jnp.array([5.0, 6.0]), edge(x))
    (y * 2).sum().backward()
    assert y.tolist() == [5.0, 6.0]
    assert x.grad.tolist() == [2.0, 2.0]


def test_recording_is_decided_by_the_mode_at_the_call() -> None:
    x = leaf(2)
    with xg.no_grad():
        y = x * 2
        with xg.enable_grad():
            z = x * 2
    assert (y.requires_grad, z.requires_grad) == (False, True)


def test_under_jax_transformations() -> None:
    x = leaf(3)

    def value(a: Any) -> Any:
        t = xg.Tensor(a)
        t.requires_grad_()
        (t * t * x.detach()).sum().backward()
        return t.grad.data_array

    rows = jnp.stack([jnp.arange(3.0), jnp.ones(3)])
    expected = [[0.0, 4.0, 12.0], [2.0, 4.0, 6.0]]
    assert jax.vmap(value)(rows).tolist() == expected
    assert [jax.jit(value)(r).tolist() for r in rows] == expected
