"""Norms of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jax import lax

from xlagrad.core import dtypes, errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.core.promotion import promote
from xlagrad.ops.common import Dim, dims_of, is_complex, require_elements, require_inexact
from xlagrad.ops.composed import composed
from xlagrad.ops.kinks import absolute, root, spread
from xlagrad.ops.matrices import require_matrices, singular_values


def _prepared(who: str, input: Array, dtype: Any) -> Array:
    require_inexact(who, input)
    if dtype is None:
        return input
    kind = dtypes.as_jax(dtype)
    if jnp.issubdtype(kind, jnp.complexfloating) != is_complex(input):
        want = "a complex dtype for complex numbers, a real one for real numbers"
        raise errors.DtypeError(message(who, want, f"{kind} for {describe(input)}", "choose another"))
    if jnp.promote_types(input.dtype, kind) != kind:
        want = f"a dtype that holds {input.dtype}"
        raise errors.DtypeError(message(who, want, str(kind), "narrow the result instead"))
    return input.astype(kind)


def p_norm(who: str, x: Array, order: float, dims: tuple[int, ...], keepdim: bool) -> Array:
    """Return (Σ |x|^p)^(1/p) over ``dims``, with the limits for p = 0, inf, -inf; the gradient at 0 is 0."""
    if order == 2:
        # Half precision is squared in float32: squares overflow long before their root does.
        wide = x.astype(jnp.float32) if x.dtype.itemsize == 2 else x
        square = jnp.real(wide * jnp.conj(wide)) if is_complex(x) else wide * wide
        found = root(jnp.sum(square, axis=dims, keepdims=keepdim))
        return found if is_complex(x) else found.astype(x.dtype)
    size = absolute(x)
    if order == 1:
        return jnp.sum(size, axis=dims, keepdims=keepdim)
    if order == 0:
        return lax.stop_gradient(jnp.sum(size != 0, axis=dims, keepdims=keepdim).astype(size.dtype))
    if math.isinf(order):
        require_elements(who, x, dims)
        reduce = jnp.max if order > 0 else jnp.min
        kept = spread(size, reduce(lax.stop_gradient(size), axis=dims, keepdims=True), dims)
        return kept if keepdim else jnp.squeeze(kept, dims)
    if order < 0:
        require_elements(who, x, dims)
    zero = size == 0
    powers = jnp.where(zero, 0 if order > 0 else jnp.inf, jnp.where(zero, 1, size) ** order)
    total = jnp.sum(powers.astype(size.dtype), axis=dims, keepdims=keepdim)
    flat = (total == 0) | jnp.isinf(total)
    limit = lax.stop_gradient(total) ** (1 / order)
    return jnp.where(flat, limit, jnp.where(flat, 1, total) ** (1 / order))


@op
def linalg_vector_norm(
    x: Array, ord: float = 2, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None
) -> Array:
    """(Σ |x|^ord)^(1/ord) over dimensions; the largest for inf, the number of nonzeros for 0.

    The gradient is zero where the norm is.

    Args:
        x: tensor of floating point.
        ord: any number, inf and -inf included.
        dim: dimension or dimensions; None for all.
        keepdim: keep them with size one.
        dtype: type to compute in.

    Raises:
        DtypeError: integers.
        IndexingError: a dimension is out of range, or has no elements and the norm no neutral one.

    Example:
        >>> linalg_vector_norm(jnp.array([3.0, 4.0])).tolist()
        5.0

    Source: ``torch.linalg.vector_norm``.
    """
    y = _prepared("linalg.vector_norm", x, dtype)
    return p_norm("linalg.vector_norm", y, float(ord), dims_of("linalg.vector_norm", dim, y.ndim), keepdim)


def _plane(who: str, dim: Any, ndim: int) -> tuple[int, int]:
    """Return the two dimensions of the matrices."""
    if ndim < 2 or not isinstance(dim, (tuple, list)) or len(dim) != 2:
        got = f"dim {dim} of a tensor with {ndim}"
        raise errors.ShapeError(message(who, "two dimensions that hold matrices", got, "name both"))
    first, second = dims_of(who, dim, ndim)
    return first, second


def matrix_norm(who: str, x: Array, order: Any, dim: Any, keepdim: bool) -> Array:
    """Return the norm of the matrices in the plane ``dim``."""
    rows, columns = _plane(who, dim, x.ndim)
    if order == "fro":
        return p_norm(who, x, 2.0, (rows, columns), keepdim)
    if order in ("nuc", 2, -2):
        require_matrices(who, x, square=False)
        values = singular_values(jnp.moveaxis(x, (rows, columns), (-2, -1)))
        if order == "nuc" or (order == 2 and not values.shape[-1]):
            found = jnp.sum(values, axis=-1)
        else:
            # Equal singular values share the gradient, as equal elements do in a maximum.
            require_elements(who, values, (values.ndim - 1,))
            fixed = lax.stop_gradient(values)
            chosen = fixed[..., :1] if order == 2 else fixed[..., -1:]
            found = spread(values, chosen, (values.ndim - 1,))[..., 0]
        return jnp.expand_dims(found, tuple(sorted((rows, columns)))) if keepdim else found
    if order not in (1, -1, math.inf, -math.inf):
        want = "ord 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2"
        raise errors.ArgumentError(message(who, want, repr(order), "choose one of those"))
    inner, outer = (rows, columns) if abs(order) == 1 else (columns, rows)
    sums = jnp.sum(absolute(x), axis=inner, keepdims=True)
    if order > 0 and not sums.shape[outer]:
        return jnp.sum(sums, axis=(inner, outer), keepdims=keepdim)
    return p_norm(who, sums, math.copysign(math.inf, order), (inner, outer), keepdim)


@op
def linalg_matrix_norm(
    A: Array, ord: Any = "fro", dim: Dim = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Array:
    """The norm of matrices: of their elements ("fro"), rows (inf), columns (1) or singular values (2, "nuc").

    Args:
        A: (…, n, m).
        ord: "fro", "nuc", inf, -inf, 1, -1, 2 or -2.
        dim: the two dimensions that hold the matrices.
        keepdim: keep them with size one.
        dtype: type to compute in.

    Raises:
        ShapeError: fewer than two dimensions.
        ArgumentError: another norm.
        DtypeError: integers.

    Example:
        >>> linalg_matrix_norm(jnp.eye(2), 1).tolist()
        1.0

    Source: ``torch.linalg.matrix_norm``.
    """
    y = _prepared("linalg.matrix_norm", A, dtype)
    return matrix_norm("linalg.matrix_norm", y, ord, dim, keepdim)


@op
def linalg_norm(
    A: Array, ord: Any = None, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None
) -> Array:
    """The norm of vectors (one ``dim``) or matrices (two), of a flattened tensor without ``ord`` and ``dim``.

    Args:
        A: tensor of floating point.
        ord: None for the 2-norm of the elements; else as `linalg_vector_norm` or `linalg_matrix_norm`.
        dim: one or two dimensions; None for those of a vector or matrix.
        keepdim: keep them with size one.
        dtype: type to compute in.

    Raises:
        ShapeError: ``ord`` without ``dim`` for neither a vector nor a matrix.
        DtypeError: integers.

    Example:
        >>> linalg_norm(jnp.array([[3.0], [4.0]])).tolist()
        5.0

    Source: ``torch.linalg.norm``.
    """
    who = "linalg.norm"
    y = _prepared(who, A, dtype)
    if ord is None:
        return p_norm(who, y, 2.0, dims_of(who, dim, y.ndim), keepdim)
    if dim is None:
        if y.ndim not in (1, 2):
            fix = "name the dim"
            raise errors.ShapeError(message(who, "a vector or a matrix, as ord is given", describe(A), fix))
        dim = tuple(range(y.ndim))
    if isinstance(dim, (tuple, list)) and len(dim) == 2:
        return matrix_norm(who, y, ord, dim, keepdim)
    if isinstance(ord, str):
        raise errors.ArgumentError(message(who, "a number for vectors", repr(ord), "name two dims"))
    return p_norm(who, y, float(ord), dims_of(who, dim, y.ndim), keepdim)


@op(method=True)
def norm(input: Array, p: Any = "fro", dim: Dim = None, keepdim: bool = False, dtype: Any = None) -> Array:
    """(Σ |input|^p)^(1/p) over dimensions, all by default; "nuc" is the sum of the singular values.

    Args:
        input: tensor of floating point.
        p: a number, "fro" (the 2-norm of the elements) or "nuc".
        dim: dimension or dimensions; None for all.
        keepdim: keep them with size one.
        dtype: type to compute in.

    Raises:
        DtypeError: integers.
        ArgumentError: another name.

    Example:
        >>> norm(jnp.array([[3.0], [4.0]])).tolist()
        5.0

    Source: ``torch.norm``.
    """
    x = _prepared("norm", input, dtype)
    if p == "nuc":
        return matrix_norm("norm", x, "nuc", (-2, -1) if dim is None else dim, keepdim)
    if isinstance(p, str) and p != "fro":
        raise errors.ArgumentError(message("norm", "p a number, 'fro' or 'nuc'", repr(p), "choose one"))
    order = 2.0 if p == "fro" or p is None else float(p)
    return p_norm("norm", x, order, dims_of("norm", dim, x.ndim), keepdim)


@composed()
def nuclear_norm(input: Any, dim: Dim = None, keepdim: bool = False) -> Any:
    """The sum of the singular values of matrices; see `norm`.

    Example:
        >>> round(nuclear_norm(jnp.eye(2)).item(), 4)
        2.0

    Source: ``torch.nuclear_norm``.
    """
    if isinstance(dim, bool):
        return norm(input, "nuc", None, dim)
    return norm(input, "nuc", dim, keepdim)


@composed()
def frobenius_norm(input: Any, dim: Dim, keepdim: bool = False) -> Any:
    """The 2-norm over one or two dimensions; see `norm`.

    Example:
        >>> frobenius_norm(jnp.array([3.0, 4.0]), 0).item()
        5.0

    Source: ``torch.frobenius_norm``.
    """
    return norm(input, "fro", dim, keepdim)


@op
def norm_except_dim(v: Array, pow: float = 2, dim: int = 0) -> Array:
    """The norm of each slice along a dimension, which stays with its size; -1 means one norm of all.

    Example:
        >>> norm_except_dim(jnp.array([[3.0, 4.0], [0.0, 1.0]])).tolist()
        [[5.0], [1.0]]

    Source: ``torch.norm_except_dim``.
    """
    if dim == -1:
        return norm(v, pow)
    (at,) = dims_of("norm_except_dim", dim, v.ndim)
    return p_norm("norm_except_dim", v, float(pow), tuple(d for d in range(v.ndim) if d != at), True)


@op(method=True)
def dist(input: Array, other: Array, p: float = 2) -> Array:
    """The p-norm of input - other.

    Raises:
        DtypeError: integers.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> dist(jnp.array([3.0, 0.0]), jnp.array([0.0, 4.0])).tolist()
        5.0

    Source: ``torch.dist``.
    """
    x, y = promote(input, other)
    return norm(x - y, p)


@op(method=True, inplace=True)
def renorm(input: Array, p: float, dim: int, maxnorm: float) -> Array:
    """The tensor with each slice along a dimension scaled down to a p-norm of at most ``maxnorm``.

    Raises:
        ShapeError: fewer than two dimensions.
        ArgumentError: ``p`` is not above 0, or ``maxnorm`` below it.

    Example:
        >>> bool(jnp.allclose(renorm(jnp.array([[3.0, 4.0]]), 2, 0, 5.0), jnp.array([[3.0, 4.0]])))
        True

    Source: ``torch.renorm``.
    """
    if input.ndim < 2:
        fix = "unsqueeze it"
        raise errors.ShapeError(message("renorm", "at least 2 dimensions", describe(input), fix))
    if not p > 0 or not maxnorm >= 0:
        got = f"p={p}, maxnorm={maxnorm}"
        raise errors.ArgumentError(message("renorm", "p above 0 and maxnorm of at least 0", got))
    (at,) = dims_of("renorm", dim, input.ndim)
    rest = tuple(d for d in range(input.ndim) if d != at)
    size = p_norm("renorm", input, float(p), rest, True)
    return input * jnp.where(size > maxnorm, maxnorm / (size + 1e-7), 1).astype(input.dtype)
