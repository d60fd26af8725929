"""The short-time Fourier transform and its inverse against PyTorch's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import check, tensor
from tests.ops.test_fft import spectrum
from xlagrad.core.compile import compile
from xlagrad.core.errors import ArgumentError

WINDOW = torch.hann_window(8) + 0.1


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with warnings.catch_warnings():
        # PyTorch's about the window that was not given, and about return_complex=False.
        warnings.simplefilter("ignore")
        yield


OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "hop": {"hop_length": 3},
    "hop of no divisor": {"hop_length": 5, "center": False},
    "short window": {"win_length": 5},
    "normalized": {"normalized": True},
    "two-sided": {"onesided": False},
    "constant": {"pad_mode": "constant"},
    "circular": {"pad_mode": "circular"},
    "replicate": {"pad_mode": "replicate"},
    "not centred": {"center": False},
    "aligned": {"center": False, "win_length": 6, "align_to_window": True},
}


@pytest.mark.parametrize("case", OPTIONS)
def test_stft(case: str) -> None:
    options = OPTIONS[case] | {"return_complex": True}
    check("stft", tensor(2, 40), 8, compiled=case == "default", second=case == "default", **options)
    window = WINDOW[: options.get("win_length", 8)]
    check("stft", tensor(33), 8, window=window, compiled=False, **options)


def test_stft_of_complex_signals_and_windows() -> None:
    check("stft", spectrum(30), 8, compiled=False)
    check("stft", tensor(30), 8, window=torch.complex(WINDOW, WINDOW), compiled=False)
    check("stft", tensor(30), 8, return_complex=False, compiled=False)
    check("stft", spectrum(30), 8, return_complex=False, compiled=False)


def test_the_gradient_of_the_window() -> None:
    check(
        lambda x, w: x.stft(8, window=w, return_complex=True),
        tensor(30),
        WINDOW.clone(),
        atol=1e-5,
        second=True,
    )


INVERSE: dict[str, dict[str, Any]] = {
    "default": {},
    "hop": {"hop_length": 3},
    "short window": {"win_length": 6},
    "normalized": {"normalized": True},
    "shorter": {"length": 11},
    "longer": {"length": 60},
    "not centred": {"center": False},
    "not centred, a length": {"center": False, "length": 20},
}


@pytest.mark.parametrize("case", INVERSE)
def test_istft(case: str) -> None:
    options = INVERSE[case]
    first = case == "default"
    window = WINDOW[: options.get("win_length", 8)]
    check("istft", spectrum(2, 5, 9), 8, window=window, compiled=first, second=first, **options)
    check("istft", spectrum(5, 9), 8, compiled=False, **options)


def test_istft_without_a_window_compiled() -> None:
    check("istft", spectrum(5, 9), 8)


def test_istft_of_all_frequencies() -> None:
    check("istft", spectrum(8, 9), 8, window=WINDOW, compiled=False)
    check("istft", spectrum(8, 9), 8, window=WINDOW, return_complex=True, compiled=False)
    turned = torch.complex(WINDOW, WINDOW)
    check("istft", spectrum(8, 9), 8, window=turned, return_complex=True, compiled=False)


def test_the_inverse_gives_the_signal_back() -> None:
    x = ours.tensor(tensor(2, 50).numpy())
    window = ours.tensor(WINDOW.numpy())
    for hop in (1, 2, 3, 8):
        spectra = x.stft(8, hop, window=window, return_complex=True)
        found = spectra.istft(8, hop, window=window, length=50)
        np.testing.assert_allclose(found.numpy(), x.numpy(), rtol=1e-5, atol=1e-6)


def test_under_compile_the_windows_are_not_checked() -> None:
    found = compile(lambda s, w: s.istft(8, window=w))(ours.ones(5, 9, dtype=ours.complex64), ours.zeros(8))
    assert not ours.isfinite(found).any()
    with pytest.raises(ArgumentError, match="istft: expected windows that overlap everywhere, got 0"):
        ours.istft(ours.ones(5, 9, dtype=ours.complex64), 8, window=ours.zeros(8))


def _spectra(t: Any, *shape: int) -> Any:
    return t.ones(shape, dtype=t.complex64)


REFUSED: dict[str, Callable[[Any], Any]] = {
    "return_complex left out": lambda t: t.stft(t.ones(30), 8),
    "integers": lambda t: t.stft(t.arange(30), 8, return_complex=True),
    "three dimensions": lambda t: t.stft(t.ones(1, 2, 30), 8, return_complex=True),
    "more points than there are": lambda t: t.stft(t.ones(6), 8, center=False, return_complex=True),
    "a reflection of more than there is": lambda t: t.stft(t.ones(3), 8, return_complex=True),
    "another pad_mode": lambda t: t.stft(t.ones(30), 8, pad_mode="mirror", return_complex=True),
    "a hop of none": lambda t: t.stft(t.ones(30), 8, 0, return_complex=True),
    "a window longer than n_fft": lambda t: t.stft(t.ones(30), 8, win_length=9, return_complex=True),
    "a window of another length": lambda t: t.stft(t.ones(30), 8, window=t.ones(7), return_complex=True),
    "half of a complex spectrum": lambda t: t.stft(_spectra(t, 30), 8, onesided=True),
    "aligned and centred": lambda t: t.stft(t.ones(30), 8, return_complex=True, align_to_window=True),
    "real spectra": lambda t: t.istft(t.ones(5, 9), 8),
    "spectra of one dimension": lambda t: t.istft(_spectra(t, 5), 8),
    "no pieces": lambda t: t.istft(_spectra(t, 5, 0), 8),
    "other frequencies": lambda t: t.istft(_spectra(t, 6, 9), 8),
    "a hop over the window": lambda t: t.istft(_spectra(t, 5, 9), 8, 9),
    "a complex signal of half": lambda t: t.istft(_spectra(t, 5, 9), 8, return_complex=True),
    "a window of zeros": lambda t: t.istft(_spectra(t, 5, 9), 8, window=t.zeros(8)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    agree(REFUSED[case])
