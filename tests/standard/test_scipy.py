"""SciPy's functions take tensors and return tensors, through the array API."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from scipy import cluster, constants, differentiate, fft, integrate, ndimage, optimize, signal, special, stats
from scipy.spatial.transform import Rotation

import xlagrad as xg

X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
V = np.abs(X[:, 0]) + np.float32(0.1)
Q = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


CASES: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "special.expit": lambda a: special.expit(a(X)),
    "special.gammaln": lambda a: special.gammaln(a(V)),
    "special.logsumexp": lambda a: special.logsumexp(a(X), axis=0),
    "special.softmax": lambda a: special.softmax(a(X), axis=1),
    "special.xlogy": lambda a: special.xlogy(a(V), a(V)),
    "fft.fft": lambda a: fft.fft(a(V)),
    "fft.irfftn": lambda a: fft.irfftn(fft.rfftn(a(X)), s=X.shape),
    "fft.dct": lambda a: fft.dct(a(V)),
    "stats.zscore": lambda a: stats.zscore(a(X)),
    "stats.skew": lambda a: stats.skew(a(X)),
    "stats.gmean": lambda a: stats.gmean(a(V)),
    "stats.ttest_ind": lambda a: tuple(stats.ttest_ind(a(X), a(X[:10]))),
    "stats.pearsonr": lambda a: tuple(stats.pearsonr(a(X[:, 0]), a(X[:, 1]))),
    "stats.rankdata": lambda a: stats.rankdata(a(V)),
    "stats.entropy": lambda a: stats.entropy(a(V)),
    "integrate.trapezoid": lambda a: integrate.trapezoid(a(X), axis=0),
    "integrate.cumulative_simpson": lambda a: integrate.cumulative_simpson(a(V)),
    "signal.fftconvolve": lambda a: signal.fftconvolve(a(V), a(V[:3])),
    "signal.hilbert": lambda a: signal.hilbert(a(V)),
    "signal.detrend": lambda a: signal.detrend(a(V)),
    "ndimage.gaussian_filter": lambda a: ndimage.gaussian_filter(a(X), 1.0),
    "cluster.vq.vq": lambda a: cluster.vq.vq(a(X), a(X[:2])),
    "spatial.Rotation": lambda a: Rotation.from_quat(a(Q)).as_matrix(),
    "optimize.rosen": lambda a: optimize.rosen(a(V)),
    "differentiate.derivative": lambda a: differentiate.derivative(lambda x: x * x, a(V)).df,
    "constants": lambda a: constants.convert_temperature(a(V), "C", "K"),
}


def same(found: Any, want: Any) -> None:
    """Compare results, or tuples of them."""
    if isinstance(want, tuple):
        for a, b in zip(found, want, strict=True):
            same(a, b)
        return
    assert isinstance(found, xg.Tensor), type(found)
    np.testing.assert_allclose(found.numpy(), want, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("case", CASES)
def test_scipy(case: str) -> None:
    same(CASES[case](xg.asarray), CASES[case](np.asarray))


def test_gradients_pass_where_scipy_computes_in_the_namespace() -> None:
    x = xg.asarray(X, requires_grad=True)
    xg.sum(special.logsumexp(x, axis=1)).backward()
    np.testing.assert_allclose(x.grad.numpy(), special.softmax(X, axis=1), rtol=1e-5)
