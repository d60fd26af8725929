"""Calls with other tensors in the place of a module's own."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import xlagrad.layers as nn
from xlagrad.core.errors import ArgumentError
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional_call


def tied() -> Any:
    module = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    module[1].weight = module[0].weight
    return module


def test_values_replace_and_are_given_back() -> None:
    module = nn.Linear(2, 1)
    own = module.weight
    out = functional_call(module, {"weight": Tensor([[1.0, 2.0]])}, (Tensor([3.0, 4.0]),), {})
    assert np.isclose(out.item(), 11.0 + module.bias.item())
    assert module.weight is own
    with pytest.raises(Exception, match="linear"):
        functional_call(module, {"weight": Tensor([[1.0, 2.0, 3.0]])}, Tensor([3.0, 4.0]))
    assert module.weight is own


def test_gradients_flow_to_the_given_tensors() -> None:
    module = nn.Linear(2, 1, bias=False)
    w = Tensor([[1.0, 2.0]]).requires_grad_()
    functional_call(module, {"weight": w}, Tensor([3.0, 4.0])).sum().backward()
    assert w.grad.tolist() == [[3.0, 4.0]]
    assert module.weight.grad is None


def test_jax_differentiates_a_dictionary_of_parameters() -> None:
    module = nn.Linear(2, 1)
    params = {name: p.data_array for name, p in module.named_parameters()}
    gradients = jax.grad(lambda p: functional_call(module, p, Tensor([3.0, 4.0])).sum().data_array)(params)
    assert gradients["weight"].tolist() == [[3.0, 4.0]]
    assert gradients["bias"].tolist() == [1.0]


def test_buffers_are_written_where_they_were_given() -> None:
    module = nn.BatchNorm1d(2)
    buffers = {name: b.clone() for name, b in module.named_buffers()}
    functional_call(module, buffers, Tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert module.num_batches_tracked.item() == 0
    assert buffers["num_batches_tracked"].item() == 1


def test_several_dictionaries_are_merged() -> None:
    module = nn.Linear(1, 1)
    dicts = ({"weight": Tensor([[2.0]])}, {"bias": Tensor([1.0])})
    assert functional_call(module, dicts, Tensor([3.0])).item() == 7.0
    with pytest.raises(ArgumentError, match="each name in one dictionary"):
        functional_call(module, (dicts[0], dicts[0]), Tensor([3.0]))


def test_ties_follow_unless_told_not_to() -> None:
    module, x = tied(), Tensor([1.0, 1.0])
    eye = Tensor([[2.0, 0.0], [0.0, 2.0]])
    assert functional_call(module, {"0.weight": eye}, x).tolist() == [4.0, 4.0]
    loose = functional_call(module, {"0.weight": eye}, x, tie_weights=False)
    assert loose.tolist() == module[1](Tensor([2.0, 2.0])).tolist()
    with pytest.raises(ArgumentError, match="one value for tied weights"):
        functional_call(module, {"0.weight": eye, "1.weight": eye + 1}, x)


def test_names_are_checked() -> None:
    module, x = nn.Linear(1, 1), Tensor([1.0])
    with pytest.raises(ArgumentError, match=r"got unexpected \['other'\]"):
        functional_call(module, {"other": x}, x)
    with pytest.raises(ArgumentError, match=r"missing \['bias'\]"):
        functional_call(module, {"weight": Tensor([[1.0]])}, x, strict=True)
