"""`torch.distributions.pareto`."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.elementwise import AffineTransform, ExpTransform
from xlagrad.torch.distributions.exponential import Exponential
from xlagrad.torch.distributions.transformed_distribution import TransformedDistribution
from xlagrad.torch.distributions.utils import broadcast_all, size


class Pareto(TransformedDistribution):
    """p(x) = α scaleᵅ / x^(α + 1) for x of at least ``scale``.

    Args:
        scale: positive.
        alpha: α, positive.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.Pareto``.
    """

    arg_constraints = {"alpha": constraints.positive, "scale": constraints.positive}

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        base = Exponential(self.alpha, validate_args=validate_args)
        maps = [ExpTransform(), AffineTransform(0, self.scale)]
        super().__init__(base, maps, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        new = self._get_checked_instance(Pareto, _instance)
        new.scale, new.alpha = self.scale.expand(size(batch_shape)), self.alpha.expand(size(batch_shape))
        return super().expand(batch_shape, new)

    @property
    def mean(self) -> Any:
        """α scale / (α - 1), infinite for α of at most 1."""
        a = self.alpha.clamp(min=1)
        return a * self.scale / (a - 1)

    @property
    def mode(self) -> Any:
        """scale."""
        return self.scale

    @property
    def variance(self) -> Any:
        """scale² α / ((α - 1)² (α - 2)), infinite for α of at most 2."""
        a = self.alpha.clamp(min=2)
        return self.scale.pow(2) * a / ((a - 1).pow(2) * (a - 2))

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """Numbers of at least ``scale``."""
        return constraints.greater_than_eq(self.scale)

    def entropy(self) -> Any:
        """Return log(scale / α) + 1 + 1/α."""
        return (self.scale / self.alpha).log() + (1 + self.alpha.reciprocal())
