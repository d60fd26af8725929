"""`torch.distributions.exponential`."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import ExponentialFamily
from xlagrad.torch.distributions.utils import broadcast_all, size, standard_uniform


class Exponential(ExponentialFamily):
    """p(x) = rate · e^(-rate x).

    Args:
        rate: positive.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.Exponential``.
    """

    arg_constraints = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """1 / rate."""
        return self.rate.reciprocal()

    @property
    def mode(self) -> Any:
        """0."""
        return self.rate * 0

    @property
    def stddev(self) -> Any:
        """1 / rate."""
        return self.rate.reciprocal()

    @property
    def variance(self) -> Any:
        """1 / rate²."""
        return self.rate.pow(-2)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        return self._expanded(Exponential, batch_shape, _instance, rate=self.rate.expand(size(batch_shape)))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return -log(1 - u) / rate with u from U[0, 1)."""
        u = standard_uniform(self._extended_shape(sample_shape), self.rate)
        return -(-u).log1p() / self.rate

    def log_prob(self, value: Any) -> Any:
        """Return log rate - rate · x."""
        if self._validate_args:
            self._validate_sample(value)
        return self.rate.log() - self.rate * value

    def cdf(self, value: Any) -> Any:
        """Return 1 - e^(-rate x)."""
        if self._validate_args:
            self._validate_sample(value)
        return 1 - (-self.rate * value).exp()

    def icdf(self, value: Any) -> Any:
        """Return -log(1 - value) / rate."""
        return -(-value).log1p() / self.rate

    def entropy(self) -> Any:
        """Return 1 - log rate."""
        return 1.0 - self.rate.log()

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return (-self.rate,)

    def _log_normalizer(self, *natural_params: Any) -> Any:
        return -(-natural_params[0]).log()
