"""`torch.distributions.normal`."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import ExponentialFamily
from xlagrad.torch.distributions.utils import broadcast_all, standard_normal


class Normal(ExponentialFamily):
    """N(loc, scale²): p(x) = exp(-(x - loc)² / (2 scale²)) / (scale √(2π)).

    Args:
        loc: mean.
        scale: standard deviation, positive.
        validate_args: whether arguments are looked at.

    Example:
        >>> Normal(0.0, 1.0).log_prob(Normal(0.0, 1.0).mean).item()  # doctest: +ELLIPSIS
        -0.918...

    Reference: ``torch.distributions.Normal``.
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """loc."""
        return self.loc

    @property
    def mode(self) -> Any:
        """loc."""
        return self.loc

    @property
    def stddev(self) -> Any:
        """scale."""
        return self.scale

    @property
    def variance(self) -> Any:
        """scale²."""
        return self.scale**2

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        loc, scale = self.loc.expand(batch_shape), self.scale.expand(batch_shape)
        return self._expanded(Normal, batch_shape, _instance, loc=loc, scale=scale)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return loc + scale · ε with ε from N(0, 1)."""
        return self.loc + standard_normal(self._extended_shape(sample_shape), self.loc) * self.scale

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        return -(z**2) / 2 - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value: Any) -> Any:
        """Return Φ((x - loc) / scale)."""
        if self._validate_args:
            self._validate_sample(value)
        return 0.5 * (1 + ((value - self.loc) / (self.scale * math.sqrt(2))).erf())

    def icdf(self, value: Any) -> Any:
        """Return loc + scale · Φ⁻¹(value)."""
        return self.loc + self.scale * (2 * value - 1).erfinv() * math.sqrt(2)

    def entropy(self) -> Any:
        """Return ½ + ½ log 2π + log scale."""
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return self.loc / self.scale**2, -0.5 / self.scale**2

    def _log_normalizer(self, *natural_params: Any) -> Any:
        x, y = natural_params
        return -0.25 * x**2 / y + 0.5 * (-math.pi / y).log()
