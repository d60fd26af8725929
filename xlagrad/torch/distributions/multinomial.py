"""`torch.distributions.multinomial`."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Size, Tensor
from xlagrad.layers import functional as F
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.binomial import Binomial
from xlagrad.torch.distributions.categorical import Categorical
from xlagrad.torch.distributions.distribution import Distribution
from xlagrad.torch.distributions.utils import broadcast_all, size


class Multinomial(Distribution):
    """How often each class comes among ``total_count`` draws.

    Args:
        total_count: n, an int.
        probs: (..., K), not negative; or
        logits: (..., K), log-probabilities up to a constant.
        validate_args: whether arguments are looked at.

    Raises:
        ArgumentError: both or neither of ``probs`` and ``logits``, or a count that is no int.

    Reference: ``torch.distributions.Multinomial``.
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    total_count: int

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        if not isinstance(total_count, int):
            want = "an int for total_count: several counts are not supported"
            raise ArgumentError(message("Multinomial", want, type(total_count).__name__))
        self.total_count = total_count
        self._categorical = Categorical(probs=probs, logits=logits)
        batch, event = self._categorical.batch_shape, self._categorical.param_shape[-1:]
        super().__init__(batch, event, validate_args=validate_args)

    @property
    def _binomial(self) -> Any:
        return Binomial(total_count=self.total_count, probs=self.probs)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with a larger batch."""
        grown = self._categorical.expand(size(batch_shape))
        count = self.total_count
        return self._expanded(Multinomial, batch_shape, _instance, _categorical=grown, total_count=count)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        """Counts that add up to n."""
        return constraints.multinomial(self.total_count)

    @property
    def logits(self) -> Any:
        """Log-probabilities."""
        return self._categorical.logits

    @property
    def probs(self) -> Any:
        """Probabilities."""
        return self._categorical.probs

    @property
    def param_shape(self) -> Size:
        """Shape of the parameter."""
        return self._categorical.param_shape

    @property
    def mean(self) -> Any:
        """n p."""
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        """n p (1 - p)."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return draws."""
        with no_grad():
            drawn = self._categorical.sample((self.total_count, *size(sample_shape)))
            counts = F.one_hot(drawn, self._categorical._num_events).sum(0)
            return counts.to(self.probs.dtype)

    def entropy(self) -> Any:
        """Return the entropy."""
        n = Tensor(float(self.total_count), dtype=self.probs.dtype)
        cat_entropy = self._categorical.entropy()
        binomial = self._binomial
        support = binomial.enumerate_support(expand=False)[1:]
        probabilities = binomial.log_prob(support).exp()
        weighted = (probabilities * (support + 1).lgamma()).sum((0, -1))
        return self.total_count * cat_entropy - (n + 1).lgamma() + weighted

    def log_prob(self, value: Any) -> Any:
        """Return the log-probability."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        factorial_n = (value.sum(-1) + 1).lgamma()
        factorials = (value + 1).lgamma().sum(-1)
        # 0 · -∞ of an impossible class that did not come is 0.
        logits = logits.masked_fill((value == 0) & (logits == -float("inf")), 0)
        return factorial_n - factorials + (logits * value).sum(-1)
