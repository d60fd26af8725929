"""`torch.distributions.lkj_cholesky`."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.modes import no_grad
from xlagrad.ops.create import arange
from xlagrad.ops.join import cat
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.beta import Beta
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import broadcast_all, size, standard_normal, tiny_of


class LKJCholesky(Distribution):
    """Cholesky factors of correlation matrices M with p(M) ∝ |M|^(concentration - 1).

    Args:
        dim: size of the matrices, 2 or more.
        concentration: positive; 1 is uniform over correlation matrices.
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: ``dim`` below 2.

    Reference: ``torch.distributions.LKJCholesky``; Lewandowski et al. 2009.
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None) -> None:
        if dim < 2:
            raise ArgumentError(message("LKJCholesky", "dim to be an integer of 2 or more", str(dim)))
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        offset = arange(dim - 1, dtype=self.concentration.dtype, device=self.concentration.device)
        offset = cat([offset.new_zeros((1,)), offset])
        marginal = self.concentration + 0.5 * (dim - 2)
        self._beta = Beta(offset + 0.5, marginal.unsqueeze(-1) - 0.5 * offset)
        super().__init__(self.concentration.shape, (dim, dim), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        batch = size(batch_shape)
        values = {
            "dim": self.dim,
            "concentration": self.concentration.expand(batch),
            "_beta": self._beta.expand((*batch, self.dim)),
        }
        return self._expanded(LKJCholesky, batch, _instance, **values)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return draws, by the onion method: each row a point in a ball of random radius."""
        with no_grad():
            radius = self._beta.sample(sample_shape).unsqueeze(-1)
            noise = standard_normal(self._extended_shape(sample_shape), radius).tril(-1)
            norms = noise.norm(dim=-1, keepdim=True)
            rows = noise / norms.where(norms > 0, 1.0)
            w = radius.sqrt() * rows
            left = (1 - (w * w).sum(-1)).clamp(min=tiny_of(w)).sqrt()
            return w + left.diag_embed()

    def log_prob(self, value: Any) -> Any:
        """Return the log-density of a Cholesky factor."""
        if self._validate_args:
            self._validate_sample(value)
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = arange(2, self.dim + 1, dtype=value.dtype, device=value.device)
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - order
        unnormalized = (order * diagonal.log()).sum(-1)
        dims = self.dim - 1
        alpha = self.concentration + 0.5 * dims
        normalizer = 0.5 * dims * math.log(math.pi) + (alpha - 0.5).mvlgamma(dims) - alpha.lgamma() * dims
        return unnormalized - normalizer
