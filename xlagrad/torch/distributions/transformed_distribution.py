"""`torch.distributions.transformed_distribution`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.modes import no_grad
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.independent import Independent
from xlagrad.torch.distributions.transform import ComposeTransform, Transform
from xlagrad.torch.distributions.utils import sum_rightmost


class TransformedDistribution(Distribution):
    """The distribution of y = f(x), x from ``base_distribution``, f the transforms one after the other.

    log p(y) = log p(x) - Σ log |det ∂f|.

    Args:
        base_distribution: that of x.
        transforms: a transform, or a list.
        validate_args: whether values are looked at.

    Raises:
        ArgumentError: something that is no transform.
        ShapeError: events of the base that are too small.

    Reference: ``torch.distributions.TransformedDistribution``.
    """

    arg_constraints: Any = {}

    def __init__(self, base_distribution: Any, transforms: Any, validate_args: bool | None = None) -> None:
        self.transforms = [transforms] if isinstance(transforms, Transform) else transforms
        if not isinstance(self.transforms, list) or not all(
            isinstance(t, Transform) for t in self.transforms
        ):
            want = "transforms as a Transform or a list of Transforms"
            raise ArgumentError(message("TransformedDistribution", want, describe(transforms)))
        shape = base_distribution.batch_shape + base_distribution.event_shape
        dims = len(base_distribution.event_shape)
        chain = ComposeTransform(self.transforms)
        if len(shape) < chain.domain.event_dim:
            want = f"a base_distribution with {chain.domain.event_dim} dimensions or more"
            raise ShapeError(message("TransformedDistribution", want, f"shape {tuple(shape)}"))
        made = chain.forward_shape(shape)
        grown = chain.inverse_shape(made)
        base_batch = grown[: len(grown) - dims]
        if tuple(base_distribution.batch_shape) != tuple(base_batch):
            base_distribution = base_distribution.expand(base_batch)
        more = chain.domain.event_dim - dims
        if more > 0:
            base_distribution = Independent(base_distribution, more)
        self.base_dist = base_distribution
        event_dim = chain.codomain.event_dim + max(dims - chain.domain.event_dim, 0)
        cut = len(made) - event_dim
        super().__init__(made[:cut], made[cut:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        shape = (*tuple(batch_shape), *self.event_shape)
        for t in reversed(self.transforms):
            shape = t.inverse_shape(shape)
        base = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])
        return self._expanded(
            TransformedDistribution, batch_shape, _instance, base_dist=base, transforms=self.transforms
        )

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        """The last transform's codomain."""
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        more = len(self.event_shape) - support.event_dim
        return constraints.independent(support, more) if more > 0 else support

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether the base's draws have gradients."""
        return bool(self.base_dist.has_rsample)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return transformed draws of the base."""
        with no_grad():
            x = self.base_dist.sample(sample_shape)
            for t in self.transforms:
                x = t(x)
            return x

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return transformed draws of the base, with gradients."""
        x = self.base_dist.rsample(sample_shape)
        for t in self.transforms:
            x = t(x)
        return x

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        dims, total, y = len(self.event_shape), 0.0, value
        for t in reversed(self.transforms):
            x = t.inv(y)
            dims += t.domain.event_dim - t.codomain.event_dim
            total = total - sum_rightmost(t.log_abs_det_jacobian(x, y), dims - t.domain.event_dim)
            y = x
        return total + sum_rightmost(self.base_dist.log_prob(y), dims - len(self.base_dist.event_shape))

    def _signed(self, value: Any) -> Any:
        """Return a probability as it is, or, where the whole map is decreasing, one minus it."""
        sign: Any = 1
        for t in self.transforms:
            sign = sign * t.sign
        if isinstance(sign, int):
            return value if sign == 1 else 1 - value
        return sign * (value - 0.5) + 0.5

    def cdf(self, value: Any) -> Any:
        """Return the base's distribution function at the inverse."""
        for t in reversed(self.transforms):
            value = t.inv(value)
        if self._validate_args:
            self.base_dist._validate_sample(value)
        return self._signed(self.base_dist.cdf(value))

    def icdf(self, value: Any) -> Any:
        """Return the transformed quantile of the base."""
        value = self.base_dist.icdf(self._signed(value))
        for t in self.transforms:
            value = t(value)
        return value
