"""`torch.distributions.weibull`."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.elementwise import AffineTransform, PowerTransform
from xlagrad.torch.distributions.exponential import Exponential
from xlagrad.torch.distributions.transformed_distribution import TransformedDistribution
from xlagrad.torch.distributions.utils import broadcast_all, euler_constant, size


class Weibull(TransformedDistribution):
    """F(x) = 1 - exp(-(x / scale)^concentration).

    Args:
        scale: positive.
        concentration: k, positive.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.Weibull``.
    """

    arg_constraints = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        self.concentration_reciprocal = self.concentration.reciprocal()
        base = Exponential(self.scale.new_ones(tuple(self.scale.shape)), validate_args=validate_args)
        maps = [PowerTransform(self.concentration_reciprocal), AffineTransform(0, self.scale)]
        super().__init__(base, maps, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        new, shape = self._get_checked_instance(Weibull, _instance), size(batch_shape)
        new.scale, new.concentration = self.scale.expand(shape), self.concentration.expand(shape)
        new.concentration_reciprocal = new.concentration.reciprocal()
        base = self.base_dist.expand(shape)
        maps = [PowerTransform(new.concentration_reciprocal), AffineTransform(0, new.scale)]
        super(Weibull, new).__init__(base, maps, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def mean(self) -> Any:
        """scale · Γ(1 + 1/k)."""
        return self.scale * (1 + self.concentration_reciprocal).lgamma().exp()

    @property
    def mode(self) -> Any:
        """scale · ((k - 1) / k)^(1/k)."""
        ratio = (self.concentration - 1) / self.concentration
        return self.scale * ratio ** self.concentration.reciprocal()

    @property
    def variance(self) -> Any:
        """scale² (Γ(1 + 2/k) - Γ(1 + 1/k)²)."""
        r = self.concentration_reciprocal
        return self.scale.pow(2) * ((1 + 2 * r).lgamma().exp() - (2 * (1 + r).lgamma()).exp())

    def entropy(self) -> Any:
        """Return γ (1 - 1/k) + log(scale / k) + 1."""
        r = self.concentration_reciprocal
        return euler_constant * (1 - r) + (self.scale * r).log() + 1
