"""Convolutions."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.creation import check_positive, new_parameter, ntuple
from xlagrad.layers.linear import reset_affine
from xlagrad.layers.module import Module

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")
Ints = int | tuple[int, ...]


class ConvBase(Module):
    """Parameters and arguments of a convolution over ``spatial`` dimensions.

    ``weight`` is (out_channels, in_channels / groups, *kernel_size), ``bias`` (out_channels,), both drawn
    from U(-k, k) with k² = groups / (in_channels · ∏ kernel_size).

    Raises:
        ArgumentError: channels that ``groups`` does not divide, or an unknown padding.
    """

    spatial: int
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints,
        padding: Ints | str,
        dilation: Ints,
        output_padding: Ints,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = ntuple(kernel_size, self.spatial)
        self.stride = ntuple(stride, self.spatial)
        self.padding = padding if isinstance(padding, str) else ntuple(padding, self.spatial)
        self.dilation = ntuple(dilation, self.spatial)
        self.output_padding = ntuple(output_padding, self.spatial)
        self.groups = groups
        self.padding_mode = padding_mode
        self._check()
        channels = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = (channels[0], channels[1] // groups, *self.kernel_size)
        self.weight = new_parameter(shape, 0.0, device, dtype)
        self.register_parameter("bias", new_parameter((out_channels,), 0.0, device, dtype) if bias else None)
        self.reset_parameters()

    def _check(self) -> None:
        who = type(self).__name__
        check_positive(who, groups=self.groups)
        for name in ("in_channels", "out_channels"):
            if getattr(self, name) % self.groups:
                expected = f"{name} must be divisible by groups"
                got = f"{name}={getattr(self, name)}, groups={self.groups}"
                raise ArgumentError(message(who, expected, got))
        if isinstance(self.padding, str):
            if self.padding not in ("same", "valid"):
                raise ArgumentError(message(who, "padding as numbers, 'same' or 'valid'", repr(self.padding)))
            if self.padding == "same" and any(s != 1 for s in self.stride):
                expected = "stride 1 (padding='same' is not supported for strided convolutions)"
                raise ArgumentError(
                    message(who, expected, f"stride={self.stride}", "give the padding as numbers")
                )
        if self.padding_mode not in _PADDING_MODES:
            raise ArgumentError(message(who, f"padding_mode among {_PADDING_MODES}", repr(self.padding_mode)))

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        reset_affine(self.weight, self.bias)

    def _around(self) -> list[int]:
        """Return the padding before and after each dimension, the last one first, as ``F.pad`` wants."""
        amounts: list[int] = []
        for i in reversed(range(self.spatial)):
            if isinstance(self.padding, str):
                if self.padding == "valid":
                    amounts += [0, 0]
                    continue
                total = self.dilation[i] * (self.kernel_size[i] - 1)
                amounts += [total // 2, total - total // 2]
            else:
                amounts += [self.padding[i]] * 2
        return amounts

    def extra_repr(self) -> str:
        """Return the arguments, those left at their defaults aside."""
        parts = [
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        ]
        zeros = (0,) * self.spatial
        if self.padding != zeros:
            parts.append(f"padding={self.padding}")
        if self.dilation != (1,) * self.spatial:
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != zeros:
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Conv(ConvBase):
    """A convolution (in fact a cross-correlation).

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: extent of the kernel, one number or one for each dimension.
        stride: step between positions.
        padding: added on both sides of each dimension; or ``"same"``, ``"valid"``.
        dilation: spacing of the kernel's elements.
        groups: blocks of channels that do not mix.
        bias: whether to add one number to each output channel.
        padding_mode: ``zeros``, ``reflect``, ``replicate`` or ``circular``.
        device: where the parameters are made.
        dtype: their type.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints = 1,
        padding: Ints | str = 0,
        dilation: Ints = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            0,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution of ``input``, (N, C, ...) or (C, ...), with ``weight``, plus ``bias``."""
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        convolve = (F.conv1d, F.conv2d, F.conv3d)[self.spatial - 1]
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._around(), mode=self.padding_mode)
            padding = (0,) * self.spatial
        out: Tensor = convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)
        return out


class Conv1d(_Conv):
    """Convolution of (N, C, L). Reference: ``torch.nn.Conv1d``.

    Example:
        >>> Conv1d(3, 8, 5, padding=2)
        Conv1d(3, 8, kernel_size=(5,), stride=(1,), padding=(2,))
    """

    spatial = 1


class Conv2d(_Conv):
    """Convolution of (N, C, H, W). Reference: ``torch.nn.Conv2d``.

    Example:
        >>> Conv2d(3, 8, 3)
        Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))
    """

    spatial = 2


class Conv3d(_Conv):
    """Convolution of (N, C, D, H, W). Reference: ``torch.nn.Conv3d``."""

    spatial = 3


class _ConvTranspose(ConvBase):
    """The gradient of a convolution with respect to its input, used as a layer.

    ``weight`` is (in_channels, out_channels / groups, *kernel_size). An input of extent L gives an output of
    (L - 1) · stride - 2 · padding + dilation · (kernel - 1) + output_padding + 1.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: extent of the kernel.
        stride: step between positions in the output.
        padding: taken away from both sides of the output.
        output_padding: added to one side of the output.
        groups: blocks of channels that do not mix.
        bias: whether to add one number to each output channel.
        dilation: spacing of the kernel's elements.
        padding_mode: ``zeros`` only.
        device: where the parameters are made.
        dtype: their type.

    Raises:
        ArgumentError: another ``padding_mode``.
    """

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints = 1,
        padding: Ints = 0,
        output_padding: Ints = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Ints = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ArgumentError(message(type(self).__name__, "padding_mode 'zeros'", repr(padding_mode)))
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """Return the transposed convolution of ``input``.

        Args:
            input: (N, C, ...) or (C, ...).
            output_size: the spatial shape wanted, which settles ``output_padding``.

        Raises:
            ArgumentError: ``output_size`` cannot be reached.
        """
        extra = self.output_padding if output_size is None else self._extra(input, tuple(output_size))
        convolve = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[self.spatial - 1]
        out: Tensor = convolve(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )
        return out

    def _extra(self, input: Tensor, wanted: tuple[int, ...]) -> tuple[int, ...]:
        who, n = type(self).__name__, self.spatial
        if len(wanted) not in (n, input.ndim):
            expected = f"output_size with {n} or {input.ndim} elements"
            raise ArgumentError(message(who, expected, str(wanted)))
        extra = []
        for i, size in enumerate(wanted[-n:]):
            least = (input.shape[i - n] - 1) * self.stride[i] - 2 * self.padding[i]
            least += self.dilation[i] * (self.kernel_size[i] - 1) + 1
            if not least <= size < least + self.stride[i]:
                expected = f"output_size[{i}] from {least} to {least + self.stride[i] - 1}"
                raise ArgumentError(message(who, expected, str(size)))
            extra.append(size - least)
        return tuple(extra)


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution of (N, C, L). Reference: ``torch.nn.ConvTranspose1d``."""

    spatial = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution of (N, C, H, W). Reference: ``torch.nn.ConvTranspose2d``."""

    spatial = 2


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution of (N, C, D, H, W). Reference: ``torch.nn.ConvTranspose3d``."""

    spatial = 3
