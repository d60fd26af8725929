"""Complex tensors from real ones: by real and imaginary part, and by modulus and angle."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import broadcast


def _check(who: str, x: Array, y: Array) -> None:
    if x.dtype != y.dtype or x.dtype not in (jnp.float32, jnp.float64):
        got = f"{describe(x)} and {describe(y)}"
        raise errors.DtypeError(message(who, "two float32 or two float64 tensors", got, "convert with .to"))
    broadcast(who, x, y)


@op(name="complex")
def complex_(real: Array, imag: Array) -> Array:
    """real + i·imag, elementwise with broadcasting.

    Args:
        real: float32 or float64.
        imag: of the same type.

    Raises:
        DtypeError: the types differ, or are others.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> complex_(jnp.array([1.0]), jnp.array([2.0])).tolist()
        [(1+2j)]

    Source: ``torch.complex``. Deviation: no float16, as XLA has no 32-bit complex.
    """
    _check("complex", real, imag)
    return jax.lax.complex(*jnp.broadcast_arrays(real, imag))


@op
def polar(abs: Array, angle: Array) -> Array:
    """abs · (cos(angle) + i·sin(angle)), elementwise with broadcasting; the angle in radians.

    Raises:
        DtypeError: the types differ, or are neither float32 nor float64.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> polar(jnp.array([2.0]), jnp.array([0.0])).tolist()
        [(2+0j)]

    Source: ``torch.polar``.
    """
    _check("polar", abs, angle)
    return jax.lax.complex(abs * jnp.cos(angle), abs * jnp.sin(angle))
