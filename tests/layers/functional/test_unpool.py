"""Unpooling, fractional pooling and powers against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.layers.functional.against import agree, rand
from xlagrad.core.errors import ArgumentError, IndexingError, ShapeError
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.torch import manual_seed

SHAPES = {1: (2, 3, 8), 2: (2, 3, 8, 6), 3: (2, 2, 4, 6, 4)}


def _pooled(n: int, **options: Any) -> tuple[Any, Any]:
    pool = getattr(torch.nn.functional, f"max_pool{n}d")
    values, places = pool(torch.tensor(rand(*SHAPES[n])), 2, return_indices=True, **options)
    return values.numpy(), places.numpy()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_unpooling(n: int) -> None:
    values, places = _pooled(n)
    agree(f"max_unpool{n}d", values, places, 2, compiled=n == 2)
    agree(f"max_unpool{n}d", values[0], places[0], 2, output_size=SHAPES[n][2:])


def test_unpooling_of_windows_that_overlap() -> None:
    values, places = _pooled(2, stride=1, padding=1)
    agree("max_unpool2d", np.ones_like(values), places, 2, 1, 1)
    values, places = _pooled(2, stride=3)
    agree("max_unpool2d", values, places, 2, 3, output_size=SHAPES[2])


def test_errors_of_unpooling() -> None:
    x, places = Tensor(np.ones((1, 1, 2, 2), np.float32)), Tensor(np.zeros((1, 1, 2, 2), np.int32))
    with pytest.raises(ArgumentError, match="output_size within a stride"):
        F.max_unpool2d(x, places, 2, output_size=(9, 9))
    with pytest.raises(ShapeError, match="indices of the input's shape"):
        F.max_unpool2d(x, places[:, :, :1], 2)
    with pytest.raises(IndexingError, match="indices below 16"):
        F.max_unpool2d(x, places + 16, 2)


@pytest.mark.parametrize("n", [2, 3])
def test_fractional(n: int) -> None:
    x, samples = rand(*SHAPES[n]), np.random.default_rng(0).random((2, SHAPES[n][1], n), np.float32)
    name, fixed = f"fractional_max_pool{n}d", {"_random_samples": samples, "constant": ("_random_samples",)}
    agree(name, x, 2, output_size=2, return_indices=True, compiled=n == 2, **fixed)
    agree(name, x, (2, 3, 2)[:n], output_ratio=(0.5, 0.4, 0.7)[:n], **fixed)
    agree(f"{name}_with_indices", x, 2, 1, **fixed)


def test_fractional_draws() -> None:
    x = Tensor(rand(1, 1, 40, 40))
    manual_seed(0)
    first = F.fractional_max_pool2d(x, 2, 17)
    assert (first.numpy() != F.fractional_max_pool2d(x, 2, 17).numpy()).any()
    manual_seed(0)
    np.testing.assert_array_equal(first.numpy(), F.fractional_max_pool2d(x, 2, 17).numpy())
    with pytest.raises(ArgumentError, match="output_size or output_ratio, got neither"):
        F.fractional_max_pool2d(x, 2)
    with pytest.raises(ShapeError, match="spatial sizes of at least"):
        F.fractional_max_pool2d(x, 5, 38)


def test_powers_and_indices() -> None:
    agree("lp_pool3d", np.abs(rand(1, 2, 4, 4, 4)), 3, 2)
    agree("lp_pool1d", np.abs(rand(1, 2, 5)), 2.5, 2, ceil_mode=True)
    assert np.isnan(F.lp_pool1d(Tensor(-np.ones((1, 2), np.float32)), 3, 2).numpy()).all()
    for n, shape in SHAPES.items():
        agree(f"max_pool{n}d_with_indices", rand(*shape), 3, 2, 1)
        agree(f"adaptive_max_pool{n}d_with_indices", rand(*shape), 3)
