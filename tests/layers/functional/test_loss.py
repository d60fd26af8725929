"""Losses against PyTorch's, in every reduction and at extremes."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from tests.layers.functional.against import agree, rand
from xlagrad.core.errors import ArgumentError, IndexingError, ShapeError
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F

CLASSES = np.array([0, 3, -100, 6, 2])
WEIGHT = np.abs(rand(7))
each_reduction = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


@each_reduction
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy(reduction: str, smoothing: float) -> None:
    options: dict[str, Any] = {"reduction": reduction, "label_smoothing": smoothing}
    fixed: dict[str, Any] = {"constant": ("weight",)}
    agree("cross_entropy", rand(5, 7), CLASSES, **options, compiled=smoothing == 0)
    agree(
        "cross_entropy", rand(5, 7), np.maximum(CLASSES, 0), weight=WEIGHT, ignore_index=3, **fixed, **options
    )
    agree("cross_entropy", rand(5, 7), np.abs(rand(5, 7)), weight=WEIGHT, **fixed, **options)


def test_cross_entropy_of_other_shapes() -> None:
    agree(
        "cross_entropy",
        rand(2, 3, 4),
        np.array([[0, 1, 2, 0], [1, 1, 0, 2]]),
        weight=WEIGHT[:3],
        constant=("weight",),
    )
    agree("cross_entropy", rand(3), np.array(1))
    agree("cross_entropy", rand(3, 200), np.array([1, -100, 199]), label_smoothing=0.2)
    agree("cross_entropy", rand(2, 150, 2), np.array([[0, 149], [7, 8]]), reduction="none")


def test_cross_entropy_at_extremes() -> None:
    scores = np.array([[1e4, -1e4, 0], [-np.inf, 0, 1], [np.inf, 0, 1]], np.float32)
    agree("cross_entropy", scores, np.array([1, 1, 1]), reduction="none")
    agree("cross_entropy", scores, np.array([0, 0, 0]), reduction="none", grad=False)
    agree("cross_entropy", rand(2, 3), np.array([-100, -100]))


def test_cross_entropy_in_half_precision() -> None:
    x = jnp.asarray(rand(64, 300) * 3, jnp.bfloat16)
    target = jnp.arange(64)
    loss = F.cross_entropy(x, target)
    assert loss.dtype == jnp.bfloat16
    np.testing.assert_allclose(float(loss), float(F.cross_entropy(x.astype(jnp.float32), target)), rtol=0.01)


def test_cross_entropy_differentiates_in_both_modes() -> None:
    x, target = jnp.asarray(rand(3, 4)), jnp.array([0, 3, 1])
    theirs = torch.autograd.functional.hessian(
        lambda x: torch.nn.functional.cross_entropy(x, torch.tensor([0, 3, 1])), torch.tensor(rand(3, 4))
    )
    np.testing.assert_allclose(
        jax.hessian(lambda x: F.cross_entropy(x, target))(x), theirs.numpy(), atol=1e-6
    )


@each_reduction
def test_losses_of_probabilities(reduction: str) -> None:
    p, yes = 1 / (1 + np.exp(-rand(4, 3))), (rand(4, 3, seed=1) > 0).astype(np.float32)
    agree("nll_loss", rand(5, 7), CLASSES, weight=WEIGHT, constant=("weight",), reduction=reduction)
    agree("binary_cross_entropy", p, yes, weight=WEIGHT[:3], constant=("weight",), reduction=reduction)
    agree(
        "binary_cross_entropy_with_logits",
        rand(4, 3) * 30,
        np.abs(rand(4, 3)),
        weight=np.abs(rand(4, 3)),
        pos_weight=WEIGHT[:3],
        constant=("weight", "pos_weight"),
        reduction=reduction,
    )
    agree("kl_div", rand(4, 3), rand(4, 3), log_target=True, reduction=_quiet(reduction))
    # At a target of 0 torch's gradient in the target is NaN.
    agree(
        "kl_div",
        rand(4, 3),
        target=np.maximum(rand(4, 3), 0),
        constant=("target",),
        reduction=_quiet(reduction),
    )
    agree("poisson_nll_loss", rand(4, 3), np.abs(rand(4, 3)) * 3, full=True, reduction=reduction)
    agree("multilabel_soft_margin_loss", rand(4, 5), (rand(4, 5) > 0).astype(int), reduction=reduction)


def _quiet(reduction: str) -> str:
    # torch warns of the mean, which its next version redefines.
    return "batchmean" if reduction == "mean" else reduction


def test_certain_probabilities() -> None:
    agree(
        "binary_cross_entropy",
        np.array([0.0, 1, 0.5, 1, 0], np.float32),
        np.array([0.0, 0, 1, 1, 1], np.float32),
    )


@each_reduction
def test_losses_of_values(reduction: str) -> None:
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        agree(name, rand(4, 3) * 2, rand(4, 3, seed=1), reduction=reduction)
    for name in ("mse_loss", "l1_loss", "huber_loss"):
        agree(name, rand(4), rand(4, seed=1), weight=np.abs(rand(4)), reduction=reduction)
    agree("smooth_l1_loss", rand(4), rand(4, seed=1), beta=0.3, reduction=reduction)
    agree("smooth_l1_loss", rand(4), rand(4, seed=1), beta=0.0, reduction=reduction)
    agree("huber_loss", rand(4), rand(4, seed=1), delta=0.3, reduction=reduction)
    agree(
        "gaussian_nll_loss", rand(4, 3), rand(4, 3), np.maximum(rand(4, 3), 0), full=True, reduction=reduction
    )
    agree("poisson_nll_loss", np.abs(rand(4)), np.abs(rand(4)), log_input=False, reduction=reduction)


@each_reduction
def test_losses_of_margins(reduction: str) -> None:
    sign = np.sign(rand(4, seed=2)).astype(int)
    agree("cosine_embedding_loss", rand(4, 3), rand(4, 3, seed=1), sign, margin=0.1, reduction=reduction)
    agree("margin_ranking_loss", rand(4), rand(4, seed=1), sign, margin=0.1, reduction=reduction)
    agree("hinge_embedding_loss", rand(4), sign, reduction=reduction)
    agree("soft_margin_loss", rand(4), sign, reduction=reduction)
    triple = (rand(4, 3), rand(4, 3, seed=1), rand(4, 3, seed=2))
    agree("triplet_margin_loss", *triple, swap=True, reduction=reduction)
    agree("triplet_margin_with_distance_loss", *triple, swap=True, reduction=reduction)
    agree(
        "multi_margin_loss",
        rand(4, 5),
        np.array([0, 1, 4, 2]),
        p=2,
        weight=WEIGHT[:5],
        constant=("weight",),
        reduction=reduction,
    )
    agree("multilabel_margin_loss", rand(2, 4), np.array([[0, 2, -1, 1], [3, -1, 0, 1]]), reduction=reduction)


def test_distances() -> None:
    a, b = rand(4, 3), rand(4, 3, seed=1)
    agree("cosine_similarity", a, b)
    agree("cosine_similarity", a, b[:1], dim=-1)
    for p in (1.0, 2.0, 3.0, float("inf")):
        agree("pairwise_distance", a, b, p)
    agree("pairwise_distance", a, a.copy(), eps=0.0, keepdim=True)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: F.cross_entropy(x, Tensor([0, 3])), IndexingError, "Target 3 is out of bounds"),
        (lambda x: F.cross_entropy(x, Tensor([0, 1, 2])), ShapeError, r"a target of shape \(2,\)"),
        (lambda x: F.cross_entropy(x, Tensor([0, 1]), label_smoothing=2.0), ArgumentError, r"in \[0, 1\]"),
        (
            lambda x: F.cross_entropy(x, Tensor([0, 1]), Tensor([1.0, 2.0])),
            ShapeError,
            "each of the 3 classes",
        ),
        (lambda x: F.cross_entropy(x, Tensor([0, 1]), reduction="all"), ArgumentError, "reduction 'none'"),
        (lambda x: F.cross_entropy(x, x[:, :2]), ShapeError, "a target of the input's shape"),
        (lambda x: F.mse_loss(x, x[:, :2]), ShapeError, "a target that broadcasts"),
        (lambda x: F.huber_loss(x, x, delta=0.0), ArgumentError, "a positive delta"),
        (lambda x: F.smooth_l1_loss(x, x, beta=-1.0), ArgumentError, "beta of at least 0"),
        (lambda x: F.binary_cross_entropy(x, x[:1]), ShapeError, "binary_cross_entropy: expected"),
        (lambda x: F.multi_margin_loss(x, Tensor([0, 1]), p=3), ArgumentError, "p of 1 or 2"),
    ],
)
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call(Tensor(rand(2, 3)))
