"""Windows to weight the samples of a signal with: Hann, Hamming, Kaiser and their kin."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from xlagrad.core import dtypes, errors
from xlagrad.core.devices import from_host
from xlagrad.core.errors import message
from xlagrad.core.tensor import Tensor
from xlagrad.ops.making import finish, float_type, refuse, size_of

Values = np.ndarray[Any, Any]

_BLACKMAN = (0.42, 0.5, 0.08)
_NUTTALL = (0.3635819, 0.4891775, 0.1365995, 0.0106411)


def _span(count: int, symmetric: bool) -> int:
    """Return over how many steps a window goes down to its other end: for a periodic one, one more."""
    return max(count - 1 if symmetric else count, 1)


def _cosines(count: int, symmetric: bool, weights: Iterable[float]) -> Values:
    angle = 2 * math.pi * np.arange(count) / _span(count, symmetric)
    waves = [(-1) ** i * weight * np.cos(i * angle) for i, weight in enumerate(weights)]
    return np.sum(waves, axis=0) if waves else np.zeros(count)


def _triangle(count: int, symmetric: bool) -> Values:
    return 1 - np.abs(2 * np.arange(count) / _span(count, symmetric) - 1)


def _kaiser(count: int, symmetric: bool, beta: float) -> Values:
    place = 2 * np.arange(count) / _span(count, symmetric) - 1
    shaped: Values = np.i0(beta * np.sqrt(np.maximum(1 - place**2, 0))) / np.i0(beta)
    return shaped


def _made(
    who: str,
    count: int,
    values: Values,
    dtype: Any,
    device: Any,
    requires_grad: bool,
    options: dict[str, Any],
) -> Tensor:
    refuse(who, options)
    values = np.ones(1) if count == 1 else values
    made: Tensor = finish(from_host(values.astype(float_type(who, dtype))), device, requires_grad)
    return made


def _real(who: str, dtype: Any) -> Any:
    """Return the type of a window by ``torch.*_window``: any real type of floating point."""
    kind = float_type(who, dtype)
    if dtypes.as_dtype(kind).is_complex:
        raise errors.DtypeError(message(who, "a real floating-point dtype", kind.name))
    return kind


def _precise(who: str, dtype: Any) -> Any:
    """Return the type of a window of ``torch.signal``, which makes float32 and float64 only."""
    kind = _real(who, dtype)
    if kind.itemsize < 4:
        raise errors.DtypeError(message(who, "float32 or float64", kind.name, "convert it with .to"))
    return kind


def _count(who: str, size: Any) -> int:
    return size_of(who, (size,))[0]


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, **options: Any,
) -> Tensor:  # fmt: skip
    """Return the triangle 1 − |2n/(N − 1) − 1|.

    Args:
        window_length: how many samples.
        periodic: leave out the last sample of a window one longer, so that it can be repeated.
        dtype: a real type of floating point; the default type if left out.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        options: ``layout``, ``pin_memory`` and the like, without effect.

    Raises:
        ShapeError: a length below zero.
        DtypeError: a type that is not of real floating point.

    Example:
        >>> bartlett_window(4)
        tensor([0.0000, 0.5000, 1.0000, 0.5000])

    Source: ``torch.bartlett_window``.
    """
    n, kind = _count("bartlett_window", window_length), _real("bartlett_window", dtype)
    return _made("bartlett_window", n, _triangle(n, not periodic), kind, device, requires_grad, options)


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, **options: Any,
) -> Tensor:  # fmt: skip
    """Return 0.42 − 0.5·cos(2πn/(N − 1)) + 0.08·cos(4πn/(N − 1)); arguments as for `bartlett_window`.

    Source: ``torch.blackman_window``.
    """
    n, kind = _count("blackman_window", window_length), _real("blackman_window", dtype)
    values = _cosines(n, not periodic, _BLACKMAN)
    return _made("blackman_window", n, values, kind, device, requires_grad, options)


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, **options: Any,
) -> Tensor:  # fmt: skip
    """Return 0.5 − 0.5·cos(2πn/(N − 1)); arguments as for `bartlett_window`.

    Example:
        >>> hann_window(3, periodic=False)
        tensor([0., 1., 0.])

    Source: ``torch.hann_window``.
    """
    n, kind = _count("hann_window", window_length), _real("hann_window", dtype)
    values = _cosines(n, not periodic, (0.5, 0.5))
    return _made("hann_window", n, values, kind, device, requires_grad, options)


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, dtype: Any = None,
    device: Any = None, requires_grad: bool = False, **options: Any,
) -> Tensor:  # fmt: skip
    """Return alpha − beta·cos(2πn/(N − 1)); other arguments as for `bartlett_window`.

    Source: ``torch.hamming_window``.
    """
    n, kind = _count("hamming_window", window_length), _real("hamming_window", dtype)
    values = _cosines(n, not periodic, (alpha, beta))
    return _made("hamming_window", n, values, kind, device, requires_grad, options)


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, **options: Any,
) -> Tensor:  # fmt: skip
    """Return I₀(β·√(1 − (2n/(N − 1) − 1)²)) / I₀(β); other arguments as for `bartlett_window`.

    Source: ``torch.kaiser_window``.
    """
    n, kind = _count("kaiser_window", window_length), _real("kaiser_window", dtype)
    values = _kaiser(n, not periodic, beta)
    return _made("kaiser_window", n, values, kind, device, requires_grad, options)


def _signal(
    who: str,
    count: int,
    values: Values,
    dtype: Any,
    device: Any,
    requires_grad: bool,
    options: dict[str, Any],
) -> Tensor:
    kind = _precise(who, dtype)
    return _made(who, count, values, kind, device, requires_grad, options)


def general_cosine(
    M: int, *, a: Iterable[float], sym: bool = True, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, **options: Any,
) -> Tensor:  # fmt: skip
    """Return Σᵢ (−1)ⁱ·aᵢ·cos(2πin/(M − 1)).

    Args:
        M: how many samples.
        a: the weights of the cosines.
        sym: symmetric, to filter with; otherwise periodic, to analyse a spectrum with.
        dtype: float32 or float64; the default type if left out.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        options: ``layout``, without effect.

    Raises:
        ShapeError: M is below zero.
        DtypeError: another type, or weights that are no sequence.
        ArgumentError: no weights.

    Source: ``torch.signal.windows.general_cosine``.
    """
    n = _count("general_cosine", M)
    if not isinstance(a, Iterable):
        raise errors.DtypeError(message("general_cosine", "a sequence of weights", repr(a)))
    weights = [float(w) for w in a]
    if not weights:
        raise errors.ArgumentError(message("general_cosine", "at least one weight", "none"))
    values = _cosines(n, sym, weights)
    return _signal("general_cosine", n, values, dtype, device, requires_grad, options)


def general_hamming(M: int, *, alpha: float = 0.54, **options: Any) -> Tensor:
    """Return alpha − (1 − alpha)·cos(2πn/(M − 1)); other arguments as for `general_cosine`.

    Source: ``torch.signal.windows.general_hamming``.
    """
    return general_cosine(M, a=(alpha, 1 - alpha), **options)


def hamming(M: int, **options: Any) -> Tensor:
    """Return 0.54 − 0.46·cos(2πn/(M − 1)); other arguments as for `general_cosine`.

    Source: ``torch.signal.windows.hamming``.
    """
    return general_hamming(M, **options)


def hann(M: int, **options: Any) -> Tensor:
    """Return 0.5 − 0.5·cos(2πn/(M − 1)); other arguments as for `general_cosine`.

    Source: ``torch.signal.windows.hann``.
    """
    return general_hamming(M, alpha=0.5, **options)


def blackman(M: int, **options: Any) -> Tensor:
    """Return 0.42 − 0.5·cos(2πn/(M − 1)) + 0.08·cos(4πn/(M − 1)); other arguments as for `general_cosine`.

    Source: ``torch.signal.windows.blackman``.
    """
    return general_cosine(M, a=_BLACKMAN, **options)


def nuttall(M: int, **options: Any) -> Tensor:
    """Return Nuttall's minimal window of four cosines; other arguments as for `general_cosine`.

    Source: ``torch.signal.windows.nuttall``.
    """
    return general_cosine(M, a=_NUTTALL, **options)


def bartlett(
    M: int, *, sym: bool = True, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    **options: Any,
) -> Tensor:  # fmt: skip
    """Return the triangle 1 − |2n/(M − 1) − 1|; arguments as for `general_cosine`.

    Source: ``torch.signal.windows.bartlett``.
    """
    n = _count("bartlett", M)
    return _signal("bartlett", n, _triangle(n, sym), dtype, device, requires_grad, options)


def cosine(
    M: int, *, sym: bool = True, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    **options: Any,
) -> Tensor:  # fmt: skip
    """Return sin(π(n + ½)/M); arguments as for `general_cosine`.

    Source: ``torch.signal.windows.cosine``.
    """
    n = _count("cosine", M)
    values = np.sin(math.pi * (np.arange(n) + 0.5) / (n if sym else n + 1)) if n else np.zeros(0)
    return _signal("cosine", n, values, dtype, device, requires_grad, options)


def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, dtype: Any = None,
    device: Any = None, requires_grad: bool = False, **options: Any,
) -> Tensor:  # fmt: skip
    """Return exp(−|n − center| / tau); other arguments as for `general_cosine`.

    Args:
        M: how many samples.
        center: where the peak is, by default in the middle; for windows that are not symmetric.
        tau: over how many samples the window decays.
        sym: as for `general_cosine`.
        dtype: float32 or float64.
        device: where to put it.
        requires_grad: whether gradients are wanted with respect to it.
        options: ``layout``, without effect.

    Raises:
        ArgumentError: ``tau`` is not positive, or a symmetric window is given a center.

    Source: ``torch.signal.windows.exponential``.
    """
    n = _count("exponential", M)
    if tau <= 0:
        raise errors.ArgumentError(message("exponential", "tau above 0", f"{tau:g}"))
    if sym and center is not None:
        raise errors.ArgumentError(message("exponential", "no center for a symmetric window", f"{center:g}"))
    middle = (n if not sym and n > 1 else n - 1) / 2 if center is None else center
    values = np.exp(-np.abs(np.arange(n) - middle) / tau)
    return _signal("exponential", n, values, dtype, device, requires_grad, options)


def gaussian(
    M: int, *, std: float = 1.0, sym: bool = True, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, **options: Any,
) -> Tensor:  # fmt: skip
    """Return exp(−(n − (M − 1)/2)² / (2·std²)); other arguments as for `general_cosine`.

    Raises:
        ArgumentError: ``std`` is not positive.

    Source: ``torch.signal.windows.gaussian``.
    """
    n = _count("gaussian", M)
    if std <= 0:
        raise errors.ArgumentError(message("gaussian", "std above 0", f"{std:g}"))
    middle = (n if not sym and n > 1 else n - 1) / 2
    values = np.exp(-(((np.arange(n) - middle) / std) ** 2) / 2)
    return _signal("gaussian", n, values, dtype, device, requires_grad, options)


def kaiser(
    M: int, *, beta: float = 12.0, sym: bool = True, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, **options: Any,
) -> Tensor:  # fmt: skip
    """Return I₀(β·√(1 − (2n/(M − 1) − 1)²)) / I₀(β); other arguments as for `general_cosine`.

    Raises:
        ArgumentError: ``beta`` is negative.

    Source: ``torch.signal.windows.kaiser``.
    """
    n = _count("kaiser", M)
    if beta < 0:
        raise errors.ArgumentError(message("kaiser", "beta of 0 or more", f"{beta:g}"))
    return _signal("kaiser", n, _kaiser(n, sym, beta), dtype, device, requires_grad, options)
