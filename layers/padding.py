"""Layers that add a border."""

from __future__ import annotations

from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.creation import ntuple
from xlagrad.layers.module import Module

Ints = int | tuple[int, ...]


class _Pad(Module):
    """Adds a border around the last ``spatial`` dimensions.

    Args:
        padding: how much before and after each dimension, the last one first; one number for all.
    """

    spatial: int
    mode: str

    def __init__(self, padding: Ints) -> None:
        super().__init__()
        self.padding = ntuple(padding, 2 * self.spatial)

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with the border."""
        out: Tensor = F.pad(input, self.padding, mode=self.mode)
        return out

    def extra_repr(self) -> str:
        """Return the argument."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    """A border of one value.

    Args:
        padding: how much before and after each dimension, the last one first; one number for all.
        value: the value.
    """

    mode = "constant"

    def __init__(self, padding: Ints, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with the border."""
        out: Tensor = F.pad(input, self.padding, mode=self.mode, value=self.value)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """A border of one value along the last dimension. Reference: ``torch.nn.ConstantPad1d``."""

    spatial = 1


class ConstantPad2d(_ConstantPad):
    """A border of one value around the last two dimensions. Reference: ``torch.nn.ConstantPad2d``."""

    spatial = 2


class ConstantPad3d(_ConstantPad):
    """A border of one value around the last three dimensions. Reference: ``torch.nn.ConstantPad3d``."""

    spatial = 3


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Ints) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return the argument."""
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad):
    """A border of zeros along the last dimension. Reference: ``torch.nn.ZeroPad1d``."""

    spatial = 1


class ZeroPad2d(_ZeroPad):
    """A border of zeros around the last two dimensions. Reference: ``torch.nn.ZeroPad2d``.

    Example:
        >>> ZeroPad2d(1)
        ZeroPad2d((1, 1, 1, 1))
    """

    spatial = 2


class ZeroPad3d(_ZeroPad):
    """A border of zeros around the last three dimensions. Reference: ``torch.nn.ZeroPad3d``."""

    spatial = 3


class _ReflectionPad(_Pad):
    mode = "reflect"


class ReflectionPad1d(_ReflectionPad):
    """The input mirrored at the ends of the last dimension.

    Reference: ``torch.nn.ReflectionPad1d``.
    """

    spatial = 1


class ReflectionPad2d(_ReflectionPad):
    """The input mirrored at the ends of the last two dimensions.

    Reference: ``torch.nn.ReflectionPad2d``.
    """

    spatial = 2


class ReflectionPad3d(_ReflectionPad):
    """The input mirrored at the ends of the last three dimensions.

    Reference: ``torch.nn.ReflectionPad3d``.
    """

    spatial = 3


class _ReplicationPad(_Pad):
    mode = "replicate"


class ReplicationPad1d(_ReplicationPad):
    """The first and last values repeated along the last dimension.

    Reference: ``torch.nn.ReplicationPad1d``.
    """

    spatial = 1


class ReplicationPad2d(_ReplicationPad):
    """The border's values repeated around the last two dimensions.

    Reference: ``torch.nn.ReplicationPad2d``.
    """

    spatial = 2


class ReplicationPad3d(_ReplicationPad):
    """The border's values repeated around the last three dimensions.

    Reference: ``torch.nn.ReplicationPad3d``.
    """

    spatial = 3


class _CircularPad(_Pad):
    mode = "circular"


class CircularPad1d(_CircularPad):
    """The other end's values along the last dimension. Reference: ``torch.nn.CircularPad1d``."""

    spatial = 1


class CircularPad2d(_CircularPad):
    """The other end's values around the last two dimensions. Reference: ``torch.nn.CircularPad2d``."""

    spatial = 2


class CircularPad3d(_CircularPad):
    """The other end's values around the last three dimensions. Reference: ``torch.nn.CircularPad3d``."""

    spatial = 3
