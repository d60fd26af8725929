"""Linear and bilinear maps of the last dimension."""

from __future__ import annotations

import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ShapeError, describe, message


@op
def linear(input: Array, weight: Array, bias: Array | None = None) -> Array:
    """x · Wᵀ + b.

    Args:
        input: (…, in_features).
        weight: (out_features, in_features), or (in_features,).
        bias: (out_features,), or a scalar for a vector weight.

    Raises:
        ShapeError: the last dimension is not in_features.

    The leading dimensions are collapsed to one: XLA's backward of a plain matrix product is faster than that
    of a batched one. Follows ``torch.nn.functional.linear``.

    Example:
        >>> linear(jnp.ones((2, 3)), jnp.ones((4, 3)), jnp.ones(4))[0].tolist()
        [4.0, 4.0, 4.0, 4.0]
    """
    if input.ndim == 0 or weight.ndim not in (1, 2) or input.shape[-1] != weight.shape[-1]:
        raise ShapeError(
            message("linear", f"an input whose last dimension is {weight.shape[-1]}, as weight {describe(weight)} has",
                    describe(input), "check the features of the layer before")
        )  # fmt: skip
    flat = input.reshape(-1, input.shape[-1])
    out = flat @ weight.T if weight.ndim == 2 else flat @ weight
    if bias is not None:
        out = out + bias
    return out.reshape(*input.shape[:-1], *weight.shape[:-1])


@op
def bilinear(input1: Array, input2: Array, weight: Array, bias: Array | None = None) -> Array:
    """x₁ᵀ · W_k · x₂ + b_k.

    Args:
        input1: (…, in1_features).
        input2: (…, in2_features).
        weight: (out_features, in1_features, in2_features).
        bias: (out_features,).

    Raises:
        ShapeError: the shapes do not fit.
    """
    if input1.shape[-1] != weight.shape[1] or input2.shape[-1] != weight.shape[2]:
        raise ShapeError(
            message("bilinear", f"inputs with last dimensions {weight.shape[1]} and {weight.shape[2]}",
                    f"{describe(input1)} and {describe(input2)}")
        )  # fmt: skip
    out = jnp.einsum("...i,kij,...j->...k", input1, weight, input2)
    return out if bias is None else out + bias
