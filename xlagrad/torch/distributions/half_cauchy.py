"""`torch.distributions.half_cauchy`."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.tensor import Tensor
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.cauchy import Cauchy
from xlagrad.torch.distributions.elementwise import AbsTransform
from xlagrad.torch.distributions.transformed_distribution import TransformedDistribution


class HalfCauchy(TransformedDistribution):
    """|x| with x from the Cauchy distribution around 0. Reference: ``torch.distributions.HalfCauchy``."""

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        base = Cauchy(0, scale, validate_args=False)
        super().__init__(base, AbsTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        return super().expand(batch_shape, self._get_checked_instance(HalfCauchy, _instance))

    @property
    def scale(self) -> Any:
        """The Cauchy distribution's."""
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        """Infinite."""
        return self.scale.new_full(self._extended_shape(), math.inf)

    @property
    def mode(self) -> Any:
        """0."""
        return self.scale * 0

    @property
    def variance(self) -> Any:
        """Infinite."""
        return self.base_dist.variance

    def log_prob(self, value: Any) -> Any:
        """Return the Cauchy log-density plus log 2, -∞ below 0."""
        if self._validate_args:
            self._validate_sample(value)
        value = value if isinstance(value, Tensor) else self.scale.new_full((), value)
        return (self.base_dist.log_prob(value) + math.log(2)).where(value >= 0, -float("inf"))

    def cdf(self, value: Any) -> Any:
        """Return 2 F(x) - 1."""
        if self._validate_args:
            self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Any:
        """Return the Cauchy distribution's, less log 2."""
        return self.base_dist.entropy() - math.log(2)
