"""The short-time Fourier transform and its inverse: spectra of overlapping pieces of a signal."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.core.promotion import promote
from xlagrad.ops.common import PADDING, is_complex, require_inexact
from xlagrad.ops.composed import composed
from xlagrad.ops.fft import fft_fft, fft_ifft, fft_irfft, fft_rfft

# Below this sum of squared windows a sample of the signal is lost.
_LOST = 1e-11


def _frames(x: Array, size: int, hop: int, count: int) -> Array:
    """Cut (batch, length) into (batch, count, size), each piece ``hop`` after the one before."""
    return jax.vmap(lambda i: lax.dynamic_slice_in_dim(x, i * hop, size, axis=1), out_axes=1)(
        jnp.arange(count)
    )


def _overlap_add(frames: Array, hop: int) -> Array:
    """Σ of (batch, count, size) pieces, each ``hop`` after the last: (batch, size + hop·(count - 1))."""
    batch, count, size = frames.shape
    parts = -(-size // hop)
    x = jnp.pad(frames, ((0, 0), (0, 0), (0, parts * hop - size)))
    x = jnp.moveaxis(x.reshape(batch, count, parts, hop), 2, 1)
    # Rows one shorter than they are laid out: row k, read from the flat array, begins k places later.
    x = jnp.pad(x, ((0, 0), (0, 0), (0, parts), (0, 0))).reshape(batch, -1, hop)
    row = count + parts - 1
    x = x[:, : parts * row].reshape(batch, parts, row, hop)
    return x.sum(1).reshape(batch, row * hop)[:, : size + hop * (count - 1)]


def _centred(window: Array | None, n_fft: int, win_length: int, dtype: Any) -> Array | None:
    """Return the window with zeros on both sides; nothing where it would be ones everywhere."""
    if window is None:
        if win_length == n_fft:
            return None
        window = jnp.ones(win_length, dtype)
    left = (n_fft - win_length) // 2
    return jnp.pad(window, (left, n_fft - win_length - left))


def _check_sizes(who: str, n_fft: int, hop: int, win: int, window: Any) -> None:
    if not 0 < win <= n_fft:
        raise errors.ArgumentError(message(who, f"0 < win_length <= n_fft = {n_fft}", f"win_length {win}"))
    if hop <= 0:
        raise errors.ArgumentError(message(who, "hop_length > 0", str(hop), "leave it out for n_fft // 4"))
    if window is not None and tuple(window.shape) != (win,):
        fix = "pass win_length=, or a window of n_fft elements"
        raise errors.ShapeError(message(who, f"a window of shape ({win},)", describe(window), fix))


@op(name="_stft")
def _stft(
    input: Array, window: Array | None, n_fft: int, hop: int, win: int, normalized: bool, onesided: bool,
    aligned: bool,
) -> Array:  # fmt: skip
    """The transforms of the pieces of (…, length): (…, frequencies, pieces)."""
    x = input[None] if input.ndim == 1 else input
    length = x.shape[1]
    count = 1 + (length - (win if aligned else n_fft)) // hop
    if aligned:
        left = (n_fft - win) // 2
        x = jnp.pad(x, ((0, 0), (left, n_fft - win - left)))
    pieces = _frames(x, n_fft, hop, count)
    full = _centred(window, n_fft, win, x.dtype)
    if full is not None:
        pieces, full = promote(pieces, full)
        pieces = pieces * full
    transform = fft_rfft if onesided else fft_fft
    found = jnp.swapaxes(transform(pieces, norm="ortho" if normalized else "backward"), 1, 2)
    return found[0] if input.ndim == 1 else found


@op(name="_stft_parts")
def _parts(input: Array) -> Array:
    """The real and the imaginary part along a new last dimension."""
    return jnp.stack([input.real, input.imag], -1)


@op(name="_stft_padded")
def _padded(input: Array, count: int, mode: str) -> Array:
    """The last dimension extended on both sides."""
    return jnp.pad(input, [(0, 0)] * (input.ndim - 1) + [(count, count)], mode=PADDING[mode])


def _extended(x: Any, n_fft: int, mode: str) -> Any:
    """Return the signal with half a transform's points more on both sides."""
    half = n_fft // 2
    if mode not in PADDING:
        raise errors.ArgumentError(message("stft", f"pad_mode among {', '.join(PADDING)}", repr(mode)))
    most = {"reflect": x.shape[-1] - 1, "circular": x.shape[-1]}.get(mode, half)
    if half > most:
        got = f"n_fft {n_fft} on {describe(x)}"
        fix = "choose a smaller n_fft, pad_mode='constant' or center=False"
        raise errors.ArgumentError(message("stft", f"{mode} padding of at most {most}", got, fix))
    return _padded(x, half, mode)


def _check_signal(x: Any, window: Any, center: bool, return_complex: Any, align_to_window: Any) -> bool:
    """Return whether the signal or its window is complex."""
    if center and align_to_window is not None:
        fix = "pass center=False"
        raise errors.ArgumentError(message("stft", "align_to_window without center", "both", fix))
    require_inexact("stft", x)
    turning = is_complex(x) or (window is not None and is_complex(window))
    if return_complex is None and not turning:
        fix = "pass return_complex=True"
        raise errors.ArgumentError(message("stft", "return_complex for a real signal", "none", fix))
    if x.ndim not in (1, 2):
        raise errors.ShapeError(message("stft", "a signal of 1 or 2 dimensions", describe(x)))
    return turning


@composed(method=True)
def stft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Any:
    """X[ω, m] = Σₖ window[k]·input[m·hop + k]·exp(-2πi·ωk/n_fft): spectra of overlapping pieces.

    Args:
        input: (length,) or (batch, length), of floating point or complex.
        n_fft: points of a transform.
        hop_length: distance of the pieces; n_fft // 4 by default.
        win_length: length of the window, which is centred in the n_fft points; n_fft by default.
        window: (win_length,); ones by default.
        center: extend the signal by n_fft // 2 on both sides, so that piece m is centred at m·hop.
        pad_mode: how: "reflect", "constant", "replicate" or "circular".
        normalized: divide by √n_fft.
        onesided: only the n_fft // 2 + 1 frequencies that define the others; by default for real signals.
        return_complex: False returns the parts along a new last dimension; needed for real signals.
        align_to_window: without ``center``, count pieces by the window's length rather than by n_fft.

    Returns:
        (…, frequencies, pieces), complex; (…, frequencies, pieces, 2) without ``return_complex``.

    Raises:
        DtypeError: a signal of integers.
        ShapeError: a signal or a window of another shape.
        ArgumentError: sizes that do not fit; half of a complex spectrum; ``return_complex`` left out.

    Example:
        >>> stft(jnp.ones(8), 4, center=False, return_complex=True).shape
        (3, 5)

    Source: ``torch.stft``. Deviation: without warnings.
    """
    hop = n_fft // 4 if hop_length is None else hop_length
    win = n_fft if win_length is None else win_length
    turning = _check_signal(input, window, center, return_complex, align_to_window)
    x = _extended(input, n_fft, pad_mode) if center else input
    if not 0 < n_fft <= x.shape[-1]:
        raise errors.ArgumentError(message("stft", f"0 < n_fft <= {x.shape[-1]}, the length", str(n_fft)))
    _check_sizes("stft", n_fft, hop, win, window)
    half = not turning if onesided is None else onesided
    if half and turning:
        raise errors.ArgumentError(
            message("stft", "onesided=False for a complex signal or window", "onesided=True")
        )
    found = _stft(x, window, n_fft, hop, win, bool(normalized), half, bool(align_to_window))
    return found if return_complex or return_complex is None else _parts(found)


@op(name="_istft")
def _istft(
    input: Array, window: Array | None, n_fft: int, hop: int, win: int, normalized: bool, half: bool,
    start: int, stop: int, complex_result: bool,
) -> Array:  # fmt: skip
    """The signal, start to stop, whose pieces have these spectra, each weighed by its window."""
    spectra = jnp.swapaxes(input[None] if input.ndim == 2 else input, 1, 2)
    norm = "ortho" if normalized else "backward"
    if complex_result:
        pieces = fft_ifft(spectra, norm=norm)
    else:
        pieces = fft_irfft(spectra if half else spectra[..., : n_fft // 2 + 1], n=n_fft, norm=norm)
    full = _centred(jnp.ones(win, pieces.dtype) if window is None else window, n_fft, win, None)
    assert full is not None
    pieces, full = promote(pieces, full)
    signal = _overlap_add(pieces * full, hop)[:, start:stop]
    signal = signal / _envelope(full, pieces.shape[1], hop)[:, start:stop]
    more = max(stop - start - signal.shape[1], 0)
    signal = jnp.pad(signal, ((0, 0), (0, more)))
    return signal[0] if input.ndim == 2 else signal


def _envelope(window: Any, count: int, hop: int) -> Any:
    """Return the sum of the squares of the windows of all pieces."""
    return _overlap_add(jnp.broadcast_to(window * window, (1, count, window.size)), hop)


def _check_overlap(window: Any, n_fft: int, hop: int, win: int, count: int, start: int, stop: int) -> None:
    """Raise where the windows leave a sample of the signal out, if their values are known."""
    value = np.ones(win) if window is None else read(window) if isinstance(window, Handle) else window
    if is_tracer(value):
        return
    # A window that is known stays known inside a trace.
    with jax.ensure_compile_time_eval():
        full = _centred(jnp.asarray(value), n_fft, win, None)
        lowest = np.abs(np.asarray(_envelope(full, count, hop))[:, start:stop]).min(initial=np.inf)
    if lowest < _LOST:
        fix = "choose a smaller hop_length, or a window without zeros"
        raise errors.ArgumentError(message("istft", "windows that overlap everywhere", f"{lowest:g}", fix))


def _check_spectra(input: Any, n_fft: int, onesided: bool | None) -> bool:
    """Return whether the spectra are onesided."""
    if not is_complex(input):
        fix = "use torch.view_as_complex, and return_complex=True in stft"
        raise errors.DtypeError(message("istft", "a complex tensor", describe(input), fix))
    if input.ndim not in (2, 3) or not input.size:
        raise errors.ShapeError(message("istft", "spectra of 2 or 3 dimensions, not empty", describe(input)))
    rows = input.shape[-2]
    half = rows != n_fft if onesided is None else onesided
    want = n_fft // 2 + 1 if half else n_fft
    if rows != want:
        got = f"{rows} in {describe(input)}"
        raise errors.ShapeError(message("istft", f"{want} frequencies for n_fft {n_fft}", got))
    return half


@composed(method=True)
def istft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Any:
    """The inverse of `stft`: the signal that fits spectra of overlapping pieces best, in least squares.

    Args:
        input: (frequencies, pieces) or (batch, frequencies, pieces), complex.
        n_fft: points of a transform.
        hop_length: distance of the pieces; n_fft // 4 by default.
        win_length: length of the window; n_fft by default.
        window: (win_length,); ones by default.
        center: drop the n_fft // 2 samples on both sides that `stft` added.
        normalized: the spectra are divided by √n_fft.
        onesided: the spectra have n_fft // 2 + 1 frequencies; by default if they do not have n_fft.
        length: of the signal: it is cut, or filled up with zeros.
        return_complex: the signal is complex.

    Returns:
        (…, length), by default of hop·(pieces - 1) samples, n_fft more without ``center``.

    Raises:
        DtypeError: spectra that are not complex.
        ShapeError: spectra or a window of another shape.
        ArgumentError: sizes that do not fit; a complex signal of half a spectrum; windows that leave a sample
            out (under ``compile`` a division by zero).

    Example:
        >>> x = jnp.arange(8.0)
        >>> istft(stft(x, 4, return_complex=True), 4).round(3).tolist()
        [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]

    Source: ``torch.istft``.
    """
    hop = n_fft // 4 if hop_length is None else hop_length
    win = n_fft if win_length is None else win_length
    half = _check_spectra(input, n_fft, onesided)
    _check_sizes("istft", n_fft, hop, win, window)
    if hop > win:
        raise errors.ArgumentError(message("istft", f"hop_length <= win_length = {win}", str(hop)))
    if return_complex and half:
        got = "onesided spectra"
        raise errors.ArgumentError(message("istft", "return_complex with all frequencies", got))
    if not return_complex and window is not None and is_complex(window):
        raise errors.ArgumentError(message("istft", "return_complex=True for a complex window", "False"))
    count = input.shape[-1]
    whole = n_fft + hop * (count - 1)
    start = n_fft // 2 if center else 0
    stop = whole - start if length is None else start + length
    _check_overlap(window, n_fft, hop, win, count, start, stop)
    return _istft(input, window, n_fft, hop, win, bool(normalized), half, start, stop, bool(return_complex))
