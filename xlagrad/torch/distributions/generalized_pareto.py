"""`torch.distributions.generalized_pareto`."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import broadcast_all, size, standard_uniform


class GeneralizedPareto(Distribution):
    """F(x) = 1 - (1 + k z)^(-1/k) with z = (x - loc) / scale; 1 - e^(-z) for k = 0.

    Args:
        loc: lower end of the support.
        scale: positive.
        concentration: k; negative ones have an upper end too, loc - scale / k.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.GeneralizedPareto``; Pickands 1975.
    """

    arg_constraints = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        shape = size(batch_shape)
        values = {k: getattr(self, k).expand(shape) for k in ("loc", "scale", "concentration")}
        return self._expanded(GeneralizedPareto, shape, _instance, **values)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From loc on; for negative k up to loc - scale / k."""
        upper = self.loc - self.scale / self._k().where(self.concentration < 0, -1.0)
        return constraints.interval(self.loc, upper.where(self.concentration < 0, float("inf")))

    def _zero(self) -> Any:
        return self.concentration.isclose(self.concentration * 0)

    def _k(self) -> Any:
        """Return k, one where it is zero."""
        return self.concentration.where(self._zero().logical_not(), 1.0)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return quantiles of uniform draws, with gradients."""
        return self.icdf(standard_uniform(self._extended_shape(sample_shape), self.loc))

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        z, k, zero = (value - self.loc) / self.scale, self._k(), self._zero()
        heavy = -(1 + 1 / k) * (k * z.where(zero.logical_not(), 0.0)).log1p()
        return -self.scale.log() + (-z).where(zero, heavy)

    def log_survival_function(self, value: Any) -> Any:
        """Return log(1 - F(x))."""
        if self._validate_args:
            self._validate_sample(value)
        z, k, zero = (value - self.loc) / self.scale, self._k(), self._zero()
        heavy = -(k * z.where(zero.logical_not(), 0.0)).log1p() / k
        return (-z).where(zero, heavy)

    def log_cdf(self, value: Any) -> Any:
        """Return log F(x)."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Any) -> Any:
        """Return F(x)."""
        return -self.log_survival_function(value).expm1()

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        k, zero = self._k(), self._zero()
        log_left = (-value).log1p()
        return self.loc + self.scale * (-log_left).where(zero, (-k * log_left).expm1() / k)

    @property
    def mean(self) -> Any:
        """loc + scale / (1 - k), infinite for k of at least 1."""
        k = self.concentration
        finite = k < 1
        return (self.loc + self.scale / (1 - k.where(finite, 0.5))).where(finite, float("inf"))

    @property
    def mode(self) -> Any:
        """loc."""
        return self.loc

    @property
    def variance(self) -> Any:
        """scale² / ((1 - k)² (1 - 2k)), infinite for k of at least ½."""
        k = self.concentration
        finite = k < 0.5
        k = k.where(finite, 0.25)
        return (self.scale**2 / ((1 - k) ** 2 * (1 - 2 * k))).where(finite, float("inf"))

    def entropy(self) -> Any:
        """Return log scale + k + 1."""
        return self.scale.log() + self.concentration + 1
