"""`torch.distributions.fishersnedecor`."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.gamma import Gamma
from xlagrad.torch.distributions.utils import broadcast_all, size, tiny_of


class FisherSnedecor(Distribution):
    """F with ``df1`` and ``df2`` degrees of freedom: the ratio of two χ² divided by theirs.

    Args:
        df1: degrees of freedom of the numerator, positive.
        df2: those of the denominator, positive.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.FisherSnedecor``.
    """

    arg_constraints = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        self._gamma1 = Gamma(self.df1 * 0.5, self.df1)
        self._gamma2 = Gamma(self.df2 * 0.5, self.df2)
        super().__init__(self.df1.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        shape = size(batch_shape)
        values = {k: getattr(self, k).expand(shape) for k in ("df1", "df2", "_gamma1", "_gamma2")}
        return self._expanded(FisherSnedecor, shape, _instance, **values)

    @property
    def mean(self) -> Any:
        """df2 / (df2 - 2), NaN for df2 of at most 2."""
        df2 = self.df2.masked_fill(self.df2 <= 2, float("nan"))
        return df2 / (df2 - 2)

    @property
    def mode(self) -> Any:
        """(df1 - 2) / df1 · df2 / (df2 + 2), NaN for df1 of at most 2."""
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return mode.masked_fill(self.df1 <= 2, float("nan"))

    @property
    def variance(self) -> Any:
        """2 df2² (df1 + df2 - 2) / (df1 (df2 - 2)² (df2 - 4)), NaN for df2 of at most 4."""
        df2 = self.df2.masked_fill(self.df2 <= 4, float("nan"))
        return 2 * df2.pow(2) * (self.df1 + df2 - 2) / (self.df1 * (df2 - 2).pow(2) * (df2 - 4))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return the ratio of two gamma draws."""
        x1 = self._gamma1.rsample(sample_shape)
        x2 = self._gamma2.rsample(sample_shape).clamp(min=tiny_of(self.df2))
        return (x1 / x2).clamp(min=tiny_of(self.df1))

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        ct1, ct2, ct3 = self.df1 * 0.5, self.df2 * 0.5, self.df1 / self.df2
        beta = (ct1 + ct2).lgamma() - ct1.lgamma() - ct2.lgamma()
        return beta + ct1 * ct3.log() + (ct1 - 1) * value.log() - (ct1 + ct2) * (ct3 * value).log1p()
