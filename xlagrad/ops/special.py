"""The error function, the normal distribution's, entropy, and products with logarithms, elementwise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy import special as jsp

from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.ops.arithmetic import float_pair
from xlagrad.ops.series import chebyshev, evaluate

# (1 + 2x) e^(x²) erfc(x) in (x - 3.75) / (x + 3.75): interpolated with 40 digits at 60 Chebyshev nodes, cut
# below 3e-18 of the largest coefficient.
_ERFCX = (
    1.1775789345674017, -0.004590054580646478, -0.08424913336651792, 0.05920993999819189,
    -0.026658668435305753, 0.009074997670705265, -0.002413163540417608, 0.0004907758365258086,
    -6.916973302501207e-05, 4.13902798607301e-06, 7.74038306619849e-07, -2.1886401049234397e-07,
    1.076499946567091e-08, 4.521959811218287e-09, -7.754400208831351e-10, -6.318088340886684e-11,
    2.86879501093067e-11, 1.9455868545777347e-13, -9.65469674843344e-13, 3.25254814814874e-14,
    3.3478119482868056e-14, -1.864562880419313e-15, -1.2507950530688648e-15, 7.418235256624044e-17,
    5.068148904796111e-17,
)  # fmt: skip


@op(method=True, inplace=True)
def erf(input: Array) -> Array:
    """2/√π · ∫₀ˣ exp(-t²) dt.

    Example:
        >>> erf(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.erf``.
    """
    return evaluate("erf", lax.erf, input)


@op(method=True, inplace=True)
def erfc(input: Array) -> Array:
    """1 - erf(input), accurate for large input.

    Example:
        >>> erfc(jnp.array([0.0])).tolist()
        [1.0]

    Source: ``torch.erfc``.
    """
    return evaluate("erfc", lax.erfc, input)


@jax.custom_jvp
def _erfinv(y: Array) -> Array:
    x = lax.erf_inv(y)
    # One step of Newton's method gives the last digits of float64.
    step = (lax.erf(x) - y) * (math.sqrt(math.pi) / 2) * jnp.exp(x * x)
    return jnp.where(jnp.isfinite(step), x - step, x)


@_erfinv.defjvp
def _erfinv_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    x = _erfinv(*primals)
    return x, tangents[0] * (math.sqrt(math.pi) / 2) * jnp.exp(x * x)


@op(method=True, inplace=True)
def erfinv(input: Array) -> Array:
    """The inverse of erf; infinite at -1 and 1, NaN beyond.

    Example:
        >>> erfinv(jnp.array([0.0])).tolist()
        [0.0]

    Source: ``torch.erfinv``.
    """
    return evaluate("erfinv", _erfinv, input)


@jax.custom_jvp
def _erfcx(x: Array) -> Array:
    size = jnp.abs(x)
    found = chebyshev(_ERFCX, 1 - 7.5 / (size + 3.75)) / (1 + 2 * size)
    return jnp.where(x < 0, 2 * jnp.exp(x * x) - found, found)


@_erfcx.defjvp
def _erfcx_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,) = primals
    out = _erfcx(x)
    return out, tangents[0] * (2 * x * out - 2 / math.sqrt(math.pi))


@op
def erfcx(input: Array) -> Array:
    """e^(input²) · erfc(input), which does not underflow.

    Example:
        >>> erfcx(jnp.array([0.0])).tolist()
        [1.0]

    Source: ``torch.special.erfcx``.
    """
    return evaluate("erfcx", _erfcx, input)


@op
def ndtr(input: Array) -> Array:
    """The probability that a standard normal number is less than ``input``.

    Example:
        >>> ndtr(jnp.array([0.0])).tolist()
        [0.5]

    Source: ``torch.special.ndtr``; ours keeps its relative precision far below zero.
    """
    return evaluate("ndtr", lambda x: 0.5 * lax.erfc(-x * math.sqrt(0.5)), input)


@jax.custom_jvp
def _hazard(x: Array) -> Array:
    """The density over the probability, which is the slope of the logarithm of the latter."""
    return math.sqrt(2 / math.pi) / _erfcx(-x * math.sqrt(0.5))


@_hazard.defjvp
def _hazard_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,) = primals
    out = _hazard(x)
    return out, tangents[0] * -out * (x + out)


@jax.custom_jvp
def _log_ndtr(x: Array) -> Array:
    y = x * math.sqrt(0.5)
    low = jnp.minimum(y, 0)
    below = jnp.log(_erfcx(-low) / 2) - low * low
    return jnp.where(x < -1, below, jnp.log1p(-lax.erfc(y) / 2))


@_log_ndtr.defjvp
def _log_ndtr_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,) = primals
    return _log_ndtr(x), tangents[0] * _hazard(x)


@op
def log_ndtr(input: Array) -> Array:
    """ln ndtr(input), accurate on both sides.

    Example:
        >>> bool(abs(log_ndtr(jnp.array(0.0)) - math.log(0.5)) < 1e-6)
        True

    Source: ``torch.special.log_ndtr``.
    """
    return evaluate("log_ndtr", _log_ndtr, input)


@jax.custom_jvp
def _ndtri(p: Array) -> Array:
    return jsp.ndtri(p)


@_ndtri.defjvp
def _ndtri_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    out = _ndtri(*primals)
    return out, tangents[0] * math.sqrt(2 * math.pi) * jnp.exp(out * out / 2)


@op
def ndtri(input: Array) -> Array:
    """The inverse of `ndtr`; infinite at 0 and 1, NaN beyond.

    Example:
        >>> ndtri(jnp.array([0.5])).tolist()
        [0.0]

    Source: ``torch.special.ndtri``.
    """
    return evaluate("ndtri", _ndtri, input)


@jax.custom_jvp
def _entr(x: Array) -> Array:
    inside = -x * jnp.log(jnp.where(x > 0, x, 1))
    return jnp.where(x < 0, -jnp.inf, inside).astype(x.dtype)


@_entr.defjvp
def _entr_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,) = primals
    return _entr(x), tangents[0] * -(1 + jnp.log(x))


@op
def entr(input: Array) -> Array:
    """-input · ln(input): 0 at 0 and -inf below.

    Example:
        >>> entr(jnp.array([0.0, 1.0])).tolist()
        [-0.0, -0.0]

    Source: ``torch.special.entr``.
    """
    return evaluate("entr", _entr, input)


def _log_product(log: Callable[[Array], Array], start: float) -> Callable[[Array, Array], Array]:
    """Return x · log(y) for a logarithm that begins at ``start``: 0 where x is 0, whatever y but NaN."""

    @jax.custom_jvp
    def product(x: Array, y: Array) -> Array:
        gone = (x == 0) & ~jnp.isnan(y)
        return jnp.where(gone, 0, x * log(jnp.where(gone, start + 1, y)))

    @product.defjvp
    def product_jvp(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
        (x, y), (dx, dy) = primals, tangents
        gone = (x == 0) & (y <= start)
        slope = jnp.where(gone, 0, log(jnp.where(gone, start + 1, y)))
        return product(x, y), dx * slope + dy * (x / (y - start))

    return product


_xlogy = _log_product(jnp.log, 0)
_xlog1py = _log_product(jnp.log1p, -1)


@op(method=True, inplace=True)
def xlogy(input: ArrayLike, other: ArrayLike) -> Array:
    """input · ln(other), and 0 where ``input`` is 0 unless ``other`` is NaN.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> xlogy(jnp.array([0.0, 2.0]), jnp.array([0.0, 1.0])).tolist()
        [0.0, 0.0]

    Source: ``torch.xlogy``; also its gradient by ``other``, which is NaN where both are 0.
    """
    return evaluate("xlogy", _xlogy, *jnp.broadcast_arrays(*float_pair("xlogy", input, other)))


@op
def xlog1py(input: ArrayLike, other: ArrayLike) -> Array:
    """input · ln(1 + other), and 0 where ``input`` is 0 unless ``other`` is NaN.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> xlog1py(jnp.array([0.0, 2.0]), jnp.array([-1.0, 0.0])).tolist()
        [0.0, 0.0]

    Source: ``torch.special.xlog1py``; also its gradient by ``other``, which is NaN where that is -1 and
    ``input`` is 0.
    """
    return evaluate("xlog1py", _xlog1py, *jnp.broadcast_arrays(*float_pair("xlog1py", input, other)))
