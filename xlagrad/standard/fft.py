"""The standard's extension ``fft``: the operations of PyTorch's ``torch.fft`` under the standard's names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xlagrad.ops import fft as along
from xlagrad.ops import fft2 as over

__all__ = [
    "fft",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]


def _one(record: Any, text: str) -> Callable[..., Any]:
    def transform(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
        return record(x, n, axis, norm)

    return _named(transform, record, text)


def _many(record: Any, text: str) -> Callable[..., Any]:
    def transform(
        x: Any,
        /,
        *,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = None,
        norm: str = "backward",
    ) -> Any:
        return record(x, s, axes, norm)

    return _named(transform, record, text)


def _named(function: Callable[..., Any], record: Any, text: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = record.name.removeprefix("fft_")
    function.__doc__ = f"{text}; see `{record.name}` for its arguments and errors."
    return function


fft = _one(along.fft_fft, "The discrete Fourier transform along one axis")
ifft = _one(along.fft_ifft, "The inverse of `fft`")
rfft = _one(along.fft_rfft, "The first half of the transform of a real array along one axis")
irfft = _one(along.fft_irfft, "The inverse of `rfft`")
hfft = _one(along.fft_hfft, "The real transform of a Hermitian array of which half is given")
ihfft = _one(along.fft_ihfft, "The inverse of `hfft`")
fftn = _many(along.fft_fftn, "The discrete Fourier transform along several axes")
ifftn = _many(along.fft_ifftn, "The inverse of `fftn`")
rfftn = _many(along.fft_rfftn, "The transform of a real array, the first half of the last axis")
irfftn = _many(along.fft_irfftn, "The inverse of `rfftn`")


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of the elements of a transform of n points, whose samples lie d apart.

    Example:
        >>> import xlagrad as xg
        >>> xg.fft.fftfreq(4).tolist()
        [0.0, 0.25, -0.5, -0.25]
    """
    return over.fft_fftfreq(n, d, dtype=dtype, device=device)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of the elements of `rfft` of n points, whose samples lie d apart.

    Example:
        >>> import xlagrad as xg
        >>> xg.fft.rfftfreq(4).tolist()
        [0.0, 0.25, 0.5]
    """
    return over.fft_rfftfreq(n, d, dtype=dtype, device=device)


def fftshift(x: Any, /, *, axes: int | Sequence[int] | None = None) -> Any:
    """The spectrum with frequency 0 in the middle of the axes.

    Example:
        >>> import xlagrad as xg
        >>> xg.fft.fftshift(xg.asarray([0, 1, -2, -1])).tolist()
        [-2, -1, 0, 1]
    """
    return over.fft_fftshift(x, axes)


def ifftshift(x: Any, /, *, axes: int | Sequence[int] | None = None) -> Any:
    """The inverse of `fftshift`.

    Example:
        >>> import xlagrad as xg
        >>> xg.fft.ifftshift(xg.asarray([-2, -1, 0, 1])).tolist()
        [0, 1, -2, -1]
    """
    return over.fft_ifftshift(x, axes)
