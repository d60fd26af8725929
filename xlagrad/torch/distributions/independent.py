"""`torch.distributions.independent`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import size, sum_rightmost


class Independent(Distribution):
    """A distribution whose last batch dimensions count as part of each event.

    Args:
        base_distribution: the distribution.
        reinterpreted_batch_ndims: how many dimensions.
        validate_args: whether values are looked at.

    Raises:
        ArgumentError: the batch has fewer dimensions.

    Reference: ``torch.distributions.Independent``.
    """

    arg_constraints: Any = {}

    def __init__(
        self, base_distribution: Any, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        have = len(base_distribution.batch_shape)
        if reinterpreted_batch_ndims > have:
            want = f"reinterpreted_batch_ndims of at most {have}, the number of batch dimensions"
            raise ArgumentError(message("Independent", want, str(reinterpreted_batch_ndims)))
        shape = base_distribution.batch_shape + base_distribution.event_shape
        event = reinterpreted_batch_ndims + len(base_distribution.event_shape)
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        cut = len(shape) - event
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        batch = size(batch_shape)
        base = self.base_dist.expand((*batch, *self.event_shape[: self.reinterpreted_batch_ndims]))
        dims = self.reinterpreted_batch_ndims
        return self._expanded(Independent, batch, _instance, base_dist=base, reinterpreted_batch_ndims=dims)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether the base's draws have gradients."""
        return bool(self.base_dist.has_rsample)

    @property
    def has_enumerate_support(self) -> bool:  # type: ignore[override]
        """Whether the base's values can be enumerated, and no dimension is added."""
        return self.reinterpreted_batch_ndims == 0 and bool(self.base_dist.has_enumerate_support)

    @constraints.dependent_property
    def support(self) -> Any:
        """The base's, with more event dimensions."""
        support, dims = self.base_dist.support, self.reinterpreted_batch_ndims
        return constraints.independent(support, dims) if dims else support

    @property
    def mean(self) -> Any:
        """The base's."""
        return self.base_dist.mean

    @property
    def mode(self) -> Any:
        """The base's."""
        return self.base_dist.mode

    @property
    def variance(self) -> Any:
        """The base's."""
        return self.base_dist.variance

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return draws of the base."""
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return draws of the base, with gradients."""
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Any) -> Any:
        """Return the base's, summed over the added dimensions."""
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Any:
        """Return the base's, summed over the added dimensions."""
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return the base's values.

        Raises:
            NotImplementedError: dimensions are added: the values of an event are too many.
        """
        if self.reinterpreted_batch_ndims > 0:
            raise NotImplementedError("Enumeration over cartesian product is not implemented; use the base's")
        return self.base_dist.enumerate_support(expand=expand)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist}, {self.reinterpreted_batch_ndims})"
