"""Padding, folding, resizing and shuffling of images against PyTorch's."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import pytest

from tests.layers.functional.against import agree, rand
from xlagrad.core.errors import ArgumentError, ShapeError
from xlagrad.layers import functional as F

IMAGE = rand(2, 3, 5, 6)


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_pad(mode: str) -> None:
    agree("pad", IMAGE, (1, 2, 3, 0), mode, compiled=mode == "reflect")
    agree("pad", rand(2, 3, 5), [2, 1], mode)
    agree("pad", rand(1, 2, 3, 4, 3), (1, 1, 2, 0, 1, 2), mode)


def test_pad_with_a_value_or_by_less_than_nothing() -> None:
    agree("pad", IMAGE, (1, -2, -1, 2), value=3.5)
    agree("pad", rand(3), (0, 2), "constant", -1.0)
    agree("pad", IMAGE, ())


@pytest.mark.parametrize(
    "options", [{}, {"stride": 2}, {"padding": (1, 2), "dilation": (2, 1)}, {"padding": 1, "stride": (3, 2)}]
)
def test_unfold_and_fold(options: dict[str, Any]) -> None:
    agree("unfold", IMAGE, (2, 3), compiled=not options, **options)
    columns = F.unfold(jnp.asarray(IMAGE), (2, 3), **options)
    agree("fold", rand(*columns.shape), (5, 6), (2, 3), **options)
    agree("fold", rand(*columns.shape[1:]), (5, 6), (2, 3), **options)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic", "area"])
def test_interpolate(mode: str) -> None:
    for size in ((10, 12), (3, 9), (1, 1), 7):
        agree("interpolate", IMAGE, size, mode=mode)
    agree("interpolate", IMAGE, scale_factor=2, mode=mode)
    agree("interpolate", IMAGE, scale_factor=(0.7, 1.5), mode=mode)
    agree("interpolate", IMAGE, scale_factor=1.3, mode=mode, recompute_scale_factor=True)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_interpolate_with_aligned_corners(mode: str) -> None:
    agree("interpolate", IMAGE, (3, 9), mode=mode, align_corners=True)
    agree("interpolate", IMAGE, (1, 1), mode=mode, align_corners=True)


def test_interpolate_in_other_dimensions() -> None:
    agree("interpolate", rand(2, 3, 5), 8, mode="linear")
    agree("interpolate", rand(2, 3, 5), 8)
    agree("interpolate", rand(1, 2, 3, 4, 5), (4, 2, 7), mode="trilinear", compiled=True)
    agree("interpolate", rand(1, 2, 3, 4, 5), scale_factor=2, mode="nearest")


def test_rearrangements() -> None:
    agree("pixel_shuffle", rand(2, 12, 3, 2), 2)
    agree("pixel_unshuffle", rand(3, 4, 6), 2)
    agree("channel_shuffle", rand(2, 6, 3, 2), 3, grad=False)


X = jnp.ones((2, 3, 5, 6))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: F.pad(X, (1, 2, 3)), ArgumentError, "pairs of widths"),
        (lambda: F.pad(X, (1, 2), "mirror"), ArgumentError, "mode among"),
        (lambda: F.pad(X, (6, 0), "reflect"), ArgumentError, "reflect padding of at most 5"),
        (lambda: F.pad(X, (7, 0), "circular"), ArgumentError, "circular padding of at most 6"),
        (lambda: F.unfold(X, 7), ShapeError, r"an image that \(7, 7\) fits in"),
        (lambda: F.unfold(X[0, 0], 2), ShapeError, "3-d or 4-d input"),
        (
            lambda: F.fold(jnp.ones((1, 12, 5)), (5, 6), 2),
            ShapeError,
            "a multiple of 4 elements at 20 positions",
        ),
        (lambda: F.interpolate(X), ArgumentError, "size or scale_factor, got neither"),
        (lambda: F.interpolate(X, 2, 2.0), ArgumentError, "size or scale_factor, got both"),
        (lambda: F.interpolate(X, (2, 3, 4)), ArgumentError, "one for each of the 2 spatial dimensions"),
        (lambda: F.interpolate(X, 0), ArgumentError, "a positive number"),
        (lambda: F.interpolate(X, 2, mode="cubic"), ArgumentError, "mode among 'nearest'"),
        (
            lambda: F.interpolate(X, 2, mode="linear"),
            ShapeError,
            "an input of 3 dimensions for mode 'linear'",
        ),
        (
            lambda: F.interpolate(X, 2, align_corners=True),
            ArgumentError,
            "no align_corners with mode 'nearest'",
        ),
        (
            lambda: F.interpolate(X, 2, antialias=True),
            ArgumentError,
            "antialias with mode 'bilinear', 'bicubic' or 'lanczos'",
        ),
        (lambda: F.pixel_shuffle(X, 2), ShapeError, "channels that 2² divides"),
        (lambda: F.pixel_unshuffle(X, 2), ShapeError, "height and width that 2 divides"),
        (lambda: F.channel_shuffle(X, 2), ShapeError, "C a multiple of 2"),
    ],
)
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
