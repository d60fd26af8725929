"""scikit-learn's estimators and metrics take tensors and return tensors, through the array API."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.metrics import pairwise
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, MaxAbsScaler, MinMaxScaler, Normalizer, StandardScaler

import xlagrad as xg

X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
R = X @ np.array([1.0, 2.0, 3.0, 4.0], np.float32)
Y = (R > 0).astype(np.int32)


@pytest.fixture(autouse=True)
def _dispatch() -> Iterator[None]:
    with sklearn.config_context(array_api_dispatch=True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


ARRAYS: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "StandardScaler": lambda a: StandardScaler().fit_transform(a(X)),
    "MinMaxScaler": lambda a: MinMaxScaler().fit_transform(a(X)),
    "MaxAbsScaler": lambda a: MaxAbsScaler().fit(a(X)).inverse_transform(a(X)),
    "Normalizer": lambda a: Normalizer().fit_transform(a(X)),
    "LabelEncoder": lambda a: LabelEncoder().fit_transform(a(Y)),
    "PCA": lambda a: abs(PCA(2, svd_solver="full").fit(a(X)).transform(a(X))),
    "PCA by eigenvalues": lambda a: PCA(2, svd_solver="covariance_eigh").fit(a(X)).explained_variance_,
    "Ridge": lambda a: Ridge(solver="svd").fit(a(X), a(R)).coef_,
    "RidgeClassifier": lambda a: RidgeClassifier(solver="svd").fit(a(X), a(Y)).predict(a(X)),
    "LinearDiscriminantAnalysis": lambda a: LinearDiscriminantAnalysis().fit(a(X), a(Y)).predict(a(X)),
    "GaussianNB": lambda a: GaussianNB().fit(a(X), a(Y)).predict(a(X)),
    "a pipeline": lambda a: (
        make_pipeline(StandardScaler(), Ridge(solver="svd")).fit(a(X), a(R)).predict(a(X))
    ),
    "cross_val_predict": lambda a: cross_val_predict(Ridge(solver="svd"), a(X), a(R)),
    "train_test_split": lambda a: train_test_split(a(X), random_state=0)[0],
    "cosine_similarity": lambda a: pairwise.cosine_similarity(a(X)),
    "euclidean_distances": lambda a: pairwise.euclidean_distances(a(X), a(X[:3])),
    "rbf_kernel": lambda a: pairwise.rbf_kernel(a(X)),
}

NUMBERS: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "mean_squared_error": lambda a: metrics.mean_squared_error(a(R), a(R * 1.1)),
    "r2_score": lambda a: metrics.r2_score(a(R), a(R * 1.1)),
    "accuracy_score": lambda a: metrics.accuracy_score(a(Y), a(Y[::-1].copy())),
    "f1_score": lambda a: metrics.f1_score(a(Y), a(Y[::-1].copy())),
    "roc_auc_score": lambda a: metrics.roc_auc_score(a(Y), a(R + X[:, 0])),
    "log_loss": lambda a: metrics.log_loss(a(Y), a(1 / (1 + np.exp(-R)))),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_estimators(case: str) -> None:
    found = ARRAYS[case](xg.asarray)
    assert isinstance(found, xg.Tensor)
    np.testing.assert_allclose(found.numpy(), ARRAYS[case](np.asarray), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("case", NUMBERS)
def test_metrics(case: str) -> None:
    assert NUMBERS[case](xg.asarray) == pytest.approx(NUMBERS[case](np.asarray), rel=1e-4)
