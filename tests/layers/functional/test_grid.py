"""Sampling at grids, affine grids and resizing with antialiasing against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.layers.functional.against import agree, rand
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F

POINTS = 1.3 * rand(2, 3, 4, 2, seed=1)


@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_images(mode: str, padding: str, corners: bool) -> None:
    first = padding == "zeros" and corners
    agree("grid_sample", rand(2, 3, 5, 6), POINTS, mode, padding, corners, compiled=first)


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_volumes(mode: str) -> None:
    agree("grid_sample", rand(2, 2, 3, 5, 4), 1.3 * rand(2, 3, 2, 2, 3), mode, "reflection", False)


def test_points_that_are_no_numbers() -> None:
    grid = np.array([[[[np.nan, 0], [np.inf, 0]]]], np.float32)
    agree("grid_sample", rand(1, 1, 3, 3), grid, "nearest", "zeros", False, grad=False)
    agree("grid_sample", rand(1, 1, 3, 3), grid, "bilinear", "border", False, grad=False)


@pytest.mark.parametrize("corners", [True, False])
def test_affine_grids(corners: bool) -> None:
    agree("affine_grid", rand(2, 2, 3), (2, 3, 4, 5), corners, compiled=corners)
    agree("affine_grid", rand(2, 3, 4), (2, 3, 4, 2, 5), corners)


@pytest.mark.parametrize("options", [{"size": (3, 14)}, {"scale_factor": 0.4}, {"scale_factor": (1.7, 0.6)}])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
def test_antialiasing(mode: str, options: dict[str, Any]) -> None:
    agree("interpolate", rand(2, 2, 11, 9), mode=mode, antialias=True, **options)


def test_antialiasing_with_corners() -> None:
    agree("interpolate", rand(2, 2, 11, 9), (4, 12), mode="bicubic", align_corners=True, antialias=True)


@pytest.mark.filterwarnings("ignore:.*is deprecated. Use:UserWarning")
def test_older_names() -> None:
    agree("upsample_nearest", rand(1, 2, 3, 4), scale_factor=2)
    agree("upsample_bilinear", rand(1, 2, 3, 4), size=(5, 7))


def test_bytes() -> None:
    x = np.random.default_rng(0).integers(0, 255, (1, 2, 9, 7)).astype(np.uint8)
    got = F.interpolate(Tensor(x), (5, 11), mode="bilinear").numpy()
    want = torch.nn.functional.interpolate(torch.tensor(x), (5, 11), mode="bilinear").numpy()
    assert got.dtype == np.uint8
    assert np.abs(got.astype(int) - want.astype(int)).max() <= 1


def test_errors() -> None:
    image, grid = Tensor(rand(1, 1, 3, 3)), Tensor(rand(1, 2, 2, 2))
    with pytest.raises(ArgumentError, match="mode among"):
        F.grid_sample(image, grid, "linear")
    with pytest.raises(ShapeError, match="make the batch equal"):
        F.grid_sample(image, grid[:, :, :, :1])
    with pytest.raises(DtypeError, match="of one dtype"):
        F.grid_sample(image, grid.bfloat16())
    with pytest.raises(ArgumentError, match="bicubic with images"):
        F.grid_sample(image[None], Tensor(rand(1, 1, 1, 1, 3)), "bicubic")
    with pytest.raises(ShapeError, match=r"theta \(N, 2, 3\)"):
        F.affine_grid(image[0], (1, 1, 2, 2))
    with pytest.raises(ArgumentError, match="antialias with mode"):
        F.interpolate(image, 2, mode="lanczos")
    with pytest.raises(ArgumentError, match="a scale_factor to recompute"):
        F.interpolate(image, 2, recompute_scale_factor=True)
