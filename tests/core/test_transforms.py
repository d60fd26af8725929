"""Functional transformations against JAX on arrays, and the state that they carry."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import xlagrad as xg
from xlagrad import Parameter, Tensor, layers
from xlagrad.core.errors import ArgumentError, ShapeError, StateError

X = np.array([0.5, -1.0, 2.0], np.float32)


def f(x: Any) -> Any:
    return (x * x * x).sum()


def g(x: Any) -> Any:
    return x * x[0]


def tensor_form(transform: Any, fn: Any) -> np.ndarray:
    return np.asarray(transform(fn)(Tensor(X)))


@pytest.mark.parametrize(
    ("ours", "theirs", "fn"),
    [
        (xg.grad, jax.grad, f),
        (xg.jacrev, jax.jacrev, g),
        (xg.jacfwd, jax.jacfwd, g),
        (xg.hessian, jax.hessian, f),
        (
            lambda fn: xg.grad(lambda x: xg.grad(fn)(x).sum()),
            lambda fn: jax.grad(lambda x: jax.grad(fn)(x).sum()),
            f,
        ),
        (xg.vmap, jax.vmap, lambda x: x * 2),
        (lambda fn: xg.jit(xg.grad(fn)), jax.grad, f),
    ],
)
def test_transforms_agree_with_jax_on_tensors_and_on_arrays(ours: Any, theirs: Any, fn: Any) -> None:
    expected = np.asarray(theirs(fn)(jnp.asarray(X)))
    result = ours(fn)(Tensor(X))
    assert isinstance(result, Tensor)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)
    bare = ours(fn)(jnp.asarray(X))
    assert isinstance(bare, jax.Array)
    np.testing.assert_allclose(np.asarray(bare), expected, rtol=1e-6)


def test_jvp_and_vjp() -> None:
    x, v = Tensor(X), Tensor([1.0, 0.0, 2.0])
    out, slope = xg.jvp(g, (x,), (v,))
    want, want_slope = jax.jvp(g, (jnp.asarray(X),), (v.data_array,))
    np.testing.assert_allclose(out.numpy(), want)
    np.testing.assert_allclose(slope.numpy(), want_slope)
    out, pull = xg.vjp(g, x)
    np.testing.assert_allclose(pull(v)[0].numpy(), jax.vjp(g, jnp.asarray(X))[1](v.data_array)[0])


def test_aux_argnums_and_structures() -> None:
    def loss(params: dict[str, Any], x: Any) -> Any:
        y = params["w"] * x + params["b"]
        return (y * y).sum(), {"y": y}

    params = {"w": Tensor([2.0]), "b": Tensor([1.0])}
    (value, aux), grads = xg.value_and_grad(loss, has_aux=True)(params, Tensor([3.0]))
    assert (value.item(), aux["y"].item()) == (49.0, 7.0)
    assert grads["w"].item() == 42.0 and grads["b"].item() == 14.0
    both = xg.grad(lambda a, b: (a * b).sum(), argnums=(0, 1))(Tensor([2.0]), Tensor([5.0]))
    assert [t.item() for t in both] == [5.0, 2.0]


def test_state_written_inside_is_written_once() -> None:
    calls, seen = Tensor(0.0), Tensor([0.0, 0.0, 0.0])

    def fn(x: Tensor) -> Tensor:
        calls.add_(1.0)
        seen.copy_(x.detach())
        return (x * calls).sum()

    assert xg.grad(fn)(Tensor(X)).tolist() == [1.0, 1.0, 1.0]
    assert calls.item() == 1.0
    np.testing.assert_array_equal(seen.numpy(), X)
    compiled = xg.compile(xg.grad(fn))
    for i in (2.0, 3.0):
        assert compiled(Tensor(X)).tolist() == [i] * 3 and calls.item() == i


def test_state_of_an_argument_is_written_to_the_argument() -> None:
    norm = layers.BatchNorm1d(2)
    x = Tensor(np.array([[1.0, 2.0], [3.0, 6.0]], np.float32))

    def loss(model: Any, x: Tensor) -> Tensor:
        return (model(x) ** 2).sum()

    xg.grad(loss)(norm, x)
    np.testing.assert_allclose(norm.running_mean.numpy(), [0.2, 0.4], rtol=1e-6)
    assert norm.num_batches_tracked.item() == 1
    with pytest.raises(StateError, match="jit: expected a pure function"):
        xg.jit(loss)(norm, x)


def test_a_failed_transformation_writes_nothing() -> None:
    calls = Tensor(0.0)

    def fn(x: Tensor) -> Tensor:
        calls.add_(1.0)
        raise KeyError("no")

    with pytest.raises(KeyError):
        xg.grad(fn)(Tensor(X))
    assert calls.item() == 0.0


def test_backward_inside_a_transformation() -> None:
    def penalty(x: Tensor) -> Tensor:
        inner = x.detach().requires_grad_()
        (inner**3).sum().backward()
        assert inner.grad is not None
        return (x * inner.grad).sum()

    np.testing.assert_allclose(xg.grad(penalty)(Tensor(X)).numpy(), 3 * X**2, rtol=1e-6)
    w = Parameter([1.0])
    with pytest.raises(StateError, match="backward: expected tensors of the transformed function"):
        xg.grad(lambda x: ((x * w).sum().backward(), x.sum())[1])(Tensor(X))


def test_vmap_dims_and_state() -> None:
    rows = Tensor(np.arange(12, dtype=np.float32).reshape(3, 4))
    v = Tensor([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(
        xg.vmap(lambda r, v: r @ v, in_dims=(0, None))(rows, v).numpy(), rows.numpy() @ v.numpy()
    )
    assert xg.vmap(lambda c: c, in_dims=1, out_dims=1)(rows).shape == (3, 4)
    total = Tensor(0.0)
    with pytest.raises(StateError, match="vmap: expected state that is the same for all elements"):
        xg.vmap(lambda r: total.add_(r.sum()))(rows)
    assert total.item() == 0.0
    with pytest.raises(ArgumentError, match="vmap: expected"):
        xg.vmap(lambda a, b: a, in_dims=(0, 0))(rows, v)


def test_vmap_randomness() -> None:
    x = Tensor(np.zeros((4, 2), np.float32))

    def noisy(row: Tensor) -> Tensor:
        return row + xg.rand(2)

    with pytest.raises(StateError, match="randomness='different' or 'same'"):
        xg.vmap(noisy)(x)
    xg.manual_seed(0)
    same = xg.vmap(noisy, randomness="same")(x).numpy()
    assert (same == same[0]).all()
    different = xg.vmap(noisy, randomness="different")(x).numpy()
    assert len(np.unique(different)) == 8
    again = xg.vmap(noisy, randomness="different")(x).numpy()
    assert not np.intersect1d(different, again).size


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ShapeError, match=r"grad: expected a function to a scalar.*reduce it"):
        xg.grad(lambda x: x)(Tensor(X))
    with pytest.raises(ArgumentError, match="argnums among 1 positional"):
        xg.grad(f, argnums=2)(Tensor(X))
    with pytest.raises(ArgumentError, match="randomness"):
        xg.vmap(f, randomness="maybe")
