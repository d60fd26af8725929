"""The cross-entropy of a linear map's scores."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.layers.functional.classification_loss import cross_entropy
from xlagrad.layers.functional.linear import linear

WHO = "linear_cross_entropy"


def linear_cross_entropy(
    input: Any, linear_weight: Any, target: Any, *, linear_bias: Any = None, weight: Any = None,
    reduction: str = "mean", ignore_index: int | None = None, label_smoothing: float = 0.0,
    options: Any = None,
) -> Any:  # fmt: skip
    """Return `cross_entropy` of `linear` (input, linear_weight, linear_bias) with the target.

    Args:
        input: (N, in_features) or (in_features,).
        linear_weight: (classes, in_features), or (classes, d1, …, in_features) for more scores.
        target: classes, (N, d1, …), or their probabilities, (N, classes, d1, …).
        linear_bias: the weight's shape without its last dimension.
        weight: a factor for each class.
        reduction: ``mean``, ``sum`` or ``none``.
        ignore_index: class whose rows do not count, by default -100; not with probabilities.
        label_smoothing: share of the target that is spread over all classes.
        options: how PyTorch divides the work into chunks; here the compiler decides.

    Raises:
        ShapeError: operands that do not fit.
        ArgumentError: ``ignore_index`` with probabilities, or an unknown reduction.

    Example:
        >>> import jax.numpy as jnp
        >>> loss = linear_cross_entropy(jnp.ones((1, 2)), jnp.zeros((3, 2)), jnp.array([1]))
        >>> round(float(loss), 4)
        1.0986

    Source: ``torch.nn.functional.linear_cross_entropy``.
    """
    got = f"{describe(input)} and {describe(linear_weight)}"
    if input.ndim not in (1, 2) or linear_weight.ndim < 2 or input.shape[-1] != linear_weight.shape[-1]:
        want = "an input (N, in_features) or (in_features,) and a weight (classes, …, in_features)"
        raise ShapeError(message(WHO, want, got, "make the last dimensions equal"))
    outs = tuple(linear_weight.shape[:-1])
    if linear_bias is not None and tuple(linear_bias.shape) != outs:
        fix = "give one number per score"
        raise ShapeError(message(WHO, f"a linear_bias of shape {outs}", describe(linear_bias), fix))
    if len(outs) > 1 and input.ndim == 1:
        raise ShapeError(
            message(WHO, "an input (N, in_features) for this weight", got, "unsqueeze the input")
        )
    shape = (*input.shape[:-1], *outs)
    if ignore_index is not None and tuple(target.shape) == shape:
        fix = "drop it, or pass classes"
        raise ArgumentError(message(WHO, "no ignore_index with probabilities", str(ignore_index), fix))
    scores = linear(
        input,
        linear_weight.reshape((math.prod(outs), input.shape[-1])),
        None if linear_bias is None else linear_bias.reshape((math.prod(outs),)),
    )
    return cross_entropy(
        scores.reshape(shape),
        target,
        weight=weight,
        reduction=reduction,
        ignore_index=-100 if ignore_index is None else ignore_index,
        label_smoothing=label_smoothing,
    )
