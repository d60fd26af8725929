"""CTC against PyTorch's: losses and gradients, padded and flat targets, sequences without any alignment."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.layers.models import ours
from xlagrad.core.compile import compile
from xlagrad.core.errors import ArgumentError, ShapeError
from xlagrad.core.tensor import Tensor
from xlagrad.layers.functional.ctc import ctc_loss

SCORES = torch.randn(8, 3, 5, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([[1, 1, 2], [3, 4, 3], [2, 1, 4]])


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("lengths", [([8, 7, 6], [3, 2, 1]), ([8, 8, 2], [3, 0, 3])])
def test_losses_and_gradients(reduction: str, flat: bool, lengths: tuple[list[int], list[int]]) -> None:
    steps, sizes = lengths
    targets = torch.cat([row[:n] for row, n in zip(LABELS, sizes, strict=True)]) if flat else LABELS
    for normalised in (False, True):
        x = SCORES.clone().requires_grad_()
        mine = ours(x, requires_grad=True)
        given = (ours(targets), tuple(steps), Tensor(np.array(sizes)))
        a = ctc_loss(
            mine.log_softmax(-1) if normalised else mine, *given, reduction=reduction, zero_infinity=True
        )
        b = torch.nn.functional.ctc_loss(
            x.log_softmax(-1) if normalised else x,
            targets,
            torch.tensor(steps),
            torch.tensor(sizes),
            reduction=reduction,
            zero_infinity=True,
        )
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-4)
        a.sum().backward()
        b.sum().backward()
        np.testing.assert_allclose(mine.grad.numpy(), x.grad.numpy(), rtol=1e-3, atol=1e-5)


def test_no_alignment_is_infinite_unless_told_otherwise() -> None:
    x = ours(SCORES)
    assert np.isinf(ctc_loss(x, ours(LABELS), (2, 2, 2), (3, 3, 3), reduction="none").numpy()).all()
    zero = ctc_loss(x, ours(LABELS), (2, 2, 2), (3, 3, 3), zero_infinity=True)
    assert zero.item() == 0.0


def test_one_sequence_compiled_with_lengths_that_are_traced() -> None:
    x, targets = ours(SCORES[:, 0]), ours(LABELS[0])
    expected = torch.nn.functional.ctc_loss(SCORES[:, 0], LABELS[0], torch.tensor(8), torch.tensor(3))
    assert np.isclose(ctc_loss(x, targets, 8, 3).item(), expected.item(), rtol=1e-5)
    run = compile(lambda steps, sizes: ctc_loss(x, targets, steps, sizes))
    assert np.isclose(run(Tensor(8), Tensor(3)).item(), expected.item(), rtol=1e-5)


def test_errors() -> None:
    x = ours(SCORES)
    with pytest.raises(ShapeError, match="3 input_lengths, one for each sequence"):
        ctc_loss(x, ours(LABELS), (8, 8), (3, 3, 3))
    with pytest.raises(ShapeError, match="targets of 3 sequences"):
        ctc_loss(x, ours(LABELS[:2]), (8, 8, 8), (3, 3, 3))
    with pytest.raises(ShapeError, match="log_probs"):
        ctc_loss(x[0, 0], ours(LABELS), (8,), (3,))
    with pytest.raises(ArgumentError, match="a blank below 5 classes, got 7"):
        ctc_loss(x, ours(LABELS), (8, 8, 8), (3, 3, 3), blank=7)
    with pytest.raises(ArgumentError, match="reduction"):
        ctc_loss(x, ours(LABELS), (8, 8, 8), (3, 3, 3), reduction="x")
