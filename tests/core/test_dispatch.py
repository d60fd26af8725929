"""Operations: from one pure function to calls on tensors, arrays and numbers."""

from __future__ import annotations

import pickle
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import xlagrad as xg
import xlagrad.torch as ours
from tests.core.agreement import FORM, agree, check_error
from xlagrad.core.dispatch import Array, ArrayLike, Arrays, apply_pure, op, registry
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError
from xlagrad.core.tensor import Tensor

TRACES: list[Any] = []


class Pair(NamedTuple):
    """Two results."""

    total: Any
    place: Any


@op(name="_test_scaled")
def scaled(input: Array, factor: ArrayLike = 2.0, *, power: float = 1, label: str = "") -> Array:
    """factor · input^power."""
    TRACES.append((power, label))
    return factor * input**power


@op(name="_test_total")
def total(tensors: Arrays, extra: Array | None = None) -> Pair:
    """The sum of all tensors, and where it is greatest."""
    result = sum(tensors, jnp.zeros(())) + (0 if extra is None else extra)
    return Pair(result, jnp.argmax(result))


@op(name="_test_constant", differentiable=False)
def constant(input: Array) -> Array:
    """2 · input, whose results are constants."""
    return 2 * input


def test_results_that_are_constants_to_the_tape() -> None:
    x = xg.Tensor([1.0, 2.0], requires_grad=True)
    y = constant(x)
    assert y.tolist() == [2.0, 4.0]
    assert not y.requires_grad
    assert not xg.compile(lambda v: constant(v))(x).requires_grad
    assert jax.grad(lambda v: constant(xg.Tensor(v)).data_array.sum())(jnp.ones(2)).tolist() == [0.0, 0.0]


def test_tensors_run_on_the_tape_and_arrays_do_not() -> None:
    x = xg.Tensor([1.0, 2.0], requires_grad=True)
    y = scaled(x, 3.0, power=2)
    assert isinstance(y, Tensor)
    assert y.tolist() == [3.0, 12.0]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [6.0, 12.0]
    plain = scaled(jnp.array([1.0, 2.0]), 3.0, power=2)
    assert isinstance(plain, jax.Array)
    assert plain.tolist() == [3.0, 12.0]
    assert scaled.fn(jnp.array(2.0)) == 4.0


def test_operands_of_all_kinds() -> None:
    x = xg.Tensor([1.0, 2.0])
    for factor in (2, 2.0, True, np.float32(2), np.array(2.0), jnp.array(2.0), xg.Tensor(2.0), [2.0, 2.0]):
        assert isinstance(scaled(x, factor), Tensor)
        assert isinstance(
            scaled(np.ones(2, np.float32), factor), Tensor if isinstance(factor, Tensor) else jax.Array
        )
    assert scaled(3.0).tolist() == 6.0
    assert scaled([1.0, 2.0]).tolist() == [2.0, 4.0]


def test_results_are_strongly_typed() -> None:
    x = xg.Tensor([1.0])
    assert not ours.full((), 2.0).data_array.weak_type
    assert not (xg.Tensor(1) * 2).data_array.weak_type
    assert not scaled(x, 2.0).data_array.weak_type


def test_statics_are_part_of_the_plan() -> None:
    x = xg.Tensor([2.0])
    TRACES.clear()
    for _ in range(2):
        assert scaled(x, power=2).item() == 8.0
        assert scaled(x, power=2.0).item() == 8.0
        assert scaled(x, power=True).item() == 4.0
        assert scaled(x, label="a").item() == 4.0
    # Each once, though 2 == 2.0 and 1 == True.
    assert [type(p).__name__ for p, _ in TRACES] == ["int", "float", "bool", "int"]


def test_static_zeros_have_signs() -> None:
    @op(name="_test_sign")
    def sign(input: Array, zero: float) -> Array:
        return jnp.full_like(input, jnp.signbit(zero))

    x = xg.Tensor([1.0])
    assert [sign(x, 0.0).item(), sign(x, -0.0).item(), sign(x, 0.0).item()] == [0.0, 1.0, 0.0]


def test_lists_and_named_results() -> None:
    a, b = xg.Tensor([1.0, 5.0], requires_grad=True), xg.Tensor([2.0, 3.0], requires_grad=True)
    found = total([a, b], a)
    assert type(found) is Pair
    assert (found.total.tolist(), found.place.item()) == ([4.0, 13.0], 1)
    assert (found.total.requires_grad, found.place.requires_grad) == (True, False)
    (found.total * xg.Tensor([1.0, 10.0])).sum().backward()
    assert a.grad is not None and b.grad is not None
    assert (a.grad.tolist(), b.grad.tolist()) == ([2.0, 20.0], [1.0, 10.0])
    assert isinstance(total([jnp.ones(2)]).total, jax.Array)
    assert total((a,)).total.tolist() == [1.0, 5.0]


def test_the_same_tensor_twice() -> None:
    agree(lambda t: gradient(t, lambda x: x * x))
    agree(lambda t: gradient(t, lambda x: t.cat([x, x * 2, x])))
    agree(lambda t: gradient(t, lambda x: t.where(x > 1, x, x * x)))


def gradient(t: Any, fn: Any) -> Any:
    x = t.tensor([1.0, 2.0], requires_grad=True)
    fn(x).sum().backward()
    return x.grad


def test_registry() -> None:
    assert registry["_test_scaled"] is scaled
    assert pickle.loads(pickle.dumps(scaled)) is scaled
    assert repr(scaled) == "<operation _test_scaled(input, factor, power, label)>"
    assert scaled.__doc__ == "factor · input^power."
    with pytest.raises(ArgumentError, match="op: expected a name that is not taken, got '_test_scaled'"):
        op(name="_test_scaled")(lambda input: input)
    assert registry["_test_scaled"] is scaled


WRONG: list[Any] = ["text", b"bytes", object(), {"a": 1}, {1}, lambda: 0, None]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: type(w).__name__)
@pytest.mark.parametrize("name", ["add", "sin", "relu", "matmul", "where", "cat", "sum", "softmax"])
def test_operands_of_the_wrong_kind(name: str, wrong: Any) -> None:
    x = xg.Tensor([1.0, 2.0], requires_grad=True)
    fn = getattr(ours, name)
    calls = {
        "add": lambda: fn(x, wrong), "matmul": lambda: fn(wrong, x), "where": lambda: fn(x > 1, wrong, x),
        "cat": lambda: fn([x, wrong]), "softmax": lambda: fn(wrong, dim=0),
    }  # fmt: skip
    with pytest.raises((TypeError, ValueError)) as caught:
        calls.get(name, lambda: fn(wrong))()
    check_error(caught.value)
    assert (x.tolist(), x.grad, x.is_leaf) == ([1.0, 2.0], None, True)


@given(
    st.lists(st.integers(0, 3), max_size=3), st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from(["add", "matmul", "mul", "maximum", "cat", "atan2"]),
)  # fmt: skip
def test_shapes_that_do_not_fit(first: list[int], second: list[int], name: str) -> None:
    def call(t: Any) -> Any:
        a, b = t.ones(first), t.ones(second)
        result = t.cat([a, b]) if name == "cat" else getattr(t, name)(a, b)
        return tuple(result.shape)

    if name == "cat" and (first == [0]) != (second == [0]):
        return  # PyTorch lets one empty vector join anything
    agree(call)


def test_unhashable_statics() -> None:
    with pytest.raises(DtypeError, match="sum: expected static arguments that can be hashed, got unhashable"):
        xg.Tensor([1.0]).sum(dim={})


def test_errors_of_jax_become_ours() -> None:
    @op(name="_test_dot")
    def dot(input: Array, other: Array) -> Array:
        return jax.lax.dot(input, other)

    with pytest.raises(
        ShapeError, match=r"_test_dot: expected operands that fit together, got float32\[2\], float32"
    ):
        dot(xg.Tensor([1.0, 2.0]), xg.Tensor([1.0, 2.0, 3.0], requires_grad=True))
    try:
        dot(xg.Tensor([1.0, 2.0]), xg.Tensor([1.0, 2.0, 3.0]))
    except ShapeError as error:
        assert FORM.match(str(error))
        assert "\n" not in str(error)
        assert error.__cause__ is not None


def test_foreign_functions_run_on_the_tape() -> None:
    def energy(tree: Any, scale: float) -> Any:
        return {"e": scale * jnp.sum(tree["w"] ** 2 * tree["x"]), "n": jnp.argmax(tree["x"])}

    w, x = xg.Tensor([1.0, 2.0], requires_grad=True), xg.Tensor([3.0, 4.0])
    for _ in range(2):
        found = apply_pure("energy", energy, {"w": w, "x": x}, 0.5)
    assert (found["e"].item(), found["n"].item()) == (9.5, 1)
    found["e"].backward()
    assert w.grad is not None
    assert w.grad.tolist() == [3.0, 8.0]
    assert not found["n"].requires_grad


def test_operations_serve_as_methods() -> None:
    class Holder:
        double = scaled

    x = xg.Tensor([1.0, 2.0])
    x.add_(1.0)
    assert Holder.double(x).tolist() == [4.0, 6.0]
    assert torch.tensor([2.0, 3.0]).mul(2).tolist() == x.mul(2).tolist()
