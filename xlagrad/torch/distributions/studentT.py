"""`torch.distributions.studentT`."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.chi2 import Chi2
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import broadcast_all, size, standard_normal


class StudentT(Distribution):
    """loc + scale · t, with t from Student's distribution with ``df`` degrees of freedom.

    Args:
        df: degrees of freedom, positive.
        loc: location.
        scale: positive.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.StudentT``.
    """

    arg_constraints = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df)
        super().__init__(self.df.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        shape = size(batch_shape)
        values = {k: getattr(self, k).expand(shape) for k in ("df", "loc", "scale")}
        return self._expanded(StudentT, shape, _instance, **values, _chi2=self._chi2.expand(shape))

    @property
    def mean(self) -> Any:
        """loc, NaN for df of at most 1."""
        return self.loc.masked_fill(self.df <= 1, float("nan"))

    @property
    def mode(self) -> Any:
        """loc."""
        return self.loc

    @property
    def variance(self) -> Any:
        """scale² df / (df - 2), infinite for df in (1, 2], NaN for less."""
        value = self.scale.pow(2) * self.df / (self.df - 2)
        return value.masked_fill(self.df <= 2, float("inf")).masked_fill(self.df <= 1, float("nan"))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return loc + scale · x / √(z / df) with x normal and z from χ²."""
        shape = self._extended_shape(sample_shape)
        x, z = standard_normal(shape, self.df), self._chi2.rsample(sample_shape)
        return self.loc + self.scale * (x * (z / self.df).rsqrt())

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        y, half = (value - self.loc) / self.scale, 0.5 * self.df
        normalizer = (
            self.scale.log()
            + 0.5 * self.df.log()
            + 0.5 * math.log(math.pi)
            + half.lgamma()
            - (half + 0.5).lgamma()
        )
        return -0.5 * (self.df + 1.0) * (y**2.0 / self.df).log1p() - normalizer

    def entropy(self) -> Any:
        """Return the entropy."""
        half = 0.5 * self.df
        log_beta = half.lgamma() + math.lgamma(0.5) - (half + 0.5).lgamma()
        spread = 0.5 * (self.df + 1) * ((half + 0.5).digamma() - half.digamma())
        return self.scale.log() + spread + 0.5 * self.df.log() + log_beta
