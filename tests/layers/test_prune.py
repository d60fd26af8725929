"""Pruned weights, against PyTorch."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.utils.prune

import xlagrad.torch as ours
from tests.core.agreement import agree
from xlagrad.core.compile import compile
from xlagrad.core.errors import ArgumentError, DtypeError, IndexingError, ShapeError

WEIGHT = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)


def _layer(t: Any) -> Any:
    layer = t.nn.Linear(4, 6)
    with t.no_grad():
        layer.weight.copy_(t.tensor(WEIGHT))
        layer.bias.fill_(0.5)
    return layer


def _prune(t: Any) -> Any:
    return t.nn.utils.prune


@pytest.mark.parametrize(
    "how",
    [
        lambda p, m, t: p.l1_unstructured(m, "weight", 0.3),
        lambda p, m, t: p.l1_unstructured(m, "weight", 5),
        lambda p, m, t: p.l1_unstructured(m, "weight", 5, importance_scores=t.arange(24.0).reshape(6, 4)),
        lambda p, m, t: p.ln_structured(m, "weight", 2, n=2, dim=0),
        lambda p, m, t: p.ln_structured(m, "weight", 0.5, n=1, dim=-1),
        lambda p, m, t: p.custom_from_mask(m, "weight", t.tensor(WEIGHT) > 0),
        lambda p, m, t: p.identity(m, "weight"),
        lambda p, m, t: p.l1_unstructured(p.ln_structured(m, "weight", 2, 2, 0), "weight", 0.5),
        lambda p, m, t: p.ln_structured(p.ln_structured(m, "weight", 2, 2, 0), "weight", 0.5, 1, 0),
        lambda p, m, t: p.custom_from_mask(p.l1_unstructured(m, "weight", 3), "weight", t.tensor(WEIGHT) > 0),
    ],
    ids=["share", "count", "scores", "rows", "columns", "mask", "identity", "then-l1", "twice", "then-mask"],
)
def test_methods(how: Any) -> None:
    def program(t: Any) -> Any:
        layer = how(_prune(t), _layer(t), t)
        out = layer(t.ones(2, 4))
        (out * out).sum().backward()
        grads = [p.grad for _, p in sorted(layer.named_parameters())]
        pruned = _prune(t).is_pruned(layer)
        parts = layer.weight, layer.weight_mask, layer.weight_orig
        _prune(t).remove(layer, "weight")
        return *parts, out, *grads, pruned, _prune(t).is_pruned(layer), sorted(layer.state_dict().items())

    agree(program)


def test_random_methods() -> None:
    P = _prune(ours)
    entries = P.random_unstructured(_layer(ours), "weight", 0.25)
    assert int((entries.weight_mask == 0).sum()) == 6
    rows = P.random_structured(_layer(ours), "weight", 2, dim=0)
    assert sorted((rows.weight_mask.sum(1) == 0).tolist()) == [False] * 4 + [True] * 2


def test_several_weights_as_one() -> None:
    def program(t: Any) -> Any:
        one, two = _layer(t), _layer(t)
        with t.no_grad():
            two.weight.mul_(0.1)
        _prune(t).l1_unstructured(one, "weight", 2)
        pairs = [(one, "weight"), (two, "weight")]
        _prune(t).global_unstructured(pairs, _prune(t).L1Unstructured, amount=0.5)
        return one.weight, two.weight, two.weight_mask

    agree(program)


def test_own_methods() -> None:
    def program(t: Any) -> Any:
        class Every(_prune(t).BasePruningMethod):
            PRUNING_TYPE = "unstructured"

            def compute_mask(self, x: Any, default_mask: Any) -> Any:
                mask = default_mask.clone()
                mask.view(-1)[::2] = 0
                return mask

        layer = _layer(t)
        Every.apply(layer, "weight")
        Every.apply(layer, "weight")
        return layer.weight, layer.weight_mask

    agree(program)


def test_the_step_of_an_optimizer_keeps_the_mask() -> None:
    layer = _prune(ours).l1_unstructured(_layer(ours), "weight", 0.5)
    optimizer = ours.optim.SGD(layer.parameters(), lr=0.1)

    @compile
    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = (layer(x) ** 2).sum()
        loss.backward()
        optimizer.step()
        return loss

    before = layer.weight.detach().clone()
    first, second = step(ours.ones(2, 4)), step(ours.ones(2, 4))
    assert float(second) < float(first)
    assert not ours.equal(layer.weight, before)
    assert ours.equal(layer.weight == 0, before == 0)


def test_copies_are_pruned_too() -> None:
    layer = _prune(ours).l1_unstructured(_layer(ours), "weight", 0.5)
    other = copy.deepcopy(layer)
    assert ours.equal(other.weight, layer.weight)
    _prune(ours).remove(other, "weight")
    assert _prune(ours).is_pruned(layer)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda p, m: p.l1_unstructured(m, "weight", 1.5), ArgumentError, "a float in the range [0, 1]"),
        (lambda p, m: p.l1_unstructured(m, "weight", 25), ArgumentError, "amount of at most 24"),
        (lambda p, m: p.l1_unstructured(m, "weight", "all"), DtypeError, "amount as an int or a float"),
        (lambda p, m: p.l1_unstructured(m, "w", 1), ArgumentError, "a parameter of Linear, got 'w'"),
        (lambda p, m: p.random_structured(m, "bias", 1, 0), ShapeError, "multidimensional tensors"),
        (lambda p, m: p.random_structured(m, "weight", 1, 2), IndexingError, "dim in [-2, 1], got 2"),
        (
            lambda p, m: p.l1_unstructured(m, "weight", 1, ours.ones(3)),
            ShapeError,
            "importance_scores of the",
        ),
        (lambda p, m: p.remove(m, "weight"), ArgumentError, "a pruned parameter of Linear, got 'weight'"),
        (
            lambda p, m: p.global_unstructured([(m, "weight")], p.RandomStructured, amount=1),
            DtypeError,
            "got RandomStructured of type structured",
        ),
    ],
    ids=["share", "count", "kind", "name", "vector", "dim", "scores", "remove", "global"],
)
def test_refused(call: Any, error: type[Exception], text: str) -> None:
    layer = _layer(ours)
    with pytest.raises(error, match=re.escape(text)):
        call(_prune(ours), layer)
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    assert torch.equal(torch.tensor(layer.weight.numpy(force=True)), torch.tensor(WEIGHT))
