"""Layers that drop activations at random in training."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.module import Module


class _Dropout(Module):
    """Holds the probability of the dropout layers.

    Args:
        p: probability that an element (or channel) is zeroed.
        inplace: write the result to the input.

    Raises:
        ArgumentError: ``p`` is not in [0, 1].
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            expected = "a dropout probability between 0 and 1"
            raise ArgumentError(message(type(self).__name__, expected, str(p)))
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"p={self.p}, inplace={self.inplace}"

    def _run(self, fn: Any, input: Tensor) -> Tensor:
        out: Tensor = fn(input, self.p, self.training, self.inplace)
        return out


class Dropout(_Dropout):
    """In training zeroes each element with probability ``p`` and divides the others by 1 - p.

    Reference: ``torch.nn.Dropout``; Srivastava et al. 2014.

    Example:
        >>> Dropout(0.1)
        Dropout(p=0.1, inplace=False)
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with elements dropped in training, ``input`` itself in evaluation."""
        return self._run(F.dropout, input)


class Dropout1d(_Dropout):
    """Zeroes whole channels of (N, C, L) or (C, L). Reference: ``torch.nn.Dropout1d``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with channels dropped in training."""
        return self._run(F.dropout1d, input)


class Dropout2d(_Dropout):
    """Zeroes whole channels of (N, C, H, W). Reference: ``torch.nn.Dropout2d``; Tompson et al. 2015."""

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with channels dropped in training."""
        return self._run(F.dropout2d, input)


class Dropout3d(_Dropout):
    """Zeroes whole channels of (N, C, D, H, W). Reference: ``torch.nn.Dropout3d``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with channels dropped in training."""
        return self._run(F.dropout3d, input)


class AlphaDropout(_Dropout):
    """Dropout that keeps the mean and variance of SELU networks.

    Reference: ``torch.nn.AlphaDropout``; Klambauer et al. 2017.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with elements dropped in training."""
        return self._run(F.alpha_dropout, input)


class FeatureAlphaDropout(_Dropout):
    """:class:`AlphaDropout` of whole channels. Reference: ``torch.nn.FeatureAlphaDropout``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with channels dropped in training."""
        return self._run(F.feature_alpha_dropout, input)
