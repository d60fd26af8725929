"""The bits of elements as another type, which is what ``Tensor.view(dtype)`` gives."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.dtypes import as_dtype, as_jax
from xlagrad.core.errors import ShapeError, describe, message
from xlagrad.core.handle import Handle
from xlagrad.core.view import Strides, layout, taken
from xlagrad.ops.common import is_bool, is_complex


def pairs(x: Array) -> Array:
    """Return the real and imaginary parts along a new last dimension."""
    return jnp.stack([jnp.real(x), jnp.imag(x)], axis=-1)


def joined(x: Array) -> Array:
    """Return the complex numbers of the pairs along the last dimension."""
    return jax.lax.complex(x[..., 0], x[..., 1])


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
        halves = pairs(x)
        flat = halves.reshape(*x.shape[:-1], -1) if x.ndim else halves
        return reinterpret(flat, dtype) if x.ndim or dtype.kind != "c" else x.astype(dtype)
    if dtype.kind == "c":
        real = jnp.dtype(f"float{dtype.itemsize * 4}")
        halves = reinterpret(x, real)
        return joined(halves.reshape(*halves.shape[:-1], -1, 2))
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
