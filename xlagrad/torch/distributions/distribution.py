"""`torch.distributions.distribution`: the base class of all distributions."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Size, Tensor
from xlagrad.torch.autograd.walk import grad as autograd_grad
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.utils import lazy_property, size


def _false(valid: Any) -> bool:
    """Return whether something is known to be invalid; inside a trace nothing is known."""
    value = read(valid) if isinstance(valid, Handle) else valid
    return not is_tracer(value) and not bool(value.all())


class Distribution:
    """A family of probability distributions: batches of independent ones, of events of one shape.

    Args:
        batch_shape: shape of the batch of distributions.
        event_shape: shape of one event.
        validate_args: whether parameters and values are looked at; by default so. Inside compiled functions
            they cannot be.

    Raises:
        ArgumentError: a parameter outside its constraint.

    Reference: ``torch.distributions.Distribution``.
    """

    has_rsample: bool = False
    has_enumerate_support: bool = False
    _validate_args: bool = __debug__
    arg_constraints: Any = {}

    def __init__(
        self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None
    ) -> None:
        self._batch_shape: Size = size(batch_shape)
        self._event_shape: Size = size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        for name, constraint in self.arg_constraints.items():
            if constraints.is_dependent(constraint):
                continue
            if name not in self.__dict__ and isinstance(getattr(type(self), name, None), lazy_property):
                # What follows from a parameter that was checked.
                continue
            value = getattr(self, name)
            if _false(constraint.check(value)):
                who, want = type(self).__name__, f"parameter {name} to satisfy the constraint {constraint!r}"
                raise ArgumentError(message(who, want, f"invalid values: {value!r}"))

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Set whether distributions look at their arguments by default."""
        if value not in (True, False):
            raise ValueError
        Distribution._validate_args = value

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        raise NotImplementedError(f"{type(self).__name__}.expand: the subclass defines it")

    @property
    def batch_shape(self) -> Size:
        """Shape of the batch of distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """Shape of one event."""
        return self._event_shape

    @property
    def support(self) -> Any:
        """The set that events lie in."""
        raise NotImplementedError(f"{type(self).__name__}.support: the subclass defines it")

    @property
    def mean(self) -> Any:
        """The mean."""
        raise NotImplementedError(f"{type(self).__name__}.mean: it has no closed form; average samples")

    @property
    def mode(self) -> Any:
        """The most probable value."""
        raise NotImplementedError(f"{type(self).__name__} does not implement mode")

    @property
    def variance(self) -> Any:
        """The variance."""
        raise NotImplementedError(f"{type(self).__name__}.variance: it has no closed form; use samples")

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return draws, (*sample_shape, *batch_shape, *event_shape), that pass no gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return draws with gradients with respect to the parameters."""
        raise NotImplementedError(f"{type(self).__name__}.rsample: draws have no gradient; use sample()")

    def sample_n(self, n: int) -> Any:
        """Return ``n`` draws; newer code calls ``sample((n,))``."""
        return self.sample((n,))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density, or probability, at ``value``."""
        raise NotImplementedError(f"{type(self).__name__}.log_prob: the subclass defines it")

    def cdf(self, value: Any) -> Any:
        """Return the probability of values up to ``value``."""
        raise NotImplementedError(f"{type(self).__name__}.cdf: it has no closed form here")

    def icdf(self, value: Any) -> Any:
        """Return the value up to which the probability is ``value``."""
        raise NotImplementedError(f"{type(self).__name__}.icdf: it has no closed form here")

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return all values of a discrete distribution along a new first dimension."""
        raise NotImplementedError(f"{type(self).__name__}.enumerate_support: the support is not finite")

    def entropy(self) -> Any:
        """Return the entropy, in nats."""
        raise NotImplementedError(f"{type(self).__name__}.entropy: it has no closed form; use samples")

    def perplexity(self) -> Any:
        """Return the exponential of the entropy."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        """Return the shape of draws."""
        return Size((*size(sample_shape), *self._batch_shape, *self._event_shape))

    def _validate_sample(self, value: Any) -> None:
        """Raise unless values fit the event's and the batch's shape, and lie in the support."""
        who = type(self).__name__
        if not isinstance(value, Tensor):
            raise ArgumentError(
                message(who, "the value argument to log_prob to be a Tensor", describe(value))
            )
        events = len(self._event_shape)
        if tuple(value.shape[value.ndim - events :]) != tuple(self._event_shape) or value.ndim < events:
            want = f"the right-most size of value to match event_shape {tuple(self._event_shape)}"
            raise ArgumentError(message(who, want, f"{tuple(value.shape)}"))
        wanted = (*self._batch_shape, *self._event_shape)
        for i, j in zip(reversed(tuple(value.shape)), reversed(wanted), strict=False):
            if i != 1 and j != 1 and i != j:
                want = f"a value broadcastable with batch_shape+event_shape {tuple(wanted)}"
                raise ArgumentError(message(who, want, f"{tuple(value.shape)}"))
        try:
            support = self.support
        except NotImplementedError:
            return
        if _false(support.check(value)):
            want = f"values within the support {support!r}"
            raise ArgumentError(message(who, want, f"invalid values: {value!r}"))

    def _get_checked_instance(self, cls: type[Any], _instance: Any = None) -> Any:
        if _instance is None and type(self).__init__ is not cls.__init__:
            name = type(self).__name__
            raise NotImplementedError(
                f"Subclass {name} of {cls.__name__} that defines a custom __init__ method must also define a "
                "custom .expand() method."
            )
        return self.__new__(type(self)) if _instance is None else _instance

    def _expanded(self, cls: type[Any], batch_shape: Any, instance: Any, **values: Any) -> Any:
        """Return a new distribution with these attributes and a larger batch, unchecked."""
        new = self._get_checked_instance(cls, instance)
        new.__dict__.update(values)
        Distribution.__init__(new, size(batch_shape), self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def __repr__(self) -> str:
        names = [k for k in self.arg_constraints if k in self.__dict__]
        shown = [
            f"{k}: {self.__dict__[k] if self.__dict__[k].numel() == 1 else self.__dict__[k].size()}"
            for k in names
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


class ExponentialFamily(Distribution):
    """Densities p(x; θ) = exp(⟨t(x), θ⟩ - F(θ) + k(x)), whose entropy follows from F's gradient.

    Reference: ``torch.distributions.ExponentialFamily``; Nielsen & Nock 2010.
    """

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        """The natural parameters θ."""
        raise NotImplementedError(f"{type(self).__name__}._natural_params: the subclass defines it")

    def _log_normalizer(self, *natural_params: Any) -> Any:
        """Return F(θ)."""
        raise NotImplementedError(f"{type(self).__name__}._log_normalizer: the subclass defines it")

    @property
    def _mean_carrier_measure(self) -> Any:
        """E[k(x)]."""
        raise NotImplementedError(f"{type(self).__name__}.entropy: it has no closed form; use samples")

    def entropy(self) -> Any:
        """Return F(θ) - ⟨θ, ∇F(θ)⟩ - E[k(x)]."""
        params = [p.detach().requires_grad_() for p in self._natural_params]
        normalizer = self._log_normalizer(*params)
        gradients = autograd_grad([normalizer.sum()], params, create_graph=True)
        result = -self._mean_carrier_measure + normalizer
        for p, g in zip(params, gradients, strict=True):
            result = result - (p * g).reshape((*self._batch_shape, -1)).sum(-1)
        return result
