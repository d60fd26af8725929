"""A linear layer and the cross entropy of its outputs as one loss."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from xlagrad.core.errors import ArgumentError, ShapeError, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.linear import Linear
from xlagrad.layers.loss import WeightedLoss


@dataclasses.dataclass(frozen=True)
class LinearCrossEntropyOptions:
    """How PyTorch divides the computation into chunks; XLA plans memory itself, so nothing depends on it.

    Attributes:
        allow_retain_graph: accepted; the graph can always be retained.
        batch_chunk_size: accepted.
        chunking_method: accepted.
        acc_policy: accepted.
        acc_dtype: accepted.

    Reference: ``torch.nn.LinearCrossEntropyOptions``.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None


class LinearCrossEntropyLoss(WeightedLoss):
    """Cross entropy of the logits W x + b.

    Args:
        in_features: width of the inputs.
        num_classes: C, the number of classes.
        out_features: sizes (d₁, …) of further dimensions of the logits, (N, C, d₁, …).
        bias: whether there is a b.
        device: where the parameters are made.
        dtype: their type.
        reduction: ``mean``, ``sum`` or ``none``.
        weight: one for each class.
        ignore_index: a target that does not count.
        label_smoothing: share of the target that is spread over all classes.
        options: accepted, see :class:`LinearCrossEntropyOptions`.

    Raises:
        ShapeError: a weight that is not (C,).
        ArgumentError: ``label_smoothing`` outside [0, 1].

    Reference: ``torch.nn.LinearCrossEntropyLoss``.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: LinearCrossEntropyOptions | None = None,
    ) -> None:
        who = "LinearCrossEntropyLoss"
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise ShapeError(message(who, f"a weight of shape {(num_classes,)}", f"{tuple(weight.shape)}"))
        if not 0 <= label_smoothing <= 1:
            raise ArgumentError(message(who, "label_smoothing in [0, 1]", f"{label_smoothing}"))
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = tuple(out_features)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        width = math.prod(self.out_features, start=num_classes)
        self.linear = Linear(in_features, width, bias=bias, device=device, dtype=dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of inputs (N, in_features), targets as :class:`CrossEntropyLoss` takes them."""
        shape = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        out: Tensor = F.linear_cross_entropy(
            input,
            self.linear.weight.reshape((*shape, self.linear.in_features)),
            target,
            linear_bias=None if bias is None else bias.reshape(shape),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        linear = self.linear
        return (
            f"in_features={linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={linear.bias is not None}, reduction={self.reduction}, "
            f"ignore_index={self.ignore_index}, label_smoothing={self.label_smoothing}, "
            f"options={self.options}"
        )
