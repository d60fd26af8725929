"""The layers of einops as modules: reshape, reduce and mix axes by name.

``pip install 'xlagrad[einops]'`` installs einops, which reads the patterns. Its functions take tensors as
they are: ``einops.rearrange(x, "b c h w -> b (c h w)")``.
"""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import need
from xlagrad.core.tensor import Tensor
from xlagrad.layers import init
from xlagrad.layers.creation import new_parameter
from xlagrad.layers.module import Module
from xlagrad.ops.einsum import einsum


def _arguments(*given: Any, **lengths: Any) -> str:
    return ", ".join([*map(repr, given), *(f"{name}={length}" for name, length in lengths.items())])


class Rearrange(Module):
    """Reorders, splits and merges axes by their names.

    Args:
        pattern: the axes before and after, ``"b c h w -> b (c h w)"``.
        axes_lengths: the lengths of axes that the input does not determine.

    Raises:
        EinopsError: the pattern is malformed.

    Example:
        >>> from xlagrad.ops.create import zeros
        >>> Rearrange("b (h p) -> b p h", p=2)(zeros(3, 8)).shape
        torch.Size([3, 2, 4])

    Reference: ``einops.layers.torch.Rearrange``.
    """

    def __init__(self, pattern: str, **axes_lengths: Any) -> None:
        super().__init__()
        # Read here so that a malformed pattern is found where it was written.
        need("einops.layers", "einops").RearrangeMixin(pattern, **axes_lengths)
        self.pattern = pattern
        self.axes_lengths = axes_lengths

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with its axes rearranged."""
        out: Tensor = need("einops", "einops").rearrange(input, self.pattern, **self.axes_lengths)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return _arguments(self.pattern, **self.axes_lengths)


class Reduce(Module):
    """Reduces the axes that the right side of a pattern lacks.

    Args:
        pattern: the axes before and after, ``"b c (h 2) (w 2) -> b c h w"``.
        reduction: ``"min"``, ``"max"``, ``"sum"``, ``"mean"``, ``"prod"``, ``"any"`` or ``"all"``.
        axes_lengths: the lengths of axes that the input does not determine.

    Raises:
        EinopsError: the pattern is malformed, or the reduction unknown.

    Example:
        >>> from xlagrad.ops.create import ones
        >>> Reduce("b (n 2) -> b n", "sum")(ones(1, 4)).tolist()
        [[2.0, 2.0]]

    Reference: ``einops.layers.torch.Reduce``.
    """

    def __init__(self, pattern: str, reduction: str, **axes_lengths: Any) -> None:
        super().__init__()
        need("einops.layers", "einops").ReduceMixin(pattern, reduction, **axes_lengths)
        self.pattern = pattern
        self.reduction = reduction
        self.axes_lengths = axes_lengths

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` reduced."""
        reduce = need("einops", "einops").reduce
        out: Tensor = reduce(input, self.pattern, reduction=self.reduction, **self.axes_lengths)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return _arguments(self.pattern, self.reduction, **self.axes_lengths)


class EinMix(Module):
    """Σ of input times weight over the axes that the right side of a pattern lacks, plus a bias.

    Shapes: ``weight`` and ``bias`` have the axes that are named for them. They are drawn from U(-k, k), k =
    √(3/n) for the weight and √(1/n) for the bias, where n elements of the input make one of the output.

    Args:
        pattern: the axes of input and output, ``"b (h i) -> b h o"``.
        weight_shape: the axes of the weight, ``"h i o"``.
        bias_shape: the axes of the bias; by default there is none.
        axes_lengths: the lengths of all axes of weight and bias.

    Raises:
        EinopsError: a pattern is malformed, or a length missing.

    Example:
        >>> from xlagrad.ops.create import ones
        >>> EinMix("t b i -> t b o", "i o", "o", i=3, o=5)(ones(2, 4, 3)).shape
        torch.Size([2, 4, 5])

    Reference: ``einops.layers.torch.EinMix``.
    """

    einsum_pattern: str

    def __init__(
        self, pattern: str, weight_shape: str, bias_shape: str | None = None, **axes_lengths: Any
    ) -> None:
        super().__init__()
        self.pattern = pattern
        self.weight_shape = weight_shape
        self.bias_shape = bias_shape
        self.axes_lengths = axes_lengths
        # It reads the patterns, and calls the two methods below with what it found.
        need("einops.layers._einmix", "einops")._EinmixMixin.initialize_einmix(
            self, pattern, weight_shape, bias_shape, axes_lengths
        )

    def _create_rearrange_layers(
        self,
        before: str | None,
        before_lengths: dict[str, Any] | None,
        after: str | None,
        after_lengths: dict[str, Any] | None,
    ) -> None:
        self.pre_rearrange = None if before is None else Rearrange(before, **(before_lengths or {}))
        self.post_rearrange = None if after is None else Rearrange(after, **(after_lengths or {}))

    def _create_parameters(
        self, weight: list[int], weight_bound: float, bias: list[int] | None, bias_bound: float
    ) -> None:
        self.bounds = (weight_bound, bias_bound)
        self.weight = new_parameter(weight)
        self.register_parameter("bias", None if bias is None else new_parameter(bias))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        for parameter, bound in zip((self.weight, self.bias), self.bounds, strict=True):
            if parameter is not None:
                init.uniform_(parameter, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Return the mixed ``input``."""
        x = input if self.pre_rearrange is None else self.pre_rearrange(input)
        x = einsum(self.einsum_pattern, x, self.weight)
        x = x if self.bias is None else x + self.bias
        out: Tensor = x if self.post_rearrange is None else self.post_rearrange(x)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        given = (self.pattern, self.weight_shape, *(() if self.bias_shape is None else (self.bias_shape,)))
        return _arguments(*given, **self.axes_lengths)
