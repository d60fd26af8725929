"""`torch.distributions.half_normal`."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.elementwise import AbsTransform
from xlagrad.torch.distributions.normal import Normal
from xlagrad.torch.distributions.transformed_distribution import TransformedDistribution


class HalfNormal(TransformedDistribution):
    """|x| with x from N(0, scale²). Reference: ``torch.distributions.HalfNormal``."""

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(0, scale, validate_args=False)
        super().__init__(base, AbsTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        return super().expand(batch_shape, self._get_checked_instance(HalfNormal, _instance))

    @property
    def scale(self) -> Any:
        """The normal distribution's."""
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        """scale · √(2/π)."""
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def mode(self) -> Any:
        """0."""
        return self.scale * 0

    @property
    def variance(self) -> Any:
        """scale² (1 - 2/π)."""
        return self.scale.pow(2) * (1 - 2 / math.pi)

    def log_prob(self, value: Any) -> Any:
        """Return the normal log-density plus log 2, -∞ below 0."""
        if self._validate_args:
            self._validate_sample(value)
        return (self.base_dist.log_prob(value) + math.log(2)).where(value >= 0, -float("inf"))

    def cdf(self, value: Any) -> Any:
        """Return 2 Φ(x / scale) - 1."""
        if self._validate_args:
            self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Any:
        """Return the normal distribution's, less log 2."""
        return self.base_dist.entropy() - math.log(2)
