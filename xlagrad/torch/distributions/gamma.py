"""`torch.distributions.gamma`."""

from __future__ import annotations

from typing import Any

from xlagrad.ops.incomplete_gamma import igamma
from xlagrad.ops.special import xlogy
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import ExponentialFamily
from xlagrad.torch.distributions.utils import broadcast_all, size, standard_gamma


class Gamma(ExponentialFamily):
    """Γ(α, β): p(x) = βᵅ xᵅ⁻¹ e^(-βx) / Γ(α).

    Args:
        concentration: α, positive.
        rate: β, positive.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.Gamma``.
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """α / β."""
        return self.concentration / self.rate

    @property
    def mode(self) -> Any:
        """(α - 1) / β, at least 0."""
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Any:
        """α / β²."""
        return self.concentration / self.rate**2

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        shape = size(batch_shape)
        values = {"concentration": self.concentration.expand(shape), "rate": self.rate.expand(shape)}
        return self._expanded(Gamma, shape, _instance, **values)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return draws of Γ(α, 1), divided by β."""
        shape = self._extended_shape(sample_shape)
        return standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        a, b = self.concentration, self.rate
        return xlogy(a, b) + xlogy(a - 1, value) - b * value - a.lgamma()

    def entropy(self) -> Any:
        """Return α - log β + log Γ(α) + (1 - α) ψ(α)."""
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1.0 - a) * a.digamma()

    def cdf(self, value: Any) -> Any:
        """Return the regularised incomplete gamma function P(α, βx)."""
        if self._validate_args:
            self._validate_sample(value)
        return igamma(self.concentration, self.rate * value)

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, *natural_params: Any) -> Any:
        x, y = natural_params
        return (x + 1).lgamma() + (x + 1) * (-y.reciprocal()).log()
