"""Discrete Fourier transforms along one dimension or several: complex, of real signals, of Hermitian ones."""

from __future__ import annotations

import operator
from typing import Any

import jax.numpy as jnp
from jax import lax

from xlagrad.core import dtypes, errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import Dim, is_complex, is_inexact

# What an inverse transform is scaled by is what the forward one is not.
_OPPOSITE = {"backward": "forward", "forward": "backward", "ortho": "ortho"}
# XLA transforms at most this many dimensions at once.
_AT_ONCE = 3


def _norm(who: str, norm: Any) -> str:
    if norm is None:
        return "backward"
    if norm not in _OPPOSITE:
        fix = "choose one"
        raise errors.ArgumentError(message(who, "norm 'backward', 'forward' or 'ortho'", repr(norm), fix))
    return str(norm)


def _signal(who: str, x: Array, real: bool) -> Array:
    """Return what XLA can transform: float32 or more, complex unless the transform is of real signals."""
    if is_complex(x):
        if real:
            fix = "use the complex transform, or take .real"
            raise errors.DtypeError(message(who, "a real tensor", describe(x), fix))
        return x
    found = dtypes.as_dtype(x.dtype) if is_inexact(x) else dtypes.get_default_dtype()
    if found.itemsize < 4:
        fix = "convert it with .float()"
        raise errors.DtypeError(message(who, "a tensor of float32, float64 or complex", describe(x), fix))
    return x.astype((found if real else found.to_complex()).dtype)


def axis_of(who: str, dim: Any, ndim: int) -> int:
    """Return a dimension counted from the front; unlike elsewhere, a 0-d tensor has none."""
    try:
        index = operator.index(dim)
    except TypeError:
        raise errors.IndexingError(message(who, "dim to be an integer", repr(dim), "pass an int")) from None
    if not -ndim <= index < ndim:
        want = f"dim in the range [{-ndim}, {ndim - 1}]" if ndim else "a tensor with dimensions"
        raise errors.IndexingError(message(who, want, f"dim {index} of {ndim}", "choose one that exists"))
    return index % ndim


def _size(who: str, n: Any) -> int:
    try:
        return operator.index(n)
    except TypeError:
        got = f"{type(n).__name__} {n!r}"
        raise errors.DtypeError(message(who, "an integer number of points", got, "pass an int")) from None


def _points(who: str, x: Array, s: Any, dim: Any) -> tuple[list[int], tuple[int, ...]]:
    """Return the numbers of points and the dimensions; -1 stands for a number that was left open."""
    dims = None if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    axes = None if dims is None else tuple(axis_of(who, d, x.ndim) for d in dims)
    if axes is not None and len(set(axes)) != len(axes):
        raise errors.ArgumentError(message(who, "each dim once", str(tuple(dims or ())), "drop the repeated"))
    if s is None:
        axes = tuple(range(x.ndim)) if axes is None else axes
        return [-1] * len(axes), axes
    sizes = [_size(who, n) for n in (s if isinstance(s, (tuple, list)) else (s,))]
    if axes is not None and len(axes) != len(sizes):
        got = f"{len(sizes)} sizes and {len(axes)} dims"
        raise errors.ArgumentError(message(who, "as many sizes in s as dims", got, "leave dim out"))
    if len(sizes) > x.ndim:
        got = f"{len(sizes)} for {describe(x)}"
        raise errors.ArgumentError(message(who, "at most one size in s for each dimension", got))
    return sizes, tuple(range(x.ndim - len(sizes), x.ndim)) if axes is None else axes


def _positive(who: str, n: int) -> int:
    if n < 1:
        text = message(who, "at least 1 point in each transformed dimension", str(n), "pass a larger n or s")
        raise errors.ArgumentError(text)
    return n


def _line(who: str, n: Any, dim: Any) -> tuple[Any, tuple[Any]]:
    """Return ``n`` and ``dim`` as those of several dimensions; here no number below 1 stands for the size."""
    return (None if n is None else (_positive(who, _size(who, n)),)), (dim,)


def _resized(x: Array, sizes: list[int], axes: tuple[int, ...]) -> Array:
    """Cut dimensions to their number of points, or fill them up with zeros."""
    config = [(0, 0, 0)] * x.ndim
    for n, axis in zip(sizes, axes, strict=True):
        config[axis] = (0, n - x.shape[axis], 0)
    return x if not any(high for _, high, _ in config) else lax.pad(x, jnp.zeros((), x.dtype), config)


def _filled(who: str, x: Array, s: Any, dim: Any) -> tuple[Array, tuple[int, ...]]:
    """Return the signal at its numbers of points, and the dimensions to transform."""
    sizes, axes = _points(who, x, s, dim)
    full = [_positive(who, x.shape[a] if n == -1 else n) for n, a in zip(sizes, axes, strict=True)]
    return _resized(x, full, axes), axes


def _at_least_one(who: str, axes: tuple[int, ...]) -> None:
    if not axes:
        raise errors.ArgumentError(message(who, "at least one dimension to transform", "none", "pass dim"))


def _turned(x: Array, axes: tuple[int, ...], norm: str, inverse: bool) -> Array:
    """Transform a complex signal along dimensions."""
    transform = jnp.fft.ifftn if inverse else jnp.fft.fftn
    for i in range(0, len(axes), _AT_ONCE):
        # Without elements there is nothing to transform, and XLA's plans refuse to.
        x = transform(x, axes=axes[i : i + _AT_ONCE], norm=norm) if x.size else x
    return x


def _complex(who: str, x: Array, s: Any, dim: Any, norm: Any, inverse: bool) -> Array:
    """Transform any signal to a complex one."""
    scale = _norm(who, norm)
    x, axes = _filled(who, _signal(who, x, False), s, dim)
    return _turned(x, axes, scale, inverse)


def _halved(x: Array, axis: int, norm: str) -> Array:
    """Transform a real signal to the half of its spectrum that defines the other."""
    if x.size:
        return jnp.fft.rfft(x, axis=axis, norm=norm)
    shape = (*x.shape[:axis], x.shape[axis] // 2 + 1, *x.shape[axis + 1 :])
    return jnp.zeros(shape, dtypes.as_dtype(x.dtype).to_complex().dtype)


def _of_real(who: str, x: Array, s: Any, dim: Any, norm: Any, inverse: bool) -> Array:
    """Transform a real signal: half of the last dimension; the inverse one is conjugate."""
    scale = _norm(who, norm)
    x, axes = _filled(who, _signal(who, x, True), s, dim)
    _at_least_one(who, axes)
    if inverse:
        half = jnp.conj(_halved(x, axes[-1], _OPPOSITE[scale]))
    else:
        half = _halved(x, axes[-1], scale)
    return _turned(half, axes[:-1], scale, inverse)


def _to_real(who: str, x: Array, s: Any, dim: Any, norm: Any, inverse: bool) -> Array:
    """Transform half of a Hermitian signal to a real one; forward it is the conjugate's inverse."""
    scale = _norm(who, norm)
    x = _signal(who, x, False)
    sizes, axes = _points(who, x, s, dim)
    _at_least_one(who, axes)
    last = _positive(who, 2 * (x.shape[axes[-1]] - 1) if sizes[-1] == -1 else sizes[-1])
    full = [x.shape[a] if n == -1 else n for n, a in zip(sizes, axes, strict=True)]
    full[-1] = last // 2 + 1
    x = _resized(x, [_positive(who, n) for n in full], axes)
    x = _turned(x, axes[:-1], scale, inverse)
    if not inverse:
        x, scale = jnp.conj(x), _OPPOSITE[scale]
    if x.size:
        return jnp.fft.irfft(x, last, axis=axes[-1], norm=scale)
    return jnp.zeros((*x.shape[: axes[-1]], last, *x.shape[axes[-1] + 1 :]), x.real.dtype)


@op
def fft_fft(input: Array, n: int | None = None, dim: int = -1, norm: str | None = None) -> Array:
    """X[k] = Σⱼ x[j]·exp(-2πi·jk/n): the discrete Fourier transform along one dimension, complex.

    Args:
        input: the signal, of float32, float64, complex or integer elements.
        n: number of points: the signal is cut to it, or filled up with zeros.
        dim: along which dimension.
        norm: "backward" (or None) leaves the sum as it is, "ortho" divides it by √n, "forward" by n. The
            inverse transforms divide so that the same ``norm`` gives the signal back.

    Raises:
        DtypeError: half precision, in which XLA does not transform.
        IndexingError: no such dimension.
        ArgumentError: fewer than 1 point, or another norm.

    Example:
        >>> fft_fft(jnp.array([1.0, 0.0])).tolist()
        [(1+0j), (1+0j)]

    Source: ``torch.fft.fft``.
    """
    return _complex("fft.fft", input, *_line("fft.fft", n, dim), norm, False)


@op
def fft_ifft(input: Array, n: int | None = None, dim: int = -1, norm: str | None = None) -> Array:
    """x[j] = 1/n·Σₖ X[k]·exp(2πi·jk/n), the inverse of `fft_fft`; arguments and errors are the same.

    Example:
        >>> fft_ifft(jnp.array([2.0, 0.0])).tolist()
        [(1+0j), (1+0j)]

    Source: ``torch.fft.ifft``.
    """
    return _complex("fft.ifft", input, *_line("fft.ifft", n, dim), norm, True)


@op
def fft_rfft(input: Array, n: int | None = None, dim: int = -1, norm: str | None = None) -> Array:
    """The first n // 2 + 1 elements of the transform of a real signal; the others are their conjugates.

    Arguments and errors are those of `fft_fft`; complex signals raise a ``DtypeError``.

    Example:
        >>> fft_rfft(jnp.array([1.0, 0.0, 0.0, 0.0])).tolist()
        [(1+0j), (1+0j), (1+0j)]

    Source: ``torch.fft.rfft``.
    """
    return _of_real("fft.rfft", input, *_line("fft.rfft", n, dim), norm, False)


@op
def fft_irfft(input: Array, n: int | None = None, dim: int = -1, norm: str | None = None) -> Array:
    """The inverse of `fft_rfft`: the real signal of n points that has this half of a spectrum.

    Arguments and errors are those of `fft_fft`; ``n`` is 2·(size - 1) by default, that of an even signal.

    Example:
        >>> fft_irfft(jnp.array([4.0, 0.0, 0.0])).tolist()
        [1.0, 1.0, 1.0, 1.0]

    Source: ``torch.fft.irfft``.
    """
    return _to_real("fft.irfft", input, *_line("fft.irfft", n, dim), norm, True)


@op
def fft_hfft(input: Array, n: int | None = None, dim: int = -1, norm: str | None = None) -> Array:
    """The real transform, n points, of a Hermitian signal of which half is given.

    Arguments and errors are those of `fft_irfft`, of which this is the conjugate counterpart.

    Example:
        >>> fft_hfft(jnp.array([1.0, 0.0, 0.0])).tolist()
        [1.0, 1.0, 1.0, 1.0]

    Source: ``torch.fft.hfft``.
    """
    return _to_real("fft.hfft", input, *_line("fft.hfft", n, dim), norm, False)


@op
def fft_ihfft(input: Array, n: int | None = None, dim: int = -1, norm: str | None = None) -> Array:
    """The inverse of `fft_hfft`: half of the Hermitian signal that has this real transform.

    Arguments and errors are those of `fft_rfft`.

    Example:
        >>> fft_ihfft(jnp.array([4.0, 0.0, 0.0, 0.0])).tolist()
        [(1-0j), (1-0j), (1-0j)]

    Source: ``torch.fft.ihfft``.
    """
    return _of_real("fft.ihfft", input, *_line("fft.ihfft", n, dim), norm, True)


@op
def fft_fftn(input: Array, s: Dim = None, dim: Dim = None, norm: str | None = None) -> Array:
    """The discrete Fourier transform along several dimensions, complex.

    Args:
        input: the signal, of float32, float64, complex or integer elements.
        s: number of points of each dimension, -1 for its size; the signal is cut or filled up with zeros.
        dim: along which dimensions; by default the last ``len(s)``, or all.
        norm: as for `fft_fft`, with n the number of points of all dimensions together.

    Raises:
        DtypeError: half precision, in which XLA does not transform.
        IndexingError: no such dimension.
        ArgumentError: fewer than 1 point, another norm, a dimension twice, or not one of ``s`` for each.

    Example:
        >>> fft_fftn(jnp.ones((2, 2))).tolist()
        [[(4+0j), 0j], [0j, 0j]]

    Source: ``torch.fft.fftn``.
    """
    return _complex("fft.fftn", input, s, dim, norm, False)


@op
def fft_ifftn(input: Array, s: Dim = None, dim: Dim = None, norm: str | None = None) -> Array:
    """The inverse of `fft_fftn`; arguments and errors are the same.

    Example:
        >>> fft_ifftn(jnp.ones((2, 2))).tolist()
        [[(1+0j), 0j], [0j, 0j]]

    Source: ``torch.fft.ifftn``.
    """
    return _complex("fft.ifftn", input, s, dim, norm, True)


@op
def fft_rfftn(input: Array, s: Dim = None, dim: Dim = None, norm: str | None = None) -> Array:
    """The transform of a real signal, of which the last dimension has n // 2 + 1 elements.

    Arguments and errors are those of `fft_fftn`; complex signals raise a ``DtypeError``, no dimension at all
    an ``ArgumentError``.

    Example:
        >>> fft_rfftn(jnp.ones((2, 2))).tolist()
        [[(4+0j), 0j], [0j, 0j]]

    Source: ``torch.fft.rfftn``.
    """
    return _of_real("fft.rfftn", input, s, dim, norm, False)


@op
def fft_irfftn(input: Array, s: Dim = None, dim: Dim = None, norm: str | None = None) -> Array:
    """The inverse of `fft_rfftn`; the last dimension has 2·(size - 1) points by default.

    Example:
        >>> fft_irfftn(jnp.ones((2, 2))).tolist()
        [[1.0, 0.0], [0.0, 0.0]]

    Source: ``torch.fft.irfftn``.
    """
    return _to_real("fft.irfftn", input, s, dim, norm, True)


@op
def fft_hfftn(input: Array, s: Dim = None, dim: Dim = None, norm: str | None = None) -> Array:
    """The real transform of a signal, Hermitian in its last dimension, of which half is given.

    Arguments and errors are those of `fft_irfftn`.

    Example:
        >>> fft_hfftn(jnp.ones((2, 2))).tolist()
        [[4.0, 0.0], [0.0, 0.0]]

    Source: ``torch.fft.hfftn``.
    """
    return _to_real("fft.hfftn", input, s, dim, norm, False)


@op
def fft_ihfftn(input: Array, s: Dim = None, dim: Dim = None, norm: str | None = None) -> Array:
    """The inverse of `fft_hfftn`; arguments and errors are those of `fft_rfftn`.

    Example:
        >>> abs(fft_ihfftn(jnp.ones((2, 2)))).tolist()
        [[1.0, 0.0], [0.0, 0.0]]

    Source: ``torch.fft.ihfftn``.
    """
    return _of_real("fft.ihfftn", input, s, dim, norm, True)
