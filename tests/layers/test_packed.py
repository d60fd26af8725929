"""Packed sequences and recurrent layers on them, against PyTorch."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from xlagrad.core.compile import compile
from xlagrad.core.errors import ArgumentError, StateError

LENGTHS = [3, 5, 1, 2]
FEATURES, HIDDEN = 3, 4


def _batch(t: Any) -> Any:
    values = np.random.default_rng(0).standard_normal((5, 4, FEATURES)).astype(np.float32)
    return t.tensor(values)


def _rnn(t: Any) -> Any:
    return t.nn.utils.rnn


@pytest.mark.parametrize("lengths", [[5, 3, 2, 1], [4, 4, 1, 1], [1, 1, 1, 1]])
def test_packing_and_back(lengths: list[int]) -> None:
    def program(t: Any) -> Any:
        packed = _rnn(t).pack_padded_sequence(_batch(t), lengths)
        data, sizes, order, back = packed
        padded = _rnn(t).pad_packed_sequence(packed, batch_first=True, padding_value=-1.0, total_length=6)
        return data, sizes, order, back, packed[0], packed.batch_sizes, *padded

    agree(program)


def test_unsorted_sequences_come_back_in_their_order() -> None:
    def program(t: Any) -> Any:
        batch = _batch(t).transpose(0, 1)
        packed = _rnn(t).pack_padded_sequence(batch, t.tensor(LENGTHS), True, enforce_sorted=False)
        padded, lengths = _rnn(t).pad_packed_sequence(packed)
        return (
            packed.data,
            packed.batch_sizes,
            packed.sorted_indices,
            packed.unsorted_indices,
            padded,
            lengths,
        )

    agree(program)


def test_lists_of_sequences() -> None:
    def program(t: Any) -> Any:
        items = [_batch(t)[:n, i] for i, n in enumerate(LENGTHS)]
        packed = _rnn(t).pack_sequence(items, enforce_sorted=False)
        padded = _rnn(t).pad_sequence(items, True, 2.0, "left")
        return packed.data, padded, *_rnn(t).unpack_sequence(packed)

    agree(program)


def test_a_packed_sequence_of_other_elements() -> None:
    def program(t: Any) -> Any:
        packed = _rnn(t).pack_padded_sequence(_batch(t), [5, 3, 2, 1])
        x = (packed.data * 2).requires_grad_()
        doubled = _rnn(t).PackedSequence(x, packed.batch_sizes)
        padded, _ = _rnn(t).pad_packed_sequence(doubled)
        (padded**2).sum().backward()
        return padded, x.grad

    agree(program)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("given", [False, True])
def test_recurrent_layers(kind: str, bidirectional: bool, given: bool) -> None:
    options: dict[str, Any] = {"num_layers": 2, "bidirectional": bidirectional}
    if kind == "LSTM" and given:
        options["proj_size"] = 2
    torch.manual_seed(0)
    theirs = getattr(torch.nn, kind)(FEATURES, HIDDEN, **options)
    mine = getattr(ours.nn, kind)(FEATURES, HIDDEN, **options)
    mine.load_state_dict(theirs.state_dict())

    def program(t: Any) -> Any:
        layer = theirs if t is torch else mine
        layer.zero_grad()
        state = _states(t, kind, options) if given else None
        x = _batch(t).requires_grad_()
        packed = _rnn(t).pack_padded_sequence(x, LENGTHS, enforce_sorted=False)
        out, last = layer(packed, state)
        padded, _ = _rnn(t).pad_packed_sequence(out, batch_first=True)
        lasts = last if kind == "LSTM" else (last,)
        sum((v * v).sum() for v in (padded, *lasts)).backward()
        return padded, out.data, *lasts, x.grad, *[p.grad for p in layer.parameters()]

    agree(program, rtol=1e-4)


def _states(t: Any, kind: str, options: dict[str, Any]) -> Any:
    rows = options["num_layers"] * (1 + options["bidirectional"])
    draw = np.random.default_rng(1).standard_normal
    h = t.tensor(draw((rows, 4, options.get("proj_size", HIDDEN))).astype(np.float32))
    c = t.tensor(draw((rows, 4, HIDDEN)).astype(np.float32))
    return (h, c) if kind == "LSTM" else h


def test_lengths_may_be_values_of_a_compiled_function() -> None:
    layer = ours.nn.LSTM(FEATURES, HIDDEN)

    def run(x: Any, lengths: Any) -> Any:
        packed = _rnn(ours).pack_padded_sequence(x, lengths, enforce_sorted=False)
        out, (h, _) = layer(packed)
        return *_rnn(ours).pad_packed_sequence(out, total_length=5), h

    step = compile(run)
    for lengths in (LENGTHS, [2, 2, 4, 1]):
        given = ours.tensor(lengths)
        for got, want in zip(step(_batch(ours), given), run(_batch(ours), given), strict=True):
            assert np.allclose(got.numpy(force=True), want.numpy(force=True), atol=1e-6)
    assert len(step.programs) == 1 if hasattr(step, "programs") else True


def test_packed_sequences_pass_into_compiled_functions() -> None:
    layer = ours.nn.GRU(FEATURES, HIDDEN)
    packed = _rnn(ours).pack_padded_sequence(_batch(ours), [5, 3, 2, 1])
    got, want = compile(lambda p: layer(p)[0])(packed), layer(packed)[0]
    assert isinstance(got, _rnn(ours).PackedSequence)
    assert np.allclose(got.data.numpy(force=True), want.data.numpy(force=True), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda r, x: r.pack_padded_sequence(x, [1, 2, 3, 4]), ArgumentError, "pass enforce_sorted=False."),
        (lambda r, x: r.pack_padded_sequence(x, [3, 2, 1, 0]), ArgumentError, "lengths greater than 0"),
        (lambda r, x: r.pack_padded_sequence(x, [6, 2, 1, 1]), ArgumentError, "lengths of at most 5"),
        (lambda r, x: r.pack_padded_sequence(x, [3]), ArgumentError, "len(lengths) equal to batch_size 4"),
        (lambda r, x: r.PackedSequence(x[0], ours.tensor([2, 3])), ArgumentError, "add up to 4 elements"),
        (
            lambda r, x: r.pad_packed_sequence(r.pack_padded_sequence(x, [4, 2, 1, 1]), total_length=3),
            ArgumentError,
            "at least the length of the longest sequence, 4, got 3.",
        ),
        (
            lambda r, x: compile(lambda n: r.pad_packed_sequence(r.pack_padded_sequence(x, n)))(
                ours.tensor([4, 2, 1, 1])
            ),
            StateError,
            "pass total_length, or the lengths as a list",
        ),
    ],
    ids=["order", "zero", "long", "count", "sizes", "total", "traced"],
)
def test_refused(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        call(_rnn(ours), _batch(ours))
