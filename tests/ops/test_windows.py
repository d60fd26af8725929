"""Windows of signal processing, against PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.core.agreement import agree

SIZES = (0, 1, 2, 5, 8)

OLD: dict[str, dict[str, Any]] = {
    "bartlett_window": {},
    "blackman_window": {},
    "hann_window": {},
    "hamming_window": {"alpha": 0.6, "beta": 0.3},
    "kaiser_window": {"beta": 7.5},
}
NEW: dict[str, dict[str, Any]] = {
    "bartlett": {},
    "blackman": {},
    "cosine": {},
    "exponential": {"tau": 2.5},
    "gaussian": {"std": 0.8},
    "general_cosine": {"a": [0.4, 0.3, 0.2]},
    "general_hamming": {"alpha": 0.7},
    "hamming": {},
    "hann": {},
    "kaiser": {"beta": 3.0},
    "nuttall": {},
}


@pytest.mark.parametrize("name", OLD)
def test_windows_of_the_top_level(name: str) -> None:
    for size in SIZES:
        agree(lambda t, n=size: getattr(t, name)(n), rtol=2e-5)
        agree(lambda t, n=size: getattr(t, name)(n, False, dtype=t.float32, **OLD[name]), rtol=2e-5)


@pytest.mark.parametrize("name", NEW)
def test_windows_of_signal(name: str) -> None:
    for size in SIZES:
        agree(lambda t, n=size: getattr(t.signal.windows, name)(n, **NEW[name]), rtol=2e-5)
        agree(lambda t, n=size: getattr(t.signal.windows, name)(n, sym=False, **NEW[name]), rtol=2e-5)


REFUSED: dict[str, Callable[[Any], Any]] = {
    "integers": lambda t: t.hann_window(4, dtype=t.int64),
    "negative": lambda t: t.hann_window(-1),
    "negative M": lambda t: t.signal.windows.hann(-1),
    "half precision": lambda t: t.signal.windows.hann(3, dtype=t.float16),
    "center": lambda t: t.signal.windows.exponential(5, center=1.0),
    "tau": lambda t: t.signal.windows.exponential(5, tau=0.0),
    "std": lambda t: t.signal.windows.gaussian(5, std=-1.0),
    "beta": lambda t: t.signal.windows.kaiser(5, beta=-1.0),
    "no weights": lambda t: t.signal.windows.general_cosine(5, a=[]),
    "weights": lambda t: t.signal.windows.general_cosine(5, a=0.5),
    "keyword": lambda t: t.signal.windows.hann(5, std=1.0),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_we_refuse(name: str) -> None:
    agree(REFUSED[name])


def test_options() -> None:
    agree(lambda t: t.signal.windows.hann(4, requires_grad=True).requires_grad)
    agree(lambda t: t.signal.windows.exponential(5, center=1.0, tau=2.0, sym=False))
    agree(lambda t: t.kaiser_window(4, requires_grad=True, device="cpu").requires_grad)
