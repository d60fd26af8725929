"""Views: where writes go, what histories they take, which are refused, layouts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import xlagrad as xg
from tests.core.agreement import agree
from xlagrad.core import view
from xlagrad.core.errors import AutogradError, DtypeError, ShapeError, StateError


def base(t: Any, *shape: int, grad: bool = False) -> Any:
    return t.arange(float(np.prod(shape))).reshape(shape).requires_grad_(grad)


def test_a_write_reaches_all_relatives() -> None:
    def program(t: Any) -> Any:
        x = base(t, 2, 3, 4)
        row, column, flat = x[0], x[:, 1], x.view(-1)
        corner = row.t()[1:, :2]
        corner.zero_()
        flat[-1] = 100.0
        column.add_(0.5)
        return x, row, column, flat, corner

    agree(program)


CHAINS: dict[str, Any] = {
    "index": lambda x: x[1, ::2],
    "reverse order": lambda x: x.permute(2, 0, 1).reshape(4, 6)[1],
    "reshape that copies": lambda x: x.transpose(0, 2).reshape(-1),
    "diagonal": lambda x: x.diagonal(1, -1, 0)[..., 0],
    "unsqueeze and squeeze": lambda x: x.unsqueeze(1).squeeze(1)[0],
    "narrow": lambda x: x.narrow(1, 1, 2)[:, 0],
    "split": lambda x: x.split([1, 2], 1)[1].chunk(2, -1)[0],
    "unbind": lambda x: x.unbind(2)[3],
    "expand without repeats": lambda x: x.expand(1, 2, 3, 4)[0, :, 1],
    "row of an expanded": lambda x: x[:, :1].expand(2, 5, 4)[:, 2],
    "unflatten": lambda x: x.unflatten(2, (2, 2))[..., 1],
    "data": lambda x: x.data[0].t(),
    "detach": lambda x: x.detach().view(6, 4)[2:4],
    "empty": lambda x: x[1:1],
    "scalar": lambda x: x[1, 2, 3],
}


# PyTorch refuses writes with history to one of several views.
CASES = [(name, g) for name in CHAINS for g in (False, True) if not (g and name in ("split", "unbind"))]


@pytest.mark.parametrize(("name", "in_graph"), CASES)
def test_writes_through_chains(name: str, in_graph: bool) -> None:
    def program(t: Any) -> Any:
        w = base(t, 2, 3, 4, grad=True)
        x = w * 2 if in_graph else w.detach().clone()
        v = CHAINS[name](x)
        v.mul_(3.0)
        v[...] = v + 1
        if in_graph:
            (x * base(t, 2, 3, 4)).sum().backward()
        return x, v, w.grad, v.is_contiguous()

    agree(program)


@pytest.mark.parametrize("parts", [lambda x: x.split(1), lambda x: x.unbind(), lambda x: x.chunk(2, 1)])
def test_one_of_several_views_takes_a_history(parts: Any) -> None:
    # PyTorch refuses this; the gradient is that of the same write through an index.
    w = xg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    x = w * 1
    first, second = parts(x)
    first.mul_(w.sum())
    (x * xg.Tensor([[1.0, 10.0], [100.0, 1000.0]])).sum().backward()
    y = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    z = y * 1
    at = z[:, :1] if first.shape == (2, 1) else z[:1]
    at.mul_(y.sum())
    (z * torch.tensor([[1.0, 10.0], [100.0, 1000.0]])).sum().backward()
    assert y.grad is not None and w.grad is not None
    assert w.grad.tolist() == y.grad.tolist()
    assert second.grad_fn is not None


def test_gradients_after_overwriting() -> None:
    def program(t: Any, write: Any) -> Any:
        w, v = base(t, 3, grad=True), t.ones(3, requires_grad=True)
        x = w * 2
        y = x[:2]
        z = x * 5
        write(t, x, y, v)
        (x.sum() + (y * 7).sum() + z.sum()).backward()
        return x, y, w.grad, v.grad, x.requires_grad, y.requires_grad

    writes = [
        lambda t, x, y, v: x.zero_(),
        lambda t, x, y, v: y.fill_(3.0),
        lambda t, x, y, v: x.copy_(v),
        lambda t, x, y, v: y.copy_(v[1:]),
        lambda t, x, y, v: y.__setitem__(0, v[2]),
        lambda t, x, y, v: x.__setitem__(slice(None), 1.0),
        lambda t, x, y, v: x.__setitem__(t.tensor([True, False, True]), v[:2]),
        lambda t, x, y, v: y.detach().fill_(4.0),
        lambda t, x, y, v: x.add_(v, alpha=2),
    ]
    for write in writes:
        agree(lambda t, write=write: program(t, write))


def test_a_base_without_gradient_takes_a_history() -> None:
    def program(t: Any) -> Any:
        buffer, w = t.zeros(4), base(t, 2, grad=True)
        part = buffer[1:3]
        other = buffer[:2]
        before = other.requires_grad
        part.copy_(w * w)
        (other * 10).sum().backward()
        return before, other.requires_grad, buffer.requires_grad, buffer.is_leaf, w.grad

    agree(program)


def test_gradients_flow_to_a_slice_that_a_loop_fills() -> None:
    def program(t: Any) -> Any:
        out, w = t.zeros(3, 2), base(t, 2, grad=True)
        for i in range(3):
            out[i] = w ** (i + 1)
            out[i, 0] += i
        (out**2).sum().backward()
        return out, w.grad

    agree(program)


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x.add_(1), lambda x: x[0].add_(1), lambda x: x.__setitem__(0, 1.0), lambda x: x.zero_(),
        lambda x: x.view(-1).t().mul_(2), lambda x: x.unsqueeze_(0), lambda x: x.t_(),
    ],
)  # fmt: skip
@pytest.mark.parametrize("grad", [True, False])
def test_writes_to_leaves_that_require_grad(write: Any, grad: bool) -> None:
    def program(t: Any) -> Any:
        x = base(t, 2, 2, grad=True)
        with t.set_grad_enabled(grad):
            write(x)
        return x, x.is_leaf

    agree(program)
    if grad:
        x = xg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        with pytest.raises((AutogradError, StateError)):
            write(x)
        assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_refused_writes_name_the_way_out() -> None:
    x = xg.Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(
        AutogradError, match=r"add_: expected .* got a leaf .*; write under `with no_grad\(\):`"
    ):
        x.add_(1.0)
    with pytest.raises(
        AutogradError, match=r"mul_: expected .* got a view of a leaf Variable that requires grad"
    ):
        x[0].mul_(2.0)
    with pytest.raises(StateError, match=r"write: .* single memory location; write to \.clone\(\) of it"):
        xg.Tensor([1.0]).expand(3).add_(1.0)
    with pytest.raises(ShapeError, match=r"add_: expected a result of the tensor's own shape \(2,\), got"):
        xg.Tensor([1.0, 2.0]).add_(xg.Tensor([[1.0], [2.0]]))
    with pytest.raises(DtypeError, match=r"mul_: expected a result that can be cast to int32, got float32"):
        xg.Tensor([1, 2]).mul_(1.5)


def test_views_taken_without_gradients() -> None:
    # PyTorch calls such a view one that requires gradients, though none would reach its base.
    x = xg.Tensor([1.0, 2.0], requires_grad=True)
    with xg.no_grad():
        v = x[:1]
        v.mul_(10.0)
    assert (v.requires_grad, x.tolist()) == (False, [10.0, 2.0])
    y = x * 1
    with xg.no_grad():
        u = y[:1]
    y.mul_(2.0)
    assert u.tolist() == [20.0]
    with pytest.raises(
        AutogradError, match="expected views taken with gradients switched on, got a view created"
    ):
        u.sum().backward()
    with pytest.raises(
        AutogradError, match="add_: expected a view that was taken while gradients were recorded"
    ):
        u.add_(1.0)


def test_restored_after_a_failed_write() -> None:
    x = xg.Tensor(np.zeros((2, 3), np.float32))
    v = x[:, 1]
    for wrong in (
        lambda: v.copy_(xg.Tensor([1.0, 2.0, 3.0])),
        lambda: v.__setitem__(slice(None), xg.Tensor([1.0, 2.0, 3.0])),
        lambda: v.__setitem__(5, 1.0),
        lambda: v.add_("text"),
        lambda: v.mul_(xg.Tensor([1j, 1j])),
    ):
        with pytest.raises((ValueError, TypeError, IndexError, RuntimeError)):
            wrong()
        assert x.data_array.sum() == 0.0
        assert v._view.base is x


def test_versions_are_seen_through_every_view() -> None:
    x = xg.Tensor(np.arange(6.0, dtype=np.float32))
    a, b = x.view(2, 3), x[1:]
    for i in range(3):
        (a if i % 2 else b)[0] = -float(i + 1)
        assert a.tolist() == x.view(2, 3).tolist()
        assert b.tolist() == x[1:].tolist()


def test_a_view_keeps_its_base_alive() -> None:
    v = xg.Tensor([1.0, 2.0])[:1]
    v.add_(1.0)
    assert v.tolist() == [2.0]
    assert v._base.tolist() == [2.0, 2.0]


# Layouts.

SIZES = st.lists(st.integers(0, 4), max_size=4)


@given(SIZES)
def test_contiguous_strides(shape: list[int]) -> None:
    assert view.contiguous(shape) == torch.empty(shape).stride()


@given(st.data(), st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_restride_agrees_with_view(data: Any, shape: list[int]) -> None:
    order = data.draw(st.permutations(range(len(shape))))
    t = torch.empty(shape).permute(order)
    steps = [slice(None, None, data.draw(st.integers(1, 2))) for _ in shape]
    t = t[tuple(steps)]
    rest, new = t.numel(), []
    while rest > 1:
        n = data.draw(st.sampled_from([d for d in range(1, rest + 1) if rest % d == 0]))
        new.append(n)
        rest //= n
        if n == 1 and len(new) > 6:
            break
    new = [*new, rest] if rest > 1 else new
    got = view.restride(tuple(t.shape), t.stride(), new)
    try:
        want = t.view(new).stride()
    except RuntimeError:
        assert got is None
        return
    assert got is not None
    assert [s for s, n in zip(got, new, strict=True) if n > 1] == [
        s for s, n in zip(want, new, strict=True) if n > 1
    ]


@pytest.mark.parametrize("name", CHAINS)
def test_layouts_of_chains(name: str) -> None:
    def program(t: Any) -> Any:
        v = CHAINS[name](base(t, 2, 3, 4))
        kept = [s for s, n in zip(v.stride(), v.shape, strict=True) if n > 1]
        return kept if v.numel() else [], v.storage_offset(), v.is_contiguous(), v._is_view()

    agree(program)
