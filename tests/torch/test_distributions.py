"""Distributions against PyTorch: densities, moments, gradients, draws."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import Raised, outcome, same
from xlagrad.core.errors import ArgumentError

SQUARE = [[2.0, 0.3], [0.3, 1.0]]
LOWER = [[1.2, 0.0], [0.4, 0.8]]

# Family: arguments that are parameters, then others.
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("Bernoulli", {"probs": [0.1, 0.5, 0.9]}, {}),
    ("Bernoulli", {"logits": [-2.0, 0.3]}, {}),
    ("Beta", {"concentration1": [0.7, 2.0], "concentration0": [1.5, 3.0]}, {}),
    ("Binomial", {"probs": [0.2, 0.7]}, {"total_count": 5}),
    ("Binomial", {"logits": [-1.0, 2.0]}, {"total_count": 3}),
    ("Categorical", {"probs": [[0.2, 0.3, 0.5], [1.0, 2.0, 1.0]]}, {}),
    ("Categorical", {"logits": [0.1, -1.0, 2.0]}, {}),
    ("Cauchy", {"loc": [0.0, 1.0], "scale": [1.0, 0.5]}, {}),
    ("Chi2", {"df": [1.0, 4.0]}, {}),
    ("ContinuousBernoulli", {"probs": [0.1, 0.5, 0.9]}, {}),
    ("Dirichlet", {"concentration": [[0.5, 1.5, 3.0], [2.0, 2.0, 2.0]]}, {}),
    ("Exponential", {"rate": [0.5, 2.0]}, {}),
    ("FisherSnedecor", {"df1": [3.0, 6.0], "df2": [5.0, 9.0]}, {}),
    ("Gamma", {"concentration": [0.5, 3.0], "rate": [1.0, 2.0]}, {}),
    ("GeneralizedPareto", {"loc": [0.0, 1.0], "scale": [1.0, 2.0], "concentration": [0.2, -0.3]}, {}),
    ("Geometric", {"probs": [0.3, 0.8]}, {}),
    ("Geometric", {"logits": [0.3, -0.8]}, {}),
    ("Gumbel", {"loc": [0.0, 1.0], "scale": [1.0, 2.0]}, {}),
    ("HalfCauchy", {"scale": [1.0, 2.0]}, {}),
    ("HalfNormal", {"scale": [1.0, 2.0]}, {}),
    ("InverseGamma", {"concentration": [3.0, 5.0], "rate": [1.0, 2.0]}, {}),
    ("Kumaraswamy", {"concentration1": [1.5, 2.0], "concentration0": [2.0, 3.0]}, {}),
    ("LKJCholesky", {"concentration": [0.5, 2.0]}, {"dim": 3}),
    ("Laplace", {"loc": [0.0, 1.0], "scale": [1.0, 2.0]}, {}),
    ("LogNormal", {"loc": [0.0, 0.5], "scale": [0.5, 1.0]}, {}),
    ("LogisticNormal", {"loc": [0.0, 0.5], "scale": [0.5, 1.0]}, {}),
    (
        "LowRankMultivariateNormal",
        {"loc": [0.0, 1.0], "cov_factor": [[1.0], [0.5]], "cov_diag": [0.5, 1.0]},
        {},
    ),
    ("Multinomial", {"probs": [[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]}, {"total_count": 4}),
    ("MultivariateNormal", {"loc": [0.0, 1.0], "covariance_matrix": SQUARE}, {}),
    ("MultivariateNormal", {"loc": [[0.0, 1.0]], "precision_matrix": SQUARE}, {}),
    ("MultivariateNormal", {"loc": [0.0, 1.0], "scale_tril": LOWER}, {}),
    ("NegativeBinomial", {"probs": [0.3, 0.6]}, {"total_count": 3}),
    ("NegativeBinomial", {"logits": [0.3, -0.6]}, {"total_count": 2.5}),
    ("Normal", {"loc": [0.0, 1.0], "scale": [1.0, 2.0]}, {}),
    ("OneHotCategorical", {"probs": [[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]}, {}),
    ("OneHotCategoricalStraightThrough", {"logits": [0.2, 0.3, 0.5]}, {}),
    ("Pareto", {"scale": [1.0, 2.0], "alpha": [3.0, 4.0]}, {}),
    ("Poisson", {"rate": [0.5, 6.0]}, {}),
    ("RelaxedBernoulli", {"temperature": 0.7, "probs": [0.3, 0.6]}, {}),
    ("RelaxedOneHotCategorical", {"temperature": 0.7, "logits": [0.3, 0.6, -1.0]}, {}),
    ("StudentT", {"df": [3.0, 5.0], "loc": [0.0, 1.0], "scale": [1.0, 2.0]}, {}),
    ("Uniform", {"low": [0.0, -1.0], "high": [1.0, 3.0]}, {}),
    ("VonMises", {"loc": [0.0, 1.0], "concentration": [0.5, 4.0]}, {}),
    ("Weibull", {"scale": [1.0, 2.0], "concentration": [1.5, 0.8]}, {}),
    ("Wishart", {"covariance_matrix": SQUARE}, {"df": 4.0}),
    ("Wishart", {"scale_tril": LOWER}, {"df": 3.0}),
]
IDS = [f"{name}-{'-'.join(p)}" for name, p, _ in CASES]


def _make(
    t: Any, case: tuple[str, dict[str, Any], dict[str, Any]], grad: bool = False
) -> tuple[Any, list[Any]]:
    name, parameters, rest = case
    made = {k: t.tensor(v, dtype=t.float32, requires_grad=grad) for k, v in parameters.items()}
    return getattr(t.distributions, name)(**made, **rest), list(made.values())


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """PyTorch warns of draws of Wishart's distribution that it repeats."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Singular sample detected")
        yield


def _values(case: Any) -> Any:
    torch.manual_seed(0)
    return _make(torch, case)[0].sample((3,)).numpy()


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_moments_and_shapes(case: Any) -> None:
    for name in ("mean", "mode", "variance", "stddev"):

        def program(t: Any, name: str = name) -> Any:
            return getattr(_make(t, case)[0], name)

        if (case[0], name) == ("Kumaraswamy", "mode"):
            # PyTorch takes the logarithm of a negative number.
            continue
        want = outcome(program, torch)
        got = outcome(program, ours)
        if isinstance(want, Raised):
            assert isinstance(got, Raised) and isinstance(got.error, NotImplementedError), f"{name}: {got}"
        else:
            same(got, want, 1e-4, name)
    mine, theirs = _make(ours, case)[0], _make(torch, case)[0]
    assert (tuple(mine.batch_shape), tuple(mine.event_shape)) == (
        tuple(theirs.batch_shape),
        tuple(theirs.event_shape),
    )
    assert mine.has_rsample == theirs.has_rsample
    assert mine.has_enumerate_support == theirs.has_enumerate_support
    grown = (4, *theirs.batch_shape)
    assert tuple(mine.expand(grown).sample((2,)).shape) == tuple(theirs.expand(grown).sample((2,)).shape)
    assert mine.support.event_dim == theirs.support.event_dim
    assert mine.support.is_discrete == theirs.support.is_discrete


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_log_prob_and_its_gradients(case: Any) -> None:
    values = _values(case)

    def program(t: Any) -> Any:
        distribution, parameters = _make(t, case, grad=True)
        out = distribution.log_prob(t.tensor(values))
        out.sum().backward()
        return out, *[p.grad for p in parameters]

    same(outcome(program, ours), outcome(program, torch), 2e-4)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_entropy_and_its_gradients(case: Any) -> None:
    def program(t: Any) -> Any:
        distribution, parameters = _make(t, case, grad=True)
        out = distribution.entropy()
        if out.requires_grad:
            out.sum().backward()
        return out, *[p.grad for p in parameters]

    want = outcome(program, torch)
    got = outcome(program, ours)
    if isinstance(want, Raised):
        assert isinstance(got, Raised) and isinstance(got.error, NotImplementedError), str(got)
    else:
        same(got, want, 2e-4)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_distribution_functions(case: Any) -> None:
    values = _values(case)

    def cdf(t: Any) -> Any:
        return _make(t, case)[0].cdf(t.tensor(values))

    def icdf(t: Any) -> Any:
        batch = tuple(_make(t, case)[0].batch_shape)
        return _make(t, case)[0].icdf(
            t.tensor([0.1, 0.5, 0.8]).reshape(3, *[1] * len(batch)).expand(3, *batch)
        )

    for program in (cdf, icdf):
        want = outcome(program, torch)
        got = outcome(program, ours)
        if isinstance(want, Raised):
            assert isinstance(got, Raised), f"{got}, where PyTorch raises {want}"
        else:
            same(got, want, 1e-3)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_draws(case: Any) -> None:
    """The means and deviations of draws are those of PyTorch's, within six standard errors."""
    count = 4000
    torch.manual_seed(1)
    ours.manual_seed(1)
    theirs = _make(torch, case)[0].sample((count,))
    distribution = _make(ours, case)[0]
    mine = distribution.sample((count,))
    assert tuple(mine.shape) == tuple(theirs.shape)
    assert str(mine.dtype).removeprefix("torch.").removesuffix("32").removesuffix("64") == str(
        theirs.dtype
    ).removeprefix("torch.").removesuffix("32").removesuffix("64")
    assert not mine.requires_grad
    assert bool(distribution.support.check(mine).all())
    # Bounded functions of heavy tails have moments.
    a, b = (np.arctan(np.asarray(x, np.float64)) for x in (mine.numpy(), theirs.numpy()))
    error = np.sqrt((a.var(0) + b.var(0)) / count) + 1e-9
    assert (np.abs(a.mean(0) - b.mean(0)) < 6 * error).all()
    spread = np.sqrt(2 * ((a - a.mean(0)) ** 2).var(0) / count) + 1e-9
    assert (np.abs(a.var(0) - b.var(0)) < 6 * spread).all()


# PyTorch cannot differentiate its own draws of Wishart's distribution: it writes to a mask in place.
REPARAMETRIZED = [c for c in CASES if _make(torch, c)[0].has_rsample and c[0] != "Wishart"]


@pytest.mark.parametrize("case", REPARAMETRIZED, ids=[f"{c[0]}-{'-'.join(c[1])}" for c in REPARAMETRIZED])
def test_gradients_of_draws(case: Any) -> None:
    """The mean gradient of a bounded function of draws is PyTorch's, within six standard errors."""
    count, rounds = 200, 10

    def gradients(t: Any) -> Any:
        t.manual_seed(3)
        found = []
        for _ in range(rounds):
            distribution, parameters = _make(t, case, grad=True)
            draws = distribution.rsample((count,))
            (t.atan(draws) * t.arange(1.0, draws.shape[-1] + 1)).sum().backward()
            found.append(np.concatenate([np.ravel(p.grad.numpy()) for p in parameters]) / count)
        return np.stack(found)

    a, b = gradients(ours), gradients(torch)
    error = np.sqrt((a.var(0) + b.var(0)) / (rounds - 1)) + 1e-6
    assert (np.abs(a.mean(0) - b.mean(0)) < 6 * error).all(), (a.mean(0), b.mean(0), error)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c[0] in ("Bernoulli", "Binomial", "Categorical", "OneHotCategorical")]
)
@pytest.mark.parametrize("expand", [True, False])
def test_supports_that_can_be_enumerated(case: Any, expand: bool) -> None:
    def program(t: Any) -> Any:
        return _make(t, case)[0].enumerate_support(expand)

    same(outcome(program, ours), outcome(program, torch))


def test_mixtures() -> None:
    def program(t: Any) -> Any:
        D = t.distributions
        weights = t.tensor([0.3, 0.7], requires_grad=True)
        loc = t.tensor([[0.0, 3.0], [1.0, -1.0]], requires_grad=True)
        mixture = D.MixtureSameFamily(D.Categorical(weights), D.Normal(loc, 1.0))
        x = t.tensor([0.5, 2.0])
        out = mixture.log_prob(x)
        out.sum().backward()
        return out, mixture.mean, mixture.variance, mixture.cdf(x), weights.grad, loc.grad

    same(outcome(program, ours), outcome(program, torch), 1e-4)
    D = ours.distributions
    mixture = D.MixtureSameFamily(D.Categorical(ours.ones(2)), D.Normal(ours.tensor([-9.0, 9.0]), 1.0))
    draws = mixture.sample((500,)).numpy()
    assert 150 < (draws > 0).sum() < 350


def test_independent_dimensions() -> None:
    def program(t: Any) -> Any:
        D = t.distributions
        base = D.Normal(t.zeros(3, 2), t.ones(3, 2))
        made = D.Independent(base, 1)
        x = t.ones(3, 2)
        return made.log_prob(x), made.entropy(), made.mean, tuple(made.batch_shape), tuple(made.event_shape)

    same(outcome(program, ours), outcome(program, torch))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda D: D.Normal(0.0, -1.0), "Normal: expected parameter scale to satisfy the constraint"),
        (
            lambda D: D.Bernoulli(),
            "Bernoulli: expected either `probs` or `logits`, but not both, got neither",
        ),
        (lambda D: D.Bernoulli(0.5, 0.1), "but not both, got both"),
        (
            lambda D: D.Bernoulli(0.5).log_prob(ours.tensor(2.0)),
            "Bernoulli: expected values within the support",
        ),
        (lambda D: D.Normal(0.0, 1.0).log_prob(1.0), "the value argument to log_prob to be a Tensor"),
        (lambda D: D.Uniform(1.0, 0.0), "Uniform: expected"),
        (lambda D: D.Dirichlet(ours.tensor(1.0)), "to be at least one-dimensional"),
        (lambda D: D.MultivariateNormal(ours.zeros(2)), "exactly one of covariance_matrix"),
        (lambda D: D.Normal(ours.zeros(2), 1.0).log_prob(ours.zeros(3)), "broadcastable with batch_shape"),
        (lambda D: D.Wishart(0.5, ours.eye(2)), "df greater than ndim - 1"),
        (lambda D: D.LKJCholesky(1), "dim to be an integer of 2 or more"),
        (lambda D: D.Independent(D.Normal(0.0, 1.0), 1), "reinterpreted_batch_ndims of at most 0"),
        (lambda D: D.Normal("a", 1.0), "broadcast_all: expected tensors and numbers"),
    ],
    ids=range(13),
)
def test_refused(call: Any, text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        call(ours.distributions)
    assert text in str(caught.value)


def test_arguments_may_go_unchecked() -> None:
    assert np.isnan(ours.distributions.Normal(0.0, -1.0, validate_args=False).entropy().item())


def test_inside_a_compiled_step() -> None:
    import xlagrad as xg

    loc = ours.zeros(3, requires_grad=True)

    def step(x: Any) -> Any:
        distribution = ours.distributions.Normal(loc, 1.0)
        loss = -distribution.log_prob(x).mean() + distribution.rsample().mean()
        loss.backward()
        return loss

    ours.manual_seed(0)
    want = step(ours.ones(3)), loc.grad.clone()
    loc.grad = None
    ours.manual_seed(0)
    got = xg.compile(step, keep_grads=True)(ours.ones(3)), loc.grad
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a.numpy(force=True), b.numpy(force=True), rtol=1e-6)
