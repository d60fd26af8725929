"""Orthogonal polynomials, elementwise: Chebyshev's of four kinds, Hermite's, Laguerre's and Legendre's."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import lax

from xlagrad.core.dispatch import Array, ArrayLike, op
from xlagrad.ops.arithmetic import float_pair
from xlagrad.ops.common import int64
from xlagrad.ops.series import evaluate

# p_(k+1) of k, x, p_k and p_(k-1).
Step = Callable[[Array, Array, Array, Array], Array]


def _recur(x: Array, n: Array, first: Array, step: Step) -> Array:
    """Return the polynomials of degrees ``n``, from those of degree 0, which is 1, and degree 1."""

    def going(state: tuple[Array, Array, Array]) -> Array:
        k, _, now = state
        return jnp.any((k < n) & ~jnp.isnan(now))

    def following(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        k, before, now = state
        later = step(k.astype(x.dtype), x, now, before)
        return k + 1, jnp.where(k < n, now, before), jnp.where(k < n, later, now)

    _, _, last = lax.while_loop(going, following, (jnp.ones((), n.dtype), jnp.ones_like(x), first))
    return jnp.where(n < 0, 0, jnp.where(n == 0, 1, last)).astype(x.dtype)


def _twice(k: Array, x: Array, now: Array, before: Array) -> Array:
    return 2 * x * now - before


def _chebyshev(x: Array, n: Array, first: Array, ends: tuple[Array, Array], wave: Array, least: int) -> Array:
    """Return a Chebyshev polynomial.

    Args:
        x: where.
        n: its degrees.
        first: the polynomial of degree 1.
        ends: values at -1 and 1.
        wave: its trigonometric form, for degrees above ``least`` between -1 and 1.
        least: the largest degree for which the recurrence is more precise.
    """
    inside = (jnp.abs(x) < 1) & (n > least)
    at_end = jnp.abs(x) == 1
    found = _recur(x, jnp.where(inside | (at_end & (n > 1)), 1, n), first, _twice)
    found = jnp.where(inside, wave, found)
    return jnp.where(at_end & (n >= 0), jnp.where(x > 0, ends[1], ends[0]), found).astype(x.dtype)


def _alternating(n: Array, dtype: jnp.dtype) -> Array:
    return jnp.where(n % 2 == 0, 1, -1).astype(dtype)


def _angle(x: Array) -> Array:
    return jnp.arccos(jnp.clip(x, -1, 1))


def _t(x: Array, n: Array) -> Array:
    one = jnp.ones_like(x)
    return _chebyshev(x, n, x, (_alternating(n, x.dtype), one), jnp.cos(n.astype(x.dtype) * _angle(x)), 6)


def _quotient(above: Array, below: Array) -> Array:
    return above / jnp.where(below == 0, 1, below)


def _u(x: Array, n: Array) -> Array:
    count, a = (n + 1).astype(x.dtype), _angle(x)
    ends = (_alternating(n, x.dtype) * count, count)
    return _chebyshev(x, n, 2 * x, ends, _quotient(jnp.sin(count * a), jnp.sin(a)), 8)


def _v(x: Array, n: Array) -> Array:
    count, a = n.astype(x.dtype) + 0.5, _angle(x)
    ends = (_alternating(n, x.dtype) * 2 * count, jnp.ones_like(x))
    return _chebyshev(x, n, 2 * x - 1, ends, _quotient(jnp.cos(count * a), jnp.cos(a / 2)), 8)


def _w(x: Array, n: Array) -> Array:
    count, a = n.astype(x.dtype) + 0.5, _angle(x)
    ends = (_alternating(n, x.dtype), 2 * count)
    return _chebyshev(x, n, 2 * x + 1, ends, _quotient(jnp.sin(count * a), jnp.sin(a / 2)), 8)


def _shifted(polynomial: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    return lambda x, n: polynomial(2 * x - 1, n)


def _h(x: Array, n: Array) -> Array:
    return _recur(x, n, 2 * x, lambda k, x, now, before: 2 * (x * now - k * before))


def _he(x: Array, n: Array) -> Array:
    return _recur(x, n, x, lambda k, x, now, before: x * now - k * before)


def _l(x: Array, n: Array) -> Array:
    return _recur(x, n, 1 - x, lambda k, x, now, before: ((2 * k + 1 - x) * now - k * before) / (k + 1))


def _p(x: Array, n: Array) -> Array:
    end = jnp.where(x > 0, jnp.ones_like(x), _alternating(n, x.dtype))
    at_end = jnp.abs(x) == 1
    degrees = jnp.where(at_end & (n > 1), 1, n)
    found = _recur(x, degrees, x, lambda k, x, now, before: ((2 * k + 1) * x * now - k * before) / (k + 1))
    return jnp.where(at_end & (n >= 0), end, found)


def _polynomial(who: str, function: Callable[[Array, Array], Array], input: ArrayLike, n: ArrayLike) -> Array:
    """Return ``function`` of ``input`` and of ``n`` as whole numbers, fractions cut off."""
    x, degrees = jnp.broadcast_arrays(*float_pair(who, input, n))
    return evaluate(who, lambda x, n: function(x, n.astype(int64())), x, degrees)


@op(differentiable=False)
def chebyshev_polynomial_t(input: ArrayLike, n: ArrayLike) -> Array:
    """Tₙ(input), the Chebyshev polynomial of the first kind: cos(n·arccos(input)).

    Degrees are cut to whole numbers; below 0 the value is 0. It has no gradient.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> chebyshev_polynomial_t(jnp.array([2.0]), 2).tolist()
        [7.0]

    Source: ``torch.special.chebyshev_polynomial_t``.
    """
    return _polynomial("chebyshev_polynomial_t", _t, input, n)


@op(differentiable=False)
def chebyshev_polynomial_u(input: ArrayLike, n: ArrayLike) -> Array:
    """Uₙ(input), the Chebyshev polynomial of the second kind.

    Degrees are cut to whole numbers; below 0 the value is 0. It has no gradient.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> chebyshev_polynomial_u(jnp.array([2.0]), 2).tolist()
        [15.0]

    Source: ``torch.special.chebyshev_polynomial_u``.
    """
    return _polynomial("chebyshev_polynomial_u", _u, input, n)


@op(differentiable=False)
def chebyshev_polynomial_v(input: ArrayLike, n: ArrayLike) -> Array:
    """Vₙ(input), the Chebyshev polynomial of the third kind.

    Degrees are cut to whole numbers; below 0 the value is 0. It has no gradient.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> chebyshev_polynomial_v(jnp.array([2.0]), 2).tolist()
        [11.0]

    Source: ``torch.special.chebyshev_polynomial_v``.
    """
    return _polynomial("chebyshev_polynomial_v", _v, input, n)


@op(differentiable=False)
def chebyshev_polynomial_w(input: ArrayLike, n: ArrayLike) -> Array:
    """Wₙ(input), the Chebyshev polynomial of the fourth kind.

    Degrees are cut to whole numbers; below 0 the value is 0. It has no gradient.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> chebyshev_polynomial_w(jnp.array([2.0]), 2).tolist()
        [19.0]

    Source: ``torch.special.chebyshev_polynomial_w``.
    """
    return _polynomial("chebyshev_polynomial_w", _w, input, n)


@op(differentiable=False)
def shifted_chebyshev_polynomial_t(input: ArrayLike, n: ArrayLike) -> Array:
    """Tₙ(2·input - 1), the shifted Chebyshev polynomial of the first kind.

    Degrees are cut to whole numbers; below 0 the value is 0. It has no gradient.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> shifted_chebyshev_polynomial_t(jnp.array([1.5]), 2).tolist()
        [7.0]

    Source: ``torch.special.shifted_chebyshev_polynomial_t``.
    """
    return _polynomial("shifted_chebyshev_polynomial_t", _shifted(_t), input, n)


@op(differentiable=False)
def shifted_chebyshev_polynomial_u(input: ArrayLike, n: ArrayLike) -> Array:
    """Uₙ(2·input - 1), the shifted Chebyshev polynomial of the second kind.

    Degrees are cut to whole numbers; below 0 the value is 0. It has no gradient.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> shifted_chebyshev_polynomial_u(jnp.array([1.5]), 2).tolist()
        [15.0]

    Source: ``torch.special.shifted_chebyshev_polynomial_u``.
    """
    return _polynomial("shifted_chebyshev_polynomial_u", _shifted(_u), input, n)


@op(differentiable=False)
def shifted_chebyshev_polynomial_v(input: ArrayLike, n: ArrayLike) -> Array:
    """Vₙ(2·input - 1), the shifted Chebyshev polynomial of the third kind.

    Degrees are cut to whole numbers; below 0 the value is 0. It has no gradient.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> shifted_chebyshev_polynomial_v(jnp.array([1.5]), 2).tolist()
        [11.0]

    Source: ``torch.special.shifted_chebyshev_polynomial_v``.
    """
    return _polynomial("shifted_chebyshev_polynomial_v", _shifted(_v), input, n)


@op(differentiable=False)
def shifted_chebyshev_polynomial_w(input: ArrayLike, n: ArrayLike) -> Array:
    """Wₙ(2·input - 1), the shifted Chebyshev polynomial of the fourth kind.

    Degrees are cut to whole numbers; below 0 the value is 0. It has no gradient.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> shifted_chebyshev_polynomial_w(jnp.array([1.5]), 2).tolist()
        [19.0]

    Source: ``torch.special.shifted_chebyshev_polynomial_w``.
    """
    return _polynomial("shifted_chebyshev_polynomial_w", _shifted(_w), input, n)


@op(differentiable=False)
def hermite_polynomial_h(input: ArrayLike, n: ArrayLike) -> Array:
    """Hₙ(input), the Hermite polynomial of physics.

    Degrees are cut to whole numbers; below 0 the value is 0. It has no gradient.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> hermite_polynomial_h(jnp.array([2.0]), 2).tolist()
        [14.0]

    Source: ``torch.special.hermite_polynomial_h``.
    """
    return _polynomial("hermite_polynomial_h", _h, input, n)


@op(differentiable=False)
def hermite_polynomial_he(input: ArrayLike, n: ArrayLike) -> Array:
    """Heₙ(input), the Hermite polynomial of probability.

    Degrees are cut to whole numbers; below 0 the value is 0. It has no gradient.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> hermite_polynomial_he(jnp.array([2.0]), 2).tolist()
        [3.0]

    Source: ``torch.special.hermite_polynomial_he``.
    """
    return _polynomial("hermite_polynomial_he", _he, input, n)


@op(differentiable=False)
def laguerre_polynomial_l(input: ArrayLike, n: ArrayLike) -> Array:
    """Lₙ(input), the Laguerre polynomial.

    Degrees are cut to whole numbers; below 0 the value is 0. It has no gradient.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> laguerre_polynomial_l(jnp.array([2.0]), 2).tolist()
        [-1.0]

    Source: ``torch.special.laguerre_polynomial_l``.
    """
    return _polynomial("laguerre_polynomial_l", _l, input, n)


@op(differentiable=False)
def legendre_polynomial_p(input: ArrayLike, n: ArrayLike) -> Array:
    """Pₙ(input), the Legendre polynomial.

    Degrees are cut to whole numbers; below 0 the value is 0. It has no gradient.

    Raises:
        DtypeError: a complex operand.
        ShapeError: the shapes do not broadcast.

    Example:
        >>> legendre_polynomial_p(jnp.array([2.0]), 2).tolist()
        [5.5]

    Source: ``torch.special.legendre_polynomial_p``.
    """
    return _polynomial("legendre_polynomial_p", _p, input, n)
