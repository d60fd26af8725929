"""`torch.distributions.relaxed_categorical`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.tensor import Size
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.categorical import Categorical
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.elementwise import ExpTransform
from xlagrad.torch.distributions.transformed_distribution import TransformedDistribution
from xlagrad.torch.distributions.utils import broadcast_all, clamp_probs, size, standard_uniform


class ExpRelaxedCategorical(Distribution):
    """The logarithms of a relaxed categorical draw.

    Args:
        temperature: positive.
        probs: (..., K), not negative; or
        logits: (..., K), log-probabilities up to a constant.
        validate_args: whether arguments are looked at.

    Reference: ``torch.distributions.relaxed_categorical.ExpRelaxedCategorical``; Maddison et al. 2017.
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    # The logarithms of shares: they have no simpler name.
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._categorical = Categorical(probs, logits)
        self.temperature = temperature
        batch, event = self._categorical.batch_shape, self._categorical.param_shape[-1:]
        super().__init__(batch, event, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        values = {
            "_categorical": self._categorical.expand(size(batch_shape)),
            "temperature": self.temperature,
        }
        return self._expanded(ExpRelaxedCategorical, batch_shape, _instance, **values)

    @property
    def param_shape(self) -> Size:
        """Shape of the parameter."""
        return self._categorical.param_shape

    @property
    def logits(self) -> Any:
        """Log-probabilities."""
        return self._categorical.logits

    @property
    def probs(self) -> Any:
        """Probabilities."""
        return self._categorical.probs

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return draws, with gradients."""
        u = clamp_probs(standard_uniform(self._extended_shape(sample_shape), self.logits))
        gumbels = -((-(u.log())).log())
        scores = (self.logits + gumbels) / self.temperature
        return scores - scores.logsumexp(-1, keepdim=True)

    def log_prob(self, value: Any) -> Any:
        """Return the log-density."""
        k = self._categorical._num_events
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        temperature = broadcast_all(self.temperature, logits[..., 0])[0]
        scale = logits.new_full((), float(k)).lgamma() - (-(k - 1) * temperature.log())
        score = logits - value * self.temperature
        score = (score - score.logsumexp(-1, keepdim=True)).sum(-1)
        return score + scale


class RelaxedOneHotCategorical(TransformedDistribution):
    """Shares that near a one-hot vector as the temperature falls.

    Reference: ``torch.distributions.RelaxedOneHotCategorical``.
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.simplex
    has_rsample = True

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        return super().expand(batch_shape, self._get_checked_instance(RelaxedOneHotCategorical, _instance))

    @property
    def temperature(self) -> Any:
        """The temperature."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Any:
        """Log-probabilities."""
        return self.base_dist.logits

    @property
    def probs(self) -> Any:
        """Probabilities."""
        return self.base_dist.probs
