"""Linear and bilinear maps, and rows of tables, against PyTorch's."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from tests.layers.functional.against import agree, rand
from xlagrad.core.errors import ArgumentError, DtypeError, IndexingError, ShapeError
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.functional.linear import rows


@pytest.mark.parametrize("lead", [(), (2,), (2, 3), (0,), (2, 0, 3)])
def test_linear(lead: tuple[int, ...]) -> None:
    agree("linear", rand(*lead, 4), rand(5, 4), rand(5))
    agree("linear", rand(*lead, 4), rand(5, 4), compiled=lead == (2, 3))
    agree("linear", rand(*lead, 4), rand(4))


def test_bilinear() -> None:
    agree("bilinear", rand(2, 3, 4), rand(2, 3, 5), rand(6, 4, 5), rand(6), compiled=True)
    agree("bilinear", rand(7, 4), rand(7, 5), rand(1, 4, 5))


def test_rows_differentiate_in_both_modes() -> None:
    def loss(x: Any, w: Any) -> Any:
        return jnp.sum(jnp.sin(rows(x, w)))

    x, w = jnp.asarray(rand(3, 2)), jnp.asarray(rand(4, 2))
    forward, backward = (m(m(loss, 1), 1)(x, w) for m in (jax.jacfwd, jax.jacrev))
    np.testing.assert_allclose(forward, backward, rtol=1e-4, atol=1e-5)
    plain = jax.hessian(lambda x, w: jnp.sum(jnp.sin(x @ w.T)))(x, w)
    np.testing.assert_allclose(jax.hessian(loss)(x, w), plain, rtol=1e-4, atol=1e-5)
    batch = jnp.stack([w, 2 * w])
    want = [jax.grad(loss, 1)(x, b) for b in batch]
    np.testing.assert_allclose(jax.vmap(jax.grad(loss, 1), (None, 0))(x, batch), want, rtol=1e-5)


INDEX = np.array([[1, 2], [0, 1]])


def test_embedding() -> None:
    agree("embedding", INDEX, rand(4, 3), compiled=True)
    agree("embedding", INDEX, rand(4, 3), padding_idx=1)
    agree("embedding", INDEX, rand(4, 3), padding_idx=-2, scale_grad_by_freq=True)
    agree("embedding", np.array(2), rand(4, 3))


def test_embedding_limits_norms_in_the_table() -> None:
    table, other = Tensor(rand(4, 3)), torch.tensor(rand(4, 3))
    F.embedding(Tensor(INDEX), table, max_norm=1.0)
    torch.nn.functional.embedding(torch.tensor(INDEX), other, max_norm=1.0)
    np.testing.assert_allclose(table.numpy(), other.numpy(), rtol=1e-5)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_embedding_bags(mode: str) -> None:
    agree("embedding_bag", INDEX, rand(4, 3), mode=mode, padding_idx=1)
    agree("embedding_bag", INDEX.ravel(), rand(4, 3), np.array([0, 0, 3]), mode=mode)
    agree(
        "embedding_bag", INDEX.ravel(), rand(4, 3), np.array([0, 1, 4]), mode=mode, include_last_offset=True
    )


def test_weighted_bags() -> None:
    agree("embedding_bag", INDEX, rand(4, 3), mode="sum", per_sample_weights=rand(2, 2))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: F.linear(jnp.ones((3, 7)), jnp.ones((5, 10))),
            ShapeError,
            r"^linear: expected input with last dimension 10 to match weight float32\[5, 10\], got",
        ),
        (
            lambda: F.linear(jnp.ones((3, 7)), jnp.ones((5, 7), int)),
            DtypeError,
            "weight of the input's dtype",
        ),
        (
            lambda: F.linear(jnp.ones((3, 7)), jnp.ones((5, 7)), jnp.ones(4)),
            ShapeError,
            r"a bias of shape \(5,\)",
        ),
        (lambda: F.linear(jnp.ones((3, 7)), jnp.ones((5, 7, 1))), ShapeError, "a weight"),
        (lambda: F.bilinear(jnp.ones((3, 7)), jnp.ones((3, 2)), jnp.ones((5, 7, 3))), ShapeError, "7 and 3"),
        (lambda: F.bilinear(jnp.ones((3, 7)), jnp.ones((2, 3)), jnp.ones((5, 7, 3))), ShapeError, "bilinear"),
        (lambda: F.embedding(Tensor([4]), jnp.ones((4, 3))), IndexingError, "out of bounds"),
        (lambda: F.embedding(Tensor([-1]), jnp.ones((4, 3))), IndexingError, "out of bounds"),
        (lambda: F.embedding(Tensor([1.0]), jnp.ones((4, 3))), DtypeError, "integer indices"),
        (lambda: F.embedding(Tensor([1]), jnp.ones((4, 3)), 4), ArgumentError, "padding_idx within 4"),
        (lambda: F.embedding_bag(Tensor([1]), jnp.ones((4, 3))), ShapeError, "1-d ones with offsets"),
        (lambda: F.embedding_bag(Tensor([[1]]), jnp.ones((4, 3)), mode="min"), ArgumentError, "'max'"),
    ],
)
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
