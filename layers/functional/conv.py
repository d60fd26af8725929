"""Convolutions and transposed convolutions of images with channels first."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.layers.functional.arguments import (
    Ints,
    image_layout,
    one_of,
    require_float,
    require_ndim,
    require_same_dtype,
    sizes,
)
from xlagrad.layers.functional.convolution import correlate, spread
from xlagrad.layers.functional.window import Window

Sizes = tuple[int, ...]


def _check(
    who: str, n: int, input: Array, weight: Array, bias: Array | None, groups: int, transposed: bool
) -> None:
    """Raise unless types, dimensions, channels and groups of the operands fit together."""
    require_float(who, input)
    require_same_dtype(who, input, weight=weight, bias=bias)
    require_ndim(who, input, (n + 1, n + 2), image_layout(n))
    first, second = ("C", "O") if transposed else ("O", "C")
    if weight.ndim != n + 2:
        want = f"a weight of {n + 2} dimensions ({first}, {second} / groups, *kernel_size)"
        raise ShapeError(message(who, want, describe(weight), "unsqueeze or reshape the weight"))
    if groups < 1 or weight.shape[0] % groups:
        want = f"groups that divide the {weight.shape[0]} of weight {describe(weight)}"
        raise ArgumentError(message(who, want, str(groups), "change groups or the channels"))
    channels = weight.shape[0] if transposed else weight.shape[1] * groups
    if input.shape[-n - 1] != channels:
        want = f"an input with {channels} channels to match weight {describe(weight)} and groups={groups}"
        fix = f"check in_channels; the channels are dimension {input.ndim - n - 1}"
        raise ShapeError(message(who, want, describe(input), fix))
    out = weight.shape[1] * groups if transposed else weight.shape[0]
    if bias is not None and bias.shape != (out,):
        raise ShapeError(
            message(who, f"a bias of shape ({out},)", describe(bias), "give one per output channel")
        )


def _padding(who: str, padding: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Return the zeros to add before and after each dimension."""
    if not isinstance(padding, str):
        return tuple((p, p) for p in sizes(who, "padding", padding, len(kernel), 0))
    one_of(who, "padding", padding, ("same", "valid"))
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if set(stride) != {1}:
        fix = "give the padding in numbers"
        raise ArgumentError(message(who, "stride 1 with padding='same'", f"stride={stride}", fix))
    totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    return tuple((t // 2, t - t // 2) for t in totals)


def _as_kernel(weight: Array) -> Array:
    """Return (O, C, *K) as (*K, C, O)."""
    return jnp.moveaxis(weight, (0, 1), (-1, -2))


def _images(input: Array, n: int) -> Array:
    """Return (N, C, *S) or (C, *S) as (N, *S, C)."""
    return jnp.moveaxis(input if input.ndim == n + 2 else input[None], 1, -1)


def _result(y: Array, bias: Array | None, ndim: int) -> Array:
    """Return (N, *S, C) plus the bias with its channels first, and with as many dimensions as the input."""
    y = jnp.moveaxis(y if bias is None else y + bias, -1, 1)
    return y if ndim == y.ndim else y[0]


def _convolve(
    n: int, input: Array, weight: Array, bias: Array | None, stride: Ints, padding: Any, dilation: Ints,
    groups: int,
) -> Array:  # fmt: skip
    who = f"conv{n}d"
    _check(who, n, input, weight, bias, groups, transposed=False)
    kernel = weight.shape[2:]
    steps, spacing = sizes(who, "stride", stride, n, 1), sizes(who, "dilation", dilation, n, 1)
    window = Window(steps, _padding(who, padding, kernel, steps, spacing), spacing, groups)
    x = _images(input, n)
    if 0 in kernel or min(window.positions(x.shape[1:-1], kernel)) < 1:
        want = f"an image that a kernel of {kernel} fits in"
        raise ShapeError(message(who, want, describe(input), "add padding or use a smaller kernel"))
    return _result(correlate(x, _as_kernel(weight), window), bias, input.ndim)


@op
def conv1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Array:
    """y[o, t] = b[o] + Σ_c,k w[o, c, k] · x[c, t · stride + k · dilation - padding]. Arguments as `conv2d`.

    Example:
        >>> conv1d(jnp.arange(4.0)[None], jnp.ones((1, 1, 2))).tolist()
        [[1.0, 3.0, 5.0]]

    Source: ``torch.nn.functional.conv1d``.
    """
    return _convolve(1, input, weight, bias, stride, padding, dilation, groups)


@op
def conv2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Array:
    """y[o, t] = b[o] + Σ_c,k w[o, c, k] · x[c, t · stride + k · dilation - padding], t and k of two numbers.

    Args:
        input: (N, C, H, W) or (C, H, W), of floating point.
        weight: (O, C / groups, KH, KW), of the same type.
        bias: (O,).
        stride: step between positions, one for all dimensions or one for each.
        padding: zeros added on both sides; or ``"valid"`` for none; or ``"same"`` for as many as keep the
            size, of which an odd one goes to the end.
        dilation: spacing of the kernel's elements.
        groups: blocks of channels that do not mix.

    Returns:
        (N, O, H', W') with H' = ⌊(H + 2·padding - dilation·(KH - 1) - 1) / stride⌋ + 1.

    Raises:
        ShapeError: dimensions or channels that do not fit, or a kernel larger than the image.
        DtypeError: types that differ, or are not of floating point.
        ArgumentError: an argument out of range.

    Example:
        >>> conv2d(jnp.ones((1, 3, 8, 8)), jnp.ones((4, 3, 3, 3)), padding="same").shape
        (1, 4, 8, 8)

    Source: ``torch.nn.functional.conv2d``.
    """
    return _convolve(2, input, weight, bias, stride, padding, dilation, groups)


@op
def conv3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Array:
    """The convolution of (N, C, D, H, W) with (O, C / groups, KD, KH, KW). Arguments as `conv2d`.

    Example:
        >>> conv3d(jnp.ones((1, 2, 4, 4, 4)), jnp.ones((3, 2, 2, 2, 2)), stride=2).shape
        (1, 3, 2, 2, 2)

    Source: ``torch.nn.functional.conv3d``.
    """
    return _convolve(3, input, weight, bias, stride, padding, dilation, groups)


def _transpose(
    n: int, input: Array, weight: Array, bias: Array | None, stride: Ints, padding: Ints,
    output_padding: Ints, groups: int, dilation: Ints,
) -> Array:  # fmt: skip
    who = f"conv_transpose{n}d"
    _check(who, n, input, weight, bias, groups, transposed=True)
    kernel, y = weight.shape[2:], _images(input, n)
    steps, spacing = sizes(who, "stride", stride, n, 1), sizes(who, "dilation", dilation, n, 1)
    pads, extra = sizes(who, "padding", padding, n, 0), sizes(who, "output_padding", output_padding, n, 0)
    if any(e >= max(s, d) for e, s, d in zip(extra, steps, spacing, strict=True)):
        want = f"an output_padding smaller than stride {steps} or dilation {spacing}"
        raise ArgumentError(message(who, want, repr(output_padding), "lower output_padding"))
    rows = zip(y.shape[1:-1], steps, pads, spacing, kernel, extra, strict=True)
    size = tuple((t - 1) * s - 2 * p + d * (k - 1) + e + 1 for t, s, p, d, k, e in rows)
    if min(size) < 1:
        fix = "lower padding or raise kernel_size"
        raise ShapeError(message(who, "a result with elements", f"one of spatial size {size}", fix))
    window = Window(steps, tuple((p, p) for p in pads), spacing, groups)
    # The added size may make room for positions that the input does not have.
    missing = [(0, m - t) for m, t in zip(window.positions(size, kernel), y.shape[1:-1], strict=True)]
    if any(map(any, missing)):
        y = jnp.pad(y, ((0, 0), *missing, (0, 0)))
    return _result(spread(y, _as_kernel(weight), window, size), bias, input.ndim)


@op
def conv_transpose1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Array:
    """The transpose of `conv1d` as a map of its input, (N, C, L). Arguments as `conv_transpose2d`.

    Example:
        >>> conv_transpose1d(jnp.ones((1, 3)), jnp.ones((1, 1, 2))).tolist()
        [[1.0, 2.0, 2.0, 1.0]]

    Source: ``torch.nn.functional.conv_transpose1d``.
    """
    return _transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


@op
def conv_transpose2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Array:
    """The transpose of `conv2d` as a map of its input: what its gradient does.

    Args:
        input: (N, C, H, W) or (C, H, W), of floating point.
        weight: (C, O / groups, KH, KW), of the same type.
        bias: (O,).
        stride: spacing of the input's elements in the result.
        padding: what the convolution would add, and is here cut off the result.
        output_padding: rows added at the end of the result, where a stride leaves its size open.
        groups: blocks of channels that do not mix.
        dilation: spacing of the kernel's elements.

    Returns:
        (N, O, H', W') with H' = (H - 1)·stride - 2·padding + dilation·(KH - 1) + output_padding + 1.

    Raises:
        ShapeError: dimensions or channels that do not fit, or an empty result.
        DtypeError: types that differ, or are not of floating point.
        ArgumentError: an argument out of range.

    Example:
        >>> conv_transpose2d(jnp.ones((1, 4, 5, 5)), jnp.ones((4, 2, 3, 3)), stride=2).shape
        (1, 2, 11, 11)

    Source: ``torch.nn.functional.conv_transpose2d``.
    """
    return _transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


@op
def conv_transpose3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Array:
    """The transpose of `conv3d` as a map of its input. Arguments as `conv_transpose2d`.

    Example:
        >>> conv_transpose3d(jnp.ones((1, 2, 2, 2, 2)), jnp.ones((2, 1, 2, 2, 2))).shape
        (1, 1, 3, 3, 3)

    Source: ``torch.nn.functional.conv_transpose3d``.
    """
    return _transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)
