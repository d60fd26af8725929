"""Saving and loading state: torch's keys, texts and hooks; a load that fails leaves all as it was."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.layers as nn
from tests.layers.models import net, twin
from xlagrad.core.errors import StateError
from xlagrad.core.tensor import Parameter, Tensor


def values(module: Any) -> dict[str, Any]:
    return {name: np.array(t.detach().numpy()) for name, t in module.state_dict(keep_vars=True).items()}


def assert_same(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert list(a) == list(b)
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_keys_order_and_metadata_are_torchs() -> None:
    module, reference = twin(net)
    mine, torchs = module.state_dict(), reference.state_dict()
    assert list(mine) == list(torchs)
    assert isinstance(mine, OrderedDict)
    assert dict(mine._metadata) == dict(torchs._metadata)
    assert list(module.state_dict(prefix="p.")) == list(reference.state_dict(prefix="p."))
    assert_same(values(module), {k: v.numpy().astype(mine[k].dtype.numpy) for k, v in torchs.items()})


def test_values_are_detached_unless_asked_for() -> None:
    module = nn.Linear(2, 1)
    assert module.state_dict(keep_vars=True)["weight"] is module.weight
    saved = module.state_dict()["weight"]
    assert not saved.requires_grad
    destination: dict[str, Any] = {}
    assert module.state_dict(destination=destination) is destination
    assert list(module.state_dict(destination, "x.")) == ["weight", "bias", "x.weight", "x.bias"]


@pytest.mark.parametrize("kind", ["numpy", "jax", "torch", "ours"])
def test_loading_takes_arrays_of_every_kind(kind: str) -> None:
    source = nn.Linear(2, 3).state_dict()
    convert = {
        "numpy": lambda t: t.numpy(),
        "jax": lambda t: t.data_array,
        "torch": lambda t: torch.tensor(t.numpy(), requires_grad=True),
        "ours": lambda t: t,
    }[kind]
    module = nn.Linear(2, 3)
    weight = module.weight
    result = module.load_state_dict({k: convert(v) for k, v in source.items()})
    assert str(result) == "<All keys matched successfully>"
    assert module.weight is weight
    assert weight.requires_grad
    assert weight.tolist() == source["weight"].tolist()


def test_loaded_values_are_copies() -> None:
    source = nn.Linear(2, 1)
    module = nn.Linear(2, 1)
    module.load_state_dict(source.state_dict())
    before = module.weight.tolist()
    source.weight.data.fill_(7.0)
    assert module.weight.tolist() == before


def edit(state: dict[str, Any], what: str, package: Any) -> dict[str, Any]:
    new = OrderedDict(state)
    if "missing" in what:
        del new["head.0.weight"], new["first.bias"]
    if "unexpected" in what:
        new["head.0.other"] = new["extra.deep.name"] = new["first.weight"]
    if "size" in what:
        new["first.weight"] = package(np.zeros((2, 2), np.float32))
    if "number" in what:
        new["first.bias"] = 3
    return new


CASES = ["missing", "unexpected", "size", "number", "missing unexpected size", "size number"]


@pytest.mark.parametrize("what", CASES)
def test_messages_are_torchs_and_nothing_is_loaded(what: str) -> None:
    module, reference = twin(net)
    other = net(torch.nn)
    before = values(module)
    with pytest.raises(RuntimeError) as torchs:
        reference.load_state_dict(edit(other.state_dict(), what, torch.from_numpy))
    with pytest.raises(StateError) as ours_:
        module.load_state_dict(edit(other.state_dict(), what, torch.from_numpy))
    assert str(ours_.value) == str(torchs.value)
    assert_same(values(module), before)


def test_not_strict_loads_what_fits_and_reports_the_rest() -> None:
    module, reference = twin(net)
    state = edit(net(torch.nn).state_dict(), "missing unexpected", torch.from_numpy)
    mine, torchs = module.load_state_dict(state, strict=False), reference.load_state_dict(state, strict=False)
    assert list(mine) == list(torchs)
    assert str(mine) == str(torchs)
    assert_same(
        values(module),
        {k: v.numpy().astype(values(module)[k].dtype) for k, v in reference.state_dict().items()},
    )


def test_sizes_are_checked_without_strict_too() -> None:
    module = nn.Linear(2, 2)
    with pytest.raises(StateError, match="size mismatch for weight"):
        module.load_state_dict({"weight": np.zeros((3, 3), np.float32)}, strict=False)


def test_something_else_than_a_mapping_is_refused() -> None:
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class 'list'>"):
        nn.Linear(1, 1).load_state_dict([1])


def test_assign_puts_the_given_tensors_in_place() -> None:
    module = nn.BatchNorm1d(2)
    module.weight.requires_grad_(False)
    given = {k: Tensor(v.numpy().astype(np.float16)) for k, v in nn.BatchNorm1d(2).state_dict().items()}
    module.load_state_dict(given, assign=True)
    assert module.running_mean is given["running_mean"]
    assert isinstance(module.weight, Parameter)
    assert module.weight.dtype.name == "float16"
    assert not module.weight.requires_grad
    weight, running = module.weight, module.running_mean
    with pytest.raises(StateError):
        module.load_state_dict({**given, "weight": Tensor([1.0])}, assign=True)
    assert module.weight is weight
    assert module.running_mean is running


def test_a_scalar_takes_a_vector_of_one() -> None:
    module = nn.Module()
    module.scale = Parameter(Tensor(1.0))
    module.load_state_dict({"scale": np.array([5.0], np.float32)})
    assert module.scale.item() == 5.0


def test_batch_norm_takes_states_from_before_it_counted() -> None:
    state = nn.BatchNorm1d(2).state_dict()
    del state["num_batches_tracked"]
    nn.BatchNorm1d(2).load_state_dict(dict(state))


class Extra(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value = 1
        self.w = Parameter(Tensor([1.0]))

    def get_extra_state(self) -> Any:
        return {"value": self.value}

    def set_extra_state(self, state: Any) -> None:
        if state["value"] == "bad":
            raise ValueError("bad")
        self.value = state["value"]


def test_extra_state_is_saved_and_loaded_last() -> None:
    module = nn.Sequential(Extra(), nn.Linear(1, 1))
    module[0].value = 5
    state = module.state_dict()
    assert list(state) == ["0.w", "0._extra_state", "1.weight", "1.bias"]
    other = nn.Sequential(Extra(), nn.Linear(1, 1))
    with pytest.raises(StateError, match=r'Missing key.s. in state_dict: "1.bias"'):
        other.load_state_dict({k: v for k, v in state.items() if k != "1.bias"})
    assert other[0].value == 1
    other.load_state_dict(state)
    assert other[0].value == 5
    before = values(nn.Sequential(other[1]))
    with pytest.raises(ValueError, match="bad"):
        other.load_state_dict({**state, "0._extra_state": {"value": "bad"}, "1.bias": np.ones(1, np.float32)})
    assert_same(values(nn.Sequential(other[1])), before)
    with pytest.raises(StateError, match=r'Unexpected key.s. in state_dict: "_extra_state"'):
        nn.Linear(1, 1).load_state_dict({**nn.Linear(1, 1).state_dict(), "_extra_state": 1})


def test_hooks_of_saving() -> None:
    seen: list[str] = []
    module = nn.Sequential(nn.Linear(1, 1))

    def post(m: Any, state: Any, prefix: str, metadata: Any) -> None:
        state[f"{prefix}added"] = 1

    module[0].register_state_dict_pre_hook(lambda m, prefix, keep: seen.append(prefix))
    handle = module[0].register_state_dict_post_hook(post)
    assert "0.added" in module.state_dict()
    assert seen == ["0."]
    handle.remove()
    assert "0.added" not in module.state_dict()
    module._register_state_dict_hook(lambda m, state, prefix, meta: {"replaced": 1})
    assert module.state_dict() == {"replaced": 1}


def test_hooks_of_loading() -> None:
    module = nn.Sequential(nn.Linear(1, 1, bias=False))

    def rename(m: Any, state: Any, prefix: str, *rest: Any) -> None:
        state[f"{prefix}weight"] = state.pop(f"{prefix}kernel")

    seen: list[Any] = []
    with module[0].register_load_state_dict_pre_hook(rename):
        module[0].register_load_state_dict_post_hook(
            lambda m, keys: seen.append((m, list(keys.missing_keys)))
        )
        module.load_state_dict({"0.kernel": np.array([[4.0]], np.float32)})
    assert module[0].weight.item() == 4.0
    assert seen == [(module[0], [])]
    module.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
    module.load_state_dict({})


def test_a_hook_that_returns_something_is_refused() -> None:
    module = nn.Linear(1, 1)
    module.register_load_state_dict_post_hook(lambda m, keys: 1)
    before = values(module)
    with pytest.raises(AssertionError, match="not expected to return new values"):
        module.load_state_dict(nn.Linear(1, 1).state_dict())
    assert_same(values(module), before)
