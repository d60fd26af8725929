"""`torch.distributions.wishart`."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.ops.cholesky import cholesky_inverse, cholesky_solve, linalg_cholesky
from xlagrad.ops.create import arange
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.chi2 import Chi2
from xlagrad.torch.distributions.distribution import Distribution, _false
from xlagrad.torch.distributions.multivariate_normal import (
    common_batch,
    half_log_det,
    lower_of_precision,
    one_matrix,
)
from xlagrad.torch.distributions.utils import lazy_property, size, standard_normal

_KINDS = ("covariance_matrix", "precision_matrix", "scale_tril")


def _mvdigamma(x: Any, p: int) -> Any:
    return (x.unsqueeze(-1) - arange(p, dtype=x.dtype, device=x.device) / 2).digamma().sum(-1)


class Wishart(Distribution):
    """Σ of df outer products of vectors from N(0, V).

    Args:
        df: degrees of freedom, above p - 1 for p×p matrices.
        covariance_matrix: V, positive definite, (..., p, p); or
        precision_matrix: V⁻¹; or
        scale_tril: L with V = L Lᵀ.
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: none or several of the matrices, or a ``df`` that is too small.

    Reference: ``torch.distributions.Wishart``; Wishart 1928; Bartlett 1933.
    """

    support = constraints.positive_definite
    has_rsample = True

    def __init__(
        self,
        df: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        given = dict(zip(_KINDS, (covariance_matrix, precision_matrix, scale_tril), strict=True))
        name, matrix = one_matrix("Wishart", given)
        n = matrix.shape[-1]
        if not isinstance(df, Tensor):
            df = Tensor(float(df), dtype=matrix.dtype, device=matrix.device)
        if (validate_args or (validate_args is None and self._validate_args)) and _false(df > n - 1):
            raise ArgumentError(message("Wishart", f"df greater than ndim - 1 = {n - 1}", f"{df!r}"))
        batch = common_batch(matrix.shape[:-2], df.shape)
        self.df = df.expand(batch) if batch else df
        setattr(self, name, matrix.expand((*batch, -1, -1)))
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = scale_tril
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = linalg_cholesky(covariance_matrix)
        else:
            self._unbroadcasted_scale_tril = lower_of_precision(precision_matrix)
        super().__init__(batch, matrix.shape[-2:], validate_args=validate_args)

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """df above p - 1, and a positive definite matrix."""
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self._event_shape[-1] - 1),
        }

    @property
    def _chi2(self) -> Any:
        n = self._event_shape[-1]
        return Chi2(self.df.unsqueeze(-1) - arange(n, dtype=self.df.dtype, device=self.df.device))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        batch, n = size(batch_shape), self.event_shape[-1]
        values = {k: self.__dict__[k].expand((*batch, n, n)) for k in _KINDS if k in self.__dict__}
        values["df"] = self.df.expand(batch)
        values["_unbroadcasted_scale_tril"] = self._unbroadcasted_scale_tril.expand((*batch, n, n))
        return self._expanded(Wishart, batch, _instance, **values)

    def _full(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Any:
        """L."""
        return self._full(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """V = L Lᵀ."""
        lower = self._unbroadcasted_scale_tril
        return self._full(lower @ lower.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        """V⁻¹."""
        return self._full(cholesky_inverse(self._unbroadcasted_scale_tril))

    @property
    def mean(self) -> Any:
        """df · V."""
        return self.df.reshape((*self._batch_shape, 1, 1)) * self.covariance_matrix

    @property
    def mode(self) -> Any:
        """(df - p - 1) V, NaN where that is not positive."""
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        factor = factor.masked_fill(factor <= 0, float("nan"))
        return factor.reshape((*self._batch_shape, 1, 1)) * self.covariance_matrix

    @property
    def variance(self) -> Any:
        """df (Vᵢⱼ² + Vᵢᵢ Vⱼⱼ)."""
        V = self.covariance_matrix
        diagonal = V.diagonal(dim1=-2, dim2=-1)
        outer = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self.df.reshape((*self._batch_shape, 1, 1)) * (V.pow(2) + outer)

    def rsample(self, sample_shape: Any = (), max_try_correction: Any = None) -> Any:
        """Return (L A)(L A)ᵀ with A of Bartlett's decomposition: roots of χ² on the diagonal, normal below.

        Args:
            sample_shape: shape of the draws.
            max_try_correction: accepted; draws here are positive definite up to rounding, none is repeated.
        """
        n, shape = self._event_shape[-1], self._extended_shape(sample_shape)
        roots = self._chi2.rsample(sample_shape).clamp(min=1e-30).sqrt().diag_embed()
        noise = standard_normal((*shape[:-2], n, n), roots).tril(-1)
        chol = self._unbroadcasted_scale_tril @ (roots + noise)
        return chol @ chol.mT

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        if self._validate_args:
            self._validate_sample(value)
        nu, p, lower = self.df, self._event_shape[-1], self._unbroadcasted_scale_tril
        log_det = 2 * half_log_det(linalg_cholesky(value))
        trace = cholesky_solve(value, _like(lower, value)).diagonal(dim1=-2, dim2=-1).sum(-1)
        return (
            -nu * (p * math.log(2) / 2 + half_log_det(lower))
            - (nu / 2).mvlgamma(p)
            + (nu - p - 1) / 2 * log_det
            - trace / 2
        )

    def entropy(self) -> Any:
        """Return the entropy."""
        nu, p, lower = self.df, self._event_shape[-1], self._unbroadcasted_scale_tril
        return (
            (p + 1) * (p * math.log(2) / 2 + half_log_det(lower))
            + (nu / 2).mvlgamma(p)
            - (nu - p - 1) / 2 * _mvdigamma(nu / 2, p)
            + nu * p / 2
        )


def _like(lower: Any, value: Any) -> Any:
    """Return a triangular matrix with the batch dimensions of ``value``."""
    return lower.expand((*value.shape[:-2], *lower.shape[-2:]))
