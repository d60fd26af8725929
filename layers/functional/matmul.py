"""Matrix products in groups, and of matrices that come with scales."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from xlagrad.core import dtypes
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError, describe, message


class ScalingType(enum.IntEnum):
    """What one scale of `scaled_mm` belongs to: a whole matrix, a row, or a block."""

    TensorWise = 0
    RowWise = 1
    BlockWise1x16 = 2
    BlockWise1x32 = 3
    BlockWise1x128 = 4
    BlockWise128x128 = 5


class SwizzleType(enum.IntEnum):
    """How the scales of `scaled_mm` lie in memory."""

    NO_SWIZZLE = 0
    SWIZZLE_32_4_4 = 1


def _ragged(rows: Array, mats: Array, ends: Array) -> Array:
    """Return (M, N): each group of rows, which ends where ``ends`` says, times its own matrix (G, K, N)."""
    sizes = jnp.diff(ends, prepend=0).astype(jnp.int32)
    return lax.ragged_dot(rows, mats, sizes)


@op(name="_grouped_mm")
def _grouped_mm(mat_a: Array, mat_b: Array, offs: Array | None, bias: Array | None, out_dtype: Any) -> Array:
    """`grouped_mm`, with the operands first."""
    who, a, b = "grouped_mm", mat_a, mat_b
    got = f"{describe(a)} and {describe(b)}"
    if a.dtype != b.dtype:
        raise DtypeError(message(who, "matrices of one dtype", got, "convert one of them"))
    if a.ndim not in (2, 3) or b.ndim not in (2, 3) or a.shape[-1] != b.shape[-2]:
        fix = "make the last dimension of the first and the one before it of the second equal"
        raise ShapeError(message(who, "matrices, or stacks of them, that multiply", got, fix))
    if (offs is None) != (a.ndim == b.ndim == 3):
        fix = "pass the end of each group where one operand is a matrix, and only there"
        raise ArgumentError(message(who, "offs with a two-dimensional operand", got, fix))
    if bias is not None:
        fix = "add the bias to the result"
        raise NotImplementedError(message(who, "bias=None, as in PyTorch", describe(bias), fix))
    if offs is None:
        if a.shape[0] != b.shape[0]:
            raise ShapeError(message(who, "as many matrices on both sides", got, "make the stacks equal"))
        out = a @ b
    elif a.ndim == 2 and b.ndim == 3:
        out = _ragged(a, b, offs)
    elif a.ndim == 3:
        out = _ragged(b.T, a.swapaxes(1, 2), offs).T
    else:
        group = jnp.searchsorted(offs, jnp.arange(a.shape[1]), side="right")
        mine = group == jnp.arange(offs.shape[0])[:, None]
        out = jnp.where(mine[:, None], a, 0) @ b
    return out.astype(a.dtype if out_dtype is None else dtypes.as_jax(out_dtype))


def grouped_mm(mat_a: Any, mat_b: Any, *, offs: Any = None, bias: Any = None, out_dtype: Any = None) -> Any:
    """Return the products of groups of matrices, which may lie in one matrix beside each other.

    Args:
        mat_a: (G, M, K), or (M, K) whose rows, or with a two-dimensional ``mat_b`` columns, are divided.
        mat_b: (G, K, N), or (K, N) whose columns, or with a two-dimensional ``mat_a`` rows, are divided.
        offs: where each of the G groups ends, int32, if one operand is a matrix.
        bias: must be None.
        out_dtype: type of the result, by default the operands'.

    Returns:
        (G, M, N), or (M, N) where rows or columns are divided.

    Raises:
        ShapeError: operands that do not fit.
        ArgumentError: ``offs`` is missing or superfluous.
        DtypeError: types that differ.

    Example:
        >>> a, b = jnp.ones((3, 2)), jnp.stack([jnp.ones((2, 1)), jnp.zeros((2, 1))])
        >>> grouped_mm(a, b, offs=jnp.array([1, 3])).tolist()
        [[2.0], [0.0], [0.0]]

    Source: ``torch.nn.functional.grouped_mm``.
    """
    return _grouped_mm(mat_a, mat_b, offs, bias, out_dtype=out_dtype)


@op(name="_scaled_mm")
def _scaled_mm(
    mat_a: Array, mat_b: Array, scale_a: Array, scale_b: Array, bias: Array | None, output_dtype: Any
) -> Array:
    """(a · s_a) (b · s_b) + bias, with one scale for each matrix, row of a or column of b."""
    out = (mat_a.astype(jnp.float32) @ mat_b.astype(jnp.float32)) * scale_a * scale_b
    out = out if bias is None else out + bias
    return out.astype(mat_a.dtype if output_dtype is None else dtypes.as_jax(output_dtype))


def _single(who: str, name: str, recipe: Any) -> ScalingType:
    recipe = recipe[0] if isinstance(recipe, (list, tuple)) and len(recipe) == 1 else recipe
    if recipe not in (ScalingType.TensorWise, ScalingType.RowWise):
        fix = "multiply the blocks by their scales and use torch.mm"
        raise NotImplementedError(message(who, f"{name} TensorWise or RowWise", repr(recipe), fix))
    return ScalingType(recipe)


def scaled_mm(
    mat_a: Any, mat_b: Any, scale_a: Any, scale_recipe_a: Any, scale_b: Any, scale_recipe_b: Any,
    swizzle_a: Any = None, swizzle_b: Any = None, bias: Any = None, output_dtype: Any = dtypes.bfloat16,
    contraction_dim: Sequence[int] = (), use_fast_accum: bool = False,
) -> Any:  # fmt: skip
    """Return the product of two matrices, in float8 say, each times its scale.

    Args:
        mat_a: (M, K).
        mat_b: (K, N).
        scale_a: one number, or (M, 1).
        scale_recipe_a: ``ScalingType.TensorWise`` or ``RowWise``.
        scale_b: one number, or (1, N).
        scale_recipe_b: as ``scale_recipe_a``.
        swizzle_a: must be None or ``NO_SWIZZLE``.
        swizzle_b: must be None or ``NO_SWIZZLE``.
        bias: (N,), added to the product.
        output_dtype: type of the result.
        contraction_dim: must be empty.
        use_fast_accum: accepted; sums are of float32.

    Raises:
        NotImplementedError: scales of blocks, or swizzled ones.
        ShapeError: matrices that do not multiply.

    Example:
        >>> one = jnp.ones((1, 1))
        >>> scaled_mm(one, one, one * 3, ScalingType.TensorWise, one, ScalingType.TensorWise).tolist()
        [[3.0]]

    Source: ``torch.nn.functional.scaled_mm``.
    """
    who = "scaled_mm"
    _single(who, "scale_recipe_a", scale_recipe_a)
    _single(who, "scale_recipe_b", scale_recipe_b)
    if any(s not in (None, SwizzleType.NO_SWIZZLE, []) for s in (swizzle_a, swizzle_b)) or contraction_dim:
        fix = "multiply the blocks by their scales and use torch.mm"
        raise NotImplementedError(message(who, "no swizzle and no contraction_dim", "one of them", fix))
    if mat_a.ndim != 2 or mat_b.ndim != 2 or mat_a.shape[1] != mat_b.shape[0]:
        got = f"{describe(mat_a)} and {describe(mat_b)}"
        raise ShapeError(message(who, "matrices (M, K) and (K, N)", got, "transpose one of them"))
    scales = (s[0] if isinstance(s, (list, tuple)) else s for s in (scale_a, scale_b))
    return _scaled_mm(mat_a, mat_b, *scales, bias, output_dtype=output_dtype)


def scaled_grouped_mm(*args: Any, **kwargs: Any) -> Any:
    """Raise a ``NotImplementedError``: scale the groups and use `grouped_mm`."""
    fix = "multiply each group by its scale and use torch.nn.functional.grouped_mm"
    raise NotImplementedError(message("scaled_grouped_mm", "operands without scales", "scales", fix))
