"""`torch.distributions.one_hot_categorical`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Size
from xlagrad.layers import functional as F
from xlagrad.ops.create import eye
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.categorical import Categorical
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import size


class OneHotCategorical(Distribution):
    """One of K classes as a vector of zeros with a one.

    Args:
        probs: (..., K), not negative; or
        logits: (..., K), log-probabilities up to a constant.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.OneHotCategorical``.
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self._categorical = Categorical(probs, logits)
        batch, event = self._categorical.batch_shape, self._categorical.param_shape[-1:]
        super().__init__(batch, event, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        grown = self._categorical.expand(size(batch_shape))
        return self._expanded(OneHotCategorical, batch_shape, _instance, _categorical=grown)

    @property
    def _param(self) -> Any:
        return self._categorical._param

    @property
    def probs(self) -> Any:
        """Probabilities."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """Log-probabilities."""
        return self._categorical.logits

    @property
    def mean(self) -> Any:
        """Probabilities."""
        return self._categorical.probs

    @property
    def mode(self) -> Any:
        """The most probable class."""
        return F.one_hot(self.probs.argmax(-1), self.probs.shape[-1]).to(self.probs.dtype)

    @property
    def variance(self) -> Any:
        """p (1 - p)."""
        return self.probs * (1 - self.probs)

    @property
    def param_shape(self) -> Size:
        """Shape of the parameter."""
        return self._categorical.param_shape

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return draws."""
        with no_grad():
            drawn = self._categorical.sample(size(sample_shape))
            return F.one_hot(drawn, self._categorical._num_events).to(self.probs.dtype)

    def log_prob(self, value: Any) -> Any:
        """Return the log-probability."""
        if self._validate_args:
            self._validate_sample(value)
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self) -> Any:
        """Return the entropy."""
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return the unit vectors along a new first dimension."""
        n = int(self.event_shape[0])
        values = eye(n, dtype=self._param.dtype, device=self._param.device)
        values = values.reshape((n, *[1] * len(self.batch_shape), n))
        return values.expand((n, *self.batch_shape, n)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """A :class:`OneHotCategorical` whose draws pass the gradient of the probabilities.

    Reference: ``torch.distributions.OneHotCategoricalStraightThrough``; Bengio et al. 2013.
    """

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return draws with the gradient of the probabilities."""
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
