"""`torch.distributions.cauchy`."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.ops.create import empty
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import broadcast_all, size


class Cauchy(Distribution):
    """p(x) = 1 / (π scale (1 + ((x - loc) / scale)²)); it has no mean.

    Args:
        loc: median.
        scale: half width at half maximum, positive.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.Cauchy``.
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        loc, scale = self.loc.expand(size(batch_shape)), self.scale.expand(size(batch_shape))
        return self._expanded(Cauchy, batch_shape, _instance, loc=loc, scale=scale)

    @property
    def mean(self) -> Any:
        """NaN."""
        return self.loc.new_full(self._extended_shape(), float("nan"))

    @property
    def mode(self) -> Any:
        """loc."""
        return self.loc

    @property
    def variance(self) -> Any:
        """Infinite."""
        return self.loc.new_full(self._extended_shape(), float("inf"))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return loc + scale · ε with ε from the standard Cauchy distribution."""
        shape = self._extended_shape(sample_shape)
        eps = empty(tuple(shape), dtype=self.loc.dtype, device=self.loc.device).cauchy_()
        return self.loc + eps * self.scale

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        return -math.log(math.pi) - self.scale.log() - (((value - self.loc) / self.scale) ** 2).log1p()

    def cdf(self, value: Any) -> Any:
        """Return arctan((x - loc) / scale) / π + ½."""
        if self._validate_args:
            self._validate_sample(value)
        return ((value - self.loc) / self.scale).atan() / math.pi + 0.5

    def icdf(self, value: Any) -> Any:
        """Return loc + scale · tan(π (value - ½))."""
        return (math.pi * (value - 0.5)).tan() * self.scale + self.loc

    def entropy(self) -> Any:
        """Return log(4π scale)."""
        return math.log(4 * math.pi) + self.scale.log()
