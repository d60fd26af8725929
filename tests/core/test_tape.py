"""The tape and backward, against PyTorch."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import xlagrad as xg
from tests.core.agreement import agree
from xlagrad.core import tape
from xlagrad.core.errors import AutogradError


def leaf(t: Any, *values: float) -> Any:
    return t.tensor(values, requires_grad=True)


@pytest.mark.parametrize("times", [2, 3])
def test_backward_accumulates(times: int) -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        grads = []
        for _ in range(times):
            (x * x).sum().backward()
            grads.append(x.grad.clone())
        first = x.grad
        (x * x).sum().backward()
        return grads, first is x.grad, first

    agree(program)


def test_retain_graph() -> None:
    def program(t: Any, retain: bool | None) -> Any:
        x = leaf(t, 1.0, 2.0)
        y = (x.exp() * x).sum()
        y.backward(retain_graph=retain)
        y.backward()
        return x.grad

    agree(lambda t: program(t, True))
    agree(lambda t: program(t, None))
    agree(lambda t: program(t, False))


def test_the_second_backward_names_the_way_out() -> None:
    x = xg.Tensor([1.0], requires_grad=True)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(AutogradError, match=r"backward: expected a graph .* used up; pass retain_graph=True"):
        y.backward()


def test_part_of_a_graph_that_is_used_up() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        shared = x.exp()
        shared.sum().backward()
        return (shared * 2).sum().backward()

    agree(program)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_higher_derivatives(order: int) -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 0.3, -1.2)
        y = (x.sin() * x**3 + (x @ x) * x.exp()).sum()
        found = []
        for _ in range(order):
            (g,) = t.autograd.grad(y, x, create_graph=True)
            found.append(g)
            y = (g * g).sum()
        return found

    agree(program, rtol=1e-4)


def test_double_backward_through_grad_accumulation() -> None:
    def program(t: Any) -> Any:
        x, w = leaf(t, 1.0, 2.0), leaf(t, 3.0, -1.0)
        ((x * w).tanh().sum()).backward(create_graph=True)
        first = x.grad
        (first * first).sum().backward()
        return x.grad, w.grad

    agree(program)


def test_gradients_of_gradients_stay_apart() -> None:
    # The same cotangent goes to both, which must not make one tensor of the two gradients.
    def program(t: Any) -> Any:
        a, b = leaf(t, 1.0, 2.0), leaf(t, 3.0, 4.0)
        (a + b).sum().backward(create_graph=True)
        with t.no_grad():
            a.grad.mul_(10.0)
        return a.grad.detach(), b.grad.detach()

    agree(program)


def test_a_given_gradient_is_not_shared() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        g = t.tensor([3.0, 4.0])
        (x * 1).backward(g)
        x.grad.zero_()
        return g

    agree(program)


@pytest.mark.parametrize("shape", [(2,), (1, 2), ()])
def test_gradient_argument(shape: tuple[int, ...]) -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        (x * x).backward(t.ones(shape))
        return x.grad

    agree(program)


def test_a_start_that_is_no_scalar() -> None:
    agree(lambda t: (leaf(t, 1.0, 2.0) * 2).backward())
    agree(lambda t: t.ones(2).sum().backward())
    agree(lambda t: t.ones(1, 1, requires_grad=True).backward())


def test_inputs() -> None:
    def program(t: Any, which: str) -> Any:
        a, b = leaf(t, 1.0, 2.0), leaf(t, 3.0, 4.0)
        c = a * b
        d = (c * c).sum()
        targets = {"a": [a], "b": b, "c": [c], "ab": [a, b], "none": []}[which]
        if which == "c":
            c.retain_grad()
        d.backward(inputs=targets)
        return a.grad, b.grad, c.grad if which == "c" else None

    for which in ("a", "b", "ab", "none", "c"):
        agree(lambda t, which=which: program(t, which))


def test_autograd_grad() -> None:
    def program(t: Any, **options: Any) -> Any:
        a, b, unused = leaf(t, 1.0, 2.0), leaf(t, 3.0, 4.0), leaf(t, 5.0)
        y = (a * b).sum()
        inputs = [a, b, unused] if options.pop("all", False) else [b, a]
        found = t.autograd.grad(y, inputs, **options)
        return *found, a.grad

    agree(lambda t: program(t))
    agree(lambda t: program(t, all=True))
    agree(lambda t: program(t, all=True, allow_unused=True))
    agree(lambda t: program(t, all=True, materialize_grads=True))
    agree(lambda t: program(t, grad_outputs=t.tensor(2.0)))
    agree(lambda t: program(t, grad_outputs=t.tensor([2.0, 1.0])))


def test_grad_of_a_tensor_in_the_middle_and_of_itself() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        y = x * 3
        z = (y * y).sum()
        return t.autograd.grad(z, [y, z, x])

    agree(program)


def test_a_diamond_and_a_long_chain() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.1, 0.9)
        y = x
        for i in range(400):
            y = y * 0.999 + x / (i + 1)
        z = y.sin() + y.cos() * y
        z.sum().backward()
        return x.grad

    agree(program, rtol=1e-4)


def test_outputs_that_are_not_used() -> None:
    def program(t: Any) -> Any:
        x = t.tensor([[3.0, 1.0], [2.0, 5.0]], requires_grad=True)
        values, places = x.max(1)
        _, b = x.split(1)
        (values * t.tensor([1.0, 2.0])).sum().backward()
        (b * 3).sum().backward()
        return x.grad, places

    agree(program)


def test_integers_and_bools_do_not_differentiate() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.5, -2.0)
        return (x > 0).requires_grad, x.long().requires_grad, x.argmax().requires_grad

    agree(program)


def test_frozen_between_forward_and_backward() -> None:
    def program(t: Any) -> Any:
        x, w = leaf(t, 1.0, 2.0), leaf(t, 3.0, 4.0)
        y = (x * w).sum()
        w.requires_grad_(False)
        y.backward()
        return x.grad, w.grad

    agree(program)


def test_gradients_of_an_index_with_repeats() -> None:
    def program(t: Any) -> Any:
        x = t.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        i = t.tensor([0, 1, 0, 0])
        (x[i] * t.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])).sum().backward()
        return x.grad

    agree(program)


def test_a_broadcast_gradient_is_summed() -> None:
    def program(t: Any) -> Any:
        x, b = t.ones(2, 1, 3, requires_grad=True), leaf(t, 1.0)
        (x * b + b * t.ones(4, 1)).sum().backward()
        return x.grad, b.grad

    agree(program)


def test_mixed_dtypes() -> None:
    def program(t: Any) -> Any:
        x = t.tensor([1.0, 2.0], dtype=t.bfloat16, requires_grad=True)
        w = leaf(t, 3.0, 4.0)
        (x * w).sum().backward()
        return x.grad, w.grad

    agree(program, rtol=1e-2)


def test_complex_gradients() -> None:
    def program(t: Any) -> Any:
        z = t.tensor([1 + 2j, -0.5 + 1j], requires_grad=True)
        w = leaf(t, 0.5, -2.0)
        (z * z.conj() * w + z**2).real.sum().backward()
        return z.grad, w.grad

    agree(program)


def test_next_functions_and_names() -> None:
    x = xg.Tensor([1.0, 2.0], requires_grad=True)
    y = (x * 2).sum()
    assert y.grad_fn is not None
    assert y.grad_fn.name() == "SumBackward0"
    ((inner, slot),) = y.grad_fn.next_functions
    assert (inner.name(), slot) == ("MulBackward0", 0)
    assert inner.next_functions[0][0].variable is x
    assert repr(y.grad_fn) == "<SumBackward0>"


def test_backward_lets_the_graph_go() -> None:
    x = xg.Tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    node = weakref.ref(y.grad_fn)
    saved = weakref.ref(y)
    z = y.sum()
    z.backward()
    assert z.grad_fn.saved is None
    del y, z
    gc.collect()
    assert node() is None
    assert saved() is None


def test_a_failing_hook_leaves_the_mode() -> None:
    x = xg.Tensor([1.0], requires_grad=True)

    def hook(grad: Any) -> Any:
        raise KeyError("mine")

    x.register_hook(hook)
    with pytest.raises(KeyError, match="mine"):
        (x * 2).sum().backward()
    assert xg.is_grad_enabled()
    assert x.grad is None


def test_a_custom_node_must_say_how_it_pulls() -> None:
    node = tape.Node("mine", (), ())
    for pull in (node.pull, node.pull_recorded):
        with pytest.raises(NotImplementedError):
            pull([])
