"""Functions of complex numbers at infinities and NaN, where XLA gives NaN in both parts and C99 more.

Each is jnp's function of the same name, corrected where a part of the argument is not finite.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from xlagrad.ops.common import is_complex

Array = jax.Array
#: What a correction is: where, and the real and the imaginary part there.
Part = Array | float
Correction = tuple[Array, Part, Part]


def _corrected(
    function: Callable[[Array], Array], corrections: Callable[[Array, Array], tuple[Correction, ...]]
) -> Callable[[Array], Array]:
    """Return a function with other values, which pass no gradient, at some arguments."""

    def at(x: Array) -> Array:
        found = function(x)
        if not is_complex(x):
            return found
        a, b = lax.stop_gradient(x.real), lax.stop_gradient(x.imag)
        for where, real, imag in corrections(a, b):
            value = lax.complex(*(jnp.broadcast_to(v, a.shape).astype(a.dtype) for v in (real, imag)))
            found = jnp.where(where, value, found)
        return found

    return at


def _exponential(limit: float) -> Callable[[Array, Array], tuple[Correction, ...]]:
    def corrections(a: Array, b: Array) -> tuple[Correction, ...]:
        turning = ~jnp.isfinite(b)
        return (turning & (a == jnp.inf), jnp.inf, jnp.nan), (turning & (a == -jnp.inf), limit, 0.0)

    return corrections


def _logarithm(a: Array, b: Array) -> tuple[Correction, ...]:
    far = (jnp.isinf(a) & jnp.isnan(b)) | (jnp.isnan(a) & jnp.isinf(b))
    return ((far, jnp.inf, jnp.nan),)


def _root(a: Array, b: Array) -> tuple[Correction, ...]:
    lost = jnp.isnan(b)
    return (lost & (a == jnp.inf), jnp.inf, jnp.nan), (lost & (a == -jnp.inf), jnp.nan, jnp.inf)


def _cosh(a: Array, b: Array) -> tuple[Correction, ...]:
    turning = ~jnp.isfinite(b)
    return (turning & (a == 0), jnp.nan, 0.0), (turning & jnp.isinf(a), jnp.inf, jnp.nan)


def _sinh(a: Array, b: Array) -> tuple[Correction, ...]:
    return ((~jnp.isfinite(b) & ((a == 0) | jnp.isinf(a)), a, jnp.nan),)


def _tanh(a: Array, b: Array) -> tuple[Correction, ...]:
    far = jnp.isinf(a) & jnp.isfinite(b)
    ends = far, jnp.copysign(jnp.ones_like(a), a), jnp.copysign(jnp.zeros_like(b), b)
    return (~jnp.isfinite(b) & (a == 0), a, jnp.nan), ends


def _arccos(a: Array, b: Array) -> tuple[Correction, ...]:
    return ((jnp.isnan(b) & (a == 0), np.pi / 2, jnp.nan),)


def _arccosh(a: Array, b: Array) -> tuple[Correction, ...]:
    return ((jnp.isnan(b) & (a == 0), jnp.nan, np.pi / 2),)


def _arcsinh(a: Array, b: Array) -> tuple[Correction, ...]:
    return ((jnp.isnan(a) & (b == 0), jnp.nan, b),)


def _arctanh(a: Array, b: Array) -> tuple[Correction, ...]:
    lost, edge = jnp.isnan(b), (a == 0) | jnp.isinf(a)
    nan = (lost & ~edge) | (jnp.isnan(a) & jnp.isfinite(b))
    return (lost & edge, jnp.copysign(jnp.zeros_like(a), a), jnp.nan), (nan, jnp.nan, jnp.nan)


exp = _corrected(jnp.exp, _exponential(0.0))
expm1 = _corrected(jnp.expm1, _exponential(-1.0))
log = _corrected(jnp.log, _logarithm)
log1p = _corrected(jnp.log1p, _logarithm)
sqrt = _corrected(jnp.sqrt, _root)
cosh = _corrected(jnp.cosh, _cosh)
sinh = _corrected(jnp.sinh, _sinh)
tanh = _corrected(jnp.tanh, _tanh)
arccos = _corrected(jnp.arccos, _arccos)
arccosh = _corrected(jnp.arccosh, _arccosh)
arcsinh = _corrected(jnp.arcsinh, _arcsinh)
arctanh = _corrected(jnp.arctanh, _arctanh)
