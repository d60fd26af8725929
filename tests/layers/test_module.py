"""Modules against PyTorch's: members, names, errors, traversal, modes, copies, placement, printing."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.layers as nn
from tests.layers.models import net, ours, twin
from xlagrad.core.errors import DeviceError, DtypeError
from xlagrad.core.tensor import Parameter, Tensor

Pair = tuple[Any, Any]


class Saved(nn.Module):
    """At module level, so that pickle finds it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.register_buffer("count", Tensor([0.0]))
        self.options = {"depth": 2}

    def forward(self, x: Any) -> Any:
        return self.layer(x) + self.count


@pytest.fixture
def pair() -> Pair:
    return twin(net)


def names(found: Any) -> list[str]:
    return [name for name, _ in found]


@pytest.mark.parametrize("method", ["named_parameters", "named_buffers", "named_modules", "named_children"])
def test_names_and_order_are_torchs(pair: Pair, method: str) -> None:
    module, reference = pair
    assert names(getattr(module, method)()) == names(getattr(reference, method)())


@pytest.mark.parametrize("method", ["named_parameters", "named_buffers", "named_modules"])
def test_duplicates_and_prefixes_are_listed_as_torch_does(pair: Pair, method: str) -> None:
    module, reference = pair
    options = {"remove_duplicate": False, "prefix": "p"}
    assert names(getattr(module, method)(**options)) == names(getattr(reference, method)(**options))


def test_repr_is_torchs(pair: Pair) -> None:
    module, reference = pair
    assert repr(module) == repr(reference)


def test_dir_lists_members(pair: Pair) -> None:
    assert {"first", "blocks", "forward"} <= set(dir(pair[0]))
    assert not [name for name in dir(nn.Sequential(nn.ReLU())) if name[0].isdigit()]


def test_look_ups_by_path(pair: Pair) -> None:
    module, reference = pair
    assert module.get_submodule("blocks.1.inner") is module.blocks[1].inner
    assert module.get_submodule("") is module
    assert module.get_parameter("head.0.bias") is module.head[0].bias
    assert module.get_buffer("blocks.0.norm.running_mean") is module.blocks[0].norm.running_mean
    for method, path in [
        ("get_submodule", "blocks.7"),
        ("get_submodule", "first.weight"),
        ("get_parameter", "first.nothing"),
        ("get_parameter", "first"),
        ("get_buffer", "first.weight"),
    ]:
        with pytest.raises(AttributeError) as ours_:
            getattr(module, method)(path)
        with pytest.raises(AttributeError) as torchs:
            getattr(reference, method)(path)
        assert str(ours_.value) == str(torchs.value)


def test_set_submodule_replaces_and_refuses(pair: Pair) -> None:
    module, _ = pair
    module.set_submodule("blocks.1.inner", nn.Identity())
    assert isinstance(module.blocks[1].inner, nn.Identity)
    with pytest.raises(ValueError, match="without a target name"):
        module.set_submodule("", nn.Identity())
    with pytest.raises(AttributeError, match="has no attribute `new`"):
        module.set_submodule("first.new", nn.Identity(), strict=True)


def bare(package: Any) -> Any:
    class Bare(package.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            pass

    return Bare()


WRONG: dict[str, Callable[[Any, Any, Any], Any]] = {
    "module before init": lambda nn, t, m: setattr(bare(nn), "x", nn.ReLU()),
    "parameter before init": lambda nn, t, m: setattr(bare(nn), "x", nn.Parameter(t([1.0]))),
    "buffer before init": lambda nn, t, m: bare(nn).register_buffer("x", t([1.0])),
    "tensor as parameter": lambda nn, t, m: setattr(m, "weight", t([1.0])),
    "number as module": lambda nn, t, m: (m.add_module("child", nn.ReLU()), setattr(m, "child", 3)),
    "number as buffer": lambda nn, t, m: (m.register_buffer("b", t([1.0])), setattr(m, "b", 3)),
    "dotted parameter": lambda nn, t, m: m.register_parameter("a.b", None),
    "dotted module": lambda nn, t, m: m.add_module("a.b", None),
    "empty buffer name": lambda nn, t, m: m.register_buffer("", None),
    "name of a method": lambda nn, t, m: m.register_buffer("forward", None),
    "name that is no string": lambda nn, t, m: m.register_buffer(3, None),
    "missing attribute": lambda nn, t, m: m.nothing,
    "mode that is no bool": lambda nn, t, m: m.train(1),
    "number as submodule": lambda nn, t, m: m.add_module("child", 3),
    "missing forward": lambda nn, t, m: type("Empty", (nn.Module,), {})()(),
    "unexpected argument": lambda nn, t, m: type("Empty", (nn.Module,), {})(3),
    "delete nothing": lambda nn, t, m: delattr(m, "nothing"),
}


@pytest.mark.parametrize("what", WRONG)
def test_errors_have_torchs_types_and_texts(what: str) -> None:
    nn.Parameter = Parameter
    with pytest.raises(Exception) as torchs:
        WRONG[what](torch.nn, torch.tensor, torch.nn.Linear(2, 2))
    with pytest.raises(type(torchs.value)) as ours_:
        WRONG[what](nn, Tensor, nn.Linear(2, 2))
    mine = str(ours_.value).replace("xlagrad.core.tensor.Tensor", "torch.FloatTensor")
    assert mine == str(torchs.value)


def test_a_parameter_that_is_no_leaf_is_refused() -> None:
    module = nn.Linear(2, 2)
    made = Parameter(Tensor([1.0]))
    made._node = (made * 2)._node
    with pytest.raises(ValueError, match="Cannot assign non-leaf Tensor to parameter 'w'"):
        module.register_parameter("w", made)


def test_assigning_moves_a_name_between_tables() -> None:
    module = nn.Module()
    module.x = 3
    module.x = Parameter(Tensor([1.0]))
    assert "x" not in vars(module)
    assert names(module.named_parameters()) == ["x"]
    module.x = None
    assert module.x is None
    assert names(module.named_parameters()) == []
    module.x = Parameter(Tensor([1.0]))
    module.x = nn.ReLU()
    assert names(module.named_parameters()) == []
    assert names(module.named_children()) == ["x"]
    del module.x
    assert not hasattr(module, "x")


def test_buffers_by_name_and_by_class() -> None:
    module = nn.Module()
    module.register_buffer("kept", Tensor([1.0]))
    module.register_buffer("temporary", Tensor([2.0]), persistent=False)
    module.other = nn.Buffer(Tensor([3.0]), persistent=False)
    module.kept = Tensor([4.0])
    assert list(module.state_dict()) == ["kept"]
    assert names(module.named_buffers()) == ["kept", "temporary", "other"]
    assert module.kept.item() == 4.0


def test_train_and_eval_reach_everything(pair: Pair) -> None:
    module, _ = pair
    assert module.eval() is module
    assert not any(m.training for m in module.modules())
    module.blocks.train()
    assert module.blocks[0].norm.training
    assert not module.training


def test_freezing_and_zero_grad() -> None:
    module = nn.Linear(2, 1)
    x = Tensor([[1.0, 2.0]])
    module(x).sum().backward()
    module.zero_grad(set_to_none=False)
    assert module.weight.grad.tolist() == [[0.0, 0.0]]
    module.zero_grad()
    assert module.weight.grad is None
    module.requires_grad_(False)
    assert not module(x).requires_grad


def test_apply_visits_children_first(pair: Pair) -> None:
    module, reference = pair
    order: list[str] = []
    module.apply(lambda m: order.append(type(m).__name__))
    expected: list[str] = []
    reference.apply(lambda m: expected.append(type(m).__name__))
    assert order == expected


def test_deepcopy_is_independent_and_keeps_ties(pair: Pair) -> None:
    module, _ = pair
    other = copy.deepcopy(module)
    assert other.shared is other.blocks[0]
    assert other.first.weight is not module.first.weight
    x = Tensor(np.ones((2, 3), np.float32))
    before = module.eval()(x).tolist()
    other.first.weight.data.fill_(0.0)
    assert module(x).tolist() == before


def test_pickling_keeps_state_and_attributes() -> None:
    module = Saved()
    other = pickle.loads(pickle.dumps(module))
    assert other.options == {"depth": 2}
    assert other.layer.weight.tolist() == module.layer.weight.tolist()
    assert isinstance(other.layer.weight, Parameter)
    assert other.layer.weight.requires_grad
    x = Tensor([[1.0, 2.0]])
    assert other(x).tolist() == module(x).tolist()


def test_casting_keeps_parameters_and_leaves_integers_alone() -> None:
    module = nn.BatchNorm1d(2)
    weight = module.weight
    assert module.half() is module
    assert module.weight is weight
    assert weight.dtype.name == module.running_mean.dtype.name == "float16"
    assert module.num_batches_tracked.dtype.name == "int32"
    module.to("bfloat16" if False else weight.float().dtype)
    assert weight.dtype.name == "float32"
    assert module.bfloat16().weight.dtype.name == "bfloat16"
    assert module.to(Tensor([1.0])).weight.dtype.name == "float32"
    with pytest.raises(DtypeError, match="floating point or complex dtype, got desired dtype="):
        module.to(dtype="int32")
    with pytest.raises(DeviceError):
        module.cuda()
    assert module.cpu().to("cpu").weight.device.type == "cpu"


def test_casting_takes_gradients_along() -> None:
    module = nn.Linear(2, 1)
    module(Tensor([[1.0, 2.0]])).sum().backward()
    module.half()
    assert module.weight.grad.dtype.name == "float16"
    out = module(Tensor([[1.0, 2.0]]).half())
    out.sum().backward()
    assert module.weight.grad.tolist() == [[2.0, 4.0]]


def test_calling_runs_forward_and_gradients_match(pair: Pair) -> None:
    module, reference = pair
    x = torch.randn(5, 3, requires_grad=True)
    mine = ours(x, requires_grad=True)
    module(mine).sum().backward()
    reference(x).sum().backward()
    assert np.allclose(mine.grad.numpy(), x.grad, atol=1e-5)
    for (name, p), q in zip(module.named_parameters(), reference.parameters(), strict=True):
        assert np.allclose(p.grad.numpy(), q.grad, atol=1e-5), name


def test_attributes_of_many_kinds_survive() -> None:
    module = nn.Module()
    module.values = [1, 2]
    module.table = {"a": (1, 2)}
    module.fn = len
    assert module.values == [1, 2]
    del module.values
    with pytest.raises(AttributeError, match="'Module' object has no attribute 'values'"):
        _ = module.values
