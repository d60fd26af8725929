"""Multi-head attention as a function, and the cross-entropy of a linear map, against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.layers.functional.against import agree, rand
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F

E, HEADS = 6, 2
PACKED = (rand(3 * E, E), rand(3 * E))
OUT = (rand(E, E, seed=1), rand(E, seed=1))
Q, K = rand(3, 2, E), rand(4, 2, E)
MASK = np.array([[False, True, False, False]] * 3)
PADDING = np.array([[False, False, False, True], [False, False, True, False]])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"attn_mask": MASK, "key_padding_mask": PADDING, "average_attn_weights": False},
        {"attn_mask": rand(2 * HEADS, 3, 4), "need_weights": False},
        {"attn_mask": MASK, "is_causal": True, "need_weights": False},
        {"static_k": rand(2 * HEADS, 5, 3), "static_v": rand(2 * HEADS, 5, 3, seed=1)},
    ],
)
def test_attention(options: dict[str, Any]) -> None:
    given = (Q, K, K.copy(), E, HEADS, *PACKED, None, None, False, 0.0, *OUT)
    name = "multi_head_attention_forward"
    if options.get("need_weights", True):
        agree(name, *given, **options, compiled=not options)
        return
    mine, other = F.multi_head_attention_forward, torch.nn.functional.multi_head_attention_forward
    agree(
        name,
        *given,
        **options,
        ours=lambda *a, **k: mine(*a, **k)[0],
        theirs=lambda *a, **k: other(*a, **k)[0],
    )
    assert F.multi_head_attention_forward(*map(_tensor, given), need_weights=False)[1] is None


def _tensor(x: Any) -> Any:
    return Tensor(x) if isinstance(x, np.ndarray) else x


def test_attention_with_more_keys() -> None:
    extra = (rand(1, 1, E), rand(1, 1, E, seed=1), True)
    given = (Q, K, K.copy(), E, HEADS, *PACKED, *extra, 0.0, *OUT)
    agree("multi_head_attention_forward", *given, attn_mask=MASK)


def test_attention_with_separate_projections() -> None:
    weights = {"q_proj_weight": rand(E, E), "k_proj_weight": rand(E, 5), "v_proj_weight": rand(E, 7)}
    given = (Q[:, 0], rand(4, 5), rand(4, 7), E, HEADS, None, PACKED[1], None, None, False, 0.0, *OUT)
    agree("multi_head_attention_forward", *given, use_separate_proj_weight=True, **weights)


def test_errors_of_attention() -> None:
    q, k, packed, out = (Tensor(x) for x in (Q, K, PACKED[0], OUT[0]))

    def run(width: int = E, **options: Any) -> Any:
        given = (q, k, k, width, HEADS, packed, None, None, None, False, 0.0, out, None)
        return F.multi_head_attention_forward(*given, **options)

    with pytest.raises(ShapeError, match="a query of width 8"):
        run(8)
    with pytest.raises(ArgumentError, match="is_causal hint"):
        run(is_causal=True)
    with pytest.raises(ShapeError, match="an attn_mask of shape"):
        run(attn_mask=Tensor(MASK[:2]))
    with pytest.raises(DtypeError, match="a bool or floating point attn_mask"):
        run(attn_mask=Tensor(MASK.astype(np.int32)))
    with pytest.raises(ArgumentError, match="one weight for each of query, key and value"):
        run(use_separate_proj_weight=True)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_linear_cross_entropy(reduction: str) -> None:
    classes = np.array([1, 0, 3, -100])
    options = {"reduction": reduction, "label_smoothing": 0.1, "linear_bias": rand(5)}
    agree("linear_cross_entropy", rand(4, 3), rand(5, 3), classes, **options)


def test_further_targets() -> None:
    probabilities = np.full((4, 5), 0.2, np.float32)
    agree("linear_cross_entropy", rand(4, 3), rand(5, 3), probabilities, compiled=True)
    places = np.array([[0, 1], [2, 2], [4, 0], [1, 1]])
    agree("linear_cross_entropy", rand(4, 3), rand(5, 2, 3), places, linear_bias=rand(5, 2), ignore_index=2)
    x, w = Tensor(rand(4, 3)), Tensor(rand(5, 3))
    with pytest.raises(ArgumentError, match="no ignore_index with probabilities"):
        F.linear_cross_entropy(x, w, Tensor(probabilities), ignore_index=1)
    with pytest.raises(ShapeError, match="make the last dimensions equal"):
        F.linear_cross_entropy(x, w[:, :2], Tensor(places))
