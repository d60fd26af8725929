"""The lazy variants of linear, convolutional and normalising layers."""

from __future__ import annotations

from typing import Any

from xlagrad.core.tensor import Tensor
from xlagrad.layers.batchnorm import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)
from xlagrad.layers.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from xlagrad.layers.creation import new_tensor
from xlagrad.layers.lazy import LazyModuleMixin, dimension
from xlagrad.layers.linear import Linear
from xlagrad.layers.uninitialized import UninitializedBuffer, UninitializedParameter

Ints = int | tuple[int, ...]


class LazyLinear(LazyModuleMixin, Linear):
    """A :class:`Linear` whose ``in_features`` is the width of the first input.

    Args:
        out_features: width of the outputs.
        bias: whether there is a bias.
        device: where the parameters are made.
        dtype: their type.

    Example:
        >>> layer = LazyLinear(3)
        >>> layer
        LazyLinear(in_features=0, out_features=3, bias=True)
        >>> _ = layer(Tensor([[1.0, 2.0]]))
        >>> layer
        Linear(in_features=2, out_features=3, bias=True)

    Reference: ``torch.nn.LazyLinear``.
    """

    cls_to_become = Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(0, 0, False, device, dtype)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw the parameters anew, once they have shapes."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take ``in_features`` from the input; draw the parameters."""
        self.in_features = int(input.shape[-1])
        if self.has_uninitialized_params():
            self.weight.materialize((self.out_features, self.in_features))
            if self.bias is not None:
                self.bias.materialize((self.out_features,))
            self.reset_parameters()


class _LazyConv(LazyModuleMixin):
    """A convolution whose ``in_channels`` is that of the first input; arguments as those of the convolution.

    Args:
        out_channels: channels of the output.
        kernel_size: extent of the kernel.
        args: the arguments that follow these.
        bias: whether there is a bias.
        device: where the parameters are made.
        dtype: their type.
        kwargs: the rest by name.
    """

    spatial: int
    transposed: bool
    weight: Any
    bias: Any
    groups: int
    kernel_size: tuple[int, ...]

    def _build(
        self, args: tuple[Any, ...], names: tuple[str, ...], given: dict[str, Any], out_channels: int
    ) -> None:
        options = {**dict(zip(names, args, strict=False)), **given}
        bias = options.pop("bias", True)
        # Channels of zero are divisible by all groups; those asked for are set afterwards.
        LazyModuleMixin.__init__(self, 0, 0, bias=False, **options)
        device, dtype = options.get("device"), options.get("dtype")
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_channels = out_channels
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw the parameters anew, once they have shapes."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Take ``in_channels`` from the input; draw the parameters."""
        ranks = (self.spatial + 1, self.spatial + 2)
        self.in_channels = dimension(self, input, -self.spatial - 1, ranks)
        if not self.has_uninitialized_params():
            return
        self._check()
        channels = (self.in_channels, self.out_channels)
        first, second = channels if self.transposed else channels[::-1]
        self.weight.materialize((first, second // self.groups, *self.kernel_size))
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()


_CONV = ("kernel_size", "stride", "padding", "dilation", "groups", "bias", "padding_mode", "device", "dtype")
_TRANSPOSED = (
    "kernel_size", "stride", "padding", "output_padding", "groups", "bias", "dilation", "padding_mode",
    "device", "dtype",
)  # fmt: skip


class LazyConv1d(_LazyConv, Conv1d):
    """A lazy :class:`Conv1d`. Reference: ``torch.nn.LazyConv1d``."""

    cls_to_become = Conv1d

    def __init__(self, out_channels: int, *args: Any, **kwargs: Any) -> None:
        self._build(args, _CONV, kwargs, out_channels)


class LazyConv2d(_LazyConv, Conv2d):
    """A lazy :class:`Conv2d`. Reference: ``torch.nn.LazyConv2d``."""

    cls_to_become = Conv2d

    def __init__(self, out_channels: int, *args: Any, **kwargs: Any) -> None:
        self._build(args, _CONV, kwargs, out_channels)


class LazyConv3d(_LazyConv, Conv3d):
    """A lazy :class:`Conv3d`. Reference: ``torch.nn.LazyConv3d``."""

    cls_to_become = Conv3d

    def __init__(self, out_channels: int, *args: Any, **kwargs: Any) -> None:
        self._build(args, _CONV, kwargs, out_channels)


class LazyConvTranspose1d(_LazyConv, ConvTranspose1d):
    """A lazy :class:`ConvTranspose1d`. Reference: ``torch.nn.LazyConvTranspose1d``."""

    cls_to_become = ConvTranspose1d

    def __init__(self, out_channels: int, *args: Any, **kwargs: Any) -> None:
        self._build(args, _TRANSPOSED, kwargs, out_channels)


class LazyConvTranspose2d(_LazyConv, ConvTranspose2d):
    """A lazy :class:`ConvTranspose2d`. Reference: ``torch.nn.LazyConvTranspose2d``."""

    cls_to_become = ConvTranspose2d

    def __init__(self, out_channels: int, *args: Any, **kwargs: Any) -> None:
        self._build(args, _TRANSPOSED, kwargs, out_channels)


class LazyConvTranspose3d(_LazyConv, ConvTranspose3d):
    """A lazy :class:`ConvTranspose3d`. Reference: ``torch.nn.LazyConvTranspose3d``."""

    cls_to_become = ConvTranspose3d

    def __init__(self, out_channels: int, *args: Any, **kwargs: Any) -> None:
        self._build(args, _TRANSPOSED, kwargs, out_channels)


class _LazyNorm(LazyModuleMixin):
    """A normalisation whose ``num_features`` is the number of channels of the first input.

    Args:
        eps: keeps the root away from zero.
        momentum: weight of the newest batch.
        affine: whether there are a weight and a bias.
        track_running_stats: whether there are running statistics.
        device: where the tensors are made.
        dtype: their type.
        bias: whether there is a bias.
    """

    _channel = 1

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        # Without affine parameters and statistics there is nothing of a size.
        super().__init__(0, eps, momentum, False, False, device, dtype)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = new_tensor((), 0, device, "int64")

    def reset_parameters(self) -> None:
        """Set parameters and statistics to their beginnings, once they have shapes."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Tensor) -> None:
        """Take ``num_features`` from the input."""
        self._check_input_dim(input)
        self.num_features = int(input.shape[self._feature_dim(input)])
        if not self.has_uninitialized_params():
            return
        for member in (self.weight, self.bias, self.running_mean, self.running_var):
            if member is not None:
                member.materialize((self.num_features,))
        self.reset_parameters()

    def _feature_dim(self, input: Tensor) -> int:
        return input.ndim - self._unbatched if hasattr(self, "_unbatched") else 1


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A lazy :class:`BatchNorm1d`. Reference: ``torch.nn.LazyBatchNorm1d``."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A lazy :class:`BatchNorm2d`. Reference: ``torch.nn.LazyBatchNorm2d``."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A lazy :class:`BatchNorm3d`. Reference: ``torch.nn.LazyBatchNorm3d``."""

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """A lazy :class:`InstanceNorm1d`. Reference: ``torch.nn.LazyInstanceNorm1d``."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """A lazy :class:`InstanceNorm2d`. Reference: ``torch.nn.LazyInstanceNorm2d``."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """A lazy :class:`InstanceNorm3d`. Reference: ``torch.nn.LazyInstanceNorm3d``."""

    cls_to_become = InstanceNorm3d
