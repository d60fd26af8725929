"""`torch.distributions.kumaraswamy`."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.elementwise import AffineTransform, PowerTransform
from xlagrad.torch.distributions.transformed_distribution import TransformedDistribution
from xlagrad.torch.distributions.uniform import Uniform
from xlagrad.torch.distributions.utils import broadcast_all, euler_constant, size


class Kumaraswamy(TransformedDistribution):
    """F(x) = 1 - (1 - xᵃ)ᵇ on [0, 1].

    Args:
        concentration1: a, positive.
        concentration0: b, positive.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.Kumaraswamy``, whose mode is NaN for concentrations above one too.
    """

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        zeros = self.concentration0.new_zeros(tuple(self.concentration0.shape))
        base = Uniform(zeros, zeros + 1, validate_args=validate_args)
        super().__init__(base, self._maps(), validate_args=validate_args)

    def _maps(self) -> list[Any]:
        return [
            PowerTransform(self.concentration0.reciprocal()),
            AffineTransform(1.0, -1.0),
            PowerTransform(self.concentration1.reciprocal()),
        ]

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        new, shape = self._get_checked_instance(Kumaraswamy, _instance), size(batch_shape)
        new.concentration1 = self.concentration1.expand(shape)
        new.concentration0 = self.concentration0.expand(shape)
        return super().expand(shape, new)

    def _moment(self, n: int) -> Any:
        """Return E[xⁿ] = b B(1 + n/a, b)."""
        a, b = self.concentration1, self.concentration0
        first = 1 + n / a
        return (first.lgamma() + b.lgamma() - (first + b).lgamma() + b.log()).exp()

    @property
    def mean(self) -> Any:
        """b B(1 + 1/a, b)."""
        return self._moment(1)

    @property
    def mode(self) -> Any:
        """((a - 1) / (ab - 1))^(1/a), NaN where a or b is below 1."""
        a, b = self.concentration1, self.concentration0
        value = ((a - 1) / (a * b - 1)) ** a.reciprocal()
        return value.masked_fill((b < 1) | (a < 1), float("nan"))

    @property
    def variance(self) -> Any:
        """E[x²] - E[x]²."""
        return self._moment(2) - self.mean.pow(2)

    def entropy(self) -> Any:
        """Return (1 - 1/b) + (1 - 1/a) H_b - log a - log b, with H the harmonic numbers."""
        a, b = self.concentration1, self.concentration0
        t1 = 1 - a.reciprocal()
        t0 = 1 - b.reciprocal()
        harmonic = (b + 1).digamma() + euler_constant
        return t0 + t1 * harmonic - a.log() - b.log()
