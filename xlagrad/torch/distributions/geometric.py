"""`torch.distributions.geometric`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.modes import no_grad
from xlagrad.layers import functional as F
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.bernoulli import one_of
from xlagrad.torch.distributions.distribution import Distribution, _false
from xlagrad.torch.distributions.utils import (
    broadcast_all,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
    standard_uniform,
    tiny_of,
)


class Geometric(Distribution):
    """Failures before the first success of trials that succeed with probability p: (1 - p)ᵏ p.

    Args:
        probs: p, in (0, 1]; or
        logits: log(p / (1 - p)).
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: both or neither of ``probs`` and ``logits``, or a p that is not positive.

    Reference: ``torch.distributions.Geometric``.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        one_of("Geometric", probs, logits)
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
        else:
            (self.logits,) = broadcast_all(logits)
        shape = (self.probs if probs is not None else self.logits).shape
        super().__init__(shape, validate_args=validate_args)
        if self._validate_args and probs is not None and _false(self.probs > 0):
            raise ArgumentError(message("Geometric", "positive probs", f"{self.probs!r}"))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        found = {k: self.__dict__[k].expand(batch_shape) for k in ("probs", "logits") if k in self.__dict__}
        return self._expanded(Geometric, batch_shape, _instance, **found)

    @property
    def mean(self) -> Any:
        """(1 - p) / p."""
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Any:
        """0."""
        return self.probs * 0

    @property
    def variance(self) -> Any:
        """(1 - p) / p²."""
        return (1.0 / self.probs - 1.0) / self.probs

    @lazy_property
    def logits(self) -> Any:
        """Log-odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Any:
        """Probabilities."""
        return logits_to_probs(self.logits, is_binary=True)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return draws."""
        with no_grad():
            u = standard_uniform(self._extended_shape(sample_shape), self.probs)
            u = u.clamp(min=tiny_of(self.probs))
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Any) -> Any:
        """Return k log(1 - p) + log p."""
        if self._validate_args:
            self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        # 0 · log 0 of certain success is 0.
        sure = (probs == 1) & (value == 0)
        probs = probs.masked_fill(sure, 0.0)
        return value * (-probs).log1p() + self.probs.log()

    def entropy(self) -> Any:
        """Return the entropy of one trial, divided by p."""
        return F.binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none") / self.probs
