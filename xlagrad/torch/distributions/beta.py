"""`torch.distributions.beta`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.tensor import Size
from xlagrad.ops.join import stack
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.dirichlet import Dirichlet
from xlagrad.torch.distributions.distribution import ExponentialFamily
from xlagrad.torch.distributions.utils import broadcast_all, size


class Beta(ExponentialFamily):
    """p(x) ∝ x^(α - 1) (1 - x)^(β - 1).

    Args:
        concentration1: α, positive.
        concentration0: β, positive.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.Beta``.
    """

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        pair = stack(list(broadcast_all(concentration1, concentration0)), -1)
        self._dirichlet = Dirichlet(pair, validate_args=validate_args)
        super().__init__(self._dirichlet._batch_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        grown = self._dirichlet.expand(size(batch_shape))
        return self._expanded(Beta, batch_shape, _instance, _dirichlet=grown)

    @property
    def concentration1(self) -> Any:
        """α."""
        return self._dirichlet.concentration[..., 0]

    @property
    def concentration0(self) -> Any:
        """β."""
        return self._dirichlet.concentration[..., 1]

    @property
    def mean(self) -> Any:
        """α / (α + β)."""
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Any:
        """The Dirichlet distribution's."""
        return self._dirichlet.mode[..., 0]

    @property
    def variance(self) -> Any:
        """α β / ((α + β)² (α + β + 1))."""
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return the first shares of Dirichlet draws."""
        return self._dirichlet.rsample(Size(sample_shape)).select(-1, 0)

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        return self._dirichlet.log_prob(stack([value, 1.0 - value], -1))

    def entropy(self) -> Any:
        """Return the entropy."""
        return self._dirichlet.entropy()

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return self.concentration1, self.concentration0

    def _log_normalizer(self, *natural_params: Any) -> Any:
        x, y = natural_params
        return x.lgamma() + y.lgamma() - (x + y).lgamma()
