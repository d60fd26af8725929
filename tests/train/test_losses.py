"""Losses of batches with padding and weights: the value and the gradient as without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from xlagrad import Tensor
from xlagrad.layers import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    KLDivLoss,
    MSELoss,
    NLLLoss,
    functional,
)
from xlagrad.train.losses import Loss

RNG = np.random.default_rng(0)
SCORES = RNG.standard_normal((5, 3)).astype(np.float32)
CLASSES = np.asarray([0, 2, 1, 2, 0], np.int32)
SHARES = RNG.dirichlet(np.ones(3), 5).astype(np.float32)
OTHERS = RNG.standard_normal((5, 3)).astype(np.float32)
CLASS_WEIGHTS = Tensor([0.5, 1.0, 2.0])

CASES: dict[str, tuple[Any, np.ndarray]] = {
    "cross_entropy": ("cross_entropy", CLASSES),
    "cross_entropy, column": ("cross_entropy", CLASSES[:, None]),
    "cross_entropy, shares": ("cross_entropy", SHARES),
    "function": (functional.cross_entropy, CLASSES),
    "weighted classes": (CrossEntropyLoss(weight=CLASS_WEIGHTS), CLASSES),
    "smoothed": (CrossEntropyLoss(label_smoothing=0.1), CLASSES),
    "ignoring": (CrossEntropyLoss(ignore_index=2), CLASSES),
    "summed": (CrossEntropyLoss(reduction="sum"), CLASSES),
    "nll": (NLLLoss(), CLASSES),
    "mse": ("mse", OTHERS),
    "mse, ints": ("mse", OTHERS.astype(np.int32)),
    "module": (MSELoss(), OTHERS),
    "sum of squares": (MSELoss(reduction="sum"), OTHERS),
    "huber": (HuberLoss(delta=0.5), OTHERS),
    "bce": (BCEWithLogitsLoss(), SHARES),
}


def value_and_gradient(
    loss: Loss, scores: Any, target: Any, weight: Any = None, padding: bool = False
) -> tuple[float, np.ndarray]:
    pred = Tensor(scores, requires_grad=True)
    value = loss(pred, Tensor(target), None if weight is None else Tensor(weight), padding)
    value.backward()
    assert pred.grad is not None
    return value.item(), pred.grad.numpy()


@pytest.mark.parametrize("name", CASES)
def test_padding_changes_nothing(name: str) -> None:
    fn, target = CASES[name]
    loss = Loss(fn)
    assert loss.maskable
    want, gradient = value_and_gradient(loss, SCORES, target)
    more = [np.concatenate([a, a[-1:], a[-1:]]) for a in (SCORES, target)]
    weight = np.asarray([1, 1, 1, 1, 1, 0, 0], np.float32)
    got, padded = value_and_gradient(loss, *more, weight, True)
    assert got == pytest.approx(want, rel=1e-6)
    np.testing.assert_allclose(padded[:5], gradient, rtol=1e-5, atol=1e-7)
    assert not padded[5:].any()


@pytest.mark.parametrize("name", ["cross_entropy", "mse", "module", "huber", "bce", "summed"])
def test_a_weight_of_two_is_a_sample_twice(name: str) -> None:
    fn, target = CASES[name]
    loss = Loss(fn)
    twice = [np.concatenate([a, a[:1]]) for a in (SCORES, target)]
    want, _ = value_and_gradient(loss, *twice)
    got, _ = value_and_gradient(loss, SCORES, target, np.asarray([2, 1, 1, 1, 1], np.float32))
    assert got == pytest.approx(want, rel=1e-6)


def test_what_cannot_leave_samples_out() -> None:
    def own(pred: Any, target: Any) -> Any:
        return ((pred - target) ** 2).mean()

    for fn in (own, KLDivLoss(reduction="batchmean")):
        loss = Loss(fn)
        assert not loss.maskable
        with pytest.raises(ValueError, match="a loss with a reduction for sample weights or padding"):
            loss(Tensor(SCORES), Tensor(OTHERS), Tensor(np.ones(5, "f4")))


def test_a_loss_of_each_sample_is_averaged() -> None:
    loss = Loss(lambda pred, target: (pred - target) ** 2)
    got, _ = value_and_gradient(loss, SCORES, OTHERS)
    assert got == pytest.approx(float(np.mean((SCORES - OTHERS) ** 2)), rel=1e-6)


def test_columns_do_not_broadcast() -> None:
    """Predictions (n, 1) against targets (n,) would give n² differences."""
    got, _ = value_and_gradient(Loss("mse"), SCORES[:, :1], OTHERS[:, 0])
    assert got == pytest.approx(float(np.mean((SCORES[:, 0] - OTHERS[:, 0]) ** 2)), rel=1e-6)


BAD: list[tuple[str, Callable[[], Any]]] = [
    ("loss: expected a function, or one of cross_entropy, .*, got 'mes'", lambda: Loss("mes")),
    ("loss: expected a function, or one of .*, got 3", lambda: Loss(3)),
]


@pytest.mark.parametrize("text,make", BAD, ids=["name", "number"])
def test_bad_arguments(text: str, make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=text):
        make()
