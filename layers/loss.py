"""Losses as layers: how far predictions are from targets."""

from __future__ import annotations

import warnings
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.functional.ctc import ctc_loss
from xlagrad.layers.module import Module


def _legacy(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """Return the reduction that torch's two deprecated flags ask for, else ``reduction``."""
    if size_average is None and reduce is None:
        return reduction
    mean = size_average is None or size_average
    old = "none" if reduce is False else "mean" if mean else "sum"
    text = f"size_average and reduce args will be deprecated, please use reduction='{old}' instead."
    warnings.warn(text, stacklevel=4)
    return old


class Loss(Module):
    """What losses share.

    Args:
        size_average: deprecated, see ``reduction``.
        reduce: deprecated, see ``reduction``.
        reduction: ``mean`` or ``sum`` of the elements' losses, or ``none`` to return them all.

    Raises:
        ArgumentError: another ``reduction``.
    """

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.reduction = _legacy(size_average, reduce, reduction)
        allowed = ("none", "mean", "sum", *(("batchmean",) if isinstance(self, KLDivLoss) else ()))
        if self.reduction not in allowed:
            raise ArgumentError(message(type(self).__name__, f"reduction among {allowed}", repr(reduction)))


class WeightedLoss(Loss):
    """A loss with a weight for each class or element, kept as a buffer.

    Args:
        weight: the weights.
        size_average: deprecated, see ``reduction``.
        reduce: deprecated, see ``reduction``.
        reduction: ``mean``, ``sum`` or ``none``.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class L1Loss(Loss):
    """|x - y|. Reference: ``torch.nn.L1Loss``."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.l1_loss(input, target, reduction=self.reduction)
        return out


class MSELoss(Loss):
    """(x - y)². Reference: ``torch.nn.MSELoss``.

    Example:
        >>> from xlagrad.core.tensor import Tensor
        >>> MSELoss()(Tensor([1.0, 2.0]), Tensor([1.0, 4.0])).item()
        2.0
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.mse_loss(input, target, reduction=self.reduction)
        return out


class SmoothL1Loss(Loss):
    """(x - y)² / (2 beta) where |x - y| < beta, else |x - y| - beta / 2.

    Reference: ``torch.nn.SmoothL1Loss``.

    Args:
        size_average: deprecated.
        reduce: deprecated.
        reduction: ``mean``, ``sum`` or ``none``.
        beta: where the square ends.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)
        return out


class HuberLoss(Loss):
    """(x - y)² / 2 where |x - y| < delta, else delta · (|x - y| - delta / 2).

    Reference: ``torch.nn.HuberLoss``.

    Args:
        reduction: ``mean``, ``sum`` or ``none``.
        delta: where the square ends.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)
        return out


class CrossEntropyLoss(WeightedLoss):
    """-log softmax(x)[y] for class indices y, -Σ y log softmax(x) for class probabilities y.

    Shapes: x (N, C, ...) or (C,), y (N, ...) of indices or x's shape of probabilities.

    Args:
        weight: one for each class.
        size_average: deprecated.
        ignore_index: a target that does not count.
        reduce: deprecated.
        reduction: ``mean`` (weighted by ``weight``), ``sum`` or ``none``.
        label_smoothing: share of the target that is spread over all classes.

    Reference: ``torch.nn.CrossEntropyLoss``.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of the logits ``input``."""
        out: Tensor = F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )
        return out


class NLLLoss(WeightedLoss):
    """-x[y] for log-probabilities x and class indices y; arguments as :class:`CrossEntropyLoss`.

    Reference: ``torch.nn.NLLLoss``.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of the log-probabilities ``input``."""
        out: Tensor = F.nll_loss(
            input, target, weight=self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )
        return out


class NLLLoss2d(NLLLoss):
    """:class:`NLLLoss` for (N, C, H, W) under its old name. Reference: ``torch.nn.NLLLoss2d``."""


class BCELoss(WeightedLoss):
    """-(y log x + (1 - y) log(1 - x)) for probabilities x. Reference: ``torch.nn.BCELoss``."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of the probabilities ``input``."""
        out: Tensor = F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)
        return out


class BCEWithLogitsLoss(Loss):
    """-(p · y log σ(x) + (1 - y) log(1 - σ(x))) for logits x.

    Args:
        weight: one for each element, broadcast.
        size_average: deprecated.
        reduce: deprecated.
        reduction: ``mean``, ``sum`` or ``none``.
        pos_weight: p, a factor of positive targets for each class.

    Reference: ``torch.nn.BCEWithLogitsLoss``.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of the logits ``input``."""
        out: Tensor = F.binary_cross_entropy_with_logits(
            input, target, weight=self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )
        return out


class KLDivLoss(Loss):
    """y · (log y - x) for log-probabilities x.

    Args:
        size_average: deprecated.
        reduce: deprecated.
        reduction: ``mean``, ``batchmean`` (the sum over the batch size: the mathematical definition), ``sum``
            or ``none``.
        log_target: whether y is given as its logarithm.

    Reference: ``torch.nn.KLDivLoss``.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of the log-probabilities ``input``."""
        out: Tensor = F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)
        return out


class PoissonNLLLoss(Loss):
    """eˣ - y x, or x - y log(x + eps) with ``log_input=False``.

    Args:
        log_input: whether the input is the logarithm of the rate.
        full: add Stirling's approximation of log y!.
        size_average: deprecated.
        eps: keeps the logarithm finite.
        reduce: deprecated.
        reduction: ``mean``, ``sum`` or ``none``.

    Reference: ``torch.nn.PoissonNLLLoss``.
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        out: Tensor = F.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )
        return out


class GaussianNLLLoss(Loss):
    """(log v + (x - y)² / v) / 2 for a predicted variance v.

    Args:
        full: add the constant log(2π) / 2.
        eps: least variance.
        reduction: ``mean``, ``sum`` or ``none``.

    Reference: ``torch.nn.GaussianNLLLoss``; Nix & Weigend 1994.
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Any) -> Tensor:
        """Return the loss of the mean ``input`` and the variance ``var``."""
        out: Tensor = F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )
        return out


class CTCLoss(Loss):
    """-log of the summed probability of all alignments of a target with a sequence of predictions.

    Args:
        blank: index of the blank label.
        reduction: ``mean`` (of losses divided by target lengths), ``sum`` or ``none``.
        zero_infinity: count impossible alignments as 0.

    Reference: ``torch.nn.CTCLoss``; Graves et al. 2006.
    """

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any) -> Tensor:
        """Return the loss of log-probabilities (T, N, C) or (T, C)."""
        out: Tensor = ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )
        return out
