"""Bessel functions of the first and second kind, orders 0 and 1.

Up to 5 each is a Chebyshev series in x², zeros, logarithm and pole taken out; beyond, two amplitudes times
the sine and the cosine of a phase. The coefficients were interpolated with 40 digits at 40 and 70 Chebyshev
nodes and cut below 3e-18 of the largest.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.ops.series import chebyshev, evaluate

# The squares of the first zeros of J₀ and J₁, taken out of their series so that they are zero there.
_ZERO0, _ZERO1 = 5.783185962946784, 14.681970642123893
_J0 = (
    -0.07405174056387834, 0.07995724165008089, -0.01689860151045831, 0.0018734993201736279,
    -0.00012786334214099545, 5.919230226082256e-06, -1.9827937012047592e-07, 5.032513126170568e-09,
    -1.0017563061986844e-10, 1.606362191368658e-12, -2.119981793307844e-14, 2.3433615705472256e-16,
    -2.2014527429358544e-18,
)  # fmt: skip
_J1 = (
    -0.018028415801166292, 0.013661487082063361, -0.0021632651559238044, 0.0001909490103660189,
    -1.0816174736957452e-05, 4.278886056259686e-07, -1.251337564352681e-08, 2.8183488843903415e-10,
    -5.042568567278396e-12, 7.34347631506432e-14, -8.876744102278278e-16, 9.051454724528835e-18,
    -7.891777052481785e-20,
)  # fmt: skip
_Y0 = (
    0.20605257634092228, -0.13017522381095709, -0.291894720865317, 0.10268287966073635,
    -0.014279159901781987, 0.0011164629864165486, -5.677525113380376e-05, 2.0406703657627165e-06,
    -5.476431029755533e-08, 1.141220652090372e-09, -1.9021689490013906e-11, 2.5954970583106197e-13,
    -2.9540707750193604e-15, 2.848154182311252e-17,
)  # fmt: skip
_Y1 = (
    0.0531074450560213, 0.14189450894667655, -0.08834328868289824, 0.017111109934210778,
    -0.0017057852565133666, 0.000105257530278434, -4.44507526565354e-06, 1.3699277670028168e-07,
    -3.222883768023259e-09, 5.984534092223177e-11, -9.000965667133812e-13, 1.1194186560306676e-14,
    -1.1707921590181557e-16, 1.0444110354608508e-18,
)  # fmt: skip
_P0 = (
    0.9986523398776954, -0.00132937162125028, 1.761305551290559e-05, -6.319367118733069e-07,
    3.948825587093808e-08, -3.5409678948019087e-09, 4.103246366872386e-10, -5.765747662655223e-11,
    9.423105578391987e-12, -1.7401405706283885e-12, 3.5557750052411783e-13, -7.914641501338115e-14,
    1.8959456362961828e-14, -4.841483019175697e-15, 1.3078555195901338e-15, -3.714050821413154e-16,
    1.103023177871277e-16, -3.410936210498114e-17, 1.0942187869810236e-17, -3.629905673795297e-18,
)  # fmt: skip
_Q0 = (
    -0.12364702582167493, 0.0013190194049922607, -3.218799121266175e-05, 1.6237093205642789e-06,
    -1.2743289742032805e-07, 1.3513032763134409e-08, -1.785075905119705e-09, 2.79085713479036e-10,
    -4.988908027652833e-11, 9.950713667806645e-12, -2.1751206043008833e-12, 5.140127162427605e-13,
    -1.2993242656059178e-13, 3.4837635776889786e-14, -9.84005757254373e-15, 2.9115274918592e-15,
    -8.982151171303344e-16, 2.877768906557925e-16, -9.542905011731343e-17, 3.2658161943648366e-17,
    -1.150518178532616e-17, 4.16320426537859e-18, -1.544369143900366e-18, 5.8629592355191775e-19,
)  # fmt: skip
_P1 = (
    1.00226762068534, 0.0022437352958079985, -2.3071018862548286e-05, 7.639181732533905e-07,
    -4.589685232343401e-08, 4.020515478419001e-09, -4.586773977170972e-10, 6.373158962859246e-11,
    -1.0327344567640412e-11, 1.8943274995111034e-12, -3.849703387824105e-13, 8.529914525779044e-14,
    -2.03544697865723e-14, 5.180421738900549e-15, -1.3953502148258493e-15, 3.9523601713314257e-16,
    -1.171117080126803e-16, 3.614078564738109e-17, -1.1572356053251518e-17, 3.832473906744907e-18,
)  # fmt: skip
_Q1 = (
    0.37308734621468637, -0.0018705189681051477, 4.0056994520460306e-05, -1.914402839085632e-06,
    1.458816510742199e-07, -1.5183398644673165e-08, 1.979922260589517e-09, -3.065981449437696e-10,
    5.440233592059753e-11, -1.0786652192538468e-11, 2.346352831758894e-12, -5.522046856541826e-13,
    1.390972848139383e-13, -3.7181516752164614e-14, 1.0474063117829167e-14, -3.091784202917912e-15,
    9.518051831081499e-16, -3.0436450667050517e-16, 1.0075487579997493e-16, -3.4426306619813246e-17,
    1.2110503970221687e-17, -4.376388902428328e-18, 1.6214444005747313e-18,
)  # fmt: skip


def _near(coefficients: tuple[float, ...], x: Array) -> Array:
    """Return a series in x² for 0 <= x <= 5."""
    return chebyshev(coefficients, jnp.minimum(x * x, 25) / 12.5 - 1)


def _wave(order: int, x: Array) -> tuple[Array, Array]:
    """Return J and Y of an order for x >= 5, from their common amplitudes.

    The sine and cosine of x - π/4 are formed from those of x: the difference would round large x.
    """
    x = jnp.maximum(x, 5)
    t = 50 / (x * x) - 1
    p, q = (chebyshev(c, t) for c in ((_P0, _Q0), (_P1, _Q1))[order])
    q = q / x
    sine, cosine = jnp.sin(x), jnp.cos(x)
    if order == 0:
        sine, cosine = sine - cosine, sine + cosine
    else:
        sine, cosine = -sine - cosine, sine - cosine
    scale = lax.rsqrt(math.pi * x)
    return scale * (p * cosine - q * sine), scale * (p * sine + q * cosine)


def _j0(x: Array) -> Array:
    x = jnp.abs(x)
    z = x * x
    return jnp.where(x <= 5, (z - _ZERO0) * _near(_J0, x), _wave(0, x)[0])


def _j1(x: Array) -> Array:
    size = jnp.abs(x)
    z = x * x
    return jnp.where(size <= 5, x * (z - _ZERO1) * _near(_J1, size), jnp.sign(x) * _wave(1, size)[0])


def _second(x: Array, near: Array, far: Array) -> Array:
    """Return a function of the second kind: its branches, -inf at 0, NaN below."""
    value = jnp.where(x <= 5, near, far)
    return jnp.where(x == 0, -jnp.inf, jnp.where(x < 0, jnp.nan, value)).astype(x.dtype)


def _y0(x: Array) -> Array:
    near = _near(_Y0, x) + (2 / math.pi) * jnp.log(jnp.abs(x)) * _j0(x)
    return _second(x, near, _wave(0, x)[1])


def _y1(x: Array) -> Array:
    near = x * _near(_Y1, x) + (2 / math.pi) * (jnp.log(jnp.abs(x)) * _j1(x) - 1 / x)
    return _second(x, near, _wave(1, x)[1])


@op(differentiable=False)
def bessel_j0(input: Array) -> Array:
    """J₀(input), the Bessel function of the first kind of order 0; NaN at infinity. It has no gradient.

    Example:
        >>> bessel_j0(jnp.array([0.0])).tolist()
        [1.0]

    Source: ``torch.special.bessel_j0``.
    """
    return evaluate("bessel_j0", _j0, input)


@op(differentiable=False)
def bessel_j1(input: Array) -> Array:
    """J₁(input), the Bessel function of the first kind of order 1; NaN at infinity. It has no gradient.

    Example:
        >>> bessel_j1(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.special.bessel_j1``.
    """
    return evaluate("bessel_j1", _j1, input)


@op(differentiable=False)
def bessel_y0(input: Array) -> Array:
    """Y₀(input), the Bessel function of the second kind of order 0; -inf at 0, NaN below. It has no gradient.

    Example:
        >>> bessel_y0(jnp.array([0.0])).tolist()
        [-inf]

    Source: ``torch.special.bessel_y0``.
    """
    return evaluate("bessel_y0", _y0, input)


@op(differentiable=False)
def bessel_y1(input: Array) -> Array:
    """Y₁(input), the Bessel function of the second kind of order 1; -inf at 0, NaN below. It has no gradient.

    Example:
        >>> bessel_y1(jnp.array([0.0])).tolist()
        [-inf]

    Source: ``torch.special.bessel_y1``.
    """
    return evaluate("bessel_y1", _y1, input)


@op(differentiable=False)
def spherical_bessel_j0(input: Array) -> Array:
    """sin(input) / input, the spherical Bessel function of order 0; 0 at infinity. It has no gradient.

    Example:
        >>> spherical_bessel_j0(jnp.array([0.0])).tolist()
        [1.0]

    Source: ``torch.special.spherical_bessel_j0``.
    """

    def quotient(x: Array) -> Array:
        plain = jnp.where((x == 0) | jnp.isinf(x), 1, x)
        return jnp.where(x == 0, 1, jnp.where(jnp.isinf(x), 0, jnp.sin(plain) / plain))

    return evaluate("spherical_bessel_j0", quotient, input)
