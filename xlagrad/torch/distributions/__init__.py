"""`torch.distributions`: probability distributions, their transforms and divergences."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.distributions import (  # noqa: F401
    constraints,
    kl,
    kl_matrices,
    kl_mixed,
    kl_rules,
    transforms,
    utils,
)
from xlagrad.torch.distributions.bernoulli import Bernoulli
from xlagrad.torch.distributions.beta import Beta
from xlagrad.torch.distributions.binomial import Binomial
from xlagrad.torch.distributions.categorical import Categorical
from xlagrad.torch.distributions.cauchy import Cauchy
from xlagrad.torch.distributions.chi2 import Chi2
from xlagrad.torch.distributions.constraint_registry import biject_to, transform_to
from xlagrad.torch.distributions.continuous_bernoulli import ContinuousBernoulli
from xlagrad.torch.distributions.dirichlet import Dirichlet
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.exp_family import ExponentialFamily
from xlagrad.torch.distributions.exponential import Exponential
from xlagrad.torch.distributions.fishersnedecor import FisherSnedecor
from xlagrad.torch.distributions.gamma import Gamma
from xlagrad.torch.distributions.generalized_pareto import GeneralizedPareto
from xlagrad.torch.distributions.geometric import Geometric
from xlagrad.torch.distributions.gumbel import Gumbel
from xlagrad.torch.distributions.half_cauchy import HalfCauchy
from xlagrad.torch.distributions.half_normal import HalfNormal
from xlagrad.torch.distributions.independent import Independent
from xlagrad.torch.distributions.inverse_gamma import InverseGamma
from xlagrad.torch.distributions.kl import kl_divergence, register_kl
from xlagrad.torch.distributions.kumaraswamy import Kumaraswamy
from xlagrad.torch.distributions.laplace import Laplace
from xlagrad.torch.distributions.lkj_cholesky import LKJCholesky
from xlagrad.torch.distributions.log_normal import LogNormal
from xlagrad.torch.distributions.logistic_normal import LogisticNormal
from xlagrad.torch.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from xlagrad.torch.distributions.mixture_same_family import MixtureSameFamily
from xlagrad.torch.distributions.multinomial import Multinomial
from xlagrad.torch.distributions.multivariate_normal import MultivariateNormal
from xlagrad.torch.distributions.negative_binomial import NegativeBinomial
from xlagrad.torch.distributions.normal import Normal
from xlagrad.torch.distributions.one_hot_categorical import (
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from xlagrad.torch.distributions.pareto import Pareto
from xlagrad.torch.distributions.poisson import Poisson
from xlagrad.torch.distributions.relaxed_bernoulli import RelaxedBernoulli
from xlagrad.torch.distributions.relaxed_categorical import RelaxedOneHotCategorical
from xlagrad.torch.distributions.studentT import StudentT
from xlagrad.torch.distributions.transformed_distribution import TransformedDistribution
from xlagrad.torch.distributions.transforms import (
    AbsTransform,
    AffineTransform,
    CatTransform,
    ComposeTransform,
    CorrCholeskyTransform,
    CumulativeDistributionTransform,
    ExpTransform,
    IndependentTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    PowerTransform,
    ReshapeTransform,
    SigmoidTransform,
    SoftmaxTransform,
    SoftplusTransform,
    StackTransform,
    StickBreakingTransform,
    TanhTransform,
    Transform,
    identity_transform,
)
from xlagrad.torch.distributions.uniform import Uniform
from xlagrad.torch.distributions.von_mises import VonMises
from xlagrad.torch.distributions.weibull import Weibull
from xlagrad.torch.distributions.wishart import Wishart
from xlagrad.torch.names import missing

__all__ = [
    "AbsTransform",
    "AffineTransform",
    "Bernoulli",
    "Beta",
    "Binomial",
    "CatTransform",
    "Categorical",
    "Cauchy",
    "Chi2",
    "ComposeTransform",
    "ContinuousBernoulli",
    "CorrCholeskyTransform",
    "CumulativeDistributionTransform",
    "Dirichlet",
    "Distribution",
    "ExpTransform",
    "Exponential",
    "ExponentialFamily",
    "FisherSnedecor",
    "Gamma",
    "GeneralizedPareto",
    "Geometric",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "Independent",
    "IndependentTransform",
    "InverseGamma",
    "Kumaraswamy",
    "LKJCholesky",
    "Laplace",
    "LogNormal",
    "LogisticNormal",
    "LowRankMultivariateNormal",
    "LowerCholeskyTransform",
    "MixtureSameFamily",
    "Multinomial",
    "MultivariateNormal",
    "NegativeBinomial",
    "Normal",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "Pareto",
    "Poisson",
    "PositiveDefiniteTransform",
    "PowerTransform",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
    "ReshapeTransform",
    "SigmoidTransform",
    "SoftmaxTransform",
    "SoftplusTransform",
    "StackTransform",
    "StickBreakingTransform",
    "StudentT",
    "TanhTransform",
    "Transform",
    "TransformedDistribution",
    "Uniform",
    "VonMises",
    "Weibull",
    "Wishart",
    "biject_to",
    "constraints",
    "identity_transform",
    "kl",
    "kl_divergence",
    "register_kl",
    "transform_to",
    "transforms",
    "utils",
]


def __getattr__(name: str) -> Any:
    raise missing("torch.distributions", name, __all__)
