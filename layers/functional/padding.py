"""Padding of the last dimensions by a constant, a reflection, the border or the other end."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.core.signature import freeze
from xlagrad.ops.common import PADDING


@op(name="_pad")
def _pad(input: Array, widths: Any, mode: str, value: float) -> Array:
    """Pad each dimension; negative widths cut."""
    cut = tuple((max(-low, 0), max(-high, 0)) for low, high in widths)
    grow = tuple((max(low, 0), max(high, 0)) for low, high in widths)
    if mode in ("constant", "circular"):
        options = {"constant_values": value} if mode == "constant" else {}
        return jnp.pad(_inner(input, cut), grow, mode=PADDING[mode], **options)
    # A border or reflection is that of the whole image, also where the other end is cut.
    return _inner(jnp.pad(input, grow, mode=PADDING[mode]), cut)


def _inner(x: Array, cut: tuple[tuple[int, int], ...]) -> Array:
    """Return the array without so many elements at both ends of each dimension."""
    return x[tuple(slice(low, n - high) for (low, high), n in zip(cut, x.shape, strict=True))]


def pad(input: Any, pad: Any, mode: str = "constant", value: float | None = None) -> Any:
    """Return ``input`` padded, from the last dimension on.

    Args:
        input: any tensor.
        pad: (low, high) of the last dimension, then of the one before it, …; negative widths cut.
        mode: "constant", "reflect", "replicate" or "circular".
        value: what to fill with in mode "constant", 0 by default.

    Raises:
        ArgumentError: an odd number of widths, more than the input has dimensions, an unknown mode, or a
            reflection or wrap of more elements than there are.

    Example:
        >>> pad(jnp.array([1, 2]), (1, 2)).tolist()
        [0, 1, 2, 0, 0]

    Source: ``torch.nn.functional.pad``. Deviation: any number of dimensions in every mode.
    """
    widths = tuple(freeze("pad", pad))
    if mode not in PADDING:
        raise ArgumentError(message("pad", f"mode among {', '.join(PADDING)}", repr(mode)))
    if len(widths) % 2 or len(widths) // 2 > len(input.shape):
        raise ArgumentError(
            message("pad", f"pairs of widths for at most {len(input.shape)} dimensions", f"{pad}")
        )
    pairs = [(widths[i], widths[i + 1]) for i in range(0, len(widths), 2)]
    rest = [(0, 0)] * (len(input.shape) - len(pairs))
    full = (*rest, *reversed(pairs))
    _check_reach(input, full, mode)
    return _pad(input, widths=full, mode=mode, value=0.0 if value is None else value)


def _check_reach(input: Any, widths: Any, mode: str) -> None:
    """Raise where a reflection or a wrap would need more elements than there are."""
    for (low, high), n in zip(widths, input.shape, strict=True):
        reach = {"reflect": n - 1, "circular": n}.get(mode)
        if reach is not None and max(low, high) > max(reach, 0):
            raise ArgumentError(
                message("pad", f"{mode} padding of at most {reach} for a dimension of length {n}",
                        f"({low}, {high}) on {describe(input)}")
            )  # fmt: skip
