"""Reductions and normalizations under a mask, against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree, check_error
from tests.ops.compare import check, tensor
from xlagrad.torch import masked

X = tensor(3, 4, seed=1)
MASK = torch.tensor([[True, False, True, True], [False, True, True, False], [True, True, True, True]])
NOTHING = torch.tensor([[False] * 4, [True, True, False, False], [True] * 4])
REDUCTIONS = ["sum", "prod", "amax", "amin", "mean", "norm", "var", "std", "logsumexp"]
ALONG = ["cumsum", "cumprod", "softmax", "log_softmax", "softmin"]


@pytest.mark.parametrize("dim", [0, (0, -1), None])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name: str, dim: Any) -> None:
    mine, theirs = getattr(masked, name), getattr(torch.masked, name)
    first = dim == 0
    check(mine, X.clone(), theirs=theirs, dim=dim, mask=MASK, keepdim=not first, second=first, compiled=first)


@pytest.mark.parametrize("name", ["sum", "prod", "amax", "amin", "mean", "median", "norm", "logsumexp"])
def test_rows_without_elements(name: str) -> None:
    mine, theirs = getattr(masked, name), getattr(torch.masked, name)
    check(mine, X.clone(), theirs=theirs, dim=1, mask=NOTHING, grad=False, compiled=False)


@pytest.mark.parametrize("name", ALONG)
def test_along(name: str) -> None:
    mine, theirs = getattr(masked, name), getattr(torch.masked, name)
    check(mine, X.clone(), -1, theirs=theirs, mask=MASK, second=True)


@pytest.mark.parametrize("name", ["sum", "prod", "amax", "amin", "argmax", "argmin", "median", "logsumexp"])
def test_integers(name: str) -> None:
    x = torch.tensor([[5, -2, 5, 0], [1, 7, -7, 3], [2, 2, 2, 2]], dtype=torch.int32)
    check(getattr(masked, name), x, theirs=getattr(torch.masked, name), dim=1, mask=MASK, compiled=False)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_places(name: str) -> None:
    mine, theirs = getattr(masked, name), getattr(torch.masked, name)
    check(mine, X.clone(), theirs=theirs, mask=MASK, grad=False)
    check(mine, X.clone(), theirs=theirs, dim=1, keepdim=True, dtype=torch.int64, mask=MASK, compiled=False)


@pytest.mark.parametrize("order", [2.0, 1.0, 0.0, 3.0, float("inf"), float("-inf")])
def test_orders(order: float) -> None:
    check(masked.norm, X.clone(), order, 1, theirs=torch.masked.norm, mask=MASK, compiled=False)
    check(masked.normalize, X.clone(), order, 1, theirs=torch.masked.normalize, mask=MASK, compiled=False)


def test_further() -> None:
    check(masked.median, X.clone(), theirs=torch.masked.median, mask=MASK)
    check(masked.var, X.clone(), 1, False, theirs=torch.masked.var, mask=MASK)
    check(masked.std, X.clone(), 1, theirs=torch.masked.std, correction=2, mask=MASK)
    other = tensor(3, 4, seed=2)
    check(masked.logaddexp, X.clone(), other, theirs=torch.masked.logaddexp, input_mask=MASK)
    z = torch.complex(X, other)
    for name in ("sum", "prod", "mean", "var"):
        check(
            getattr(masked, name),
            z.clone(),
            theirs=getattr(torch.masked, name),
            dim=1,
            mask=MASK,
            compiled=False,
        )
    # A mask of numbers, and one that broadcasts.
    check(masked.sum, X.clone(), theirs=torch.masked.sum, mask=torch.tensor([1, 0, 2, 0]))
    check(masked.sum, torch.tensor(2.0), theirs=torch.masked.sum, mask=torch.tensor(False))


def test_errors() -> None:
    agree(lambda t: t.masked.mean(t.tensor([1, 2])))
    agree(lambda t: t.masked.amax(t.tensor([True, False]), mask=t.tensor([True, True])))
    agree(lambda t: t.masked.sum(t.ones(2), mask=t.ones(1, 2, dtype=t.bool)))
    agree(lambda t: t.masked.sum(t.ones(2), mask=t.ones(3, dtype=t.bool)))
    agree(lambda t: t.masked.sum(t.ones(2), dim=(0, 0)))
    agree(lambda t: t.masked.median(t.tensor([1, 2]), 0, mask=t.tensor([False, False])))
    x = ours.ones(2)
    with pytest.raises(Exception, match="unbiased or correction, got both") as caught:
        masked.var(x, unbiased=True, correction=1)
    check_error(caught.value)
    assert not masked.is_masked_tensor(x)
    for make in (masked.masked_tensor, masked.as_masked_tensor, masked.MaskedTensor):
        with pytest.raises(NotImplementedError, match=r"torch\.where"):
            make(x, x > 0)
