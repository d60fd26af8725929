"""The divergences of normal distributions of vectors, and of Wishart's."""

from __future__ import annotations

from typing import Any

from xlagrad.ops.cholesky import cholesky_solve
from xlagrad.ops.solve import linalg_solve_triangular
from xlagrad.torch.distributions.kl import register_kl
from xlagrad.torch.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal, mahalanobis
from xlagrad.torch.distributions.multivariate_normal import (
    MultivariateNormal,
    batch_mahalanobis,
    common_batch,
    half_log_det,
)
from xlagrad.torch.distributions.wishart import Wishart, _mvdigamma


def _trace_of_square(lower: Any, matrix: Any) -> Any:
    """Return the trace of (L Lᵀ)⁻¹ M Mᵀ."""
    batch = common_batch(lower.shape[:-2], matrix.shape[:-2])
    lower = lower.expand((*batch, *lower.shape[-2:]))
    solved = linalg_solve_triangular(lower, matrix.expand((*batch, *matrix.shape[-2:])), upper=False)
    return solved.pow(2).sum((-2, -1))


def _same(p: Any, q: Any) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between two {type(p).__name__}s with different event shapes cannot be computed"
        )


@register_kl(MultivariateNormal, MultivariateNormal)
def _normals(p: Any, q: Any) -> Any:
    _same(p, q)
    lower_p, lower_q = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    half = half_log_det(lower_q) - half_log_det(lower_p)
    trace = _trace_of_square(lower_q, lower_p)
    return half + 0.5 * (trace + batch_mahalanobis(lower_q, q.loc - p.loc) - p.event_shape[0])


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _normal_low(p: Any, q: Any) -> Any:
    _same(p, q)
    factor, diag, capacity = (
        q._unbroadcasted_cov_factor,
        q._unbroadcasted_cov_diag,
        q._capacitance_tril,
    )
    lower = p._unbroadcasted_scale_tril
    half = 0.5 * q._log_det() - half_log_det(lower)
    distance = mahalanobis(factor, diag, q.loc - p.loc, capacity)
    trace = (lower.pow(2).sum(-1) / diag).sum(-1) - _trace_of_square(
        capacity, (factor.mT / diag.unsqueeze(-2)) @ lower
    )
    return half + 0.5 * (trace + distance - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _lows(p: Any, q: Any) -> Any:
    _same(p, q)
    factor, diag, capacity = (
        q._unbroadcasted_cov_factor,
        q._unbroadcasted_cov_diag,
        q._capacitance_tril,
    )
    scaled = factor.mT / diag.unsqueeze(-2)
    own, spread = p._unbroadcasted_cov_factor, p._unbroadcasted_cov_diag
    half = 0.5 * (q._log_det() - p._log_det())
    distance = mahalanobis(factor, diag, q.loc - p.loc, capacity)
    plain = (spread / diag).sum(-1) + (own.pow(2).sum(-1) / diag).sum(-1)
    inner = _trace_of_square(capacity, scaled * spread.sqrt().unsqueeze(-2))
    outer = _trace_of_square(capacity, scaled @ own)
    return half + 0.5 * (plain - inner - outer + distance - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _low_normal(p: Any, q: Any) -> Any:
    _same(p, q)
    lower = q._unbroadcasted_scale_tril
    half = half_log_det(lower) - 0.5 * p._log_det()
    distance = batch_mahalanobis(lower, q.loc - p.loc)
    spread = p._unbroadcasted_cov_diag.sqrt().diag_embed()
    trace = _trace_of_square(lower, p._unbroadcasted_cov_factor) + _trace_of_square(lower, spread)
    return half + 0.5 * (trace + distance - p.event_shape[0])


@register_kl(Wishart, Wishart)
def _wisharts(p: Any, q: Any) -> Any:
    _same(p, q)
    n = p.event_shape[-1]
    half = half_log_det(q._unbroadcasted_scale_tril) - half_log_det(p._unbroadcasted_scale_tril)
    covariance = p.covariance_matrix
    lower = q.scale_tril.expand(covariance.shape) if q.scale_tril.shape != covariance.shape else q.scale_tril
    trace = cholesky_solve(covariance, lower).diagonal(dim1=-2, dim2=-1).sum(-1)
    gammas = (q.df / 2).mvlgamma(n) - (p.df / 2).mvlgamma(n)
    return q.df * half + p.df / 2 * (trace - n) + gammas + (p.df - q.df) / 2 * _mvdigamma(p.df / 2, n)
