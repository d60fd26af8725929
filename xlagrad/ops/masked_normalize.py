"""Running totals, softmax and its kin over the elements at which a mask holds.

What stands where the mask does not hold is, as in PyTorch, without meaning.
"""

from __future__ import annotations

from typing import Any

from xlagrad.core import dtypes
from xlagrad.ops import choose, cumulative, exponential, softmax
from xlagrad.ops.common import dim_of
from xlagrad.ops.composed import composed
from xlagrad.ops.convert import cast
from xlagrad.ops.masked_reduce import kind_of, masked, masked_norm


def _along(who: str, input: Any, dim: int, dtype: Any) -> tuple[int, Any]:
    """Return the dimension counted from the front, and the type of the result."""
    return dim_of(who, dim, len(input.shape)), kind_of(input) if dtype is None else dtypes.as_jax(dtype)


@composed()
def masked_cumsum(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """The sums of all elements up to each one along a dimension, of those where the mask holds.

    Args:
        input: tensor.
        dim: the dimension.
        dtype: type of the result, by default the tensor's own.
        mask: booleans that broadcast to the tensor's shape; None for all of it.

    Raises:
        IndexingError: the dimension is out of range, or the mask has more than the tensor.
        ShapeError: the mask does not broadcast to the tensor's shape.

    Example:
        >>> import jax.numpy as jnp
        >>> masked_cumsum(jnp.array([1, 2, 4]), 0, mask=jnp.array([True, False, True])).tolist()
        [1, 1, 5]

    Source: ``torch.masked.cumsum``.
    """
    at, kind = _along("masked.cumsum", input, dim, dtype)
    return cast(cumulative.cumsum(masked("masked.cumsum", "sum", input, mask), at, dtype=kind), kind)


@composed()
def masked_cumprod(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """The products of all elements up to each one along a dimension, of those where the mask holds.

    Arguments and errors as those of `masked_cumsum`.

    Example:
        >>> import jax.numpy as jnp
        >>> masked_cumprod(jnp.array([3, 2, 4]), 0, mask=jnp.array([True, False, True])).tolist()
        [3, 3, 12]

    Source: ``torch.masked.cumprod``.
    """
    at, kind = _along("masked.cumprod", input, dim, dtype)
    return cast(cumulative.cumprod(masked("masked.cumprod", "prod", input, mask), at, dtype=kind), kind)


@composed()
def masked_softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """`softmax` along a dimension of the elements where the mask holds, NaN where it does nowhere.

    Arguments and errors as those of `masked_cumsum`.

    Example:
        >>> import jax.numpy as jnp
        >>> masked_softmax(jnp.array([1.0, 9.0, 1.0]), 0, mask=jnp.array([True, False, True])).tolist()
        [0.5, 0.0, 0.5]

    Source: ``torch.masked.softmax``.
    """
    at, kind = _along("masked.softmax", input, dim, dtype)
    return softmax.softmax(masked("masked.softmax", "max", input, mask), at, kind)


@composed()
def masked_log_softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """`log_softmax` along a dimension of the elements where the mask holds, NaN where it does nowhere.

    Arguments and errors as those of `masked_cumsum`.

    Example:
        >>> import jax.numpy as jnp
        >>> masked_log_softmax(jnp.array([1.0, 9.0]), 0, mask=jnp.array([True, False])).tolist()
        [0.0, -inf]

    Source: ``torch.masked.log_softmax``.
    """
    at, kind = _along("masked.log_softmax", input, dim, dtype)
    return softmax.log_softmax(masked("masked.log_softmax", "max", input, mask), at, kind)


@composed()
def masked_softmin(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """The softmax of -x along a dimension, of the elements where the mask holds, NaN where it does nowhere.

    Arguments and errors as those of `masked_cumsum`.

    Example:
        >>> import jax.numpy as jnp
        >>> masked_softmin(jnp.array([1.0, 9.0, 1.0]), 0, mask=jnp.array([True, False, True])).tolist()
        [0.5, 0.0, 0.5]

    Source: ``torch.masked.softmin``.
    """
    at, kind = _along("masked.softmin", input, dim, dtype)
    return softmax.softmax(-masked("masked.softmin", "min", input, mask), at, kind)


@composed()
def masked_normalize(
    input: Any, ord: float, dim: int, *, eps: float = 1e-12, dtype: Any = None, mask: Any = None
) -> Any:
    """x / max(‖x‖, eps) along a dimension, with the norm of the elements where the mask holds, 0 elsewhere.

    Args:
        input: tensor.
        ord: which norm, see `masked_norm`.
        dim: the dimension whose vectors are scaled.
        eps: smallest divisor.
        dtype: type of the norm.
        mask: booleans that broadcast to the tensor's shape; None for all of it.

    Raises:
        IndexingError: the dimension is out of range, or the mask has more than the tensor.
        ShapeError: the mask does not broadcast to the tensor's shape.

    Example:
        >>> import jax.numpy as jnp
        >>> masked_normalize(jnp.array([4.0, 9.0]), 2.0, 0, mask=jnp.array([True, False])).tolist()
        [1.0, 0.0]

    Source: ``torch.masked.normalize``.
    """
    size = masked_norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    return masked("masked.normalize", "sum", input, mask) / choose.maximum(size, eps)


@composed()
def masked_logaddexp(
    input: Any, other: Any, *, dtype: Any = None, input_mask: Any = None, other_mask: Any = None
) -> Any:
    """ln(e^x + e^y), elementwise, without the operand whose mask does not hold; -∞ without either.

    Args:
        input: x.
        other: y, which broadcasts with it.
        dtype: type to convert the result to, by default that of ``input``.
        input_mask: booleans that broadcast to the shape of ``input``; None for all of it.
        other_mask: the same of ``other``.

    Raises:
        IndexingError: a mask has more dimensions than what it masks.
        ShapeError: shapes that do not broadcast.

    Example:
        >>> import jax.numpy as jnp
        >>> masked_logaddexp(jnp.array([3.0]), jnp.array([9.0]), other_mask=jnp.array([False])).tolist()
        [3.0]

    Source: ``torch.masked.logaddexp``.
    """
    x = masked("masked.logaddexp", "max", input, input_mask)
    y = masked("masked.logaddexp", "max", other, other_mask)
    return cast(exponential.logaddexp(x, y), kind_of(input) if dtype is None else dtype)
