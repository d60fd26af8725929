"""Views of complex numbers as pairs of real ones, and back."""

from __future__ import annotations

from typing import Any

from xlagrad.core.dispatch import Array, op
from xlagrad.core.dtypes import as_dtype
from xlagrad.core.errors import DtypeError, ShapeError, describe, message
from xlagrad.core.handle import Handle
from xlagrad.core.view import Strides, layout, taken
from xlagrad.ops.bits import joined, pairs


@op(name="_as_real")
def _as_real(input: Array) -> Array:
    """Real and imaginary parts along a new last dimension."""
    return pairs(input)


@op(name="_as_complex")
def _as_complex(input: Array) -> Array:
    """Complex numbers of the pairs along the last dimension."""
    return joined(input)


@op(name="_as_real_put")
def _as_real_put(input: Array, value: Array) -> Array:
    """Write the whole of a real view."""
    return joined(value)


@op(name="_as_complex_put")
def _as_complex_put(input: Array, value: Array) -> Array:
    """Write the whole of a complex view."""
    return pairs(value)


def _to_real(at: Strides) -> Strides:
    return (*at[0], 2), (*[2 * s for s in at[1]], 1), 2 * at[2]


def _to_complex(at: Strides) -> Strides:
    return at[0][:-1], tuple(s // 2 for s in at[1][:-1]), at[2] // 2


def view_as_real(input: Any) -> Any:
    """Return a view of a complex tensor with its real and imaginary parts along a new last dimension.

    Raises:
        DtypeError: the tensor is real.

    Example:
        >>> import jax.numpy as jnp
        >>> view_as_real(jnp.array([1 + 2j])).tolist()
        [[1.0, 2.0]]

    Source: ``torch.view_as_real``.
    """
    if not as_dtype(input.dtype).is_complex:
        raise DtypeError(message("view_as_real", "a complex tensor", describe(input), "use .unsqueeze(-1)"))
    return taken(input, _as_real, _as_real_put, _to_real)


def view_as_complex(input: Any) -> Any:
    """Return a view of pairs of real numbers, which lie along the last dimension, as complex numbers.

    Raises:
        DtypeError: not float32 or float64 (XLA has no complex numbers of half precision).
        ShapeError: the last dimension has not two elements, or pairs do not lie side by side in torch's
            layout.

    Example:
        >>> import jax.numpy as jnp
        >>> view_as_complex(jnp.array([[1.0, 2.0]])).tolist()
        [(1+2j)]

    Source: ``torch.view_as_complex``.
    """
    who, shape = "view_as_complex", tuple(input.shape)
    kind = as_dtype(input.dtype)
    if kind.name not in ("float32", "float64"):
        fix = "convert it with .float()"
        raise DtypeError(message(who, "a float32 or float64 tensor", describe(input), fix))
    if not shape or shape[-1] != 2:
        raise ShapeError(message(who, "a last dimension of size 2", describe(input), "reshape it"))
    if isinstance(input, Handle) and input._view is not None:
        _, strides, offset = layout(input)
        if strides[-1] != 1 or offset % 2 or any(s % 2 for s in strides[:-1]):
            got = f"strides {strides} and storage_offset {offset}"
            fix = "call .contiguous() first"
            raise ShapeError(
                message(who, "a last stride of 1, and even ones and an even offset else", got, fix)
            )
    return taken(input, _as_complex, _as_complex_put, _to_complex)
