"""Sliding blocks of an image as columns, and back."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ShapeError, describe, message
from xlagrad.layers.functional.arguments import Ints, require_ndim, sizes
from xlagrad.layers.functional.window import Window, shifted

Sizes = tuple[int, ...]


def _window(who: str, kernel_size: Ints, dilation: Ints, padding: Ints, stride: Ints) -> tuple[Window, Sizes]:
    spacing, steps = sizes(who, "dilation", dilation, 2, 1), sizes(who, "stride", stride, 2, 1)
    pads = tuple((p, p) for p in sizes(who, "padding", padding, 2, 0))
    return Window(steps, pads, spacing), sizes(who, "kernel_size", kernel_size, 2, 1)


def _columns(x: Array, window: Window, kernel: Sizes) -> Array:
    """Return (N, C · KH · KW, positions) of (N, C, H, W)."""
    count = window.positions(x.shape[2:], kernel)
    x = jnp.pad(x, ((0, 0), (0, 0), *window.padding))
    offsets = itertools.product(*(range(0, k * d, d) for k, d in zip(kernel, window.dilation, strict=True)))
    blocks = [shifted(x, offset, window.stride, count, 2) for offset in offsets]
    n, c = x.shape[:2]
    return jnp.stack(blocks, 2).reshape(n, c * len(blocks), count[0] * count[1])


@op
def unfold(input: Array, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1) -> Array:
    """The blocks that a window of an image passes, each flattened into a column.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size: extent of the window, one number or one for each dimension.
        dilation: spacing of its elements.
        padding: zeros added on both sides.
        stride: step between positions.

    Returns:
        (N, C · KH · KW, positions).

    Raises:
        ShapeError: another number of dimensions, or a window larger than the image.
        ArgumentError: an argument out of range.

    Example:
        >>> unfold(jnp.arange(4.0).reshape(1, 2, 2), (1, 2)).tolist()
        [[0.0, 2.0], [1.0, 3.0]]

    Source: ``torch.nn.functional.unfold``.
    """
    require_ndim("unfold", input, (3, 4), "(N, C, H, W) or (C, H, W)")
    window, kernel = _window("unfold", kernel_size, dilation, padding, stride)
    if min(window.positions(input.shape[-2:], kernel)) < 1:
        fix = "add padding or use a smaller kernel_size"
        raise ShapeError(message("unfold", f"an image that {kernel} fits in", describe(input), fix))
    columns = _columns(input if input.ndim == 4 else input[None], window, kernel)
    return columns if input.ndim == 4 else columns[0]


@op
def fold(
    input: Array,
    output_size: Ints,
    kernel_size: Ints,
    dilation: Ints = 1,
    padding: Ints = 0,
    stride: Ints = 1,
) -> Array:
    """The image in which the blocks of `unfold` are added up where they overlap: its transpose.

    Args:
        input: (N, C · KH · KW, positions), or without N.
        output_size: (H, W) of the image.
        kernel_size: as for `unfold`.
        dilation: as for `unfold`.
        padding: as for `unfold`.
        stride: as for `unfold`.

    Returns:
        (N, C, H, W).

    Raises:
        ShapeError: columns that are not blocks of such an image.
        ArgumentError: an argument out of range.

    Example:
        >>> fold(jnp.ones((2, 2)), (1, 3), (1, 2)).tolist()
        [[[1.0, 2.0, 1.0]]]

    Source: ``torch.nn.functional.fold``.
    """
    require_ndim("fold", input, (2, 3), "(N, C · KH · KW, positions), or without N")
    window, kernel = _window("fold", kernel_size, dilation, padding, stride)
    size = sizes("fold", "output_size", output_size, 2, 1)
    columns = input if input.ndim == 3 else input[None]
    count = window.positions(size, kernel)
    want = (kernel[0] * kernel[1], count[0] * count[1])
    if columns.shape[1] % want[0] or columns.shape[2] != want[1] or min(count) < 1:
        text = f"columns of a multiple of {want[0]} elements at {want[1]} positions"
        fix = "check output_size, kernel_size and stride"
        raise ShapeError(message("fold", text, describe(input), fix))
    like = jax.ShapeDtypeStruct((columns.shape[0], columns.shape[1] // want[0], *size), input.dtype)
    (image,) = jax.linear_transpose(lambda x: _columns(x, window, kernel), like)(columns)
    return image if input.ndim == 3 else image[0]
