"""Views between kinds of elements: complex numbers as pairs of real ones, and bits as another type."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.dtypes import as_dtype, as_jax
from xlagrad.core.errors import DtypeError, ShapeError, describe, message
from xlagrad.core.handle import Handle
from xlagrad.core.view import Strides, layout
from xlagrad.ops.common import is_bool, is_complex
from xlagrad.ops.view import taken


def _pairs(x: Array) -> Array:
    return jnp.stack([jnp.real(x), jnp.imag(x)], axis=-1)


def _joined(x: Array) -> Array:
    return jax.lax.complex(x[..., 0], x[..., 1])


@op(name="_as_real")
def _as_real(input: Array) -> Array:
    """Real and imaginary parts along a new last dimension."""
    return _pairs(input)


@op(name="_as_complex")
def _as_complex(input: Array) -> Array:
    """Complex numbers of the pairs along the last dimension."""
    return _joined(input)


@op(name="_as_real_put")
def _as_real_put(input: Array, value: Array) -> Array:
    """Write the whole of a real view."""
    return _joined(value)


@op(name="_as_complex_put")
def _as_complex_put(input: Array, value: Array) -> Array:
    """Write the whole of a complex view."""
    return _pairs(value)


def _to_real(at: Strides) -> Strides:
    return (*at[0], 2), (*[2 * s for s in at[1]], 1), 2 * at[2]


def _to_complex(at: Strides) -> Strides:
    return at[0][:-1], tuple(s // 2 for s in at[1][:-1]), at[2] // 2


def view_as_real(input: Any) -> Any:
    """Return a view of a complex tensor with its real and imaginary parts along a new last dimension.

    Raises:
        DtypeError: the tensor is real.

    Example:
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


def _bits(x: Array, dtype: Any) -> Array:
    """Return the bits of ``x`` as another type of real numbers; narrower ones along a new last dimension."""
    x = x.astype(jnp.uint8) if is_bool(x) else x
    if dtype == jnp.bool_:
        return jax.lax.bitcast_convert_type(x, jnp.uint8) != 0
    return jax.lax.bitcast_convert_type(x, dtype)


def reinterpret(x: Array, dtype: Any) -> Array:
    """Return the bits of an array as another type: the last dimension grows or shrinks as elements do.

    Example:
        >>> reinterpret(jnp.array([1.0], jnp.float32), jnp.dtype("int32")).tolist()
        [1065353216]
    """
    if is_complex(x):
        pairs = _pairs(x)
        flat = pairs.reshape(*x.shape[:-1], -1) if x.ndim else pairs
        return reinterpret(flat, dtype) if x.ndim or dtype.kind != "c" else x.astype(dtype)
    if dtype.kind == "c":
        real = jnp.dtype(f"float{dtype.itemsize * 4}")
        halves = reinterpret(x, real)
        return _joined(halves.reshape(*halves.shape[:-1], -1, 2))
    have, want = x.dtype.itemsize, dtype.itemsize
    if have == want:
        return _bits(x, dtype)
    if have > want:
        return _bits(x, dtype).reshape(*x.shape[:-1], -1)
    return _bits(x.reshape(*x.shape[:-1], -1, want // have), dtype)


@op(name="_reinterpret")
def _reinterpret(input: Array, dtype: Any) -> Array:
    """The bits as another type."""
    return reinterpret(input, as_jax(dtype))


@op(name="_reinterpret_put")
def _reinterpret_put(input: Array, value: Array, dtype: Any) -> Array:
    """Write the whole of a view of the bits."""
    return reinterpret(value, input.dtype).reshape(input.shape)


def view_bits(input: Any, dtype: Any) -> Any:
    """Return a view of the bits of ``input`` as another type; the last dimension grows or shrinks to fit.

    No gradient passes. See ``Tensor.view``.

    Raises:
        ShapeError: a 0-d tensor whose elements would change size, or a last dimension that does not divide.
    """
    target, have = as_jax(dtype), as_jax(as_dtype(input.dtype)).itemsize
    shape, want = tuple(input.shape), target.itemsize
    if have != want:
        divides = bool(shape) and (shape[-1] * have) % want == 0
        if isinstance(input, Handle) and shape and input._view is not None:
            _, strides, offset = layout(input)
            even = all(s * have % want == 0 for s in (*strides[:-1], offset))
            divides = divides and strides[-1] == 1 and even
        if not divides:
            fix = "call .contiguous(), or give the last dimension a length that divides"
            expected = f"a last dimension of neighbours whose bytes make whole {target.name} numbers"
            raise ShapeError(message("view", expected, describe(input), fix))

    def move(at: Strides) -> Strides:
        def scaled(n: int) -> int:
            return n * have // want

        sizes, strides, offset = at
        if have == want:
            return at
        return (*sizes[:-1], scaled(sizes[-1])), (*map(scaled, strides[:-1]), 1), scaled(offset)

    return taken(input, _reinterpret, _reinterpret_put, move, dtype=as_dtype(target))
