"""Transforms of each element."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.transform import Transform
from xlagrad.torch.distributions.utils import eps_of, sum_rightmost, tiny_of


class ExpTransform(Transform):
    """y = exp(x). Reference: ``torch.distributions.transforms.ExpTransform``."""

    domain = constraints.real
    codomain = constraints.positive
    bijective = True
    sign = +1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExpTransform)

    __hash__ = object.__hash__

    def _call(self, x: Any) -> Any:
        return x.exp()

    def _inverse(self, y: Any) -> Any:
        return y.log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return x."""
        return x


class PowerTransform(Transform):
    """y = x^exponent, of positive x. Reference: ``torch.distributions.transforms.PowerTransform``."""

    domain = constraints.positive
    codomain = constraints.positive
    bijective = True

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.exponent = exponent if isinstance(exponent, Tensor) else Tensor(float(exponent))

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the transform with another ``cache_size``."""
        return self if self._cache_size == cache_size else PowerTransform(self.exponent, cache_size)

    @property
    def sign(self) -> Any:
        """That of the exponent."""
        return self.exponent.sign()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PowerTransform) and _equal(self.exponent, other.exponent)

    __hash__ = object.__hash__

    def _call(self, x: Any) -> Any:
        return x.pow(self.exponent)

    def _inverse(self, y: Any) -> Any:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return log |exponent · y / x|."""
        return (self.exponent * y / x).abs().log()

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape broadcast with the exponent's."""
        return _broadcast(shape, self.exponent.shape)

    inverse_shape = forward_shape


def _broadcast(*shapes: Any) -> Any:
    result: Any = Tensor(0.0)
    for shape in shapes:
        result = result + result.new_zeros(()).expand(tuple(shape))
    return result.shape


class SigmoidTransform(Transform):
    """y = 1 / (1 + exp(-x)). Reference: ``torch.distributions.transforms.SigmoidTransform``."""

    domain = constraints.real
    codomain = constraints.unit_interval
    bijective = True
    sign = +1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SigmoidTransform)

    __hash__ = object.__hash__

    def _call(self, x: Any) -> Any:
        return x.sigmoid().clamp(min=tiny_of(x), max=1.0 - eps_of(x))

    def _inverse(self, y: Any) -> Any:
        y = y.clamp(min=tiny_of(y), max=1.0 - eps_of(y))
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return -softplus(-x) - softplus(x)."""
        return -F.softplus(-x) - F.softplus(x)


class SoftplusTransform(Transform):
    """y = log(1 + exp(x)). Reference: ``torch.distributions.transforms.SoftplusTransform``."""

    domain = constraints.real
    codomain = constraints.positive
    bijective = True
    sign = +1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SoftplusTransform)

    __hash__ = object.__hash__

    def _call(self, x: Any) -> Any:
        return F.softplus(x)

    def _inverse(self, y: Any) -> Any:
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return -softplus(-x)."""
        return -F.softplus(-x)


class TanhTransform(Transform):
    """y = tanh(x). Reference: ``torch.distributions.transforms.TanhTransform``."""

    domain = constraints.real
    codomain = constraints.interval(-1.0, 1.0)
    bijective = True
    sign = +1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TanhTransform)

    __hash__ = object.__hash__

    def _call(self, x: Any) -> Any:
        return x.tanh()

    def _inverse(self, y: Any) -> Any:
        # As it is, without a clamp: a cache keeps x where y rounds to ±1.
        return y.atanh()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return 2 (log 2 - x - softplus(-2x)), which is log(1 - tanh² x) without cancellation."""
        return 2.0 * (math.log(2.0) - x - F.softplus(-2.0 * x))


class AbsTransform(Transform):
    """y = |x|, with the inverse that gives positive x.

    Reference: ``torch.distributions.transforms.AbsTransform``.
    """

    domain = constraints.real
    codomain = constraints.positive

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AbsTransform)

    __hash__ = object.__hash__

    def _call(self, x: Any) -> Any:
        return x.abs()

    def _inverse(self, y: Any) -> Any:
        return y


class AffineTransform(Transform):
    """y = loc + scale · x.

    Args:
        loc: a number or tensor.
        scale: a number or tensor.
        event_dim: how many dimensions make one event.
        cache_size: 0 or 1.

    Reference: ``torch.distributions.transforms.AffineTransform``.
    """

    bijective = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.loc = loc
        self.scale = scale
        self._event_dim = event_dim

    @property
    def event_dim(self) -> int:
        """How many dimensions make one event."""
        return self._event_dim

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the transform with another ``cache_size``."""
        if self._cache_size == cache_size:
            return self
        return AffineTransform(self.loc, self.scale, self.event_dim, cache_size)

    @property
    def domain(self) -> Any:
        """All numbers, or arrays of them."""
        return (
            constraints.independent(constraints.real, self.event_dim) if self.event_dim else constraints.real
        )

    codomain = domain

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AffineTransform):
            return False
        return all(_equal(getattr(self, k), getattr(other, k)) for k in ("loc", "scale"))

    __hash__ = object.__hash__

    @property
    def sign(self) -> Any:
        """That of the scale."""
        if isinstance(self.scale, (int, float)):
            return 1 if self.scale > 0 else -1 if self.scale < 0 else 0
        return self.scale.sign()

    def _call(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def _inverse(self, y: Any) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return log |scale|, for each element of an event."""
        scale = self.scale
        if isinstance(scale, (int, float)):
            result = x.new_full(tuple(x.shape), math.log(abs(scale)))
        else:
            result = scale.abs().log()
        result = sum_rightmost(result, min(self.event_dim, result.ndim))
        return result.expand(tuple(x.shape[: x.ndim - self.event_dim]))

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape broadcast with those of loc and scale."""
        return _broadcast(shape, getattr(self.loc, "shape", ()), getattr(self.scale, "shape", ()))

    inverse_shape = forward_shape


def _equal(a: Any, b: Any) -> bool:
    same = a == b
    return bool(same.all()) if isinstance(same, Tensor) else bool(same)


class CumulativeDistributionTransform(Transform):
    """y = F(x), with F the distribution function of a distribution.

    Reference: ``torch.distributions.transforms.CumulativeDistributionTransform``.
    """

    bijective = True
    codomain = constraints.unit_interval
    sign = +1

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        """The distribution's support."""
        return self.distribution.support

    def _call(self, x: Any) -> Any:
        return self.distribution.cdf(x)

    def _inverse(self, y: Any) -> Any:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the log-density."""
        return self.distribution.log_prob(x)

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the transform with another ``cache_size``."""
        if self._cache_size == cache_size:
            return self
        return CumulativeDistributionTransform(self.distribution, cache_size)
