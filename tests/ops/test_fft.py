"""Fourier transforms against PyTorch's: values, types, gradients of both orders, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import check, integers, tensor

ALONG = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
OF_REAL = {"rfft", "ihfft"}
NORMS = ["forward", "ortho"]


def spectrum(*shape: int, seed: int = 0) -> torch.Tensor:
    """Return complex numbers, the same for the same arguments."""
    return torch.complex(tensor(*shape, seed=seed), tensor(*shape, seed=seed + 1))


def compare(name: str, *args: Any, **options: Any) -> None:
    """Compare a function of torch.fft."""
    check(getattr(ours.fft, name), *args, theirs=getattr(torch.fft, name), **options)


def signal(name: str, *shape: int) -> torch.Tensor:
    """Return what a transform takes."""
    return tensor(*shape) if name.rstrip("2n") in OF_REAL else spectrum(*shape)


@pytest.mark.parametrize("name", ALONG)
def test_one_dimension(name: str) -> None:
    compare(name, signal(name, 3, 6), second=True)
    for n, norm in zip((4, 9), NORMS, strict=True):
        compare(name, signal(name, 6, 2), n, 0, norm, compiled=False)
    if name not in OF_REAL:
        compare(name, tensor(5), compiled=False)


@pytest.mark.parametrize("name", [name + kind for name in ALONG for kind in "2n"])
def test_several_dimensions(name: str) -> None:
    compare(name, signal(name, 2, 4, 3), compiled=name[-1] == "n")
    compare(name, signal(name, 2, 4, 3), s=(3, 5), norm="ortho", compiled=False, second=True)
    compare(name, signal(name, 2, 4, 3), s=(-1, 2), dim=(2, 0), norm="forward", compiled=False)


def test_more_dimensions_than_xla_transforms_at_once() -> None:
    for name in ("fftn", "rfftn", "irfftn"):
        compare(name, signal(name, 2, 3, 2, 3, 2), compiled=False)


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.uint8])
def test_integers_become_the_default_type(dtype: torch.dtype) -> None:
    for name in ("fft", "rfft", "irfft", "fft2"):
        compare(name, integers(3, 4, low=0, high=2).to(dtype), grad=False, compiled=False)


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
def test_shifts(name: str) -> None:
    compare(name, tensor(4, 5), second=True)
    compare(name, spectrum(3, 5), (1,), compiled=False)
    compare(name, tensor(0, 3), -1, compiled=False)


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies(name: str) -> None:
    for n in (0, 1, 4, 5):
        want = getattr(torch.fft, name)(n, 0.5).numpy()
        np.testing.assert_array_equal(getattr(ours.fft, name)(n, 0.5).numpy(), want)
    found = getattr(ours.fft, name)(4, dtype=ours.float16, requires_grad=True)
    assert found.dtype == ours.float16
    assert found.requires_grad
    out = ours.zeros(3 if name == "rfftfreq" else 4)
    assert getattr(ours.fft, name)(4, out=out) is out
    assert out[1].item() == 0.25


def test_extremes() -> None:
    assert tuple(ours.fft.fft(ours.zeros(0, 3)).shape) == (0, 3)
    assert tuple(ours.fft.rfft(ours.zeros(0, 5)).shape) == (0, 3)
    assert tuple(ours.fft.irfft(ours.zeros(0, 3)).shape) == (0, 4)
    compare("fft", torch.tensor([float("nan"), 1.0]), grad=False, compiled=False)
    compare("fft", torch.tensor([1e30, -1e30]), grad=False, compiled=False)
    compare("fft", tensor(4, 3).t(), compiled=False)
    compare("fftn", torch.tensor(2.0), compiled=False)


REFUSED: dict[str, Callable[[Any], Any]] = {
    "half precision": lambda t: t.fft.fft(t.ones(3, dtype=t.float16)),
    "bfloat16": lambda t: t.fft.rfft(t.ones(3, dtype=t.bfloat16)),
    "complex for rfft": lambda t: t.fft.rfft(t.ones(3, dtype=t.complex64)),
    "complex for ihfftn": lambda t: t.fft.ihfftn(t.ones(3, dtype=t.complex64)),
    "no points": lambda t: t.fft.fft(t.ones(3), 0),
    "fewer than no points": lambda t: t.fft.fft(t.ones(3), -1),
    "an empty dimension": lambda t: t.fft.fft(t.ones(3, 0)),
    "irfft of one element": lambda t: t.fft.irfft(t.ones(1)),
    "no such dimension": lambda t: t.fft.fft(t.ones(3), dim=1),
    "no dimension": lambda t: t.fft.fft(t.tensor(1.0)),
    "another norm": lambda t: t.fft.fft(t.ones(3), norm="sum"),
    "a dimension twice": lambda t: t.fft.fftn(t.ones(3, 3), dim=(0, 0)),
    "as many sizes as dimensions": lambda t: t.fft.fftn(t.ones(3, 3), s=(2,), dim=(0, 1)),
    "too many sizes": lambda t: t.fft.fftn(t.ones(3), s=(2, 2)),
    "no dimension to transform": lambda t: t.fft.rfftn(t.ones(3), dim=()),
    "a size that is no integer": lambda t: t.fft.fft(t.ones(3), 2.5),
    "integer frequencies": lambda t: t.fft.fftfreq(4, dtype=t.complex64),
    "nothing to shift": lambda t: t.fft.fftshift(t.ones(3), dim=()),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    agree(REFUSED[case])


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(AttributeError, match=r"the nearest is torch.fft.rfft"):
        ours.fft.rffft  # noqa: B018
