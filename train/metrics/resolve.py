"""From what a user writes for a metric to the metric."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.train.metrics.base import Metric
from xlagrad.train.metrics.classify import F1, Accuracy, Precision, Recall, TopK
from xlagrad.train.metrics.mean import MAE, MSE, RMSE, MeanOf
from xlagrad.train.metrics.ranking import AUC

NAMES: dict[str, Callable[[], Metric]] = {
    "accuracy": Accuracy,
    "acc": lambda: Accuracy("acc"),
    "precision": Precision,
    "recall": Recall,
    "f1": F1,
    "auc": AUC,
    "mse": MSE,
    "mae": MAE,
    "rmse": RMSE,
}


def resolve(metric: Any) -> Metric:
    """Return the metric that a name, a function of predictions and targets, or a metric stands for.

    Raises:
        ArgumentError: an unknown name.

    Example:
        >>> resolve("top3").name
        'top3'
    """
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, type) and issubclass(metric, Metric):
        return metric()  # type: ignore[call-arg]
    if isinstance(metric, str):
        if found := re.fullmatch(r"top(\d+)", metric):
            return TopK(int(found[1]))
        if metric in NAMES:
            return NAMES[metric]()
    elif callable(metric):
        return MeanOf(metric)
    expected = f"a Metric, a function, or one of {', '.join(NAMES)}, topN"
    raise ArgumentError(message("metrics", expected, repr(metric)))
