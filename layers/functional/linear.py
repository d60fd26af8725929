"""Linear and bilinear maps of the last dimension."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ShapeError, describe, message
from xlagrad.layers.functional.arguments import require_same_dtype


@jax.custom_jvp
def rows(x: jax.Array, w: jax.Array) -> jax.Array:
    """Return x · wᵀ of two matrices, whose gradient in w is as fast on CPU as the other products.

    That gradient is gᵀ · x. XLA's fastest matrix product on CPU contracts the last dimension of its left
    operand, and XLA does not transpose g to get there: the slower product that it takes instead made up
    about an eighth of a transformer's training step.

    Args:
        x: (M, K).
        w: (O, K).
    """
    return x @ w.T


def _rows_jvp(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    (x, w), (dx, dw) = primals, tangents
    parts = [] if isinstance(dx, SymbolicZero) else [rows(dx, w)]
    if not isinstance(dw, SymbolicZero):
        parts.append(rows_of_change(x, dw))
    return rows(x, w), sum(parts[1:], parts[0])


rows.defjvp(_rows_jvp, symbolic_zeros=True)


def rows_of_change(x: jax.Array, dw: jax.Array) -> jax.Array:
    """Return x · dwᵀ, where dw is a change of the weight: its transpose is the fast product."""
    return lax.platform_dependent(rows(x, dw), cpu=_turned, default=lambda y: y)


def _turned(y: jax.Array) -> jax.Array:
    """Return y; backwards, lay its gradient out transposed in memory."""
    return lax.optimization_barrier(y.T).T


@op
def linear(input: Array, weight: Array, bias: Array | None = None) -> Array:
    """x · Wᵀ + b over the last dimension.

    Args:
        input: (…, in_features).
        weight: (out_features, in_features), of the same type; or (in_features,), which gives (…).
        bias: (out_features,), or a single number.

    Raises:
        ShapeError: the last dimension is not in_features, or the bias does not fit.
        DtypeError: the types differ.

    Example:
        >>> linear(jnp.ones((2, 3)), jnp.ones((4, 3)), jnp.ones(4))[0].tolist()
        [4.0, 4.0, 4.0, 4.0]

    Source: ``torch.nn.functional.linear``.
    """
    require_same_dtype("linear", input, weight=weight, bias=bias)
    if weight.ndim not in (1, 2):
        want = "a weight (out_features, in_features) or (in_features,)"
        raise ShapeError(message("linear", want, describe(weight), "reshape the weight to two dimensions"))
    if input.ndim == 0 or input.shape[-1] != weight.shape[-1]:
        want = f"input with last dimension {weight.shape[-1]} to match weight {describe(weight)}"
        fix = "make in_features the last dimension of the input, or flatten it first"
        raise ShapeError(message("linear", want, describe(input), fix))
    if bias is not None and bias.shape not in ((), (1,), weight.shape[:-1]):
        want = f"a bias of shape {weight.shape[:-1]}"
        raise ShapeError(message("linear", want, describe(bias), "give one number per output feature"))
    lead = input.shape[:-1]
    # One large product: the gradient of a batched one is slower.
    flat = input.reshape(math.prod(lead), input.shape[-1])
    out = rows(flat, weight) if weight.ndim == 2 else flat @ weight
    if bias is not None:
        out = out + (bias if weight.ndim == 2 else bias.reshape(()))
    return out.reshape(lead + weight.shape[:-1])


@op
def bilinear(input1: Array, input2: Array, weight: Array, bias: Array | None = None) -> Array:
    """x₁ᵀ · W_k · x₂ + b_k for each output feature k.

    Args:
        input1: (…, in1_features).
        input2: (…, in2_features), with the same leading dimensions.
        weight: (out_features, in1_features, in2_features).
        bias: (out_features,).

    Raises:
        ShapeError: the shapes do not fit.
        DtypeError: the types differ.

    Example:
        >>> bilinear(jnp.ones((5, 2)), jnp.ones((5, 3)), jnp.ones((4, 2, 3))).shape
        (5, 4)

    Source: ``torch.nn.functional.bilinear``.
    """
    require_same_dtype("bilinear", input1, input2=input2, weight=weight, bias=bias)
    if weight.ndim != 3 or not input1.ndim or input1.shape[:-1] != input2.shape[:-1]:
        want = "inputs (…, in1_features) and (…, in2_features) and a weight of 3 dimensions"
        got = f"{describe(input1)}, {describe(input2)} and {describe(weight)}"
        raise ShapeError(message("bilinear", want, got, "make the leading dimensions of the inputs equal"))
    if (input1.shape[-1], input2.shape[-1]) != weight.shape[1:]:
        want = f"inputs with last dimensions {weight.shape[1]} and {weight.shape[2]}"
        got = f"{describe(input1)} and {describe(input2)}"
        raise ShapeError(message("bilinear", want, got, "check in1_features and in2_features"))
    lead = input1.shape[:-1]
    first, second = (x.reshape(math.prod(lead), x.shape[-1]) for x in (input1, input2))
    # First as one product with all k's matrices beside each other, then the scalar products.
    out, k, m = weight.shape
    turned = rows(first, weight.swapaxes(1, 2).reshape(out * m, k)).reshape(-1, out, m)
    result = jnp.sum(turned * second[:, None], axis=-1)
    return (result if bias is None else result + bias).reshape(*lead, out)
