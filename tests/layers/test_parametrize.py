"""Parametrized and normalised weights, against PyTorch."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from xlagrad.core.compile import compile
from xlagrad.core.errors import ArgumentError, ShapeError, StateError

LAYERS: dict[str, Any] = {
    "linear": (lambda t: t.nn.Linear(3, 4), (2, 3)),
    "conv": (lambda t: t.nn.Conv2d(2, 3, 2), (2, 2, 4, 4)),
    "transposed": (lambda t: t.nn.ConvTranspose1d(2, 3, 2), (2, 2, 4)),
    "square": (lambda t: t.nn.Linear(3, 3, bias=False), (2, 3)),
    "wide": (lambda t: t.nn.Linear(5, 3), (2, 5)),
}


def _symmetric(t: Any) -> Any:
    class Symmetric(t.nn.Module):
        def forward(self, x: Any) -> Any:
            return x.triu() + x.triu(1).mT

        def right_inverse(self, x: Any) -> Any:
            return x.triu()

    return Symmetric()


def _pair(layer: str, wrap: Any, keep: bool = True) -> tuple[Any, Any]:
    """Return the same wrapped layer in PyTorch and here, with the same state."""
    make, _ = LAYERS[layer]
    torch.manual_seed(0)
    theirs, mine = wrap(torch, make(torch)), wrap(ours, make(ours))
    if keep:
        mine.load_state_dict(theirs.state_dict())
    return theirs, mine


def _steps(layer: str, theirs: Any, mine: Any, count: int = 2, compiled: bool = False) -> None:
    """Check that calls, gradients and state agree."""
    x = np.random.default_rng(0).standard_normal(LAYERS[layer][1]).astype(np.float32)

    def program(t: Any) -> Any:
        module = theirs if t is torch else mine
        call = compile(lambda x: module(x)) if compiled and t is ours else module
        results = []
        for _ in range(count):
            module.zero_grad()
            out = call(t.tensor(x))
            (out * out).sum().backward()
            results += [out, *[p.grad for p in module.parameters()]]
        return results + list(module.state_dict().values())

    assert list(mine.state_dict()) == list(theirs.state_dict())
    agree(program, rtol=1e-4)


def _new(name: str, **options: Any) -> Any:
    return lambda t, layer: getattr(t.nn.utils.parametrizations, name)(layer, **options)


def _old(name: str, **options: Any) -> Any:
    return lambda t, layer: getattr(t.nn.utils, name)(layer, **options)


@pytest.mark.filterwarnings("ignore:.*deprecated.*:FutureWarning")
@pytest.mark.parametrize("layer", ["linear", "conv", "transposed"])
@pytest.mark.parametrize(
    "wrap",
    [
        _new("weight_norm"), _new("weight_norm", dim=1), _new("weight_norm", dim=None),
        _new("spectral_norm"), _new("spectral_norm", n_power_iterations=3),
        _old("weight_norm"), _old("weight_norm", dim=None), _old("spectral_norm"),
    ],
    ids=["weight", "weight-1", "weight-all", "spectral", "spectral-3", "old", "old-all", "old-spectral"],
)  # fmt: skip
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_norms(layer: str, wrap: Any, compiled: bool) -> None:
    _steps(layer, *_pair(layer, wrap), compiled=compiled)
    theirs, mine = _pair(layer, wrap)
    _steps(layer, theirs.eval(), mine.eval(), 1, compiled)


@pytest.mark.parametrize("layer", ["linear", "square", "wide"])
@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("trivial", [False, True])
def test_orthogonal(layer: str, kind: str, trivial: bool) -> None:
    wrap = _new("orthogonal", orthogonal_map=kind, use_trivialization=trivial)
    theirs, mine = _pair(layer, wrap)
    _steps(layer, theirs, mine, 1)
    weight = mine.weight.detach()
    rows = weight if weight.shape[0] <= weight.shape[1] else weight.mT
    np.testing.assert_allclose((rows @ rows.mT).numpy(), np.eye(len(rows)), atol=1e-5)


@pytest.mark.parametrize("kind", ["matrix_exp", "householder"])
def test_orthogonal_matrices_can_be_assigned(kind: str) -> None:
    layer = _new("orthogonal", orthogonal_map=kind)(ours, ours.nn.Linear(3, 3))
    target = ours.linalg.qr(ours.randn(3, 3))[0]
    layer.weight = target
    np.testing.assert_allclose(layer.weight.numpy(force=True), target.numpy(), atol=1e-5)
    with pytest.raises(ShapeError, match=re.escape("orthogonal: expected a matrix of shape (3, 3)")):
        layer.weight = ours.zeros(2, 3)


def test_own_parametrizations() -> None:
    def wrap(t: Any, layer: Any) -> Any:
        return t.nn.utils.parametrize.register_parametrization(layer, "weight", _symmetric(t))

    theirs, mine = _pair("square", wrap)
    assert repr(mine) == repr(theirs)
    _steps("square", theirs, mine)
    _steps("square", theirs, mine, compiled=True)

    def assigned(t: Any) -> Any:
        module = theirs if t is torch else mine
        module.weight = t.ones(3, 3) * 2
        P = t.nn.utils.parametrize
        flags = P.is_parametrized(module), P.is_parametrized(module, "bias")
        with P.cached():
            same = module.weight is module.weight
        first = P.type_before_parametrizations(module).__name__
        return module.weight, module.parametrizations.weight.original, *flags, same, first

    agree(assigned)


def test_the_parameter_stays_the_same_object() -> None:
    layer = ours.nn.Linear(2, 2)
    before = layer.weight
    P = ours.nn.utils.parametrize
    P.register_parametrization(layer, "weight", _symmetric(ours))
    assert layer.parametrizations.weight.original is before
    P.remove_parametrizations(layer, "weight")
    assert layer.weight is before
    assert ours.equal(before, before.mT)
    assert type(layer) is ours.nn.Linear


def test_second_parametrization_takes_the_first_ones_result() -> None:
    def program(t: Any) -> Any:
        class Twice(t.nn.Module):
            def forward(self, x: Any) -> Any:
                return 2 * x

            def right_inverse(self, x: Any) -> Any:
                return x / 2

        layer = t.nn.Linear(3, 3, bias=False)
        with t.no_grad():
            layer.weight.copy_(t.arange(9.0).reshape(3, 3))
        register = t.nn.utils.parametrize.register_parametrization
        register(layer, "weight", _symmetric(t))
        register(layer, "weight", Twice())
        before = layer.weight, layer.parametrizations.weight.original
        layer.weight = t.eye(3)
        return *before, layer.weight, layer.parametrizations.weight.original, list(layer.state_dict())

    agree(program)


@pytest.mark.parametrize("leave", [True, False])
def test_removal(leave: bool) -> None:
    def wrap(t: Any, layer: Any) -> Any:
        return t.nn.utils.parametrize.register_parametrization(layer, "weight", _symmetric(t))

    theirs, mine = _pair("square", wrap)
    agree(
        lambda t: list(
            t.nn.utils.parametrize.remove_parametrizations(theirs if t is torch else mine, "weight", leave)
            .state_dict()
            .items()
        )
    )


def test_transfer() -> None:
    source = _new("weight_norm")(ours, ours.nn.Linear(3, 4))
    target = ours.nn.Linear(3, 4)
    ours.nn.utils.parametrize.transfer_parametrizations_and_params(source, target)
    assert ours.equal(target.weight, source.weight)
    assert target.parametrizations.weight.original0 is not source.parametrizations.weight.original0


@pytest.mark.parametrize("wrap", [_new("spectral_norm"), _old("weight_norm")], ids=["new", "old"])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(wrap: Any, copied: Any) -> None:
    layer = wrap(ours, ours.nn.Linear(3, 4)).eval()
    other = copied(layer)
    assert type(other) is type(layer)
    assert ours.equal(other.weight, layer.weight)
    with ours.no_grad():
        next(other.parameters()).add_(1)
    assert ours.equal(layer.weight, layer.weight)
    assert not ours.equal(other(ours.ones(1, 3)), layer(ours.ones(1, 3)))


@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm"])
def test_removal_of_the_older_norms(name: str) -> None:
    layer = getattr(ours.nn.utils, name)(ours.nn.Linear(3, 4)).eval()
    weight = layer.weight.detach()
    getattr(ours.nn.utils, f"remove_{name}")(layer)
    assert type(layer) is ours.nn.Linear
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    np.testing.assert_allclose(layer.weight.numpy(force=True), weight.numpy(), rtol=1e-5)
    with pytest.raises(ArgumentError, match=f"remove_{name}: expected a module with {name} of 'weight'"):
        getattr(ours.nn.utils, f"remove_{name}")(layer)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda P, m: P.register_parametrization(m, "w", ours.nn.Identity()),
            ArgumentError,
            "a parameter or buffer of Linear, or a parametrized tensor, got 'w'",
        ),
        (
            lambda P, m: P.register_parametrization(m, "weight", ours.nn.Flatten(0)),
            ArgumentError,
            "pass unsafe=True if that is meant",
        ),
        (
            lambda P, m: P.remove_parametrizations(m, "weight"),
            ArgumentError,
            "remove_parametrizations: expected a parametrized tensor of Linear, got 'weight'",
        ),
        (
            lambda P, m: setattr(
                P.register_parametrization(m, "weight", ours.nn.Tanh()), "weight", ours.ones(2, 2)
            ),
            StateError,
            "a right_inverse in Tanh",
        ),
        (
            lambda P, m: ours.nn.utils.parametrizations.orthogonal(m, "bias"),
            ArgumentError,
            "'bias' that is a matrix or batch of matrices",
        ),
        (
            lambda P, m: ours.nn.utils.parametrizations.orthogonal(m, orthogonal_map="qr"),
            ArgumentError,
            "orthogonal_map among",
        ),
        (
            lambda P, m: ours.nn.utils.spectral_norm(m, n_power_iterations=0),
            ArgumentError,
            "n_power_iterations to be positive, got 0",
        ),
    ],
    ids=["name", "shape", "none", "inverse", "vector", "map", "steps"],
)
def test_refused(call: Any, error: type[Exception], text: str) -> None:
    layer = ours.nn.Linear(2, 2)
    with pytest.raises(error, match=re.escape(text)):
        call(ours.nn.utils.parametrize, layer)
    if text != "a right_inverse in Tanh":
        assert type(layer) is ours.nn.Linear
        assert sorted(layer.state_dict()) == ["bias", "weight"]
