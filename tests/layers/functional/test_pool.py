"""Pooling against PyTorch's: arguments, ties, special values, indices."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from tests.layers.functional.against import agree, rand
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError
from xlagrad.layers import functional as F

IMAGE = rand(2, 3, 8, 9)
TIES = np.maximum(rand(2, 3, 9, 8), 0)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 1},
        {"padding": 1, "stride": (2, 1)},
        {"ceil_mode": True},
        {"ceil_mode": True, "padding": 1, "stride": 2},
        {"dilation": 2, "stride": 1},
        {"return_indices": True, "padding": 1},
    ],
)
def test_max(options: dict[str, Any]) -> None:
    agree("max_pool2d", IMAGE, 3, **options)
    agree("max_pool2d", TIES, 3, **options, compiled="padding" in options)


def test_max_in_other_dimensions_and_extents() -> None:
    agree("max_pool2d", TIES, 2)
    agree("max_pool2d", IMAGE[0], (2, 1))
    agree("max_pool1d", rand(2, 3, 9), 2, return_indices=True)
    agree("max_pool3d", rand(1, 2, 4, 5, 4), 2, 1, return_indices=True)


@pytest.mark.parametrize("options", [{"stride": 7}, {"stride": 70}, {"stride": 1, "padding": 30}])
def test_windows_too_long_to_unroll(options: dict[str, Any]) -> None:
    line = np.round(rand(2, 2, 150), 1)
    agree("max_pool1d", line, 70, return_indices=True, **options)
    agree("avg_pool1d", line, 70, **options)


def test_special_values() -> None:
    x = np.array([[[np.nan, 1, np.inf, -np.inf], [2, np.nan, -np.inf, -np.inf]]], np.float32)
    agree("max_pool2d", x, 2, return_indices=True)
    agree("max_pool2d", x, 2, padding=1, return_indices=True)
    agree("max_pool1d", np.full((1, 80), -np.inf, np.float32), 70, 1, 35, return_indices=True)
    agree("avg_pool2d", x, 2)


def test_integers() -> None:
    x = np.arange(32).reshape(1, 2, 4, 4) % 7 - 9
    got = F.max_pool2d(jnp.asarray(x), 3, 1, 1)
    want = torch.nn.functional.max_pool2d(torch.tensor(x, dtype=torch.int32), 3, 1, 1)
    assert got.tolist() == want.tolist()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 1},
        {"padding": 1},
        {"padding": 1, "count_include_pad": False},
        {"padding": 1, "ceil_mode": True, "stride": 2},
        {"padding": 1, "ceil_mode": True, "stride": 2, "count_include_pad": False},
        {"divisor_override": 4, "stride": (1, 2)},
    ],
)
def test_avg(options: dict[str, Any]) -> None:
    agree("avg_pool2d", IMAGE, 3, compiled="divisor_override" in options, **options)


def test_avg_in_other_dimensions_and_extents() -> None:
    agree("avg_pool2d", IMAGE, (2, 3))
    agree("avg_pool1d", rand(3, 9), 2)
    agree("avg_pool3d", rand(1, 2, 4, 5, 4), 2, 2, 1)
    agree("lp_pool1d", np.abs(rand(2, 3, 9)), 3, 2)
    agree("lp_pool2d", IMAGE, 2, 3, 2, True)


@pytest.mark.parametrize("size", [1, (2, 3), (4, None), 5, (8, 9), (11, 2)])
def test_adaptive(size: Any) -> None:
    agree("adaptive_avg_pool2d", IMAGE, size)
    agree("adaptive_max_pool2d", TIES, size, return_indices=True)


def test_adaptive_in_other_dimensions() -> None:
    agree("adaptive_avg_pool1d", rand(3, 9), 4)
    agree("adaptive_max_pool1d", rand(2, 3, 9), 4)
    agree("adaptive_avg_pool3d", rand(1, 2, 4, 5, 6), (2, 2, 3))
    agree("adaptive_max_pool3d", rand(1, 2, 4, 5, 6), 2, return_indices=True)


@pytest.mark.parametrize(
    ("args", "error", "text"),
    [
        ((jnp.ones((2, 8)), 2), ShapeError, r"max_pool2d: expected 3-d or 4-d input \(N, C, H, W\)"),
        (
            (jnp.ones((1, 1, 3, 3)), 4),
            ShapeError,
            r"that hold a window of \(4, 4\), got float32\[1, 1, 3, 3\]",
        ),
        ((jnp.ones((1, 1, 8, 8)), 2, 0), ArgumentError, "stride of at least 1, got 0"),
        ((jnp.ones((1, 1, 8, 8)), 2, None, 2), ArgumentError, "padding of at most half the window"),
        ((jnp.ones((1, 1, 8, 8)), (2, 2, 2)), ArgumentError, "kernel_size with 1 or 2 integers, got 3"),
        ((jnp.ones((1, 1, 8, 8), bool), 2), DtypeError, "max_pool2d: expected a numeric tensor"),
    ],
)
def test_errors(args: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        F.max_pool2d(*args)


def test_errors_of_means_and_adaptive_pools() -> None:
    x = jnp.ones((1, 1, 8, 8))
    with pytest.raises(ArgumentError, match="a divisor_override other than 0"):
        F.avg_pool2d(x, 2, divisor_override=0)
    with pytest.raises(DtypeError, match="avg_pool2d: expected a floating-point tensor, got int32"):
        F.avg_pool2d(x.astype(int), 2)
    with pytest.raises(ArgumentError, match="output_size as 2 integers of at least 0"):
        F.adaptive_avg_pool2d(x, (1, 2, 3))
    with pytest.raises(ShapeError, match="spatial sizes of at least 1"):
        F.adaptive_max_pool2d(jnp.ones((1, 1, 0, 2)), 1)
    with pytest.raises(ArgumentError, match="a norm_type other than 0"):
        F.lp_pool2d(x, 0, 2)
