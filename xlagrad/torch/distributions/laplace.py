"""`torch.distributions.laplace`."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import broadcast_all, eps_of, size, standard_uniform


class Laplace(Distribution):
    """p(x) = exp(-|x - loc| / scale) / (2 scale).

    Args:
        loc: mean.
        scale: positive.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.Laplace``.
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

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
    def variance(self) -> Any:
        """2 scale²."""
        return 2 * self.scale.pow(2)

    @property
    def stddev(self) -> Any:
        """√2 · scale."""
        return 2**0.5 * self.scale

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        loc, scale = self.loc.expand(size(batch_shape)), self.scale.expand(size(batch_shape))
        return self._expanded(Laplace, batch_shape, _instance, loc=loc, scale=scale)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return loc - scale · sign(u) · log(1 - |u|) with u from U(-1, 1)."""
        shape = self._extended_shape(sample_shape)
        low = eps_of(self.loc) - 1
        u = low + standard_uniform(shape, self.loc) * (1 - low)
        return self.loc - self.scale * u.sign() * (-u.abs()).log1p()

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def cdf(self, value: Any) -> Any:
        """Return the distribution function."""
        if self._validate_args:
            self._validate_sample(value)
        z = value - self.loc
        return 0.5 - 0.5 * z.sign() * (-z.abs() / self.scale).expm1()

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        term = value - 0.5
        return self.loc - self.scale * term.sign() * (-2 * term.abs()).log1p()

    def entropy(self) -> Any:
        """Return 1 + log(2 scale)."""
        return 1 + (2 * self.scale).log()
