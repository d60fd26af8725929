"""Operations that take ``out=`` in PyTorch deliver their results there. Each day has its share of them."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

import xlagrad.torch as ours
from tests.conformance.database import OPERATIONS, Untranslatable, counterpart, samples, translated
from tests.conformance.test_operations import DAYS
from xlagrad.core.tensor import Tensor
from xlagrad.torch.differences import EAGER

# Some samples ask for 64-bit types, which are of 32 bits here.
pytestmark = pytest.mark.filterwarnings("ignore:dtype. expected a 32-bit type:UserWarning")

#: A number for Python, a nested result, and a step of PyTorch's own kernels.
WITHOUT = {"equal", "histogramdd", "native_batch_norm"}

NAMES = [name for name, o in OPERATIONS.items() if o.supports_out and name not in WITHOUT | EAGER.keys()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the day's operations."""
    choice, day = metafunc.config.option.slow, metafunc.config.option.slow_day
    days = {"all": 1, "share": DAYS, "none": 10 * DAYS}[choice]
    metafunc.parametrize("name", [n for n in NAMES if zlib.crc32(n.encode()) % days == day % days])


def _call(name: str, **more: Any) -> Any:
    operation = OPERATIONS[name]
    sample, memo = samples(operation)[0], {}
    args = translated([sample.input, *sample.args], memo)
    kwargs = translated(dict(sample.kwargs), memo)
    function = getattr(ours, name, None) if name == "bernoulli" else counterpart(operation)
    with ours.no_grad():
        return function(*args, **kwargs, **more)


def test_the_result_is_in_out(name: str) -> None:
    try:
        ours.manual_seed(0)
        want = _call(name)
    except Untranslatable as error:
        pytest.skip(f"no counterpart of {error}")
    several = isinstance(want, (tuple, list))
    places = [ours.empty(0, dtype=w.dtype) for w in (want if several else [want])]
    ours.manual_seed(0)
    got = _call(name, out=tuple(places) if several else places[0])
    for found, place, expected in zip(
        got if several else [got], places, want if several else [want], strict=True
    ):
        assert found is place
        assert isinstance(expected, Tensor)
        assert place.shape == expected.shape
        assert name.startswith("empty") or "empty" in name or ours.allclose(place, expected, equal_nan=True)
