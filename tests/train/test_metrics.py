"""Metrics against their definitions in NumPy, in batches, weighted, padded and at extremes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from xlagrad.train import metrics as m
from xlagrad.train.metrics import resolve

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((37, 5)).astype(np.float32)
CLASSES = RNG.integers(0, 5, 37).astype(np.int32)
SCORES = RNG.uniform(size=37).astype(np.float32)
BINARY = (RNG.uniform(size=37) < 0.3).astype(np.int32)
VALUES = RNG.standard_normal((37, 3)).astype(np.float32)
OTHERS = RNG.standard_normal((37, 3)).astype(np.float32)


def confusion(got: Any, want: Any, n: int) -> Any:
    matrix = np.zeros((n, n))
    np.add.at(matrix, (want, got), 1)
    return matrix


def precision(got: Any, want: Any, n: int) -> Any:
    matrix = confusion(got, want, n)
    return np.diag(matrix) / np.maximum(matrix.sum(0), 1)


def recall(got: Any, want: Any, n: int) -> Any:
    matrix = confusion(got, want, n)
    return np.diag(matrix) / np.maximum(matrix.sum(1), 1)


def f1(got: Any, want: Any, n: int) -> Any:
    p, r = precision(got, want, n), recall(got, want, n)
    return 2 * p * r / np.maximum(p + r, 1e-12)


def auc(scores: Any, target: Any) -> Any:
    pairs = scores[target == 1][:, None] - scores[target == 0][None]
    return np.mean((pairs > 0) + 0.5 * (pairs == 0))


def topk(k: int) -> Any:
    return np.mean([c in np.argsort(-row)[:k] for row, c in zip(LOGITS, CLASSES, strict=True)])


BEST, ABOVE = LOGITS.argmax(1), (SCORES > 0.5).astype(int)
LOW = np.digitize(SCORES, np.arange(1, 8) / 8).astype(np.float32) / 8 + 1 / 16
COUNTS = np.bincount(CLASSES, minlength=5)

CASES: dict[str, tuple[Callable[[], m.Metric], Any, Any, Any]] = {
    "accuracy": (m.Accuracy, LOGITS, CLASSES, np.mean(BEST == CLASSES)),
    "accuracy, column": (m.Accuracy, LOGITS, CLASSES[:, None], np.mean(BEST == CLASSES)),
    "accuracy, one-hot": (m.Accuracy, LOGITS, np.eye(5, dtype="f4")[CLASSES], np.mean(BEST == CLASSES)),
    "accuracy, numbers": (m.Accuracy, BEST, CLASSES, np.mean(BEST == CLASSES)),
    "accuracy, binary": (m.Accuracy, SCORES, BINARY, np.mean(ABOVE == BINARY)),
    "accuracy, binary column": (m.Accuracy, SCORES[:, None], BINARY, np.mean(ABOVE == BINARY)),
    "accuracy, both columns": (m.Accuracy, SCORES[:, None], BINARY[:, None], np.mean(ABOVE == BINARY)),
    "accuracy, logit": (lambda: m.Accuracy(threshold=0.0), SCORES, BINARY, np.mean(BINARY)),
    "accuracy, ignore": (
        lambda: m.Accuracy(ignore_index=2),
        LOGITS,
        CLASSES,
        np.mean((BEST == CLASSES)[CLASSES != 2]),
    ),
    "top2": (lambda: m.TopK(2), LOGITS, CLASSES, topk(2)),
    "top9": (lambda: m.TopK(9), LOGITS, CLASSES, 1.0),
    "confusion": (lambda: m.ConfusionMatrix(5), LOGITS, CLASSES, confusion(BEST, CLASSES, 5)),
    "confusion, shares": (
        lambda: m.ConfusionMatrix(5, normalize=True),
        LOGITS,
        CLASSES,
        confusion(BEST, CLASSES, 5) / COUNTS[:, None],
    ),
    "precision": (m.Precision, SCORES, BINARY, precision(ABOVE, BINARY, 2)[1]),
    "recall": (m.Recall, SCORES, BINARY, recall(ABOVE, BINARY, 2)[1]),
    "f1": (m.F1, SCORES, BINARY, f1(ABOVE, BINARY, 2)[1]),
    "f1, macro": (lambda: m.F1(5), LOGITS, CLASSES, f1(BEST, CLASSES, 5).mean()),
    "f1, micro": (lambda: m.F1(5, "micro"), LOGITS, CLASSES, np.mean(BEST == CLASSES)),
    "recall, weighted": (
        lambda: m.Recall(5, "weighted"),
        LOGITS,
        CLASSES,
        np.average(recall(BEST, CLASSES, 5), weights=COUNTS),
    ),
    "precision, each": (lambda: m.Precision(5, "none"), LOGITS, CLASSES, precision(BEST, CLASSES, 5)),
    "auc": (lambda: m.AUC(bins=1 << 16), SCORES, BINARY, auc(SCORES, BINARY)),
    "auc, column": (lambda: m.AUC(bins=1 << 16), SCORES[:, None], BINARY, auc(SCORES, BINARY)),
    "auc, ties": (lambda: m.AUC(bins=8), SCORES, BINARY, auc(LOW, BINARY)),
    "auc, logits": (
        lambda: m.AUC(bins=1 << 16, from_logits=True),
        np.log(SCORES / (1 - SCORES)),
        BINARY,
        auc(SCORES, BINARY),
    ),
    "mse": (m.MSE, VALUES, OTHERS, np.mean((VALUES - OTHERS) ** 2)),
    "rmse": (m.RMSE, VALUES, OTHERS, np.sqrt(np.mean((VALUES - OTHERS) ** 2))),
    "mae": (m.MAE, VALUES, OTHERS, np.mean(np.abs(VALUES - OTHERS))),
    "mae, column": (m.MAE, VALUES[:, :1], OTHERS[:, 0], np.mean(np.abs(VALUES - OTHERS)[:, 0])),
}


@pytest.mark.parametrize("name", CASES)
def test_all_at_once(name: str) -> None:
    make, pred, target, want = CASES[name]
    metric = make()
    metric.update(pred, target)
    np.testing.assert_allclose(metric.result().numpy(), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_weights(name: str) -> None:
    """Weight 0 leaves out padding, whatever it holds; 2 counts twice; batches add up; reset forgets."""
    make, pred, target, want = CASES[name]
    metric = make()

    def result(rows: Any, *weights: Any) -> Any:
        """Of these rows padded with junk to 42, so that one executable serves the whole test."""
        metric.reset()
        more = 42 - len(rows)
        junk = np.full((more, *pred.shape[1:]), np.nan if pred.dtype == np.float32 else 3, pred.dtype)
        batch = np.concatenate([pred[rows], junk]), np.concatenate([target[rows], target[:more]])
        for weight in weights:
            metric.update(*batch, weight=np.pad(np.asarray(weight, np.float32), (0, more)))
        return metric.result().numpy()

    every = np.arange(37)
    np.testing.assert_allclose(result(every, np.ones(37)), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(result(every, every < 16, every >= 16), want, rtol=1e-5, atol=1e-6)
    twice = result(np.concatenate([every, every[:5]]), np.ones(42))
    np.testing.assert_allclose(result(every, 1.0 + (every < 5)), twice, rtol=1e-5, atol=1e-6)


def test_class_axes() -> None:
    scores = RNG.standard_normal((4, 6, 7)).astype(np.float32)
    first, last = m.Accuracy(), m.Accuracy()
    first.update(scores, scores.argmax(1))
    last.update(scores, scores.argmax(2))
    assert first.result().item() == last.result().item() == 1.0
    square = RNG.standard_normal((4, 6, 6)).astype(np.float32)
    chosen = m.Accuracy(dim=-1)
    chosen.update(square, square.argmax(-1))
    assert chosen.result().item() == 1.0


def test_ties_in_the_top_go_to_the_first_class() -> None:
    metric = m.TopK(1)
    metric.update(np.zeros((3, 4), np.float32), np.asarray([0, 1, 3]))
    assert metric.result().item() == pytest.approx(1 / 3)


def test_sums_do_not_lose_small_terms() -> None:
    metric = m.Mean()
    metric.update(np.float32(1e8))
    for _ in range(1000):
        metric.update(np.float32(1.0))
    total = metric.state_dict()["total"].numpy().astype(np.float64).sum()
    assert total == 1e8 + 1000


def test_mean_of_a_scalar_counts_as_many_as_its_weight() -> None:
    metric = m.Mean()
    metric.update(np.float32(2.0), weight=np.asarray([1.0, 1.0, 1.0, 0.0], np.float32))
    metric.update(np.float32(4.0), weight=np.float32(1.0))
    assert metric.result().item() == 2.5


def test_infinite_losses_stay_infinite() -> None:
    metric = m.Mean()
    for x in (1.0, np.inf, 2.0):
        metric.update(np.float32(x))
    assert metric.result().item() == np.inf


@pytest.mark.parametrize("make", [m.Mean, m.Accuracy, m.AUC, m.MSE])
def test_nothing_gives_nan(make: Any) -> None:
    assert np.isnan(make().result().item())


def test_classes_that_never_occur_score_zero() -> None:
    metric = m.F1(3, "none")
    metric.update(np.asarray([0, 0]), np.asarray([0, 0]))
    np.testing.assert_array_equal(metric.result().numpy(), [1.0, 0.0, 0.0])


def test_state_goes_to_another_metric() -> None:
    a, b = m.Accuracy(), m.Accuracy()
    a.update(LOGITS[:20], CLASSES[:20])
    b.load_state_dict(a.state_dict())
    for metric in (a, b):
        metric.update(LOGITS[20:], CLASSES[20:])
    assert a.result().item() == b.result().item()


def test_resolve() -> None:
    names = ("accuracy", "acc", "precision", "recall", "f1", "auc", "mse", "mae", "rmse", "top3")
    assert [resolve(n).name for n in names] == list(names)
    own = m.AUC("mine")
    assert resolve(own) is own
    assert isinstance(resolve(m.MSE), m.MSE)

    def gap(pred: Any, target: Any) -> Any:
        return abs(pred - target)

    metric = resolve(gap)
    metric.update(np.asarray([1.0, 2.0], "f4"), np.asarray([0.0, 4.0], "f4"))
    assert (metric.name, metric.result().item()) == ("gap", 1.5)


BAD: list[tuple[str, Callable[[], Any]]] = [
    ("metrics: expected a Metric, a function, or one of accuracy", lambda: resolve("acuracy")),
    ("TopK: expected a positive integer as k, got 0", lambda: m.TopK(0)),
    ("ConfusionMatrix: expected at least 2 as num_classes", lambda: m.ConfusionMatrix(1)),
    ("F1: expected average one of", lambda: m.F1(3, "binary")),
    ("AUC: expected at least 2 bins", lambda: m.AUC(bins=1)),
    ("Accuracy.update: expected class numbers for scores", lambda: m.Accuracy().update(LOGITS, CLASSES[:5])),
    ("MSE.update: expected targets shaped like", lambda: m.MSE().update(VALUES, OTHERS[:5])),
    ("AUC.update: expected a target for each", lambda: m.AUC().update(SCORES, BINARY[:5])),
    (
        "one weight for each sample of",
        lambda: m.MSE().update(VALUES, OTHERS, weight=np.ones(5, np.float32)),
    ),
]


@pytest.mark.parametrize("text,do", BAD, ids=[text for text, _ in BAD])
def test_bad_input(text: str, do: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=text):
        do()
