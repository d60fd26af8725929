"""A softmax over many classes of which few are frequent: rare ones share clusters of lower width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.container import ModuleList, Sequential
from xlagrad.layers.functional.reduction import check_classes
from xlagrad.layers.linear import Linear
from xlagrad.layers.module import Module
from xlagrad.ops.join import cat


class ASMoutput(NamedTuple):
    """What the layer returns.

    Attributes:
        output: log-probability of each target.
        loss: minus their mean.
    """

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of targets among many classes, sorted by frequency, the most frequent first.

    The head knows the classes below ``cutoffs[0]`` and one entry for each further cluster; cluster i is a
    projection to in_features / div_value^(i+1) and a linear layer over its own classes. A class's
    log-probability is the head's, or the head's for its cluster plus the cluster's.

    Args:
        in_features: width of the inputs.
        n_classes: how many classes.
        cutoffs: where clusters end, increasing, all below ``n_classes``.
        div_value: the factor by which clusters get narrower.
        head_bias: whether the head has a bias.
        device: where the parameters are made.
        dtype: their type.

    Raises:
        ArgumentError: ``cutoffs`` is empty, not increasing, or not in [1, n_classes - 1].

    Reference: ``torch.nn.AdaptiveLogSoftmaxWithLoss``; Grave et al. 2017. Deviation: every cluster is
    computed for every input, so that shapes do not depend on the targets; the values are the same. Targets
    out of range raise outside ``compile`` only.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        given = list(cutoffs)
        unique = sorted(set(given))
        if not given or given != unique or given[0] <= 0 or given[-1] > n_classes - 1:
            want = (
                "cutoffs as a sequence of unique, positive integers sorted in an increasing order, each "
                + (f"between 1 and n_classes-1 = {n_classes - 1}")
            )
            raise ArgumentError(message("AdaptiveLogSoftmaxWithLoss", want, f"{given}"))
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*given, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        kinds: dict[str, Any] = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **kinds)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            width = int(in_features // (div_value ** (i + 1)))
            size = self.cutoffs[i + 1] - self.cutoffs[i]
            first = Linear(in_features, width, bias=False, **kinds)
            self.tail.append(Sequential(first, Linear(width, size, bias=False, **kinds)))

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        self.head.reset_parameters()
        for cluster in self.tail:
            for layer in cluster.children():
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> ASMoutput:
        """Return the log-probability of each target, and the loss.

        Args:
            input_: (N, in_features) or (in_features,).
            target_: (N,) or (), classes.

        Raises:
            ShapeError: other shapes.
            ArgumentError: a target outside [0, n_classes - 1].
        """
        self._check(input_, target_)
        single = target_.ndim == 0
        input = input_.unsqueeze(0) if single else input_
        target = target_.unsqueeze(0) if single else target_
        picked = self.log_prob(input).gather(1, target.unsqueeze(1).long()).squeeze(1)
        output = picked.squeeze(0) if single else picked
        return ASMoutput(output, (-picked).mean())

    def _check(self, input: Tensor, target: Tensor) -> None:
        who = "AdaptiveLogSoftmaxWithLoss"
        if (input.ndim, target.ndim) not in ((2, 1), (1, 0)):
            want = "input (N, in_features) with target (N,), or (in_features,) with ()"
            raise ShapeError(message(who, want, f"{describe(input)} and {describe(target)}"))
        if target.ndim == 1 and input.shape[0] != target.shape[0]:
            want = "input and target with the same size in the batch dimension"
            raise ShapeError(message(who, want, f"{describe(input)} and {describe(target)}"))
        check_classes(who, target, self.n_classes)

    def log_prob(self, input: Tensor) -> Tensor:
        """Return the log-probabilities of all classes, (N, n_classes)."""
        head: Any = F.log_softmax(self.head(input), dim=1)
        parts = [head[:, : self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            own: Any = F.log_softmax(cluster(input), dim=1)
            parts.append(own + head[:, self.shortlist_size + i].unsqueeze(1))
        out: Tensor = cat(parts, dim=1)
        return out

    def predict(self, input: Tensor) -> Tensor:
        """Return the most probable class of each input, (N,)."""
        return self.log_prob(input).argmax(dim=1)
