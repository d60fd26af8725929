"""`torch.distributions.dirichlet`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.core.random import next_key
from xlagrad.layers import functional as F
from xlagrad.ops import variates
from xlagrad.ops.special import xlogy
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import ExponentialFamily
from xlagrad.torch.distributions.utils import size


class Dirichlet(ExponentialFamily):
    """Shares that add up to one: p(x) ∝ Π xᵢ^(αᵢ - 1).

    Args:
        concentration: α, (..., K), positive.
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: a concentration without dimensions.

    Reference: ``torch.distributions.Dirichlet``.
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        if concentration.ndim < 1:
            want = "`concentration` to be at least one-dimensional"
            raise ArgumentError(message("Dirichlet", want, describe(concentration)))
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        grown = self.concentration.expand((*size(batch_shape), *self.event_shape))
        return self._expanded(Dirichlet, batch_shape, _instance, concentration=grown)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return gamma draws divided by their sum."""
        return variates.standard_dirichlet(
            next_key(), self.concentration.expand(self._extended_shape(sample_shape))
        )

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        a = self.concentration
        return xlogy(a - 1.0, value).sum(-1) + a.sum(-1).lgamma() - a.lgamma().sum(-1)

    @property
    def mean(self) -> Any:
        """α / Σα."""
        return self.concentration / self.concentration.sum(-1, keepdim=True)

    @property
    def mode(self) -> Any:
        """(α - 1) / Σ(α - 1) of those above one; where none is, a corner."""
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, keepdim=True)
        none = (self.concentration < 1).all(-1, keepdim=True)
        corner = F.one_hot(mode.nan_to_num().argmax(-1), self.concentration.shape[-1]).to(mode.dtype)
        return corner.where(none, mode)

    @property
    def variance(self) -> Any:
        """α (Σα - α) / (Σα² (Σα + 1))."""
        total = self.concentration.sum(-1, keepdim=True)
        return self.concentration * (total - self.concentration) / (total.pow(2) * (total + 1))

    def entropy(self) -> Any:
        """Return the entropy."""
        a, k = self.concentration, self.concentration.shape[-1]
        total = a.sum(-1)
        return (
            a.lgamma().sum(-1)
            - total.lgamma()
            - (k - total) * total.digamma()
            - ((a - 1.0) * a.digamma()).sum(-1)
        )

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return (self.concentration,)

    def _log_normalizer(self, *natural_params: Any) -> Any:
        (x,) = natural_params
        return x.lgamma().sum(-1) - x.sum(-1).lgamma()
