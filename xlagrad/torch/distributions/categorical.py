"""`torch.distributions.categorical`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.dtypes import finfo
from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Size
from xlagrad.ops.create import arange
from xlagrad.ops.drawn import multinomial
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.bernoulli import one_of
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import lazy_property, logits_to_probs, probs_to_logits, size


class Categorical(Distribution):
    """One of K classes, 0 to K - 1.

    Args:
        probs: (..., K), not negative; they are divided by their sum. Or
        logits: (..., K), log-probabilities up to a constant.
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: both or neither of ``probs`` and ``logits``, or a number in their place.

    Example:
        >>> from xlagrad.core.tensor import Tensor
        >>> Categorical(Tensor([1.0, 3.0])).probs.tolist()
        [0.25, 0.75]

    Reference: ``torch.distributions.Categorical``.
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        one_of(type(self).__name__, probs, logits)
        given = probs if probs is not None else logits
        if given.ndim < 1:
            want = f"`{'probs' if probs is not None else 'logits'}` to be at least one-dimensional"
            raise ArgumentError(message(type(self).__name__, want, describe(given)))
        if probs is not None:
            self.probs = probs / probs.sum(-1, keepdim=True)
            self._param = self.probs
        else:
            self.logits = logits - logits.logsumexp(-1, keepdim=True)
            self._param = self.logits
        self._num_events = int(given.shape[-1])
        super().__init__(given.shape[:-1], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        shape = (*size(batch_shape), self._num_events)
        found = {k: self.__dict__[k].expand(shape) for k in ("probs", "logits") if k in self.__dict__}
        param = found["probs" if self._param is self.__dict__.get("probs") else "logits"]
        return self._expanded(
            Categorical, batch_shape, _instance, **found, _param=param, _num_events=self._num_events
        )

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """The classes."""
        return constraints.integer_interval(0, self._num_events - 1)

    @lazy_property
    def logits(self) -> Any:
        """Log-probabilities."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self) -> Any:
        """Probabilities."""
        return logits_to_probs(self.logits)

    @property
    def param_shape(self) -> Size:
        """Shape of the parameter."""
        shape: Size = self._param.shape
        return shape

    @property
    def mean(self) -> Any:
        """NaN: classes are no numbers."""
        return self.probs.new_full(self._extended_shape(), float("nan"))

    @property
    def mode(self) -> Any:
        """The most probable class."""
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Any:
        """NaN: classes are no numbers."""
        return self.probs.new_full(self._extended_shape(), float("nan"))

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return draws."""
        sample_shape = size(sample_shape)
        with no_grad():
            rows = self.probs.reshape(-1, self._num_events)
            drawn = multinomial(rows, sample_shape.numel(), True).T
            return drawn.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Any) -> Any:
        """Return the log-probability of classes."""
        if self._validate_args:
            self._validate_sample(value)
        value = value.long().unsqueeze(-1)
        shape = _broadcast(value.shape[:-1], self.logits.shape[:-1])
        logits = self.logits.expand((*shape, self._num_events))
        return logits.gather(-1, value.expand((*shape, 1))).squeeze(-1)

    def entropy(self) -> Any:
        """Return -Σ p log p."""
        # A class of probability zero adds nothing, whatever its logarithm.
        logits = self.logits.clamp(min=float(_lowest(self.logits)))
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return the classes along a new first dimension."""
        values = arange(self._num_events, dtype="int64", device=self._param.device)
        values = values.reshape((-1, *[1] * len(self._batch_shape)))
        return values.expand((-1, *self._batch_shape)) if expand else values


def _broadcast(*shapes: Any) -> tuple[int, ...]:
    longest = max(len(s) for s in shapes)
    padded = [(1,) * (longest - len(s)) + tuple(s) for s in shapes]
    return tuple(next((n for n in sizes if n != 1), 1) for sizes in zip(*padded, strict=True))


def _lowest(t: Any) -> float:
    return float(finfo(t.dtype).min)
