"""`torch.distributions.kl`: the Kullback-Leibler divergence, by rules for pairs of families."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xlagrad.core.errors import ArgumentError, message

_KL_REGISTRY: dict[tuple[type[Any], type[Any]], Callable[[Any, Any], Any]] = {}


def register_kl(type_p: type[Any], type_q: type[Any]) -> Callable[[Any], Any]:
    """Return a decorator that registers a rule for KL(p‖q).

    Args:
        type_p: class of p.
        type_q: class of q.

    Raises:
        ArgumentError: something that is no class.

    Source: ``torch.distributions.register_kl``.
    """
    for kind in (type_p, type_q):
        if not isinstance(kind, type):
            raise ArgumentError(message("register_kl", "classes of distributions", f"{kind!r}"))

    def decorate(rule: Any) -> Any:
        _KL_REGISTRY[type_p, type_q] = rule
        return rule

    return decorate


def _rule(kind_p: type[Any], kind_q: type[Any]) -> Callable[[Any, Any], Any] | None:
    """Return the rule of the closest pair of base classes: p's first, then q's."""
    for p in kind_p.__mro__:
        for q in kind_q.__mro__:
            if (p, q) in _KL_REGISTRY:
                return _KL_REGISTRY[p, q]
    return None


def kl_divergence(p: Any, q: Any) -> Any:
    """Return KL(p‖q) = E_p[log p(x) - log q(x)], of the batch's shape.

    Args:
        p: a distribution.
        q: another.

    Raises:
        NotImplementedError: there is no rule for the two families.

    Source: ``torch.distributions.kl_divergence``.
    """
    rule = _rule(type(p), type(q))
    if rule is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}; "
            "register_kl adds a rule, and the mean of p.log_prob(x) - q.log_prob(x) over draws estimates it."
        )
    return rule(p, q)
