"""`torch.distributions.continuous_bernoulli`."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Size
from xlagrad.layers import functional as F
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.bernoulli import one_of
from xlagrad.torch.distributions.distribution import ExponentialFamily, _false
from xlagrad.torch.distributions.utils import (
    broadcast_all,
    clamp_probs,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
    size,
    standard_uniform,
)


class ContinuousBernoulli(ExponentialFamily):
    """p(x) ∝ λˣ (1 - λ)^(1 - x) on [0, 1].

    Args:
        probs: λ, in (0, 1); or
        logits: log(λ / (1 - λ)).
        lims: between these, around ½ where the normaliser is 0/0, Taylor series stand for closed forms.
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: both or neither of ``probs`` and ``logits``, or λ outside (0, 1).

    Reference: ``torch.distributions.ContinuousBernoulli``; Loaiza-Ganem & Cunningham 2019.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    _mean_carrier_measure = 0
    has_rsample = True

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        one_of("ContinuousBernoulli", probs, logits)
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
            checked = self._validate_args if validate_args is None else validate_args
            if checked and _false(self.arg_constraints["probs"].check(self.probs)):
                raise ArgumentError(message("ContinuousBernoulli", "probs in [0, 1]", f"{self.probs!r}"))
            self.probs = clamp_probs(self.probs)
            self._param = self.probs
        else:
            (self.logits,) = broadcast_all(logits)
            self._param = self.logits
        self._lims = lims
        super().__init__(self._param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        shape = size(batch_shape)
        found = {k: self.__dict__[k].expand(shape) for k in ("probs", "logits") if k in self.__dict__}
        param = found["probs" if self._param is self.__dict__.get("probs") else "logits"]
        return self._expanded(ContinuousBernoulli, shape, _instance, **found, _param=param, _lims=self._lims)

    def _outside(self) -> Any:
        """Return where λ is far enough from ½ for closed forms."""
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _cut(self) -> Any:
        """Return λ, replaced by a harmless value around ½."""
        return self.probs.where(self._outside(), self._lims[0])

    def _log_constant(self) -> Any:
        """Return the logarithm of the normalising constant."""
        cut = self._cut()
        below = cut.where(cut <= 0.5, 0.0)
        above = cut.where(cut >= 0.5, 1.0)
        exact = ((-cut).log1p() - cut.log()).abs().log() - (
            (-2.0 * below).log1p().where(cut <= 0.5, (2.0 * above - 1.0).log())
        )
        x = (self.probs - 0.5).pow(2)
        series = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x
        return exact.where(self._outside(), series)

    @property
    def mean(self) -> Any:
        """λ / (2λ - 1) + 1 / (2 artanh(1 - 2λ))."""
        cut = self._cut()
        exact = cut / (2.0 * cut - 1.0) + 1.0 / ((-cut).log1p() - cut.log())
        x = self.probs - 0.5
        series = 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.pow(2)) * x
        return exact.where(self._outside(), series)

    @property
    def stddev(self) -> Any:
        """The square root of the variance."""
        return self.variance.sqrt()

    @property
    def variance(self) -> Any:
        """(λ² - λ) / (1 - 2λ)² + 1 / (2 artanh(1 - 2λ))²."""
        cut = self._cut()
        exact = cut * (cut - 1.0) / (1.0 - 2.0 * cut).pow(2) + 1.0 / ((-cut).log1p() - cut.log()).pow(2)
        x = (self.probs - 0.5).pow(2)
        series = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x
        return exact.where(self._outside(), series)

    @lazy_property
    def logits(self) -> Any:
        """Log-odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Any:
        """λ."""
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    @property
    def param_shape(self) -> Size:
        """Shape of the parameter."""
        shape: Size = self._param.shape
        return shape

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return draws."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return quantiles of uniform draws, with gradients."""
        return self.icdf(standard_uniform(self._extended_shape(sample_shape), self.probs))

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -F.binary_cross_entropy_with_logits(logits, value, reduction="none") + self._log_constant()

    def cdf(self, value: Any) -> Any:
        """Return the distribution function."""
        if self._validate_args:
            self._validate_sample(value)
        cut = self._cut()
        exact = (cut.pow(value) * (1.0 - cut).pow(1.0 - value) + cut - 1.0) / (2.0 * cut - 1.0)
        unbounded = exact.where(self._outside(), value)
        return unbounded.where(value > 0.0, 0.0).where(value < 1.0, 1.0)

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        cut = self._cut()
        exact = ((-cut + value * (2.0 * cut - 1.0)).log1p() - (-cut).log1p()) / (cut.log() - (-cut).log1p())
        return exact.where(self._outside(), value)

    def entropy(self) -> Any:
        """Return the entropy."""
        log0, log1 = (-self.probs).log1p(), self.probs.log()
        return self.mean * (log0 - log1) - self._log_constant() - log0

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return (self.logits,)

    def _log_normalizer(self, *natural_params: Any) -> Any:
        (x,) = natural_params
        outside = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        cut = x.where(outside, self._lims[0] - 0.5)
        exact = cut.exp().sub(1).abs().log() - cut.abs().log()
        series = 0.5 * x + x.pow(2) / 24.0 - x.pow(4) / 2880.0
        return exact.where(outside, series)
