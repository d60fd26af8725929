"""The tensor itself: making one, what it says of itself, subclasses, pytrees."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xlagrad as xg
from tests.core.agreement import agree, check_error
from xlagrad.core.errors import ArgumentError, DeviceError, DtypeError, ShapeError

DATA: list[Any] = [
    3, 2.5, True, 1 + 2j, [], [1, 2], [1, 2.5], [True, False], [[1], [2]], [1, True], [2.0, 1j],
    np.float32(3), np.int8(-3), np.arange(3, dtype=np.int16), [np.float16(1), np.float16(2)],
    [[1, 2], [3]], "text", None, [None], {"a": 1}, 2**70,
]  # fmt: skip


@pytest.mark.parametrize("data", DATA, ids=repr)
def test_data(data: Any) -> None:
    agree(lambda t: t.tensor(data))


def test_the_constructor_takes_what_the_function_takes() -> None:
    inner = xg.Tensor([1.0, 2.0])
    assert xg.Tensor([inner, [3.0, 4.0]]).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert xg.Tensor(jnp.ones(2)).dtype == xg.Tensor(np.ones(2, np.float32)).dtype == xg.Tensor([1.0]).dtype
    assert xg.Tensor([1, 2], dtype="float16", requires_grad=True).requires_grad
    assert not xg.Tensor(jnp.asarray(1.0)).data_array.weak_type


def test_bad_data() -> None:
    with pytest.raises(ShapeError, match=r"Tensor: expected nested lists of equal lengths"):
        xg.Tensor([[1, 2], [3]])
    with pytest.raises(DtypeError, match=r"Tensor: expected numbers, got .*; convert them to numbers first"):
        xg.Tensor("text")
    with pytest.raises(
        ArgumentError, match=r"Tensor: expected values that int32 can hold, got 1099511627776"
    ):
        xg.Tensor(2**40)
    with pytest.raises(
        DeviceError, match=r"device: expected a device of this machine, got 'tpu:7'; available"
    ):
        xg.Tensor([1.0], device="tpu:7")


@given(
    st.one_of(
        st.none(), st.text(max_size=3), st.lists(st.one_of(st.text(max_size=2), st.none()), min_size=1)
    ),
    st.one_of(st.sampled_from(["float32", "int8"]), st.text(max_size=4), st.integers(), st.just(object)),
    st.one_of(st.none(), st.text(max_size=4), st.integers(), st.floats()),
)
def test_anything_wrong_is_one_of_our_errors(data: Any, dtype: Any, device: Any) -> None:
    for arguments in ({"data": data}, {"data": [1.0], "dtype": dtype}, {"data": [1.0], "device": device}):
        try:
            xg.Tensor(**arguments)
        except Exception as error:
            check_error(error)


def test_attributes() -> None:
    def program(t: Any) -> Any:
        x = t.zeros(2, 3, dtype=t.float16)
        v = x.t()[1:]
        return [
            (
                tuple(y.shape), y.ndim, y.dim(), y.numel(), y.nelement(), y.element_size(), y.itemsize,
                y.nbytes, y.stride(), y.stride(0), y.stride(-1), y.storage_offset(), y.is_contiguous(),
                str(y.dtype),
                y.is_floating_point(), y.is_complex(), y.is_cuda, str(y.device), len(y), y.size(), y.size(1),
                y.is_leaf, y._is_view(), y.requires_grad,
            )
            for y in (x, v)
        ]  # fmt: skip

    agree(program)


def test_sizes() -> None:
    def program(t: Any) -> Any:
        s = t.zeros(2, 3, 4).shape
        parts = [s[1:], s[:0], s + (5,), s]
        return (
            [(repr(p), p.numel(), type(p).__name__) for p in parts],
            s[0],
            s == (2, 3, 4),
            hash(s) == hash((2, 3, 4)),
        )

    agree(program)
    x = xg.Tensor([[1.0, 2.0]])
    assert x.size == 2
    assert x.size() == (1, 2)
    for bad in (2, -3):
        agree(lambda t, d=bad: t.zeros(2, 3).size(d))
        agree(lambda t, d=bad: t.zeros(2, 3).stride(d))


def test_identity() -> None:
    x, y = xg.Tensor([1.0]), xg.Tensor([1.0])
    assert len({x, y, x}) == 2
    assert (x == y).tolist() == [True]
    assert {x: "x"}[x] == "x"


def test_items_cannot_go() -> None:
    x = xg.Tensor([1.0, 2.0])
    with pytest.raises(DtypeError, match="del: expected something with items that can go, got a Tensor"):
        del x[0]
    assert x.tolist() == [1.0, 2.0]


def test_attributes_may_be_set() -> None:
    x = xg.Tensor([1.0])
    x.note = "kept"
    assert x.note == "kept"
    with pytest.raises(AttributeError):
        x.missing  # noqa: B018


def test_writes_keep_shape_and_type() -> None:
    x = xg.Tensor([1.0, 2.0])
    x._write(jnp.array([3.0, 4.0]))
    for bad in (jnp.ones(3), jnp.ones(2, jnp.int32)):
        with pytest.raises(ShapeError, match=r"Tensor: expected a value like float32\[2\], got"):
            x._write(bad)
    assert x.tolist() == [3.0, 4.0]


# Pytrees.


def test_tensors_are_pytrees() -> None:
    x = xg.Tensor([1.0, 2.0], requires_grad=True)
    tree = {"a": x, "b": [xg.Tensor(3.0), None]}
    doubled = jax.tree.map(lambda a: 2 * a, tree)
    assert type(doubled["a"]) is xg.Tensor
    assert (doubled["a"].tolist(), doubled["b"][0].item()) == ([2.0, 4.0], 6.0)
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(tree))
    p = jax.tree.map(lambda a: a + 1, xg.Parameter([1.0], requires_grad=False))
    assert (type(p), p.requires_grad) == (xg.Parameter, False)


def test_jax_transformations_over_tensors() -> None:
    x, w = xg.Tensor([[1.0, 2.0], [3.0, 4.0]]), xg.Parameter([0.5, -1.0])

    def energy(x: Any, w: Any) -> Any:
        return ((x @ w) ** 2).sum()

    assert jax.jit(energy)(x, w).item() == pytest.approx(energy(x, w).item())
    slope = jax.grad(lambda w: energy(x, w).data_array)(w)
    energy(x, w).backward()
    assert type(slope) is xg.Parameter
    assert w.grad is not None
    assert slope.tolist() == pytest.approx(w.grad.tolist())
    rows = jax.vmap(lambda row: energy(row, w))(x)
    assert rows.tolist() == pytest.approx([energy(row, w).item() for row in x])
    out, tangent = jax.jvp(lambda x: energy(x, w), (x,), (x,))
    assert (out.item(), tangent.item()) == pytest.approx((energy(x, w).item(), 2 * energy(x, w).item()))


def test_views_enter_transformations_by_value() -> None:
    base = xg.Tensor([1.0, 2.0, 3.0])
    part = base[1:]
    base.mul_(2.0)
    assert jax.jit(lambda t: t + 1)(part).tolist() == [5.0, 7.0]


def test_writes_inside_jit_stay_inside_unless_lost() -> None:
    x, outside = xg.Tensor([1.0, 2.0]), xg.Tensor([0.0, 0.0])

    def inner(x: Any) -> Any:
        x[0] = 5.0
        x.add_(1.0)
        return x

    assert jax.jit(inner)(x).tolist() == [6.0, 3.0]
    assert x.tolist() == [1.0, 2.0]
    with pytest.raises(xg.core.errors.StateError, match="write: expected a tensor of the same transf"):
        jax.jit(lambda x: outside.copy_(x))(x)
    assert outside.tolist() == [0.0, 0.0]


# Subclasses.


class Marked(xg.Tensor):
    """A tensor of another kind."""

    def double(self) -> Any:
        return self * 2


class MarkedParameter(xg.Parameter):
    """A parameter of another kind."""


def test_subclasses() -> None:
    m = Marked([1.0, 2.0], requires_grad=True)
    m.double().sum().backward()
    assert m.grad is not None
    assert m.grad.tolist() == [2.0, 2.0]
    assert type(jax.tree.map(lambda a: a, m)) is Marked
    for other in (copy.deepcopy(m), copy.copy(m), pickle.loads(pickle.dumps(m))):
        assert type(other) is Marked
        assert other.tolist() == [1.0, 2.0]
        assert other.requires_grad
    assert type(m.double()) is xg.Tensor
    p = MarkedParameter([1.0])
    assert isinstance(p, xg.Parameter)
    assert type(jax.tree.map(lambda a: a, p)) is MarkedParameter
    assert jax.tree.map(lambda a: a, p).requires_grad
    assert repr(p).startswith("Parameter containing:\ntensor([1.]")


def test_parameters() -> None:
    p = xg.Parameter(xg.Tensor([1.0, 2.0]))
    assert (p.requires_grad, p.is_leaf) == (True, True)
    assert xg.Parameter().shape == (0,)
    with pytest.raises(DtypeError, match="only Tensors of floating point"):
        xg.Parameter([1, 2])
    assert not xg.Parameter([1, 2], requires_grad=False).requires_grad
