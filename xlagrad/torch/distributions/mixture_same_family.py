"""`torch.distributions.mixture_same_family`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, ShapeError, message
from xlagrad.core.modes import no_grad
from xlagrad.layers import functional as F
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.categorical import Categorical
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import size


class MixtureSameFamily(Distribution):
    """p(x) = Σ wₖ pₖ(x), with components of one family.

    Args:
        mixture_distribution: a :class:`Categorical` over the components.
        component_distribution: the components, along the last batch dimension.
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: distributions of other kinds.
        ShapeError: batches that do not fit.

    Reference: ``torch.distributions.MixtureSameFamily``.
    """

    arg_constraints: Any = {}
    has_rsample = False

    def __init__(
        self, mixture_distribution: Any, component_distribution: Any, validate_args: bool | None = None
    ) -> None:
        who = "MixtureSameFamily"
        self._mixture_distribution, self._component_distribution = (
            mixture_distribution,
            component_distribution,
        )
        if not isinstance(mixture_distribution, Categorical):
            got = type(mixture_distribution).__name__
            raise ArgumentError(message(who, "a Categorical as the mixture distribution", got))
        if not isinstance(component_distribution, Distribution):
            got = type(component_distribution).__name__
            raise ArgumentError(message(who, "a Distribution as the components", got))
        outer, components = mixture_distribution.batch_shape, component_distribution.batch_shape
        k = mixture_distribution._num_events
        fits = all(a == b or a == 1 for a, b in zip(reversed(outer), reversed(components[:-1]), strict=False))
        if not fits or not components or components[-1] != k:
            want = f"component batch shape (..., {k}) that fits the mixture's {tuple(outer)}"
            raise ShapeError(message(who, want, f"{tuple(components)}"))
        self._num_component = k
        self._event_ndims = len(component_distribution.event_shape)
        super().__init__(components[:-1], component_distribution.event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        batch = size(batch_shape)
        values = {
            "_component_distribution": self._component_distribution.expand((*batch, self._num_component)),
            "_mixture_distribution": self._mixture_distribution.expand(batch),
            "_num_component": self._num_component,
            "_event_ndims": self._event_ndims,
        }
        return self._expanded(MixtureSameFamily, batch, _instance, **values)

    @constraints.dependent_property
    def support(self) -> Any:
        """The components'."""
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Any:
        """The distribution of components."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        """The components."""
        return self._component_distribution

    def _weights(self) -> Any:
        probs = self.mixture_distribution.probs
        return probs.reshape((*probs.shape, *[1] * self._event_ndims))

    @property
    def mean(self) -> Any:
        """Σ w μ."""
        return (self._weights() * self.component_distribution.mean).sum(-1 - self._event_ndims)

    @property
    def variance(self) -> Any:
        """Σ w σ² + Σ w (μ - mean)²."""
        weights, dim = self._weights(), -1 - self._event_ndims
        within = (weights * self.component_distribution.variance).sum(dim)
        between = (weights * (self.component_distribution.mean - self.mean.unsqueeze(dim)).pow(2)).sum(dim)
        return within + between

    def cdf(self, value: Any) -> Any:
        """Return Σ w F(x)."""
        below = self.component_distribution.cdf(value.unsqueeze(-1 - self._event_ndims))
        return (below * self.mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Any) -> Any:
        """Return log Σ w p(x)."""
        if self._validate_args:
            self._validate_sample(value)
        scores = self.component_distribution.log_prob(value.unsqueeze(-1 - self._event_ndims))
        return (scores + F.log_softmax(self.mixture_distribution.logits, dim=-1)).logsumexp(-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return draws."""
        with no_grad():
            shape = size(sample_shape)
            chosen = self.mixture_distribution.expand(self._batch_shape).sample(shape)
            drawn = self.component_distribution.sample(shape)
            dim = len(shape) + len(self._batch_shape)
            event = tuple(self._event_shape)
            index = chosen.reshape((*chosen.shape, 1, *[1] * len(event)))
            return drawn.gather(dim, index.expand((*chosen.shape, 1, *event))).squeeze(dim)

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"
