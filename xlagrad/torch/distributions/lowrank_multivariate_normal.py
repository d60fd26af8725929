"""`torch.distributions.lowrank_multivariate_normal`."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.ops.cholesky import linalg_cholesky
from xlagrad.ops.solve import linalg_solve_triangular
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.multivariate_normal import common_batch, half_log_det
from xlagrad.torch.distributions.utils import lazy_property, size, standard_normal


def capacitance(factor: Any, diag: Any) -> Any:
    """Return the Cholesky factor of I + Wᵀ D⁻¹ W."""
    m = factor.shape[-1]
    scaled = factor.mT / diag.unsqueeze(-2)
    eye = factor.new_zeros((m, m)) + factor.new_ones(m).diag()
    return linalg_cholesky(scaled @ factor + eye)


def log_det(diag: Any, capacity: Any) -> Any:
    """Return log |W Wᵀ + D|, by the matrix determinant lemma."""
    return 2 * half_log_det(capacity) + diag.log().sum(-1)


def mahalanobis(factor: Any, diag: Any, x: Any, capacity: Any) -> Any:
    """Return xᵀ (W Wᵀ + D)⁻¹ x, by the Woodbury identity."""
    scaled = factor.mT / diag.unsqueeze(-2)
    inner = (scaled @ x.unsqueeze(-1)).squeeze(-1)
    z = linalg_solve_triangular(capacity, inner.unsqueeze(-1), upper=False).squeeze(-1)
    return (x.pow(2) / diag).sum(-1) - z.pow(2).sum(-1)


class LowRankMultivariateNormal(Distribution):
    """N(loc, W Wᵀ + D) of vectors, with a W of few columns.

    Args:
        loc: mean, (..., n).
        cov_factor: W, (..., n, m).
        cov_diag: the diagonal of D, (..., n), positive.
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: shapes that do not fit.

    Reference: ``torch.distributions.LowRankMultivariateNormal``.
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None) -> None:
        who = "LowRankMultivariateNormal"
        if loc.ndim < 1:
            raise ArgumentError(message(who, "loc to be at least one-dimensional", describe(loc)))
        n = loc.shape[-1]
        if cov_factor.ndim < 2 or cov_factor.shape[-2] != n:
            raise ArgumentError(message(who, f"cov_factor to be (..., {n}, m)", describe(cov_factor)))
        if cov_diag.ndim < 1 or cov_diag.shape[-1] != n:
            raise ArgumentError(message(who, f"cov_diag to be (..., {n})", describe(cov_diag)))
        batch = common_batch(loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1])
        self.loc = loc.expand((*batch, n))
        self.cov_factor = cov_factor.expand((*batch, *cov_factor.shape[-2:]))
        self.cov_diag = cov_diag.expand((*batch, n))
        self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag = cov_factor, cov_diag
        self._capacitance_tril = capacitance(cov_factor, cov_diag)
        super().__init__(batch, (n,), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        batch, n = size(batch_shape), self.event_shape[0]
        values = {
            "loc": self.loc.expand((*batch, n)),
            "cov_diag": self.cov_diag.expand((*batch, n)),
            "cov_factor": self.cov_factor.expand((*batch, *self.cov_factor.shape[-2:])),
        }
        kept = ("_unbroadcasted_cov_factor", "_unbroadcasted_cov_diag", "_capacitance_tril")
        values |= {k: self.__dict__[k] for k in kept}
        return self._expanded(LowRankMultivariateNormal, batch, _instance, **values)

    @property
    def mean(self) -> Any:
        """loc."""
        return self.loc

    @property
    def mode(self) -> Any:
        """loc."""
        return self.loc

    @lazy_property
    def variance(self) -> Any:
        """The diagonal of the covariance."""
        variance = self._unbroadcasted_cov_factor.pow(2).sum(-1) + self._unbroadcasted_cov_diag
        return variance.expand((*self._batch_shape, *self._event_shape))

    def _full(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance."""
        return self._full(linalg_cholesky(self.covariance_matrix))

    @lazy_property
    def covariance_matrix(self) -> Any:
        """W Wᵀ + D."""
        factor, diag = self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag
        return self._full(factor @ factor.mT + diag.diag_embed())

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance, by the Woodbury identity."""
        factor, diag = self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag
        scaled = factor.mT / diag.unsqueeze(-2)
        a = linalg_solve_triangular(self._capacitance_tril, scaled, upper=False)
        return self._full(diag.reciprocal().diag_embed() - a.mT @ a)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return loc + W ε + √D η with ε and η normal."""
        shape = self._extended_shape(sample_shape)
        w = standard_normal((*shape[:-1], self.cov_factor.shape[-1]), self.loc)
        d = standard_normal(shape, self.loc)
        spread = (self._unbroadcasted_cov_factor @ w.unsqueeze(-1)).squeeze(-1)
        return self.loc + spread + self._unbroadcasted_cov_diag.sqrt() * d

    def _log_det(self) -> Any:
        return log_det(self._unbroadcasted_cov_diag, self._capacitance_tril)

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        factor, diag = self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag
        distance = mahalanobis(factor, diag, value - self.loc, self._capacitance_tril)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + self._log_det() + distance)

    def entropy(self) -> Any:
        """Return ½ (n (1 + log 2π) + log |W Wᵀ + D|)."""
        entropy = 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._log_det())
        return entropy.expand(tuple(self._batch_shape)) if self._batch_shape else entropy
