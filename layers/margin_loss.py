"""Losses with a margin, and distances, as layers."""

from __future__ import annotations

from collections.abc import Callable

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.loss import Loss, WeightedLoss
from xlagrad.layers.module import Module


class _MarginLoss(Loss):
    """A loss that is zero beyond a margin.

    Args:
        margin: the margin.
        size_average: deprecated.
        reduce: deprecated.
        reduction: ``mean``, ``sum`` or ``none``.
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class HingeEmbeddingLoss(_MarginLoss):
    """x where y = 1, max(0, margin - x) where y = -1. Reference: ``torch.nn.HingeEmbeddingLoss``."""

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)
        return out


class CosineEmbeddingLoss(_MarginLoss):
    """1 - cos(x₁, x₂) where y = 1, max(0, cos - margin) where y = -1.

    Reference: ``torch.nn.CosineEmbeddingLoss``.
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )
        return out


class MarginRankingLoss(_MarginLoss):
    """max(0, -y (x₁ - x₂) + margin). Reference: ``torch.nn.MarginRankingLoss``."""

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )
        return out


class SoftMarginLoss(Loss):
    """log(1 + e^(-y x)). Reference: ``torch.nn.SoftMarginLoss``."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.soft_margin_loss(input, target, reduction=self.reduction)
        return out


class MultiLabelMarginLoss(Loss):
    """Σ max(0, 1 - (x[y_j] - x[i])) / C. Reference: ``torch.nn.MultiLabelMarginLoss``."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.multilabel_margin_loss(input, target, reduction=self.reduction)
        return out


class MultiLabelSoftMarginLoss(WeightedLoss):
    """The mean over classes of binary cross entropy on logits.

    Reference: ``torch.nn.MultiLabelSoftMarginLoss``.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.multilabel_soft_margin_loss(
            input, target, weight=self.weight, reduction=self.reduction
        )
        return out


class MultiMarginLoss(WeightedLoss):
    """Σ max(0, margin - x[y] + x[i])^p / C over the classes i ≠ y.

    Args:
        p: exponent, 1 or 2.
        margin: the margin.
        weight: one for each class.
        size_average: deprecated.
        reduce: deprecated.
        reduction: ``mean``, ``sum`` or ``none``.

    Reference: ``torch.nn.MultiMarginLoss``.
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ArgumentError(
                message("MultiMarginLoss", "p == 1 or p == 2", repr(p), "only these are supported")
            )
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.multi_margin_loss(
            input, target, p=self.p, margin=self.margin, weight=self.weight, reduction=self.reduction
        )
        return out


class TripletMarginLoss(_MarginLoss):
    """max(0, d(a, p) - d(a, n) + margin), with d the p-norm of the difference.

    Args:
        margin: the margin.
        p: the norm's p.
        eps: added to differences.
        swap: use d(p, n) where it is smaller than d(a, n).
        size_average: deprecated.
        reduce: deprecated.
        reduction: ``mean``, ``sum`` or ``none``.

    Reference: ``torch.nn.TripletMarginLoss``; Balntas et al. 2016.
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, size_average, reduce, reduction)
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )
        return out


class TripletMarginWithDistanceLoss(_MarginLoss):
    """max(0, d(a, p) - d(a, n) + margin), with any distance d.

    Args:
        distance_function: d, by default the Euclidean distance.
        margin: the margin.
        swap: use d(p, n) where it is smaller than d(a, n).
        reduction: ``mean``, ``sum`` or ``none``.

    Reference: ``torch.nn.TripletMarginWithDistanceLoss``.
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, reduction=reduction)
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Return the loss."""
        near = self.distance_function(anchor, positive)
        far = self.distance_function(anchor, negative)
        if self.swap:
            far = far.minimum(self.distance_function(positive, negative))
        loss = (near - far + self.margin).clamp(min=0)
        if self.reduction == "none":
            return loss
        return loss.mean() if self.reduction == "mean" else loss.sum()


class PairwiseDistance(Module):
    """The p-norm of x₁ - x₂ + eps along the last dimension.

    Args:
        p: the norm's p.
        eps: added to differences.
        keepdim: keep that dimension, of extent 1.

    Reference: ``torch.nn.PairwiseDistance``.
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Return the distances."""
        out: Tensor = F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
        return out


class CosineSimilarity(Module):
    """x₁ · x₂ / max(‖x₁‖ ‖x₂‖, eps) along ``dim``.

    Args:
        dim: the dimension of the vectors.
        eps: least denominator.

    Reference: ``torch.nn.CosineSimilarity``.
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Return the similarities."""
        out: Tensor = F.cosine_similarity(x1, x2, self.dim, self.eps)
        return out
