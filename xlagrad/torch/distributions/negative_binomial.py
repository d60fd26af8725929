"""`torch.distributions.negative_binomial`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Size
from xlagrad.layers import functional as F
from xlagrad.ops.drawn import poisson
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.bernoulli import one_of
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.gamma import Gamma
from xlagrad.torch.distributions.utils import (
    broadcast_all,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
    size,
)


class NegativeBinomial(Distribution):
    """Successes before ``total_count`` failures, of trials that succeed with probability p.

    Args:
        total_count: r, not negative, any number.
        probs: p, in [0, 1); or
        logits: log(p / (1 - p)).
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: both or neither of ``probs`` and ``logits``.

    Reference: ``torch.distributions.NegativeBinomial``.
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self, total_count: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        one_of("NegativeBinomial", probs, logits)
        if probs is not None:
            self.total_count, self.probs = broadcast_all(total_count, probs)
            self._param, self.total_count = self.probs, self.total_count.to(self.probs.dtype)
        else:
            self.total_count, self.logits = broadcast_all(total_count, logits)
            self._param, self.total_count = self.logits, self.total_count.to(self.logits.dtype)
        super().__init__(self._param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        shape = size(batch_shape)
        found = {k: self.__dict__[k].expand(shape) for k in ("probs", "logits") if k in self.__dict__}
        param = found["probs" if self._param is self.__dict__.get("probs") else "logits"]
        count = self.total_count.expand(shape)
        return self._expanded(NegativeBinomial, shape, _instance, **found, _param=param, total_count=count)

    @property
    def mean(self) -> Any:
        """r p / (1 - p)."""
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Any:
        """The integer at or below (r - 1) p / (1 - p), at least 0."""
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Any:
        """r p / (1 - p)²."""
        return self.mean / (-self.logits).sigmoid()

    @lazy_property
    def logits(self) -> Any:
        """Log-odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Any:
        """Probabilities."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self) -> Size:
        """Shape of the parameter."""
        shape: Size = self._param.shape
        return shape

    @property
    def _gamma(self) -> Any:
        return Gamma(self.total_count, (-self.logits).exp(), validate_args=False)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return Poisson draws with gamma rates."""
        with no_grad():
            return poisson(self._gamma.sample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        """Return the log-probability."""
        if self._validate_args:
            self._validate_sample(value)
        r = self.total_count
        unnormalized = r * F.logsigmoid(-self.logits) + value * F.logsigmoid(self.logits)
        normalization = -(r + value).lgamma() + (1.0 + value).lgamma() + r.lgamma()
        # No failure to wait for and no success: certain.
        normalization = normalization.masked_fill(r + value == 0.0, 0.0)
        return unnormalized - normalization
