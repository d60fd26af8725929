"""Convolutions and transposed convolutions with torch's arguments."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.signature import freeze
from xlagrad.layers.functional.convolution import correlate, spread
from xlagrad.layers.functional.pooling import batched, spread_sizes
from xlagrad.layers.functional.window import Window

Sizes = tuple[int, ...]


def _check(who: str, input: Any, weight: Any, bias: Any, groups: int, channels: int, outputs: int) -> None:
    """Raise unless channels, groups and bias fit together."""
    if groups < 1 or weight.shape[0] % groups:
        raise ArgumentError(message(who, f"groups that divide {weight.shape[0]} weights", str(groups)))
    if input.shape[1] != channels:
        raise ShapeError(
            message(who, f"an input with {channels} channels for weight {describe(weight)} and groups={groups}",
                    describe(input), "check in_channels")
        )  # fmt: skip
    if bias is not None and tuple(bias.shape) != (outputs,):
        raise ShapeError(message(who, f"a bias of shape ({outputs},)", describe(bias)))


def _pads(
    who: str, padding: Any, kernel: Sizes, stride: Sizes, dilation: Sizes
) -> tuple[tuple[int, int], ...]:
    """Return the padding before and after each dimension.

    Raises:
        ArgumentError: "same" with strides, an unknown word, or negative numbers.
    """
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        if any(s != 1 for s in stride):
            raise ArgumentError(message(who, "stride 1 with padding='same'", f"stride {stride}"))
        totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple((t // 2, t - t // 2) for t in totals)
    if isinstance(padding, str):
        raise ArgumentError(message(who, "padding 'same', 'valid' or numbers", repr(padding)))
    sizes = spread_sizes(who, "padding", padding, len(kernel))
    if min(sizes) < 0:
        raise ArgumentError(message(who, "padding that is not negative", f"{padding}"))
    return tuple((p, p) for p in sizes)


def _positive(who: str, name: str, value: Any, count: int) -> Sizes:
    sizes = spread_sizes(who, name, value, count)
    if min(sizes) < 1:
        raise ArgumentError(message(who, f"a positive {name}", f"non-positive {name} {value}"))
    return sizes


def _kernel_last(weight: Any) -> Any:
    """Return (O, C, *K) as (*K, C, O)."""
    return jnp.moveaxis(weight, (0, 1), (-1, -2))


@op(name="_convolution")
def _convolution(
    input: Array, weight: Array, bias: Array | None, stride: Any, padding: Any, dilation: Any, groups: int
) -> Array:
    """Cross-correlation, channels first."""
    spatial = weight.ndim - 2
    who = f"conv{spatial}d"
    x = batched(who, input, spatial)
    _check(who, x, weight, bias, groups, weight.shape[1] * groups, weight.shape[0])
    kernel = tuple(weight.shape[2:])
    pads = _pads(who, padding, kernel, stride, dilation)
    window = Window(stride, pads, dilation, groups)
    if min(window.positions(x.shape[2:], kernel)) < 1:
        raise ShapeError(
            message(
                who, f"an image at least as large as the kernel {kernel}", describe(input), "pad the image"
            )
        )
    y = correlate(jnp.moveaxis(x, 1, -1), _kernel_last(weight).astype(x.dtype), window)
    if bias is not None:
        y = y + bias
    y = jnp.moveaxis(y, -1, 1)
    return y if input.ndim == spatial + 2 else y[0]


def _run(
    spatial: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    who = f"conv{spatial}d"
    if len(weight.shape) != spatial + 2:
        raise ShapeError(message(who, f"a weight of {spatial + 2} dimensions", describe(weight)))
    return _convolution(
        input,
        weight,
        bias,
        stride=_positive(who, "stride", stride, spatial),
        padding=freeze(who, padding),
        dilation=_positive(who, "dilation", dilation, spatial),
        groups=groups,
    )


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Return the cross-correlation of (N, C, L) with (O, C / groups, K); see :func:`conv2d`."""
    return _run(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Return y[o, t] = b[o] + Σ_c,k w[o, c, k] · x[c, t·stride + k·dilation − padding].

    Args:
        input: (N, C, H, W) or (C, H, W).
        weight: (O, C / groups, KH, KW).
        bias: (O,).
        stride: step between positions.
        padding: zeros added on both sides, or "same" (stride 1) or "valid".
        dilation: spacing of the kernel's elements.
        groups: blocks of channels that do not mix.

    Raises:
        ShapeError: channels, bias or sizes do not fit.
        ArgumentError: an argument is out of range.

    Follows ``torch.nn.functional.conv2d``.
    """
    return _run(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Return the cross-correlation of (N, C, D, H, W) with (O, C / groups, KD, KH, KW); see :func:`conv2d`."""
    return _run(3, input, weight, bias, stride, padding, dilation, groups)


@op(name="_convolution_transpose")
def _convolution_transpose(
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Array:
    """The transpose of a cross-correlation, channels first."""
    spatial = weight.ndim - 2
    who = f"conv_transpose{spatial}d"
    x = batched(who, input, spatial)
    _check(who, x, weight, bias, groups, weight.shape[0], weight.shape[1] * groups)
    kernel = tuple(weight.shape[2:])
    for o, s, d in zip(output_padding, stride, dilation, strict=True):
        if not 0 <= o < max(s, d):
            raise ArgumentError(
                message(who, "output_padding smaller than stride or dilation", f"{output_padding}")
            )
    rows = zip(x.shape[2:], kernel, stride, padding, output_padding, dilation, strict=True)
    size = tuple((n - 1) * s - 2 * p + d * (k - 1) + o + 1 for n, k, s, p, o, d in rows)
    if min(size) < 1:
        raise ShapeError(message(who, "an output with elements", f"size {size}", "pad less"))
    window = Window(stride, tuple((p, p) for p in padding), dilation, groups)
    positions = window.positions(size, kernel)
    y = jnp.moveaxis(x, 1, -1)
    # With dilation the output's padding may make room for further positions, which hold nothing.
    extra = [(0, more - have) for more, have in zip(positions, y.shape[1:-1], strict=True)]
    if any(map(any, extra)):
        y = jnp.pad(y, [(0, 0), *extra, (0, 0)])
    out = spread(y, _kernel_last(weight).astype(y.dtype), window, size)
    if bias is not None:
        out = out + bias
    out = jnp.moveaxis(out, -1, 1)
    return out if input.ndim == spatial + 2 else out[0]


def _run_transpose(
    spatial: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    who = f"conv_transpose{spatial}d"
    if len(weight.shape) != spatial + 2:
        raise ShapeError(message(who, f"a weight of {spatial + 2} dimensions", describe(weight)))
    return _convolution_transpose(
        input,
        weight,
        bias,
        stride=_positive(who, "stride", stride, spatial),
        padding=spread_sizes(who, "padding", padding, spatial),
        output_padding=spread_sizes(who, "output_padding", output_padding, spatial),
        groups=groups,
        dilation=_positive(who, "dilation", dilation, spatial),
    )


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Return the transposed convolution of (N, C, L) with (C, O / groups, K); see :func:`conv_transpose2d`."""
    return _run_transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Return the transpose, in its image, of :func:`conv2d` with the same weight and arguments.

    Args:
        input: (N, C, H, W) or (C, H, W).
        weight: (C, O / groups, KH, KW).
        bias: (O,).
        stride: step between positions.
        padding: what the convolution would have padded; cut off the result.
        output_padding: length added to one side of the result.
        groups: blocks of channels that do not mix.
        dilation: spacing of the kernel's elements.

    Follows ``torch.nn.functional.conv_transpose2d``.
    """
    return _run_transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Return the transposed convolution of (N, C, D, H, W); see :func:`conv_transpose2d`."""
    return _run_transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)
