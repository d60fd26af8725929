"""Images in other sizes, by interpolation."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.layers.functional.adaptive_pool import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
)
from xlagrad.layers.functional.arguments import one_of, require_float

# The mode and the numbers of spatial dimensions that it is for.
_MODES = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
    "area": (1, 2, 3),
}
_CUBIC = -0.75


def _targets(input: Array, size: Any, factor: Any, recompute: bool | None) -> list[tuple[int, float | None]]:
    """Return, for each spatial dimension, the new length and the factor where it fixes the positions."""
    n = input.ndim - 2
    given = size if size is not None else factor
    if (size is None) == (factor is None):
        got = "both" if size is not None else "neither"
        raise ArgumentError(message("interpolate", "size or scale_factor", got, "pass one of them"))
    values = list(given) if isinstance(given, (tuple, list)) else [given] * n
    if len(values) != n or not all(isinstance(v, (int, float)) and v > 0 for v in values):
        want = f"a positive number, or one for each of the {n} spatial dimensions"
        raise ArgumentError(message("interpolate", want, repr(given), "change size or scale_factor"))
    if size is not None:
        return [(int(v), None) for v in values]
    lengths = [math.floor(have * f) for have, f in zip(input.shape[2:], values, strict=True)]
    return [(m, None if recompute else float(f)) for m, f in zip(lengths, values, strict=True)]


def _sources(have: int, want: int, factor: float | None, corners: bool) -> np.ndarray[Any, Any]:
    """Return where between the elements of a line each element of the new line lies."""
    if corners:
        return np.arange(want) * ((have - 1) / (want - 1) if want > 1 else 0.0)
    return (np.arange(want) + 0.5) * (have / want if factor is None else 1 / factor) - 0.5


def _nearest(x: Array, axis: int, want: int, factor: float | None, exact: bool) -> Array:
    have = x.shape[axis]
    scale = np.float32(have / want if factor is None else 1 / factor)
    at = np.arange(want, dtype=np.float32) + np.float32(0.5 if exact else 0)
    index = np.minimum(np.floor(at * scale).astype(np.int32), have - 1)
    if want % have == 0 and (index == np.arange(have).repeat(want // have)).all():
        # The gradient of repeating is a sum, that of picking a scatter.
        return jnp.repeat(x, want // have, axis)
    return jnp.take(x, index, axis, mode="clip")


def _weighted(x: Array, axis: int, taps: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]) -> Array:
    """Return the sum of x at several sets of places along ``axis``, each with its weights."""
    shape = [1] * x.ndim
    shape[axis] = -1
    have = x.shape[axis]
    parts = [
        jnp.take(x, np.clip(index, 0, have - 1), axis, mode="clip")
        * jnp.asarray(weight, x.dtype).reshape(shape)
        for index, weight in taps
    ]
    return sum(parts[1:], parts[0])


def _linear(x: Array, axis: int, want: int, factor: float | None, corners: bool) -> Array:
    at = np.maximum(_sources(x.shape[axis], want, factor, corners), 0)
    low = np.minimum(np.floor(at).astype(np.int32), x.shape[axis] - 1)
    part = at - low
    return _weighted(x, axis, [(low, 1 - part), (low + 1, part)])


def _cubic(x: Array, axis: int, want: int, factor: float | None, corners: bool) -> Array:
    at = _sources(x.shape[axis], want, factor, corners)
    low = np.floor(at).astype(np.int32)
    part, a = at - low, _CUBIC

    def near(t: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return ((a + 2) * t - (a + 3)) * t * t + 1

    def far(t: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a

    weights = (far(part + 1), near(part), near(1 - part), far(2 - part))
    return _weighted(x, axis, [(low + i - 1, w) for i, w in enumerate(weights)])


def _sampled(x: Array, targets: list[tuple[int, Any]], mode: str, corners: bool) -> Array:
    """Return the image resampled, one spatial dimension after the other."""
    for axis, (want, factor) in enumerate(targets, 2):
        if mode == "bicubic":
            x = _cubic(x, axis, want, factor, corners)
        elif mode.startswith("nearest"):
            x = _nearest(x, axis, want, factor, mode == "nearest-exact")
        else:
            x = _linear(x, axis, want, factor, corners)
    return x


@op
def interpolate(
    input: Array,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Array:
    """The image sampled at another size.

    Args:
        input: (N, C, L), (N, C, H, W) or (N, C, D, H, W).
        size: new spatial sizes, one for all dimensions or one for each.
        scale_factor: or what to multiply them by; the result is rounded down.
        mode: ``nearest``, ``nearest-exact``, ``area``; ``linear``, ``bilinear``, ``bicubic`` or ``trilinear``
            for images of one, two, two and three dimensions.
        align_corners: in those last four, whether the centres of the corner elements coincide, or, as by
            default, the outer edges.
        recompute_scale_factor: take positions from the rounded sizes, not from ``scale_factor``.
        antialias: must be False.

    Raises:
        ShapeError: another number of dimensions.
        ArgumentError: an unknown mode, or arguments that do not go together.
        NotImplementedError: ``antialias``.
        DtypeError: not of floating point.

    Example:
        >>> interpolate(jnp.array([[[1.0, 2.0]]]), scale_factor=2).tolist()
        [[[1.0, 1.0, 2.0, 2.0]]]

    Source: ``torch.nn.functional.interpolate``. Deviation: no antialiasing.
    """
    who, n = "interpolate", input.ndim - 2
    one_of(who, "mode", mode, tuple(_MODES))
    if mode not in ("nearest", "nearest-exact"):
        require_float(who, input)
    if n not in _MODES[mode]:
        counts = " or ".join(str(s + 2) for s in _MODES[mode])
        raise ShapeError(
            message(who, f"an input of {counts} dimensions for mode {mode!r}", describe(input), "change mode")
        )
    smooth = mode in ("linear", "bilinear", "bicubic", "trilinear")
    if align_corners is not None and not smooth:
        raise ArgumentError(
            message(who, f"no align_corners with mode {mode!r}", repr(align_corners), "drop it")
        )
    if antialias:
        raise NotImplementedError(
            message(who, "antialias=False", "True", "average or filter the image first")
        )
    targets = _targets(input, size, scale_factor, recompute_scale_factor)
    if mode == "area":
        pool = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[n - 1]
        return pool.fn(input, tuple(m for m, _ in targets))
    return _sampled(input, targets, mode, bool(align_corners))


def upsample(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:
    """Return `interpolate` of the same arguments, its older name."""
    return interpolate(input, size, scale_factor, mode, align_corners)
