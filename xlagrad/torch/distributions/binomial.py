"""`torch.distributions.binomial`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Size
from xlagrad.ops.create import arange
from xlagrad.ops.drawn import binomial
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.bernoulli import one_of
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import (
    broadcast_all,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
    size,
)


class Binomial(Distribution):
    """Successes among ``total_count`` trials that succeed with probability p.

    Args:
        total_count: n, not negative.
        probs: p, in [0, 1]; or
        logits: log(p / (1 - p)).
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: both or neither of ``probs`` and ``logits``.

    Reference: ``torch.distributions.Binomial``.
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        one_of("Binomial", probs, logits)
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
        return self._expanded(Binomial, shape, _instance, **found, _param=param, total_count=count)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """0 to n."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Any:
        """n p."""
        return self.total_count * self.probs

    @property
    def mode(self) -> Any:
        """The integer at or below (n + 1) p, at most n."""
        return ((self.total_count + 1) * self.probs).floor().minimum(self.total_count)

    @property
    def variance(self) -> Any:
        """n p (1 - p)."""
        return self.total_count * self.probs * (1 - self.probs)

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

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return draws."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Any) -> Any:
        """Return log (n choose k) + k log p + (n - k) log(1 - p)."""
        if self._validate_args:
            self._validate_sample(value)
        n, logits = self.total_count, self.logits
        choose = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        # log(1 - p) = -softplus(logits), written so that large logits do not overflow.
        normalizer = n * (logits + logits.abs()) / 2 + n * (-logits.abs()).exp().log1p()
        return choose + value * logits - normalizer

    def entropy(self) -> Any:
        """Return the entropy.

        Raises:
            NotImplementedError: several counts.
        """
        n = int(self.total_count.max())
        if int(self.total_count.min()) != n:
            raise NotImplementedError(
                "Inhomogeneous total count not supported by `entropy`; take one count at a time."
            )
        terms = self.log_prob(self.enumerate_support(False))
        return -(terms.exp() * terms).sum(0)

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return 0 to n along a new first dimension.

        Raises:
            NotImplementedError: several counts.
        """
        n = int(self.total_count.max())
        if int(self.total_count.min()) != n:
            raise NotImplementedError(
                "Inhomogeneous total count not supported by `enumerate_support`; take one count at a time."
            )
        values = arange(1 + n, dtype=self._param.dtype, device=self._param.device)
        values = values.reshape((-1, *[1] * len(self._batch_shape)))
        return values.expand((-1, *self._batch_shape)) if expand else values
