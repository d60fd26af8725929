"""`torch.distributions.gumbel`."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.elementwise import AffineTransform, ExpTransform
from xlagrad.torch.distributions.transformed_distribution import TransformedDistribution
from xlagrad.torch.distributions.uniform import Uniform
from xlagrad.torch.distributions.utils import broadcast_all, eps_of, euler_constant, size, tiny_of


class Gumbel(TransformedDistribution):
    """The largest of many draws: F(x) = exp(-exp(-(x - loc) / scale)).

    Args:
        loc: location.
        scale: positive.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.Gumbel``.
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        low = self.loc.new_full(tuple(self.loc.shape), tiny_of(self.loc))
        high = self.loc.new_full(tuple(self.loc.shape), 1 - eps_of(self.loc))
        base = Uniform(low, high, validate_args=validate_args)
        super().__init__(base, self._maps(), validate_args=validate_args)

    def _maps(self) -> list[Any]:
        ones = self.scale.new_ones(tuple(self.scale.shape))
        return [
            ExpTransform().inv,
            AffineTransform(0, -ones),
            ExpTransform().inv,
            AffineTransform(self.loc, -self.scale),
        ]

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        new = self._get_checked_instance(Gumbel, _instance)
        new.loc, new.scale = self.loc.expand(size(batch_shape)), self.scale.expand(size(batch_shape))
        return super().expand(batch_shape, new)

    def log_prob(self, value: Any) -> Any:
        """Return y - e^y - log scale with y = (loc - x) / scale."""
        if self._validate_args:
            self._validate_sample(value)
        y = (self.loc - value) / self.scale
        return (y - y.exp()) - self.scale.log()

    @property
    def mean(self) -> Any:
        """loc + γ · scale."""
        return self.loc + self.scale * euler_constant

    @property
    def mode(self) -> Any:
        """loc."""
        return self.loc

    @property
    def stddev(self) -> Any:
        """π / √6 · scale."""
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self) -> Any:
        """π² / 6 · scale²."""
        return self.stddev.pow(2)

    def entropy(self) -> Any:
        """Return log scale + 1 + γ."""
        return self.scale.log() + (1 + euler_constant)
