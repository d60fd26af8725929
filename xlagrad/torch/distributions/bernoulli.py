"""`torch.distributions.bernoulli`, and what distributions of probabilities or logits share."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Size
from xlagrad.layers import functional as F
from xlagrad.ops.create import arange
from xlagrad.ops.drawn import bernoulli as draw
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import ExponentialFamily
from xlagrad.torch.distributions.utils import (
    broadcast_all,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
)


def one_of(who: str, probs: Any, logits: Any) -> None:
    """Raise unless exactly one of the two is given.

    Raises:
        ArgumentError: both or neither are.
    """
    if (probs is None) == (logits is None):
        want = "either `probs` or `logits`, but not both"
        raise ArgumentError(message(who, want, "neither" if probs is None else "both"))


class Bernoulli(ExponentialFamily):
    """1 with probability p, else 0.

    Args:
        probs: p, in [0, 1]; or
        logits: log(p / (1 - p)).
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: both or neither of ``probs`` and ``logits``.

    Reference: ``torch.distributions.Bernoulli``.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.boolean
    has_enumerate_support = True
    _mean_carrier_measure = 0

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        one_of(type(self).__name__, probs, logits)
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
            self._param = self.probs
        else:
            (self.logits,) = broadcast_all(logits)
            self._param = self.logits
        super().__init__(self._param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        return self._expanded(Bernoulli, batch_shape, _instance, **self._grown(batch_shape))

    def _grown(self, batch_shape: Any) -> dict[str, Any]:
        names = [k for k in ("probs", "logits") if k in self.__dict__]
        found: dict[str, Any] = {k: self.__dict__[k].expand(batch_shape) for k in names}
        found["_param"] = found["probs" if self._param is self.__dict__.get("probs") else "logits"]
        return found

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
    def mean(self) -> Any:
        """p."""
        return self.probs

    @property
    def mode(self) -> Any:
        """The more probable value, NaN where both are equally."""
        return (self.probs >= 0.5).to(self.probs.dtype).where(self.probs != 0.5, float("nan"))

    @property
    def variance(self) -> Any:
        """p (1 - p)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return draws."""
        with no_grad():
            return draw(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        """Return the log-probability."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -F.binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Any:
        """Return -p log p - (1 - p) log(1 - p)."""
        return F.binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return 0 and 1 along a new first dimension."""
        values = arange(2, dtype=self._param.dtype, device=self._param.device)
        values = values.reshape((-1, *[1] * len(self._batch_shape)))
        return values.expand((-1, *self._batch_shape)) if expand else values

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return (self.logits,)

    def _log_normalizer(self, *natural_params: Any) -> Any:
        return natural_params[0].exp().log1p()
