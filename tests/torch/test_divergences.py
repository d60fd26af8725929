"""Divergences of pairs of distributions, and transforms, against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.distributions.kl import _KL_REGISTRY

import xlagrad.torch as ours
from tests.core.agreement import outcome, same

MATRIX = [[2.0, 0.3], [0.3, 1.0]]

# Two sets of arguments for each family.
FAMILIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "Bernoulli": ({"probs": [0.3, 0.6]}, {"probs": [0.5, 0.9]}),
    "Beta": ({"concentration1": 1.5, "concentration0": 2.0}, {"concentration1": 3.0, "concentration0": 0.7}),
    "Binomial": ({"total_count": 4, "probs": [0.3, 0.6]}, {"total_count": 4, "probs": [0.5, 0.2]}),
    "Categorical": ({"probs": [0.3, 0.7]}, {"probs": [0.5, 0.5]}),
    "Cauchy": ({"loc": 0.0, "scale": 1.0}, {"loc": 1.0, "scale": 2.0}),
    "ContinuousBernoulli": ({"probs": 0.3}, {"probs": 0.8}),
    "Dirichlet": ({"concentration": [0.5, 2.0]}, {"concentration": [1.5, 1.0]}),
    "Exponential": ({"rate": [0.5, 2.0]}, {"rate": [1.0, 3.0]}),
    "Gamma": ({"concentration": 2.0, "rate": 1.0}, {"concentration": 0.7, "rate": 3.0}),
    "Geometric": ({"probs": [0.3, 0.6]}, {"probs": [0.5, 0.2]}),
    "Gumbel": ({"loc": 0.0, "scale": 1.0}, {"loc": 1.0, "scale": 2.0}),
    "HalfNormal": ({"scale": 1.0}, {"scale": 2.0}),
    "Laplace": ({"loc": 0.0, "scale": 1.0}, {"loc": 1.0, "scale": 2.0}),
    "LowRankMultivariateNormal": (
        {"loc": [0.0, 1.0], "cov_factor": [[1.0], [0.5]], "cov_diag": [0.5, 1.0]},
        {"loc": [1.0, 1.0], "cov_factor": [[0.2], [0.5]], "cov_diag": [2.0, 1.0]},
    ),
    "MultivariateNormal": (
        {"loc": [0.0, 1.0], "covariance_matrix": MATRIX},
        {"loc": [1.0, 1.0], "covariance_matrix": [[1.0, 0.1], [0.1, 3.0]]},
    ),
    "Normal": ({"loc": [0.0, 1.0], "scale": 1.0}, {"loc": 0.5, "scale": 2.0}),
    "OneHotCategorical": ({"probs": [0.3, 0.7]}, {"probs": [0.5, 0.5]}),
    "Pareto": ({"scale": 1.0, "alpha": 3.0}, {"scale": 0.5, "alpha": 4.0}),
    "Poisson": ({"rate": [0.5, 3.0]}, {"rate": [1.0, 2.0]}),
    "Uniform": ({"low": 0.2, "high": 0.8}, {"low": 0.0, "high": 1.0}),
    "Wishart": (
        {"df": 4.0, "covariance_matrix": MATRIX},
        {"df": 3.0, "covariance_matrix": [[1.0, 0.0], [0.0, 2.0]]},
    ),
}

# PyTorch gives infinity for a uniform distribution that covers the other's support exactly.
WRONG = {("ContinuousBernoulli", "Uniform")}
NAMES = {(p.__name__, q.__name__) for p, q in _KL_REGISTRY}
PAIRS = sorted(pair for pair in NAMES - WRONG if FAMILIES.keys() >= set(pair))


def _make(t: Any, name: str, which: int, grad: bool = False) -> tuple[Any, list[Any]]:
    made = {
        k: v if isinstance(v, int) else t.tensor(v, dtype=t.float32, requires_grad=grad)
        for k, v in FAMILIES[name][which].items()
    }
    return getattr(t.distributions, name)(**made), [v for v in made.values() if not isinstance(v, int)]


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_pairs(p: str, q: str) -> None:
    def program(t: Any) -> Any:
        one, parameters = _make(t, p, 0, grad=True)
        two, others = _make(t, q, 1, grad=True)
        kl = t.distributions.kl_divergence(one, two)
        if (kl.requires_grad or t is ours) and bool(t.isfinite(kl).all()):
            kl.sum().backward()
        return kl, *[x.grad if x.grad is not None else x * 0 for x in (*parameters, *others)]

    got, want = outcome(program, ours), outcome(program, torch)
    # Of what is infinite, or has no gradient, on one side it does not matter whether it could have one.
    same([x.detach() for x in got], [x.detach() for x in want], 2e-4)


def test_a_uniform_distribution_that_covers_the_support() -> None:
    (p, _), (q, _) = _make(ours, "ContinuousBernoulli", 0), _make(ours, "Uniform", 1)
    assert np.isclose(float(ours.distributions.kl_divergence(p, q)), -float(p.entropy()))
    narrow = ours.distributions.Uniform(0.1, 1.0)
    assert np.isinf(float(ours.distributions.kl_divergence(p, narrow)))


def test_wishart_divergence_is_the_mean_difference_of_densities() -> None:
    (p, _), (q, _) = _make(ours, "Wishart", 0), _make(ours, "Wishart", 1)
    ours.manual_seed(0)
    x = p.sample((4000,))
    estimate = (p.log_prob(x) - q.log_prob(x)).numpy()
    error = estimate.std() / np.sqrt(len(estimate))
    assert abs(float(ours.distributions.kl_divergence(p, q)) - estimate.mean()) < 6 * error


def test_pairs_without_a_rule_and_rules_of_ones_own() -> None:
    D = ours.distributions
    with pytest.raises(NotImplementedError, match="register_kl adds a rule"):
        D.kl_divergence(D.Cauchy(0.0, 1.0), D.Normal(0.0, 1.0))

    class Mine(D.Normal):
        pass

    @D.register_kl(Mine, D.Normal)
    def rule(p: Any, q: Any) -> Any:
        return p.loc * 0 + 7

    assert float(D.kl_divergence(Mine(0.0, 1.0), D.Normal(0.0, 1.0))) == 7.0


TRANSFORMS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "Exp": (lambda D, t: D.ExpTransform(), (4,)),
    "Power": (lambda D, t: D.PowerTransform(t.tensor(2.0)), (4,)),
    "Sigmoid": (lambda D, t: D.SigmoidTransform(), (4,)),
    "Softplus": (lambda D, t: D.SoftplusTransform(), (4,)),
    "Tanh": (lambda D, t: D.TanhTransform(), (4,)),
    "Affine": (lambda D, t: D.AffineTransform(1.0, t.tensor([2.0, -1.0, 0.5, 3.0])), (3, 4)),
    "Affine-event": (lambda D, t: D.AffineTransform(1.0, 2.0, event_dim=1), (3, 4)),
    "StickBreaking": (lambda D, t: D.StickBreakingTransform(), (3, 4)),
    "CorrCholesky": (lambda D, t: D.CorrCholeskyTransform(), (3, 6)),
    "Reshape": (lambda D, t: D.ReshapeTransform((4,), (2, 2)), (3, 4)),
    "Compose": (lambda D, t: D.ComposeTransform([D.ExpTransform(), D.AffineTransform(1.0, 2.0)]), (4,)),
    "Compose-events": (
        lambda D, t: D.ComposeTransform([D.AffineTransform(1.0, 2.0), D.StickBreakingTransform()]),
        (3, 4),
    ),
    "Independent": (lambda D, t: D.IndependentTransform(D.ExpTransform(), 1), (3, 4)),
    "Cat": (lambda D, t: D.CatTransform([D.ExpTransform(), D.AffineTransform(0.0, 2.0)], 0, [1, 2]), (3,)),
    "Stack": (lambda D, t: D.StackTransform([D.ExpTransform(), D.SigmoidTransform()], 0), (2, 3)),
    "Cdf": (lambda D, t: D.CumulativeDistributionTransform(D.Normal(0.0, 1.0)), (4,)),
    "Inverse": (lambda D, t: D.SigmoidTransform().inv.inv, (4,)),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms(name: str) -> None:
    make, shape = TRANSFORMS[name]
    values = np.random.default_rng(0).uniform(0.2, 1.5, shape).astype(np.float32)

    def program(t: Any) -> Any:
        transform = make(t.distributions, t)
        x = t.tensor(values, requires_grad=True)
        y = transform(x)
        back = transform.inv(y)
        term = transform.log_abs_det_jacobian(x, y)
        (y.sum() + term.sum()).backward()
        shapes = tuple(transform.forward_shape(x.shape)), tuple(transform.inverse_shape(y.shape))
        dims = transform.domain.event_dim, transform.codomain.event_dim
        inside = transform.codomain.check(y)
        return y, back, term, x.grad, inside, *shapes, *dims, bool(transform.bijective)

    got, want = outcome(program, ours), outcome(program, torch)
    same(
        [x.detach() if hasattr(x, "detach") else x for x in got],
        [x.detach() if hasattr(x, "detach") else x for x in want],
        1e-3,
    )


@pytest.mark.parametrize(
    "name",
    ["positive", "unit_interval", "simplex", "real", "lower_cholesky", "corr_cholesky", "positive_definite"],
)
def test_transforms_into_sets(name: str) -> None:
    shape = {"lower_cholesky": (3, 3), "positive_definite": (3, 3)}.get(name, (6,))
    values = np.random.default_rng(1).standard_normal(shape).astype(np.float32)

    def program(t: Any) -> Any:
        constraint = getattr(t.distributions.constraints, name)
        y = t.distributions.transform_to(constraint)(t.tensor(values))
        return y, constraint.check(y)

    same(outcome(program, ours), outcome(program, torch), 1e-4)


def test_transformed_distributions() -> None:
    def program(t: Any) -> Any:
        D = t.distributions
        base = D.Normal(t.zeros(3), t.ones(3))
        made = D.TransformedDistribution(base, [D.AffineTransform(1.0, -2.0), D.SigmoidTransform()])
        x = t.tensor([0.2, 0.5, 0.9])
        stick = D.TransformedDistribution(base, D.StickBreakingTransform())
        y = t.tensor([0.1, 0.2, 0.3, 0.4])
        return (
            made.log_prob(x),
            made.cdf(x),
            made.icdf(x),
            stick.log_prob(y),
            tuple(stick.event_shape),
            tuple(made.expand((2, 3)).batch_shape),
        )

    same(outcome(program, ours), outcome(program, torch), 1e-4)


def test_caches_give_back_the_input() -> None:
    transform = ours.distributions.TanhTransform(cache_size=1)
    x = ours.tensor([30.0])
    assert transform.inv(transform(x)) is x
