"""Lazy modules: they learn their sizes from the first input, or from loaded weights."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.torch as ours
from xlagrad.core.compile import compile
from xlagrad.core.errors import ShapeError, StateError

CASES = [
    ("LazyLinear", (3,), (2, 5)),
    ("LazyLinear", (3, False), (4, 2, 5)),
    ("LazyConv1d", (3, 2), (2, 4, 6)),
    ("LazyConv2d", (6, 2, 1, 1), (2, 4, 6, 6)),
    ("LazyConv3d", (3, 2), (1, 2, 3, 3, 3)),
    ("LazyConvTranspose1d", (3, 2), (2, 4, 6)),
    ("LazyConvTranspose2d", (3, 2), (2, 4, 6, 6)),
    ("LazyConvTranspose3d", (3, 2), (1, 2, 3, 3, 3)),
    ("LazyBatchNorm1d", (), (4, 3, 5)),
    ("LazyBatchNorm2d", (), (2, 3, 4, 4)),
    ("LazyBatchNorm3d", (), (2, 3, 2, 2, 2)),
    ("LazyInstanceNorm1d", (), (2, 3, 5)),
    ("LazyInstanceNorm2d", (), (2, 3, 4, 4)),
    ("LazyInstanceNorm3d", (), (2, 3, 2, 2, 2)),
]


@pytest.mark.parametrize(("name", "args", "shape"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_first_call(name: str, args: tuple[Any, ...], shape: tuple[int, ...]) -> None:
    theirs, mine = getattr(torch.nn, name)(*args), getattr(ours.nn, name)(*args)
    assert repr(mine) == repr(theirs)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    theirs(torch.tensor(x)), mine(ours.tensor(x))
    assert (type(mine).__name__, repr(mine)) == (type(theirs).__name__, repr(theirs))
    assert {k: tuple(v.shape) for k, v in mine.state_dict().items()} == {
        k: tuple(v.shape) for k, v in theirs.state_dict().items()
    }
    mine.load_state_dict(theirs.state_dict())
    want = theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(mine(ours.tensor(x)).numpy(force=True), want, rtol=1e-4, atol=1e-5)


def test_options_of_convolutions_are_kept() -> None:
    args: dict[str, Any] = {"stride": 2, "padding": "valid", "dilation": 2, "groups": 2, "bias": False}
    assert repr(ours.nn.LazyConv2d(4, 3, **args)) == repr(torch.nn.LazyConv2d(4, 3, **args))
    turned: dict[str, Any] = {"stride": 2, "output_padding": 1, "padding_mode": "zeros"}
    assert repr(ours.nn.LazyConvTranspose1d(4, 3, **turned)) == repr(
        torch.nn.LazyConvTranspose1d(4, 3, **turned)
    )


def test_parameters_stay_the_same_objects() -> None:
    layer = ours.nn.LazyLinear(3)
    before = layer.weight
    layer(ours.ones(1, 2))
    assert layer.weight is before
    assert type(before) is ours.nn.Parameter
    assert before.requires_grad


def test_loaded_weights_give_the_shapes() -> None:
    layer, full = ours.nn.LazyLinear(3), ours.nn.Linear(5, 3)
    assert str(layer.load_state_dict(full.state_dict())) == "<All keys matched successfully>"
    assert ours.equal(layer.weight, full.weight)
    assert ours.equal(layer(ours.ones(1, 5)), full(ours.ones(1, 5)))
    assert type(layer) is ours.nn.Linear


def test_uninitialized_weights_load_into_lazy_modules_only() -> None:
    lazy = ours.nn.LazyLinear(3)
    lazy.load_state_dict(ours.nn.LazyLinear(3).state_dict())
    assert lazy.has_uninitialized_params()
    full = ours.nn.Linear(2, 3)
    kept = full.weight.clone()
    with pytest.raises(StateError, match="shape is not known yet"):
        full.load_state_dict(ours.nn.LazyLinear(3).state_dict())
    assert ours.equal(full.weight, kept)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_learn_on_their_own(copied: Any) -> None:
    layer = ours.nn.LazyLinear(3)
    other = copied(layer)
    assert other(ours.ones(1, 4)).shape == (1, 3)
    assert layer.has_uninitialized_params() and not other._forward_pre_hooks
    assert layer(ours.ones(1, 2)).shape == (1, 3)


def test_types_are_noted_until_there_are_values() -> None:
    layer = ours.nn.LazyLinear(3).half()
    layer(ours.ones(1, 2, dtype=ours.float16))
    assert layer.weight.dtype == ours.float16


def test_first_call_inside_a_compiled_step() -> None:
    model = ours.nn.Sequential(ours.nn.LazyConv2d(2, 3), ours.nn.LazyBatchNorm2d(), ours.nn.Flatten())
    model.append(ours.nn.LazyLinear(2))
    x = ours.ones(2, 1, 5, 5)
    got = compile(lambda x: model(x))(x)
    assert np.allclose(got.numpy(force=True), model(x).numpy(force=True), atol=1e-6)
    assert "Lazy" not in repr(model)


@pytest.mark.parametrize(
    "use",
    [
        lambda p: p + 1,
        lambda p: p.shape,
        lambda p: p.numpy(),
        lambda p: ours.relu(p),
        lambda p: p.zero_(),
        lambda p: p.sum().backward(),
    ],
    ids=["add", "shape", "numpy", "relu", "zero_", "backward"],
)
def test_uses_before_the_first_call(use: Any) -> None:
    parameter = ours.nn.LazyLinear(3).weight
    assert repr(parameter) == "<UninitializedParameter>"
    with pytest.raises(
        StateError, match="call the module once with a batch, which initializes its parameters"
    ):
        use(parameter)


def test_refused_inputs_leave_the_module_lazy() -> None:
    layer = ours.nn.LazyConv2d(3, 2)
    with pytest.raises(ShapeError, match=re.escape("LazyConv2d: expected 3D or 4D input, got 2D input")):
        layer(ours.ones(2, 4))
    assert layer.has_uninitialized_params()
    assert layer(ours.ones(2, 4, 4)).shape == (3, 3, 3)


def test_own_lazy_modules() -> None:
    class Scale(ours.nn.modules.lazy.LazyModuleMixin):
        def __init__(self) -> None:
            super().__init__()
            self.factor = ours.nn.UninitializedParameter()

        def initialize_parameters(self, x: Any) -> None:
            self.factor.materialize(x.shape[-1:])
            ours.nn.init.ones_(self.factor)

        def forward(self, x: Any) -> Any:
            return x * self.factor

    layer = Scale()
    assert layer(ours.ones(2, 3)).shape == (2, 3)
    assert layer.factor.shape == (3,)

    class Empty(ours.nn.modules.lazy.LazyModuleMixin):
        pass

    with pytest.raises(NotImplementedError, match="initialize_parameters is not implemented for Empty"):
        Empty()(1)
