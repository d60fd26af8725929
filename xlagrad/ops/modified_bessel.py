"""Modified Bessel functions of the first and second kind, orders 0 and 1, also scaled exponentially."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy import special as jsp

from xlagrad.core.dispatch import Array, op
from xlagrad.ops.kinks import unit
from xlagrad.ops.series import chebyshev, evaluate

# Series of Kₙ without logarithm and pole in x² for x <= 2, and of √x e^x Kₙ in 1/x beyond: interpolated
# with 40 digits at 40 and 80 Chebyshev nodes, cut below 3e-18 of the largest coefficient.
_K0_SMALL = (
    -0.2676636966169514, 0.3442898999246285, 0.0359799365153615, 0.001264615411446926,
    2.286212103119452e-05, 2.5347910790261494e-07, 1.904516377220209e-09, 1.0349695257633625e-11,
    4.2598161427910826e-14, 1.3744654358807508e-16,
)  # fmt: skip
_K1_SMALL = (
    0.7626501136694739, -0.3531559607765449, -0.12261118082265715, -0.006975723859639864,
    -0.0001730288957513052, -2.4334061415659684e-06, -2.213387630734726e-08, -1.4114883926335278e-10,
    -6.666901694199329e-13, -2.427449850519366e-15, -7.023863479386288e-18,
)  # fmt: skip
_K0_LARGE = (
    1.2201515410329777, -0.0314481013119645, 0.0015698838857300533, -0.00012849549581627802,
    1.39498137188765e-05, -1.8317555227191195e-06, 2.766813639445015e-07, -4.660489897687948e-08,
    8.574034017414225e-09, -1.6975345093890614e-09, 3.5773972814003283e-10, -7.957489244477396e-11,
    1.8559491149549264e-11, -4.514597883374519e-12, 1.1403405882073441e-12, -2.9800969231481784e-13,
    8.032890775068375e-14, -2.2275133267462965e-14, 6.340076476276646e-15, -1.848593377920907e-15,
    5.5120559994043335e-16, -1.6782311257549006e-16, 5.2103917776435543e-17, -1.6475805939842632e-17,
    5.3004337711773354e-18,
)  # fmt: skip
_K1_LARGE = (
    1.3603130952422213, 0.10392373657681724, -0.002857816859622779, 0.00019521551847135162,
    -1.936197974166083e-05, 2.406484947837217e-06, -3.5019606030878126e-07, 5.7410841254500495e-08,
    -1.0345762465678097e-08, 2.0150497551970347e-09, -4.1903547593419254e-10, 9.218315187605315e-11,
    -2.129967838427791e-11, 5.139639673482343e-12, -1.2891739609498229e-12, 3.348419666052243e-13,
    -8.976705182010146e-14, 2.4771544242195988e-14, -7.0198370892147685e-15, 2.038703166239861e-15,
    -6.057047270643018e-16, 1.8380935752430455e-16, -5.689462849193648e-17, 1.7940510478863572e-17,
    -5.7567444820733025e-18,
)  # fmt: skip


def _half_at_zero(x: Array, value: Array) -> Array:
    """Return value / x, and its limit for I₁ at zero, 1/2."""
    return jnp.where(x == 0, 0.5, value / jnp.where(x == 0, 1, x)).astype(x.dtype)


# Each derivative is made of the other functions, so that all orders exist.
@jax.custom_jvp
def _i0(x: Array) -> Array:
    return jnp.exp(jnp.abs(x)) * jsp.i0e(x)


@jax.custom_jvp
def _i1(x: Array) -> Array:
    return jnp.exp(jnp.abs(x)) * jsp.i1e(x)


@jax.custom_jvp
def _i0e(x: Array) -> Array:
    return jsp.i0e(x)


@jax.custom_jvp
def _i1e(x: Array) -> Array:
    return jsp.i1e(x)


@_i0.defjvp
def _i0_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,) = primals
    return _i0(x), tangents[0] * _i1(x)


@_i1.defjvp
def _i1_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,) = primals
    out = _i1(x)
    return out, tangents[0] * (_i0(x) - _half_at_zero(x, out))


@_i0e.defjvp
def _i0e_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,) = primals
    out = _i0e(x)
    return out, tangents[0] * (_i1e(x) - unit(x) * out)


@_i1e.defjvp
def _i1e_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,) = primals
    out = _i1e(x)
    return out, tangents[0] * (_i0e(x) - unit(x) * out - _half_at_zero(x, out))


@op(method=True, inplace=True)
def i0(input: Array) -> Array:
    """I₀(input), the modified Bessel function of the first kind of order 0.

    Example:
        >>> bool(abs(i0(jnp.array(0.0)) - 1) < 1e-6)
        True

    Source: ``torch.i0``.
    """
    return evaluate("i0", _i0, input)


@op
def i1(input: Array) -> Array:
    """I₁(input), the modified Bessel function of the first kind of order 1.

    Example:
        >>> i1(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.special.i1``.
    """
    return evaluate("i1", _i1, input)


@op
def i0e(input: Array) -> Array:
    """e^-|input| · I₀(input), which does not overflow.

    Example:
        >>> bool(abs(i0e(jnp.array(0.0)) - 1) < 1e-6)
        True

    Source: ``torch.special.i0e``.
    """
    return evaluate("i0e", _i0e, input)


@op
def i1e(input: Array) -> Array:
    """e^-|input| · I₁(input), which does not overflow.

    Example:
        >>> i1e(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.special.i1e``.
    """
    return evaluate("i1e", _i1e, input)


@op(differentiable=False)
def modified_bessel_i0(input: Array) -> Array:
    """I₀(input) as `i0`, but without a gradient.

    Example:
        >>> bool(abs(modified_bessel_i0(jnp.array(0.0)) - 1) < 1e-6)
        True

    Source: ``torch.special.modified_bessel_i0``.
    """
    return evaluate("modified_bessel_i0", _i0, input)


@op(differentiable=False)
def modified_bessel_i1(input: Array) -> Array:
    """I₁(input) as `i1`, but without a gradient.

    Example:
        >>> modified_bessel_i1(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.special.modified_bessel_i1``.
    """
    return evaluate("modified_bessel_i1", _i1, input)


def _k0(x: Array, scaled: bool) -> Array:
    low = jnp.minimum(x, 2)
    near = chebyshev(_K0_SMALL, low * low / 2 - 1) - jnp.log(low / 2) * _i0(low)
    return _second(x, near, chebyshev(_K0_LARGE, _inverse(x)), scaled)


def _k1(x: Array, scaled: bool) -> Array:
    low = jnp.minimum(x, 2)
    near = chebyshev(_K1_SMALL, low * low / 2 - 1) / low + jnp.log(low / 2) * _i1(low)
    return _second(x, near, chebyshev(_K1_LARGE, _inverse(x)), scaled)


def _inverse(x: Array) -> Array:
    return 4 / jnp.maximum(x, 2) - 1


def _second(x: Array, near: Array, far: Array, scaled: bool) -> Array:
    """Return K from its branches, or e^x K: inf at 0, NaN below."""
    far = far * lax.rsqrt(jnp.maximum(x, 2))
    near, far = (near * jnp.exp(x), far) if scaled else (near, far * jnp.exp(-x))
    value = jnp.where(x <= 2, near, far)
    return jnp.where(x == 0, jnp.inf, jnp.where(x < 0, jnp.nan, value)).astype(x.dtype)


@op(differentiable=False)
def modified_bessel_k0(input: Array) -> Array:
    """K₀(input), the modified Bessel function of the second kind of order 0; inf at 0, NaN below.

    It has no gradient.

    Example:
        >>> modified_bessel_k0(jnp.array([0.0])).tolist()
        [inf]

    Source: ``torch.special.modified_bessel_k0``.
    """
    return evaluate("modified_bessel_k0", lambda x: _k0(x, False), input)


@op(differentiable=False)
def modified_bessel_k1(input: Array) -> Array:
    """K₁(input), the modified Bessel function of the second kind of order 1; inf at 0, NaN below.

    It has no gradient.

    Example:
        >>> modified_bessel_k1(jnp.array([0.0])).tolist()
        [inf]

    Source: ``torch.special.modified_bessel_k1``.
    """
    return evaluate("modified_bessel_k1", lambda x: _k1(x, False), input)


@op(differentiable=False)
def scaled_modified_bessel_k0(input: Array) -> Array:
    """e^input · K₀(input), which does not underflow. It has no gradient.

    Example:
        >>> scaled_modified_bessel_k0(jnp.array([0.0])).tolist()
        [inf]

    Source: ``torch.special.scaled_modified_bessel_k0``.
    """
    return evaluate("scaled_modified_bessel_k0", lambda x: _k0(x, True), input)


@op(differentiable=False)
def scaled_modified_bessel_k1(input: Array) -> Array:
    """e^input · K₁(input), which does not underflow. It has no gradient.

    Example:
        >>> scaled_modified_bessel_k1(jnp.array([0.0])).tolist()
        [inf]

    Source: ``torch.special.scaled_modified_bessel_k1``.
    """
    return evaluate("scaled_modified_bessel_k1", lambda x: _k1(x, True), input)
