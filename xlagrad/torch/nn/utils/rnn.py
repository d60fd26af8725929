"""`torch.nn.utils.rnn`: sequences of different lengths in one tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlagrad.core.errors import ArgumentError, ShapeError, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers.functional import pad
from xlagrad.ops.join import stack
from xlagrad.torch.names import missing


def pad_sequence(
    sequences: Sequence[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Return sequences as one tensor, the shorter ones padded to the longest one's length.

    Args:
        sequences: tensors (L_i, *), alike in all but the first dimension.
        batch_first: return (N, L, *) instead of (L, N, *).
        padding_value: what the padding consists of.
        padding_side: ``right`` or ``left``.

    Raises:
        ArgumentError: no sequence, or another side.
        ShapeError: sequences that differ in more than the first dimension.

    Example:
        >>> pad_sequence([Tensor([1.0, 2.0]), Tensor([3.0])], batch_first=True).tolist()
        [[1.0, 2.0], [3.0, 0.0]]

    Reference: ``torch.nn.utils.rnn.pad_sequence``.
    """
    if not len(sequences) or padding_side not in ("left", "right"):
        got = f"{len(sequences)} and {padding_side!r}"
        raise ArgumentError(
            message("pad_sequence", "a sequence at least, and padding_side left or right", got)
        )
    shapes = {tuple(s.shape[1:]) for s in sequences}
    if len(shapes) > 1:
        got = " and ".join(map(str, sorted(shapes)))
        raise ShapeError(message("pad_sequence", "sequences that differ in the first dimension only", got))
    longest = max(s.shape[0] for s in sequences)
    rows = []
    for s in sequences:
        more = longest - s.shape[0]
        ends = (0, more) if padding_side == "right" else (more, 0)
        rows.append(pad(s, (*(0, 0) * (s.ndim - 1), *ends), value=padding_value) if more else s)
    out: Tensor = stack(rows, dim=0 if batch_first else 1)
    return out


def unpad_sequence(padded_sequences: Tensor, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """Return the sequences that :func:`pad_sequence` put together, given their lengths."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    sizes = lengths.tolist() if hasattr(lengths, "tolist") else list(lengths)
    return [rows[i, : int(n)] for i, n in enumerate(sizes)]


def __getattr__(name: str) -> Any:
    raise missing("torch.nn.utils.rnn", name, ["pad_sequence", "unpad_sequence"])
