"""`torch.distributions.logistic_normal`."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.normal import Normal
from xlagrad.torch.distributions.structured import StickBreakingTransform
from xlagrad.torch.distributions.transformed_distribution import TransformedDistribution


class LogisticNormal(TransformedDistribution):
    """Shares that stick breaking makes of normal numbers.

    Reference: ``torch.distributions.LogisticNormal``.
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand([1])
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        return super().expand(batch_shape, self._get_checked_instance(LogisticNormal, _instance))

    @property
    def loc(self) -> Any:
        """The normal distribution's mean."""
        return self.base_dist.base_dist.loc

    @property
    def scale(self) -> Any:
        """The normal distribution's standard deviation."""
        return self.base_dist.base_dist.scale
