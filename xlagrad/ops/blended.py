"""Sums of a tensor and a product of matrices or vectors, each with a factor."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.core.promotion import promote
from xlagrad.core.view import assign
from xlagrad.ops.common import is_bool, is_complex, is_inexact
from xlagrad.ops.composed import composed
from xlagrad.ops.linear import bmm, check_batches, check_product, mm, mv
from xlagrad.ops.vectors import outer


def _factor(who: str, name: str, value: Any, like: Array) -> Array:
    """Return a factor in the type of the product; that of integers is cut off to one."""
    if isinstance(value, complex) and not is_complex(like):
        fix = "convert the tensors with .to(torch.complex64)"
        raise errors.DtypeError(message(who, f"a real {name} for {describe(like)}", str(value), fix))
    return jnp.asarray(value).astype(like.dtype)


def _blend(who: str, input: Array, product: Array, beta: Any, alpha: Any) -> Array:
    """Return beta · input + alpha · product; with beta 0 the input is ignored, NaN and all."""
    if input.dtype != product.dtype:
        check_product(who, input, product)
    try:
        base = jnp.broadcast_to(input, product.shape)
    except ValueError:
        fix = f"it is added to a product of shape {list(product.shape)}"
        raise errors.ShapeError(
            message(who, "an input that broadcasts to the product", describe(input), fix)
        ) from None
    scaled = product if alpha == 1 else product * _factor(who, "alpha", alpha, product)
    if beta == 0:
        return scaled
    return scaled + (base if beta == 1 else base * _factor(who, "beta", beta, base))


@op(method=True, inplace=True)
def addmm(
    input: Array, mat1: Array, mat2: Array, out_dtype: Any = None, *, beta: Any = 1, alpha: Any = 1
) -> Array:
    """beta · input + alpha · mat1 @ mat2.

    Args:
        input: what is added; broadcast.
        mat1: (n, k).
        mat2: (k, m).
        out_dtype: type of the sum; float32 for operands of 16 bits.
        beta: factor; with 0 the input is not read. Cut off to an integer for integers.
        alpha: factor of the product.

    Raises:
        ShapeError: the matrices do not fit, or the input does not broadcast to their product.
        DtypeError: the types differ, or are boolean.

    Example:
        >>> addmm(jnp.ones(2), jnp.ones((2, 3)), jnp.ones((3, 2))).tolist()
        [[4.0, 4.0], [4.0, 4.0]]

    Source: ``torch.addmm``.
    """
    return _blend("addmm", input, mm(mat1, mat2, out_dtype), beta, alpha)


@op(method=True, inplace=True)
def addmv(input: Array, mat: Array, vec: Array, *, beta: Any = 1, alpha: Any = 1) -> Array:
    """beta · input + alpha · mat @ vec; errors are those of `addmm`.

    Example:
        >>> addmv(jnp.ones(2), jnp.ones((2, 3)), jnp.ones(3)).tolist()
        [4.0, 4.0]

    Source: ``torch.addmv``.
    """
    return _blend("addmv", input, mv(mat, vec), beta, alpha)


@op(method=True, inplace=True)
def addr(input: Array, vec1: Array, vec2: Array, *, beta: Any = 1, alpha: Any = 1) -> Array:
    """beta · input + alpha · outer(vec1, vec2), of the tensors' common type.

    Raises:
        ShapeError: other dimensions, or the input does not broadcast to the product.
        DtypeError: a factor that is no integer for integers, or a boolean one for numbers.

    Example:
        >>> addr(jnp.ones(2), jnp.ones(2), jnp.ones(2)).tolist()
        [[2.0, 2.0], [2.0, 2.0]]

    Source: ``torch.addr``.
    """
    base, one, two = promote(input, vec1, vec2)
    for name, value in (("beta", beta), ("alpha", alpha)):
        if isinstance(value, bool) and not is_bool(base):
            raise errors.DtypeError(message("addr", f"a number for {name}", str(value), "pass 0 or 1"))
        if isinstance(value, (float, complex)) and not is_inexact(base):
            fix = "convert the tensors with .float()"
            raise errors.DtypeError(message("addr", f"an integer {name} for integers", str(value), fix))
    if is_bool(base):
        scaled = outer(one, two) & bool(alpha)
        return scaled | (jnp.broadcast_to(base, scaled.shape) & bool(beta))
    kind = base.dtype
    if is_inexact(base) and kind.itemsize == 2:
        base, one, two = (x.astype(jnp.float32) for x in (base, one, two))
    return _blend("addr", base, outer(one, two), beta, alpha).astype(kind)


@op(method=True, inplace=True)
def baddbmm(
    input: Array, batch1: Array, batch2: Array, out_dtype: Any = None, *, beta: Any = 1, alpha: Any = 1
) -> Array:
    """beta · input + alpha · bmm(batch1, batch2); arguments and errors are those of `addmm`.

    Example:
        >>> baddbmm(jnp.ones(1), jnp.ones((1, 1, 3)), jnp.ones((1, 3, 1)), alpha=2).tolist()
        [[[7.0]]]

    Source: ``torch.baddbmm``.
    """
    return _blend("baddbmm", input, bmm(batch1, batch2, out_dtype), beta, alpha)


@op(method=True)
def addbmm(input: Array, batch1: Array, batch2: Array, *, beta: Any = 1, alpha: Any = 1) -> Array:
    """beta · input + alpha · Σ_b batch1_b @ batch2_b; errors are those of `addmm`.

    Example:
        >>> addbmm(jnp.ones(1), jnp.ones((2, 1, 3)), jnp.ones((2, 3, 1))).tolist()
        [[7.0]]

    Source: ``torch.addbmm``.
    """
    check_batches("addbmm", batch1, batch2)
    # One product over batch and inner dimension: 16-bit numbers are summed in 32 bits.
    total = jnp.einsum("bij,bjk->ik", batch1, batch2)
    return _blend("addbmm", input, total, beta, alpha)


@composed(method=True)
def addbmm_(self: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """In-place version of :func:`addbmm`; a tensor that broadcasts to the sum takes its shape, as in PyTorch.

    Example:
        >>> from xlagrad.ops.create import ones
        >>> addbmm_(ones(1, 1), ones(2, 1, 3), ones(2, 3, 1)).tolist()
        [[7.0]]

    Source: ``torch.Tensor.addbmm_``.
    """
    result = addbmm(self, batch1, batch2, beta=beta, alpha=alpha)
    if tuple(result.shape) == tuple(self.shape):
        assign("addbmm_", self, result)
    else:
        self.data = result
    return self
