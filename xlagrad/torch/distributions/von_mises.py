"""`torch.distributions.von_mises`."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.modes import no_grad
from xlagrad.core.random import next_key
from xlagrad.ops import variates
from xlagrad.ops.modified_bessel import i0e, i1e
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import broadcast_all, size


class VonMises(Distribution):
    """The normal distribution's kin on the circle: p(x) = exp(κ cos(x - loc)) / (2π I₀(κ)).

    Args:
        loc: an angle in radians.
        concentration: κ, positive.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.VonMises``; Best & Fisher 1979.
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    has_rsample = False

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        k = self.concentration
        # log I₀(κ) = κ + log(I₀(κ) e^(-κ)), which does not overflow.
        return k * ((value - self.loc).cos() - 1) - math.log(2 * math.pi) - i0e(k).log()

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return draws in [-π, π)."""
        with no_grad():
            shape = self._extended_shape(sample_shape)
            loc, k = self.loc.expand(shape), self.concentration.expand(shape)
            return variates.von_mises(next_key(), loc, k)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        shape = size(batch_shape)
        values = {k: getattr(self, k).expand(shape) for k in ("loc", "concentration")}
        return self._expanded(VonMises, shape, _instance, **values)

    @property
    def mean(self) -> Any:
        """The circular mean, loc."""
        return self.loc

    @property
    def mode(self) -> Any:
        """loc."""
        return self.loc

    @property
    def variance(self) -> Any:
        """The circular variance, 1 - I₁(κ) / I₀(κ)."""
        return 1 - i1e(self.concentration) / i0e(self.concentration)
