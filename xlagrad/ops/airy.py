"""The Airy function."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.ops.series import chebyshev, evaluate

# Ai itself between -4 and 2; its amplitude over e^-ζ beyond 2, in 1/ζ; those of sine and cosine below -4, in
# 1/ζ². Interpolated with 40 digits at 60 to 80 Chebyshev nodes, cut below 3e-18 of the largest coefficient.
_MIDDLE = (
    0.06078525685079726, 0.18996030881729123, -0.250924387032336, -0.09512014013503055, 0.20236324198370076,
    -0.06418728306305249, -0.026814703186039963, 0.024051904281273857, -0.00413259164974895,
    -0.0020196817905494225, 0.0011250768750654559, -0.00011697538709676606, -7.125499253060682e-05,
    2.8167833107042442e-05, -1.7594742389691562e-06, -1.4587201524168717e-06, 4.388747958436033e-07,
    -1.4627095866197506e-08, -1.9495992841846798e-08, 4.660552774163884e-09, -5.106245117904234e-11,
    -1.8343326708789198e-10, 3.5857642041278925e-11, 2.658241327479573e-13, -1.2805447574198059e-12,
    2.0885896604502407e-13, 4.8741837202287105e-15, -6.895080927885035e-15, 9.51965014570017e-16,
    3.5978991422145034e-17, -2.9502705833721254e-17, 3.483989442459416e-18,
)  # fmt: skip
_DECAY = (
    0.9844053049171552, -0.014792784850104199, 0.0007327177465426715, -6.12595423417825e-05,
    6.83476697557269e-06, -9.237229735403982e-07, 1.436225340438052e-07, -2.489319422322096e-08,
    4.709793440054328e-09, -9.583863708112733e-10, 2.0745855483677591e-10, -4.737267332192277e-11,
    1.1336099808224236e-11, -2.827706782319351e-12, 7.320712095125598e-13, -1.9599793911089723e-13,
    5.4101162570683925e-14, -1.5356466802223836e-14, 4.472340393300025e-15, -1.3338094674756683e-15,
    4.066582046456231e-16, -1.265583225645289e-16, 4.015126334015871e-17, -1.2969972135960937e-17,
    4.2613499074124e-18,
)  # fmt: skip
_SINE = (
    0.9993708890742778, -0.0006216836584374116, 7.181193774368645e-06, -2.316269813501758e-07,
    1.3216283888528755e-08, -1.0938736172758127e-09, 1.1794620737908535e-10, -1.5518841909929856e-11,
    2.386927411492466e-12, -4.16552889201035e-13, 8.071678110741467e-14, -1.708757321110567e-14,
    3.902945148540815e-15, -9.523976784907064e-16, 2.4632810885752603e-16, -6.709077463464858e-17,
    1.913939683718707e-17, -5.69308436211377e-18,
)  # fmt: skip
_COSINE = (
    0.06882170556308001, -0.0006089151840832694, 1.3174151014089972e-05, -6.014071912908298e-07,
    4.327537342298499e-08, -4.247731732954726e-09, 5.232285376834493e-10, -7.672290975115024e-11,
    1.2923809452698712e-11, -2.43852975710829e-12, 5.059047237872084e-13, -1.1378513792256329e-13,
    2.7441377308322258e-14, -7.03448211263258e-15, 1.9032114367198917e-15, -5.403040541409308e-16,
    1.6016711026585234e-16, -4.9375274403528065e-17, 1.5773435797781153e-17, -5.206129581838458e-18,
    1.7706787947400164e-18, -6.191669620783275e-19, 2.2214932182107093e-19,
)  # fmt: skip


def _phase(size: Array) -> Array:
    return size * jnp.sqrt(size) * (2 / 3)


def _decaying(x: Array) -> Array:
    x = jnp.maximum(x, 2)
    zeta = _phase(x)
    t = 2 * (2 / 3 * 2**1.5) / zeta - 1
    return jnp.exp(-zeta) * chebyshev(_DECAY, t) / (2 * math.sqrt(math.pi) * jnp.sqrt(jnp.sqrt(x)))


def _oscillating(x: Array) -> Array:
    size = jnp.maximum(-x, 4)
    zeta = _phase(size)
    t = 2 * (2 / 3 * 4**1.5 / zeta) ** 2 - 1
    sine, cosine = jnp.sin(zeta), jnp.cos(zeta)
    # The sine and cosine of ζ + π/4, √2 times, which keeps the precision of large ζ.
    wave = (sine + cosine) * chebyshev(_SINE, t) - (cosine - sine) * chebyshev(_COSINE, t) / zeta
    return wave * lax.rsqrt(2 * math.pi * jnp.sqrt(size))


def _airy(x: Array) -> Array:
    middle = chebyshev(_MIDDLE, (jnp.clip(x, -4, 2) + 1) / 3)
    value = jnp.where(x > 2, _decaying(x), jnp.where(x < -4, _oscillating(x), middle))
    return jnp.where(jnp.isinf(x), jnp.nan, value).astype(x.dtype)


@op(differentiable=False)
def airy_ai(input: Array) -> Array:
    """Ai(input), the Airy function of the first kind; NaN at infinity. It has no gradient.

    Example:
        >>> bool(abs(airy_ai(jnp.array(0.0)) - 0.3550281) < 1e-6)
        True

    Source: ``torch.special.airy_ai``.
    """
    return evaluate("airy_ai", _airy, input)
