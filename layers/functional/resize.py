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
    "lanczos": (2,),
    "trilinear": (3,),
    "area": (1, 2, 3),
}

Floats = np.ndarray[Any, Any]


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


def cubic_weights(part: Any, a: float = -0.75) -> tuple[Any, Any, Any, Any]:
    """Return the weights of the four elements around a point that lies ``part`` behind the second of them.

    Args:
        part: from 0 to 1, any shape.
        a: slope of the convolution kernel at 1; Keys, 1981.
    """

    def near(t: Any) -> Any:
        return ((a + 2) * t - (a + 3)) * t * t + 1

    def far(t: Any) -> Any:
        return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a

    return far(part + 1), near(part), near(1 - part), far(2 - part)


def _cubic(x: Array, axis: int, want: int, factor: float | None, corners: bool) -> Array:
    at = _sources(x.shape[axis], want, factor, corners)
    low = np.floor(at).astype(np.int32)
    return _weighted(x, axis, [(low + i - 1, w) for i, w in enumerate(cubic_weights(at - low))])


def _triangle(t: Floats) -> Floats:
    return np.maximum(1 - np.abs(t), 0)


def _keys(t: Floats) -> Floats:
    t, a = np.abs(t), -0.5
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    return np.where(t < 1, near, np.where(t < 2, (((t - 5) * t + 8) * t - 4) * a, 0))


def _lanczos(t: Floats) -> Floats:
    return np.where(np.abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0)


# The kernel of each mode with antialiasing, and how far it reaches.
_KERNELS = {"bilinear": (_triangle, 1), "bicubic": (_keys, 2), "lanczos": (_lanczos, 3)}


def _smoothed(x: Array, axis: int, want: int, factor: float | None, corners: bool, mode: str) -> Array:
    """Return the line resampled with a kernel as wide as the spacing of the new elements."""
    have, (kernel, reach) = x.shape[axis], _KERNELS[mode]
    if corners:
        scale = (have - 1) / (want - 1) if want > 1 else 0.0
    else:
        scale = have / want if factor is None else 1 / factor
    width = max(scale, 1.0)
    center = scale * (np.arange(want) + 0.5)
    first = np.maximum((center - reach * width + 0.5).astype(np.int64), 0)
    count = np.minimum((center + reach * width + 0.5).astype(np.int64), have) - first
    offsets = np.arange(max(int(count.max()), 1))[:, None]
    weights = kernel((offsets + first - center + 0.5) / width) * (offsets < count)
    total = weights.sum(0)
    weights = weights / np.where(total == 0, 1, total)
    return _weighted(x, axis, [(first + i, w) for i, w in enumerate(weights)])


def _sampled(x: Array, targets: list[tuple[int, Any]], mode: str, corners: bool, smooth: bool) -> Array:
    """Return the image resampled, one spatial dimension after the other."""
    for axis, (want, factor) in enumerate(targets, 2):
        if smooth:
            x = _smoothed(x, axis, want, factor, corners, mode)
        elif mode == "bicubic":
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
            for images of one, two, two and three dimensions; ``lanczos`` for two.
        align_corners: in those with linear and cubic, whether the centres of the corner elements coincide,
            or, as by default, the outer edges.
        recompute_scale_factor: take positions from the rounded sizes, not from ``scale_factor``.
        antialias: widen the kernel when shrinking; for ``bilinear``, ``bicubic`` and, always, ``lanczos``.

    Raises:
        ShapeError: another number of dimensions.
        ArgumentError: an unknown mode, or arguments that do not go together.
        DtypeError: not of floating point (bytes may be).

    Example:
        >>> interpolate(jnp.array([[[1.0, 2.0]]]), scale_factor=2).tolist()
        [[[1.0, 1.0, 2.0, 2.0]]]

    Source: ``torch.nn.functional.interpolate``. Deviation: bytes are resampled as floats and then rounded;
    PyTorch rounds in between, and has another cubic kernel for bytes.
    """
    who, n = "interpolate", input.ndim - 2
    one_of(who, "mode", mode, tuple(_MODES))
    if n not in _MODES[mode]:
        counts = " or ".join(str(s + 2) for s in _MODES[mode])
        raise ShapeError(
            message(who, f"an input of {counts} dimensions for mode {mode!r}", describe(input), "change mode")
        )
    _check_options(who, mode, align_corners, antialias)
    if recompute_scale_factor and size is not None:
        fix = "drop recompute_scale_factor"
        raise ArgumentError(message(who, "a scale_factor to recompute", "a size", fix))
    targets = _targets(input, size, scale_factor, recompute_scale_factor)
    if mode in ("nearest", "nearest-exact"):
        return _sampled(input, targets, mode, False, False)
    bytes_ = input.dtype == np.uint8
    x = input.astype(np.float32) if bytes_ else input
    require_float(who, x)
    if mode == "area":
        pool = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[n - 1]
        return pool.fn(x, tuple(m for m, _ in targets))
    out = _sampled(x, targets, mode, bool(align_corners), antialias)
    return jnp.clip(jnp.floor(out + 0.5), 0, 255).astype(np.uint8) if bytes_ else out


def _check_options(who: str, mode: str, align_corners: bool | None, antialias: bool) -> None:
    """Raise for options that do not go with a mode."""
    smooth = mode in ("linear", "bilinear", "bicubic", "trilinear")
    if align_corners is not None and not smooth and not (mode == "lanczos" and not align_corners):
        raise ArgumentError(
            message(who, f"no align_corners with mode {mode!r}", repr(align_corners), "drop it")
        )
    if antialias != (mode == "lanczos") and mode not in ("bilinear", "bicubic"):
        want = "antialias with mode 'bilinear', 'bicubic' or 'lanczos', and always with the last"
        raise ArgumentError(message(who, want, f"{antialias} with {mode!r}", "change one of them"))


def upsample(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:
    """Return `interpolate` of the same arguments, its older name."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """Return `interpolate` of mode ``nearest``.

    Source: ``torch.nn.functional.upsample_nearest``.
    """
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """Return `interpolate` of mode ``bilinear`` with aligned corners.

    Source: ``torch.nn.functional.upsample_bilinear``.
    """
    return interpolate(input, size, scale_factor, "bilinear", True)
