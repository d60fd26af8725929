"""`torch.distributions.inverse_gamma`."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.elementwise import PowerTransform
from xlagrad.torch.distributions.gamma import Gamma
from xlagrad.torch.distributions.transformed_distribution import TransformedDistribution


class InverseGamma(TransformedDistribution):
    """1 / x with x from Γ(concentration, rate). Reference: ``torch.distributions.InverseGamma``."""

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args=validate_args)
        power = -base.rate.new_ones(())
        super().__init__(base, PowerTransform(power), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        return super().expand(batch_shape, self._get_checked_instance(InverseGamma, _instance))

    @property
    def concentration(self) -> Any:
        """α."""
        return self.base_dist.concentration

    @property
    def rate(self) -> Any:
        """β."""
        return self.base_dist.rate

    @property
    def mean(self) -> Any:
        """β / (α - 1), infinite for α of at most 1."""
        mean = self.rate / (self.concentration - 1)
        return mean.masked_fill(self.concentration <= 1, float("inf"))

    @property
    def mode(self) -> Any:
        """β / (α + 1)."""
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Any:
        """β² / ((α - 1)² (α - 2)), infinite for α of at most 2."""
        a = self.concentration
        return (self.rate.square() / ((a - 1).square() * (a - 2))).masked_fill(a <= 2, float("inf"))

    def entropy(self) -> Any:
        """Return α + log β + log Γ(α) - (1 + α) ψ(α)."""
        a = self.concentration
        return a + self.rate.log() + a.lgamma() - (1 + a) * a.digamma()
