"""Scaled dot-product attention against PyTorch's."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from tests.layers.functional.against import agree, rand
from xlagrad.core import random
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F

NAME = "scaled_dot_product_attention"
QKV = (rand(2, 4, 5, 8), rand(2, 4, 6, 8, seed=1), rand(2, 4, 6, 3, seed=2))
SEEN = rand(5, 6) > -0.5


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"is_causal": True},
        {"scale": 0.3},
        {"attn_mask": SEEN},
        {"attn_mask": rand(2, 1, 5, 6)},
        {"attn_mask": np.where(SEEN, 0, -np.inf).astype(np.float32), "constant": ("attn_mask",)},
    ],
)
def test_masks(options: dict[str, Any]) -> None:
    agree(NAME, *QKV, compiled="is_causal" in options, **options)


def test_other_ranks() -> None:
    agree(NAME, rand(5, 8), rand(6, 8), rand(6, 3))
    agree(NAME, rand(3, 5, 8), rand(3, 6, 8), rand(3, 6, 3), is_causal=True)
    agree(NAME, rand(2, 1, 5, 8), rand(1, 4, 6, 8), rand(2, 4, 6, 3))


def test_grouped_heads() -> None:
    agree(NAME, rand(2, 6, 5, 8), rand(2, 2, 5, 8), rand(2, 2, 5, 8), is_causal=True, enable_gqa=True)
    agree(NAME, rand(2, 6, 5, 8), rand(2, 3, 7, 8), rand(2, 3, 7, 4), attn_mask=rand(5, 7), enable_gqa=True)


def test_a_row_that_sees_nothing_is_zero() -> None:
    seen = SEEN.copy()
    seen[2] = False
    agree(NAME, *QKV, attn_mask=seen)


def test_large_scores() -> None:
    agree(NAME, QKV[0] * 1000, QKV[1] * 1000, QKV[2], is_causal=True)


def test_half_precision() -> None:
    half = [jnp.asarray(x, jnp.bfloat16) for x in QKV]
    out = F.scaled_dot_product_attention(*half, is_causal=True)
    assert out.dtype == jnp.bfloat16
    want = torch.nn.functional.scaled_dot_product_attention(*map(torch.tensor, QKV), is_causal=True)
    np.testing.assert_allclose(out.astype(jnp.float32), want.numpy(), atol=0.05)


def test_dropout() -> None:
    random.manual_seed(0)
    q, k, v = (Tensor(np.zeros((8, 16, 64), np.float32)) for _ in range(3))
    ones = v + 1
    out = F.scaled_dot_product_attention(q, k, ones, dropout_p=0.25).numpy()
    again = F.scaled_dot_product_attention(q, k, ones, dropout_p=0.25).numpy()
    assert abs(out.mean() - 1) < 0.05 and out.std() > 0.05 and (out != again).any()


def test_second_derivatives() -> None:
    def loss(q: Any) -> Any:
        return jnp.sum(F.scaled_dot_product_attention(q, k, v, is_causal=True) ** 2)

    q, k, v = (jnp.asarray(rand(3, 2, seed=i)) for i in range(3))
    want = torch.autograd.functional.hessian(
        lambda q: (
            torch.nn.functional.scaled_dot_product_attention(
                q, torch.tensor(np.array(k)), torch.tensor(np.array(v)), is_causal=True
            )
            .square()
            .sum()
        ),
        torch.tensor(np.array(q)),
    )
    np.testing.assert_allclose(jax.hessian(loss)(q), want.numpy(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("shapes", "options", "error", "text"),
    [
        (((5, 8), (6, 7), (6, 3)), {}, ShapeError, r"query \(…, L, E\), key \(…, S, E\)"),
        (
            ((5, 8), (6, 8), (5, 3)),
            {},
            ShapeError,
            r"got float32\[5, 8\], float32\[6, 8\] and float32\[5, 3\]",
        ),
        (((8,), (6, 8), (6, 3)), {}, ShapeError, "scaled_dot_product_attention: expected query"),
        (((2, 5, 8), (3, 6, 8), (3, 6, 3)), {}, ShapeError, "leading dimensions that broadcast"),
        (((5, 8), (6, 8), (6, 3)), {"attn_mask": jnp.ones((6, 5))}, ShapeError, "a mask that broadcasts to"),
        (((5, 8), (6, 8), (6, 3)), {"attn_mask": jnp.ones((5, 6)), "is_causal": True}, ArgumentError, "both"),
        (((5, 8), (6, 8), (6, 3)), {"attn_mask": jnp.ones((5, 6), int)}, DtypeError, "a mask of booleans"),
        (
            ((3, 5, 8), (2, 6, 8), (2, 6, 3)),
            {"enable_gqa": True},
            ShapeError,
            "heads that the key heads divide",
        ),
        (((5, 8), (6, 8), (6, 3)), {"dropout_p": 1.5}, ArgumentError, r"in \[0, 1\]"),
    ],
)
def test_errors(shapes: Any, options: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        F.scaled_dot_product_attention(*(jnp.ones(s) for s in shapes), **options)
