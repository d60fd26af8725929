"""`torch.distributions.uniform`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import Distribution, _false
from xlagrad.torch.distributions.utils import broadcast_all, size, standard_uniform


class Uniform(Distribution):
    """U[low, high).

    Args:
        low: lower bound.
        high: upper bound, above ``low``.
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: ``low`` is not below ``high``.

    Reference: ``torch.distributions.Uniform``.
    """

    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = broadcast_all(low, high)
        super().__init__(self.low.shape, validate_args=validate_args)
        if self._validate_args and _false(self.low < self.high):
            raise ArgumentError(
                message("Uniform", "low < high", f"{describe(self.low)}, {describe(self.high)}")
            )

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """low below high."""
        return {"low": constraints.less_than(self.high), "high": constraints.greater_than(self.low)}

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """[low, high]."""
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Any:
        """(high + low) / 2."""
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Any:
        """NaN: all values are equally probable."""
        return float("nan") * self.high

    @property
    def stddev(self) -> Any:
        """(high - low) / √12."""
        return (self.high - self.low) / 12**0.5

    @property
    def variance(self) -> Any:
        """(high - low)² / 12."""
        return (self.high - self.low) ** 2 / 12

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        low, high = self.low.expand(size(batch_shape)), self.high.expand(size(batch_shape))
        return self._expanded(Uniform, batch_shape, _instance, low=low, high=high)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return low + u · (high - low) with u from U[0, 1)."""
        u = standard_uniform(self._extended_shape(sample_shape), self.low)
        return self.low + u * (self.high - self.low)

    def log_prob(self, value: Any) -> Any:
        """Return -log(high - low), or -∞ outside."""
        if self._validate_args:
            self._validate_sample(value)
        inside = (self.low <= value) & (value < self.high)
        return inside.to(self.low.dtype).log() - (self.high - self.low).log()

    def cdf(self, value: Any) -> Any:
        """Return the share of the interval below ``value``."""
        if self._validate_args:
            self._validate_sample(value)
        return ((value - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    def icdf(self, value: Any) -> Any:
        """Return low + value · (high - low)."""
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Any:
        """Return log(high - low)."""
        return (self.high - self.low).log()
