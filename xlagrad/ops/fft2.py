"""Fourier transforms of the last two dimensions, shifts of spectra, and the frequencies they stand for."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core import dtypes, errors
from xlagrad.core.devices import from_host
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import message
from xlagrad.core.tensor import Tensor
from xlagrad.ops.common import Dim
from xlagrad.ops.composed import composed
from xlagrad.ops.fft import axis_of, fft_fftn, fft_hfftn, fft_ifftn, fft_ihfftn, fft_irfftn, fft_rfftn
from xlagrad.ops.making import finish, refuse, size_of


@op
def fft_fft2(input: Array, s: Dim = None, dim: Dim = (-2, -1), norm: str | None = None) -> Array:
    """`fft_fftn` of the last two dimensions.

    Example:
        >>> fft_fft2(jnp.ones((2, 2))).tolist()
        [[(4+0j), 0j], [0j, 0j]]

    Source: ``torch.fft.fft2``.
    """
    return fft_fftn(input, s, dim, norm)


@op
def fft_ifft2(input: Array, s: Dim = None, dim: Dim = (-2, -1), norm: str | None = None) -> Array:
    """`fft_ifftn` of the last two dimensions.

    Example:
        >>> fft_ifft2(jnp.ones((2, 2))).tolist()
        [[(1+0j), 0j], [0j, 0j]]

    Source: ``torch.fft.ifft2``.
    """
    return fft_ifftn(input, s, dim, norm)


@op
def fft_rfft2(input: Array, s: Dim = None, dim: Dim = (-2, -1), norm: str | None = None) -> Array:
    """`fft_rfftn` of the last two dimensions.

    Example:
        >>> fft_rfft2(jnp.ones((2, 2))).tolist()
        [[(4+0j), 0j], [0j, 0j]]

    Source: ``torch.fft.rfft2``.
    """
    return fft_rfftn(input, s, dim, norm)


@op
def fft_irfft2(input: Array, s: Dim = None, dim: Dim = (-2, -1), norm: str | None = None) -> Array:
    """`fft_irfftn` of the last two dimensions.

    Example:
        >>> fft_irfft2(jnp.ones((2, 2))).tolist()
        [[1.0, 0.0], [0.0, 0.0]]

    Source: ``torch.fft.irfft2``.
    """
    return fft_irfftn(input, s, dim, norm)


@op
def fft_hfft2(input: Array, s: Dim = None, dim: Dim = (-2, -1), norm: str | None = None) -> Array:
    """`fft_hfftn` of the last two dimensions.

    Example:
        >>> fft_hfft2(jnp.ones((2, 2))).tolist()
        [[4.0, 0.0], [0.0, 0.0]]

    Source: ``torch.fft.hfft2``.
    """
    return fft_hfftn(input, s, dim, norm)


@op
def fft_ihfft2(input: Array, s: Dim = None, dim: Dim = (-2, -1), norm: str | None = None) -> Array:
    """`fft_ihfftn` of the last two dimensions.

    Example:
        >>> abs(fft_ihfft2(jnp.ones((2, 2)))).tolist()
        [[1.0, 0.0], [0.0, 0.0]]

    Source: ``torch.fft.ihfft2``.
    """
    return fft_ihfftn(input, s, dim, norm)


def _axes(who: str, dim: Any, ndim: int) -> tuple[int, ...]:
    wanted = range(ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    if not wanted:
        raise errors.ArgumentError(message(who, "at least one dimension to shift", "none", "pass dim"))
    return tuple(axis_of(who, d, ndim) for d in wanted)


@op
def fft_fftshift(input: Array, dim: Dim = None) -> Array:
    """Put the element of frequency 0 into the middle of each dimension, the negative frequencies before it.

    Args:
        input: a spectrum.
        dim: along which dimensions; all by default.

    Raises:
        IndexingError: no such dimension.
        ArgumentError: no dimension at all.

    Example:
        >>> fft_fftshift(jnp.array([0, 1, 2, -2, -1])).tolist()
        [-2, -1, 0, 1, 2]

    Source: ``torch.fft.fftshift``.
    """
    return jnp.fft.fftshift(input, _axes("fft.fftshift", dim, input.ndim))


@op
def fft_ifftshift(input: Array, dim: Dim = None) -> Array:
    """The inverse of `fft_fftshift`; arguments and errors are the same.

    Example:
        >>> fft_ifftshift(jnp.array([-2, -1, 0, 1, 2])).tolist()
        [0, 1, 2, -2, -1]

    Source: ``torch.fft.ifftshift``.
    """
    return jnp.fft.ifftshift(input, _axes("fft.ifftshift", dim, input.ndim))


def _frequencies(
    who: str, n: Any, d: float, half: bool, dtype: Any, options: dict[str, Any]
) -> np.ndarray[Any, Any]:
    refuse(who, options)
    (count,) = size_of(who, (n,))
    target = dtypes.as_jax(dtypes.get_default_dtype() if dtype is None else dtype)
    if not dtypes.as_dtype(target).is_floating_point:
        raise errors.DtypeError(message(who, "a floating-point dtype", target.name, "leave it out"))
    middle = (count + 1) // 2
    below = np.arange(count // 2 + 1) if half else np.arange(middle)
    above = np.arange(0) if half else np.arange(-(count // 2), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (np.concatenate([below, above]) * np.divide(1.0, count * d)).astype(target)


@composed()
def fft_fftfreq(
    n: int,
    d: float = 1.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """The frequencies of the elements of a transform of n points: 0, 1, …, …, -2, -1, each over n·d.

    Args:
        n: number of points.
        d: distance of the samples in time; the frequencies are in cycles per its unit.
        dtype: element type; the default type if left out.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        out: a tensor of this size to write into and return instead.
        options: ``layout`` and the like, without effect.

    Raises:
        ShapeError: fewer than 0 points.
        DtypeError: an integer or complex type.

    Example:
        >>> fft_fftfreq(4)
        tensor([ 0.0000,  0.2500, -0.5000, -0.2500])

    Source: ``torch.fft.fftfreq``.
    """
    if dtype is None and out is not None:
        dtype = out.dtype
    values = _frequencies("fft.fftfreq", n, d, False, dtype, options)
    return finish(from_host(values), device, requires_grad, out, "fft.fftfreq")


@composed()
def fft_rfftfreq(
    n: int,
    d: float = 1.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """The frequencies of the elements of `fft_rfft`: 0, 1, …, n // 2, each over n·d.

    Arguments and errors are those of `fft_fftfreq`.

    Example:
        >>> fft_rfftfreq(4)
        tensor([0.0000, 0.2500, 0.5000])

    Source: ``torch.fft.rfftfreq``.
    """
    if dtype is None and out is not None:
        dtype = out.dtype
    values = _frequencies("fft.rfftfreq", n, d, True, dtype, options)
    return finish(from_host(values), device, requires_grad, out, "fft.rfftfreq")
