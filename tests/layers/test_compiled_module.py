"""Compiled modules: state shared with the original, keys, attributes, copies."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import xlagrad.layers as nn
from xlagrad.core.compile import compile
from xlagrad.core.tensor import Tensor


def model() -> Any:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


X = Tensor(np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32))


def test_calls_agree_and_write_the_originals_buffers() -> None:
    original = model()
    reference = copy.deepcopy(original)
    compiled = compile(original)
    assert isinstance(compiled, nn.CompiledModule)
    for _ in range(3):
        assert np.allclose(compiled(X).detach().numpy(), reference(X).detach().numpy(), atol=1e-5)
    assert original[1].num_batches_tracked.item() == 3
    assert np.allclose(original[1].running_mean.numpy(), reference[1].running_mean.numpy(), atol=1e-6)


def test_gradients_reach_the_originals_parameters() -> None:
    original = model()
    reference = copy.deepcopy(original)
    compile(original)(X).pow(2).sum().backward()
    reference(X).pow(2).sum().backward()
    for p, q in zip(original.parameters(), reference.parameters(), strict=True):
        assert np.allclose(p.grad.numpy(), q.grad.numpy(), atol=1e-4)


def test_everything_is_the_originals() -> None:
    original = model()
    compiled = compile(original)
    assert next(compiled.parameters()) is original[0].weight
    assert compiled._orig_mod is original
    compiled.eval()
    assert not original.training
    assert not compiled.training
    compiled.note = 3
    assert original.note == 3
    del compiled.note
    assert not hasattr(original, "note")
    assert len(compiled._modules) == 2
    assert repr(compiled).startswith("CompiledModule(\n  (_orig_mod): Sequential(\n    (0)")
    with pytest.raises(AttributeError, match="nothing"):
        _ = compiled.nothing


@pytest.mark.parametrize("prefix", ["", "_orig_mod."])
def test_states_load_with_and_without_torchs_prefix(prefix: str) -> None:
    source, target = model(), compile(model())
    assert list(target.state_dict()) == list(source.state_dict())
    target.load_state_dict(OrderedDict((prefix + k, v) for k, v in source.state_dict().items()))
    assert target[0].weight.tolist() == source[0].weight.tolist()
    assert target._orig_mod[0].weight.tolist() == source[0].weight.tolist()
    outer = nn.ModuleDict({"inner": compile(model())})
    outer.load_state_dict({f"inner.{prefix}{k}": v for k, v in source.state_dict().items()})
    assert list(outer.state_dict()) == [f"inner.{k}" for k in source.state_dict()]


def test_compiling_in_place() -> None:
    module = model().eval()
    expected = module(X).detach().numpy()
    module.compile()
    assert np.allclose(module(X).detach().numpy(), expected, atol=1e-6)
    other = copy.deepcopy(module)
    assert other._compiled_call_impl is None
    assert np.allclose(other(X).detach().numpy(), expected, atol=1e-6)


def test_copies_and_pickles_share_among_themselves() -> None:
    compiled = compile(model().eval())
    compiled(X)
    for other in (copy.deepcopy(compiled), pickle.loads(pickle.dumps(compiled))):
        assert other._orig_mod is not compiled._orig_mod
        assert other._modules is other._orig_mod._modules
        assert np.allclose(other(X).detach().numpy(), compiled(X).detach().numpy(), atol=1e-6)
