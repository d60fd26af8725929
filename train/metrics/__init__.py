"""Metrics: quantities gathered on the device over many batches."""

from xlagrad.train.metrics.base import Metric
from xlagrad.train.metrics.classify import F1, Accuracy, ConfusionMatrix, Precision, Recall, TopK
from xlagrad.train.metrics.mean import MAE, MSE, RMSE, Mean, MeanOf
from xlagrad.train.metrics.ranking import AUC
from xlagrad.train.metrics.resolve import resolve

__all__ = [
    "AUC",
    "Accuracy",
    "ConfusionMatrix",
    "F1",
    "MAE",
    "MSE",
    "Mean",
    "MeanOf",
    "Metric",
    "Precision",
    "RMSE",
    "Recall",
    "TopK",
    "resolve",
]
