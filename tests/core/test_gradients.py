"""Who wants gradients, hooks, and ``grad`` itself, against PyTorch."""

from __future__ import annotations

import gc
from typing import Any

import pytest

import xlagrad as xg
from tests.core.agreement import agree
from xlagrad.core.errors import AutogradError, DtypeError, ShapeError


def leaf(t: Any, *values: float) -> Any:
    return t.tensor(values, requires_grad=True)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "complex64", "int32", "bool", "uint8"])
def test_requires_grad_needs_numbers_that_are_continuous(dtype: str) -> None:
    agree(lambda t: t.zeros(2, dtype=getattr(t, dtype)).requires_grad_())


def test_flags_of_results() -> None:
    def program(t: Any) -> Any:
        x, c = leaf(t, 1.0, 2.0), t.ones(2)
        y, z = x * c, c * c
        with t.no_grad():
            n = x * 2
        d = y.detach()
        d2 = x.detach().requires_grad_()
        return [(v.requires_grad, v.is_leaf, v.grad_fn is None) for v in (x, c, y, z, n, d, d2)]

    agree(program)


def test_flags_can_be_changed_on_leaves_only() -> None:
    agree(lambda t: (leaf(t, 1.0) * 2).requires_grad_(False))
    agree(lambda t: (leaf(t, 1.0) * 2).requires_grad_(True))

    def assigned(t: Any) -> Any:
        x = t.ones(2)
        x.requires_grad = True
        (x * x).sum().backward()
        x.requires_grad = False
        return x.grad, (x * 2).requires_grad

    agree(assigned)


def test_setting_grad() -> None:
    def program(t: Any, value: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        x.grad = value(t)
        (x * 3).sum().backward()
        return x.grad

    agree(lambda t: program(t, lambda t: t.tensor([5.0, 6.0])))
    agree(lambda t: program(t, lambda t: None))
    agree(lambda t: program(t, lambda t: t.ones(3)))
    agree(lambda t: program(t, lambda t: 1.0))


def test_deleting_grad() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        (x * 3).sum().backward()
        del x.grad
        return x.grad

    agree(program)


def test_bad_gradients_change_nothing() -> None:
    x = xg.Tensor([1.0, 2.0], requires_grad=True)
    x.grad = kept = xg.Tensor([5.0, 6.0])
    with pytest.raises(ShapeError, match=r"grad: expected a gradient like float32\[2\], got float32\[3\]"):
        x.grad = xg.Tensor([1.0, 2.0, 3.0])
    with pytest.raises(DtypeError, match="grad: expected a Tensor or None, got float"):
        x.grad = 1.0
    assert x.grad is kept


def test_retain_grad() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        y = x * x
        before = y.retains_grad
        y.retain_grad()
        y.retain_grad()
        x.retain_grad()
        (y * 3).sum().backward(retain_graph=True)
        first = y.grad.clone()
        (y * 2).sum().backward()
        return before, y.retains_grad, x.retains_grad, first, y.grad, x.grad

    agree(program)
    agree(lambda t: t.ones(2).retain_grad())


def test_retained_grads_through_grad_with_create_graph() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        y = x**3
        y.retain_grad()
        y.sum().backward(create_graph=True)
        return y.grad.detach(), x.grad.detach(), x.grad.requires_grad

    agree(program)


def test_tensor_hooks() -> None:
    def program(t: Any, on_leaf: bool, replace: bool) -> Any:
        x = leaf(t, 1.0, 2.0)
        y = x * x
        seen = []

        def first(g: Any) -> Any:
            seen.append(("first", g.clone()))
            return g * 10 if replace else None

        target = x if on_leaf else y
        target.register_hook(first)
        handle = target.register_hook(lambda g: seen.append(("second", g.clone())))
        (y * 3).sum().backward(retain_graph=True)
        handle.remove()
        handle.remove()
        (y * 3).sum().backward()
        return seen, x.grad

    for on_leaf in (False, True):
        for replace in (False, True):
            agree(lambda t, a=on_leaf, b=replace: program(t, a, b))


def test_a_hook_sees_the_sum_of_all_uses() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        seen = []
        x.register_hook(lambda g: seen.append(g.clone()))
        y = x * 2
        y.register_hook(lambda g: seen.append(g.clone()))
        (y + y * y + x).sum().backward()
        return seen

    agree(program)


def test_hooks_of_one_of_several_outputs() -> None:
    def program(t: Any) -> Any:
        x = t.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
        a, b = (x * 1).split(2)
        seen = []
        b.register_hook(lambda g: seen.append(g.clone()))
        (a.sum() * 2 + b.sum() * 3).backward()
        return seen, x.grad

    agree(program)


def test_hooks_and_autograd_grad() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        y = x * x
        y.register_hook(lambda g: g * 2)
        x.register_hook(lambda g: g * 5)
        z = (y * 3).sum()
        return t.autograd.grad(z, y, retain_graph=True), t.autograd.grad(z, x), x.grad

    agree(program)


def test_hooks_under_create_graph() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        y = x * x
        y.register_hook(lambda g: g * x)
        (g,) = t.autograd.grad((y * y).sum(), x, create_graph=True)
        return g, *t.autograd.grad(g.sum(), x)

    agree(program)


def test_node_hooks() -> None:
    def program(t: Any, replace: bool) -> Any:
        x, w = leaf(t, 1.0, 2.0), leaf(t, 3.0, 4.0)
        y = x * w
        seen = []

        def hook(inputs: Any, outputs: Any) -> Any:
            seen.append([*inputs, *outputs])
            return tuple(g * 2 for g in inputs) if replace else None

        handle = y.grad_fn.register_hook(hook)
        y.sum().backward(retain_graph=True)
        handle.remove()
        y.sum().backward()
        return seen, x.grad, w.grad

    agree(lambda t: program(t, False))
    agree(lambda t: program(t, True))


def test_hooks_after_accumulation() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        seen = []

        def step(p: Any) -> None:
            seen.append(p.grad.clone())
            with t.no_grad():
                p.sub_(p.grad)
            p.grad = None

        handle = x.register_post_accumulate_grad_hook(step)
        (x * x).sum().backward()
        handle.remove()
        (x * x).sum().backward()
        return seen, x, x.grad

    agree(program)
    agree(lambda t: (leaf(t, 1.0) * 2).register_post_accumulate_grad_hook(lambda p: None))
    agree(lambda t: t.ones(2).register_post_accumulate_grad_hook(lambda p: None))


def test_a_hook_as_a_context() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0)
        with x.register_hook(lambda g: g * 2):
            (x * 1).backward()
        (x * 1).backward()
        return x.grad

    agree(program)


def test_hooks_need_a_tensor_that_requires_grad() -> None:
    agree(lambda t: t.ones(2).register_hook(lambda g: g))
    with pytest.raises(AutogradError, match=r"register_hook: expected a tensor that requires gradient"):
        xg.Tensor([1.0]).register_hook(lambda g: g)


def test_a_hook_that_returns_another_shape() -> None:
    def program(t: Any, on_leaf: bool) -> Any:
        x = leaf(t, 1.0, 2.0)
        y = x * 2
        (x if on_leaf else y).register_hook(lambda g: t.ones(3))
        y.sum().backward()
        return x.grad

    agree(lambda t: program(t, True))
    agree(lambda t: program(t, False))


def test_a_hook_that_returns_no_tensor() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        x.register_hook(lambda g: 3.0)
        (x * 2).sum().backward()

    agree(program)


def test_the_gradient_of_a_leaf_that_is_gone_is_dropped() -> None:
    x = xg.Tensor([1.0, 2.0], requires_grad=True)
    w = xg.Tensor([3.0, 4.0], requires_grad=True)
    y = (x * w).sum()
    del w
    gc.collect()
    y.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3.0, 4.0]


def test_detach_and_data_share_the_value() -> None:
    def program(t: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        y = x * 1
        y.detach()[0] = 7.0
        x.data.mul_(2.0)
        x.detach().view(2, 1)[1, 0] = -1.0
        return x, y, x.data.requires_grad, y.detach().is_leaf

    agree(program)


def test_a_detached_tensor_keeps_a_history_of_its_own() -> None:
    # h is detached as in truncated backpropagation, and parts of it are then written with history.
    def program(t: Any) -> Any:
        h, w = t.ones(2, 3), leaf(t, 2.0, 3.0, 4.0)
        h = (h * 1).detach()
        row = h[0]
        row.mul_(w)
        h.view(6)[4] = w.sum()
        (h * t.arange(6.0).view(2, 3)).sum().backward()
        return h, w.grad

    agree(program)


def test_replacing_data() -> None:
    def program(t: Any, value: Any) -> Any:
        x = leaf(t, 1.0, 2.0)
        x.grad = t.ones(2)
        x.data = value(t)
        return x, x.is_leaf, tuple(x.shape)

    agree(lambda t: program(t, lambda t: t.tensor([5.0, 6.0])))
    agree(lambda t: program(t, lambda t: t.tensor([5.0, 6.0, 7.0])))
    agree(lambda t: program(t, lambda t: t.tensor([5.0, 6.0], dtype=t.float16)))


def test_leaving_a_view_behind_is_said() -> None:
    x = xg.Tensor([1.0, 2.0, 3.0])
    row = x[:2]
    x.data = xg.Tensor([1.0])
    with pytest.raises(xg.core.errors.StateError, match=r"view: expected a base of shape \(3,\)"):
        row.tolist()
