"""`torch.distributions.multivariate_normal`."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.ops.cholesky import cholesky_inverse, linalg_cholesky
from xlagrad.ops.solve import linalg_solve_triangular
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import lazy_property, size, standard_normal

_KINDS = ("covariance_matrix", "precision_matrix", "scale_tril")


def batch_mahalanobis(lower: Any, x: Any) -> Any:
    """Return xᵀ (L Lᵀ)⁻¹ x for triangular (..., n, n) and vectors (..., n), batches broadcast."""
    z = linalg_solve_triangular(lower, x.unsqueeze(-1), upper=False)
    return z.pow(2).sum((-2, -1))


def half_log_det(lower: Any) -> Any:
    """Return Σ log of the diagonal."""
    return lower.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def lower_of_precision(precision: Any) -> Any:
    """Return the Cholesky factor of the inverse of a positive definite matrix."""
    flipped = linalg_cholesky(precision.flip((-2, -1)))
    upper = flipped.flip((-2, -1)).mT
    n = precision.shape[-1]
    eye = precision.new_zeros((n, n)) + precision.new_ones(n).diag()
    return linalg_solve_triangular(upper, eye, upper=False)


def one_matrix(who: str, given: dict[str, Any]) -> tuple[str, Any]:
    """Return the one of several matrices that is given.

    Raises:
        ArgumentError: none or several are, or it has less than two dimensions.
    """
    found = [(k, v) for k, v in given.items() if v is not None]
    if len(found) != 1:
        want = f"exactly one of {' or '.join(given)}"
        raise ArgumentError(message(who, want, f"{len(found)}"))
    name, matrix = found[0]
    if matrix.ndim < 2:
        want = f"{name} to be at least two-dimensional"
        raise ArgumentError(message(who, want, describe(matrix)))
    return name, matrix


def common_batch(*shapes: Any) -> tuple[int, ...]:
    """Return the shape that several broadcast to."""
    longest = max(len(s) for s in shapes)
    padded = [(1,) * (longest - len(s)) + tuple(s) for s in shapes]
    return tuple(next((n for n in sizes if n != 1), 1) for sizes in zip(*padded, strict=True))


class MultivariateNormal(Distribution):
    """N(loc, Σ) of vectors.

    Args:
        loc: mean, (..., n).
        covariance_matrix: Σ, positive definite, (..., n, n); or
        precision_matrix: Σ⁻¹; or
        scale_tril: L with Σ = L Lᵀ, lower triangular with a positive diagonal, which is the fastest.
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: none or several of the matrices, or too few dimensions.

    Reference: ``torch.distributions.MultivariateNormal``.
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        who = "MultivariateNormal"
        if loc.ndim < 1:
            raise ArgumentError(message(who, "loc to be at least one-dimensional", describe(loc)))
        given = dict(zip(_KINDS, (covariance_matrix, precision_matrix, scale_tril), strict=True))
        name, matrix = one_matrix(who, given)
        batch = common_batch(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand((*batch, -1, -1)))
        self.loc = loc.expand((*batch, -1))
        super().__init__(batch, self.loc.shape[-1:], validate_args=validate_args)
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = scale_tril
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = linalg_cholesky(covariance_matrix)
        else:
            self._unbroadcasted_scale_tril = lower_of_precision(precision_matrix)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        batch, n = size(batch_shape), self.event_shape[0]
        values = {k: self.__dict__[k].expand((*batch, n, n)) for k in _KINDS if k in self.__dict__}
        values["loc"] = self.loc.expand((*batch, n))
        values["_unbroadcasted_scale_tril"] = self._unbroadcasted_scale_tril
        return self._expanded(MultivariateNormal, batch, _instance, **values)

    def _full(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Any:
        """L, (..., n, n)."""
        return self._full(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """L Lᵀ."""
        lower = self._unbroadcasted_scale_tril
        return self._full(lower @ lower.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        """(L Lᵀ)⁻¹."""
        return self._full(cholesky_inverse(self._unbroadcasted_scale_tril))

    @property
    def mean(self) -> Any:
        """loc."""
        return self.loc

    @property
    def mode(self) -> Any:
        """loc."""
        return self.loc

    @property
    def variance(self) -> Any:
        """The diagonal of Σ."""
        variance = self._unbroadcasted_scale_tril.pow(2).sum(-1)
        return variance.expand((*self._batch_shape, *self._event_shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return loc + L ε with ε from N(0, I)."""
        eps = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + (self._unbroadcasted_scale_tril @ eps.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        lower = self._unbroadcasted_scale_tril
        distance = batch_mahalanobis(lower, value - self.loc)
        n = self._event_shape[0]
        return -0.5 * (n * math.log(2 * math.pi) + distance) - half_log_det(lower)

    def entropy(self) -> Any:
        """Return n/2 (1 + log 2π) + ½ log |Σ|."""
        n, half = self._event_shape[0], half_log_det(self._unbroadcasted_scale_tril)
        entropy = 0.5 * n * (1.0 + math.log(2 * math.pi)) + half
        return entropy.expand(tuple(self._batch_shape)) if self._batch_shape else entropy
