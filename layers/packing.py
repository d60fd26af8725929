"""Packing batches of sequences, and unpacking them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xlagrad.core.errors import ArgumentError, ShapeError, StateError, describe, message
from xlagrad.core.handle import Handle
from xlagrad.core.tensor import Tensor
from xlagrad.layers.functional import pad
from xlagrad.layers.packed import PackedSequence, _padded_after, invert_permutation, known
from xlagrad.ops.join import stack


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
    """Return the sequences that a padded tensor holds.

    Args:
        padded_sequences: (L, N, *), or (N, L, *) with ``batch_first``.
        lengths: how long each is, (N,).
        batch_first: the layout.

    Example:
        >>> [s.tolist() for s in unpad_sequence(Tensor([[1.0, 3.0], [2.0, 0.0]]), [2, 1])]
        [[1.0, 2.0], [3.0]]

    Reference: ``torch.nn.utils.rnn.unpad_sequence``.
    """
    host = _host("unpad_sequence", lengths)
    batch = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [batch[i, : int(n)] for i, n in enumerate(host)]


def _host(who: str, lengths: Any) -> np.ndarray[Any, Any]:
    host = known(lengths)
    if host is None:
        fix = "give them as a list or take them out of the compiled function"
        raise StateError(message(who, "lengths that are known", "traced ones", fix))
    return host


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Return a padded batch of sequences in packed form.

    Args:
        input: (L, N, *), or (N, L, *) with ``batch_first``.
        lengths: how long each sequence is, (N,), a list or a tensor; each from 1 to L.
        batch_first: the layout.
        enforce_sorted: the lengths descend; False sorts the sequences.

    Raises:
        ArgumentError: lengths that do not fit, or do not descend although they should. Inside a compiled
            function their values are not looked at.

    Example:
        >>> packed = pack_padded_sequence(Tensor([[1.0, 3.0], [2.0, 0.0]]), [2, 1])
        >>> packed.data.tolist(), packed.batch_sizes.tolist()
        ([1.0, 3.0, 2.0], [2, 1])

    Reference: ``torch.nn.utils.rnn.pack_padded_sequence``.
    """
    padded = input.transpose(0, 1) if batch_first else input
    sizes = lengths if isinstance(lengths, Handle) else Tensor(np.asarray(lengths, np.int64), dtype="int64")
    if sizes.ndim != 1 or sizes.shape[0] != padded.shape[1]:  # type: ignore[attr-defined]
        want = f"len(lengths) equal to batch_size {padded.shape[1]}"
        raise ArgumentError(message("pack_padded_sequence", want, describe(lengths)))
    host = known(sizes)
    if host is not None:
        _check_lengths(host, int(padded.shape[0]), enforce_sorted)
        # Executables depend on the longest, not on how far the batch was padded beyond it.
        padded = padded[: int(host.max())]
    order = None
    if not enforce_sorted:
        order = sizes.argsort(descending=True)  # type: ignore[attr-defined]
        sizes, padded = sizes[order], padded.index_select(1, order)  # type: ignore[index]
    elif not isinstance(lengths, Handle):
        sizes = Tensor(np.asarray(lengths, np.int32))
    return PackedSequence.of_padded(padded, sizes, order, invert_permutation(order))


def _check_lengths(host: np.ndarray[Any, Any], longest: int, descending: bool) -> None:
    who, shown = "pack_padded_sequence", f"{host.tolist()}"
    if host.size == 0 or host.min() <= 0:
        raise ArgumentError(message(who, "lengths greater than 0", shown))
    if host.max() > longest:
        raise ArgumentError(message(who, f"lengths of at most {longest}, as long as the input", shown))
    if descending and (np.diff(host) > 0).any():
        want = "`lengths` array to be sorted in decreasing order when `enforce_sorted` is True"
        raise ArgumentError(message(who, want, shown, "pass enforce_sorted=False"))


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Return packed sequences as a padded batch, in the order before packing, and their lengths.

    Args:
        sequence: the packed sequences.
        batch_first: return (N, L, *) instead of (L, N, *).
        padding_value: what the padding consists of.
        total_length: L; by default the longest sequence's length.

    Returns:
        The batch, and the lengths, int64 on the CPU.

    Raises:
        ArgumentError: ``total_length`` is less than the longest sequence's length.
        StateError: inside a compiled function whose lengths are not known, without ``total_length``.

    Reference: ``torch.nn.utils.rnn.pad_packed_sequence``.
    """
    padded, lengths = sequence.padded, sequence.lengths
    host = known(lengths)
    if host is None and total_length is None:
        fix = "pass total_length, or the lengths as a list"
        raise StateError(message("pad_packed_sequence", "lengths that are known", "traced ones", fix))
    most = int(padded.shape[0]) if host is None else int(host.max())
    wanted = most if total_length is None else total_length
    if wanted < most:
        want = f"total_length to be at least the length of the longest sequence, {most}"
        raise ArgumentError(message("pad_packed_sequence", want, str(total_length)))
    out: Any = _padded_after(padded[:most], lengths, value=padding_value)
    if wanted > most:
        out = pad(out, (*(0, 0) * (out.ndim - 1), 0, wanted - most), value=padding_value)
    if sequence.unsorted_indices is not None:
        out = out.index_select(1, sequence.unsorted_indices)
        lengths = lengths[sequence.unsorted_indices]
    return out.transpose(0, 1) if batch_first else out, lengths.long()


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Return sequences, (L_i, *) each, in packed form.

    Args:
        sequences: the sequences, the longest first unless ``enforce_sorted`` is False.
        enforce_sorted: their lengths descend.

    Example:
        >>> pack_sequence([Tensor([1.0, 2.0]), Tensor([3.0])]).data.tolist()
        [1.0, 3.0, 2.0]

    Reference: ``torch.nn.utils.rnn.pack_sequence``.
    """
    lengths = [int(s.shape[0]) for s in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Return the sequences that a packed one holds, in the order before packing.

    Reference: ``torch.nn.utils.rnn.unpack_sequence``.
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
