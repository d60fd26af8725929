"""Recurrent networks against PyTorch's: stacks, directions, projections, layouts, cells."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from tests.layers.functional.against import agree, rand
from xlagrad.core import random
from xlagrad.core.errors import ArgumentError, ShapeError
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.functional.recurrence import _unrolled, unrolled

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
L, N, FEATURES, HIDDEN = 5, 3, 4, 2


def _params(name: str, layers: int, ways: int, biases: bool, width: int = HIDDEN) -> list[Any]:
    found, g = [], GATES[name] * HIDDEN
    for i in range(layers * ways):
        size = FEATURES if i < ways else width * ways
        found += [rand(g, size, seed=i), rand(g, width, seed=i + 50)]
        found += [rand(g, seed=i), rand(g, seed=i + 50)] if biases else []
        found += [rand(width, HIDDEN, seed=i)] if width != HIDDEN else []
    return found


def _run(
    name: str, layers: int, ways: int, biases: bool, batch_first: bool = False, width: int = HIDDEN
) -> None:
    shape = (N, L, FEATURES) if batch_first else (L, N, FEATURES)
    h, c = rand(layers * ways, N, width), rand(layers * ways, N, HIDDEN)
    state: Any = (h, c) if name == "lstm" else h
    options = (biases, layers, 0.0, True, ways == 2, batch_first)
    agree(
        name,
        rand(*shape),
        state,
        _params(name, layers, ways, biases, width),
        *options,
        theirs=getattr(torch, name),
        compiled=batch_first,
    )


@pytest.mark.parametrize("name", list(GATES))
def test_kinds(name: str) -> None:
    _run(name, layers=1, ways=1, biases=True)
    _run(name, layers=1, ways=2, biases=False)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_stacks(name: str) -> None:
    _run(name, layers=2, ways=2, biases=True, batch_first=True)


@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_projections() -> None:
    _run("lstm", layers=2, ways=1, biases=True, width=1)


@pytest.mark.parametrize("name", list(GATES))
@pytest.mark.parametrize("lead", [(), (3,)])
def test_cells(name: str, lead: tuple[int, ...]) -> None:
    g = GATES[name] * HIDDEN
    h, c = rand(*lead, HIDDEN), rand(*lead, HIDDEN, seed=1)
    state: Any = (h, c) if name == "lstm" else h
    weights = [rand(g, FEATURES), rand(g, HIDDEN), rand(g), rand(g, seed=1)]
    theirs = getattr(torch, f"{name}_cell") if lead else _without_batch(getattr(torch, f"{name}_cell"))
    agree(f"{name}_cell", rand(*lead, FEATURES), state, *weights, theirs=theirs)


def _without_batch(cell: Any) -> Any:
    def run(x: Any, state: Any, *weights: Any) -> Any:
        lone = isinstance(state, torch.Tensor)
        out = cell(x[None], state[None] if lone else [s[None] for s in state], *weights)
        return out[0] if lone else tuple(o[0] for o in out)

    return run


@pytest.mark.parametrize("kind", ["tanh", "gru", "lstm"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [None, [3, 2]])
def test_derivatives_are_those_of_the_loop(kind: str, reverse: bool, lengths: list[int] | None) -> None:
    keep = None if lengths is None else (np.arange(3)[:, None] < np.array(lengths))[..., None]
    g = {"tanh": 1, "gru": 3, "lstm": 4}[kind] * HIDDEN
    gates, w = jnp.asarray(rand(3, 2, g)), jnp.asarray(rand(g, HIDDEN))
    inner = jnp.asarray(rand(3, 2, HIDDEN)) if kind == "gru" else None
    state = tuple(jnp.asarray(rand(2, HIDDEN, seed=i)) for i in range(2 if kind == "lstm" else 1))

    def second(fn: Any) -> Any:
        def loss(gates: Any, inner: Any, w: Any, state: Any) -> Any:
            return sum(
                jnp.sum(jnp.sin(x))
                for x in jax.tree.leaves(fn(kind, reverse, gates, inner, keep, w, None, state))
            )

        def grad(w: Any) -> Any:
            return jax.grad(loss, (0, 1, 2, 3))(gates, inner, w, state)

        return jax.jit(lambda w: jax.jvp(grad, (w,), (jnp.ones_like(w),)))(w)

    for a, b in zip(jax.tree.leaves(second(unrolled)), jax.tree.leaves(second(_unrolled)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_dropout_between_layers() -> None:
    state = Tensor(np.zeros((2, N, HIDDEN), np.float32))
    params = [Tensor(p) for p in _params("rnn_tanh", 2, 1, True)]

    def run(train: bool) -> Any:
        return F.rnn_tanh(Tensor(rand(L, N, FEATURES)), state, params, True, 2, 0.5, train, False, False)[
            0
        ].numpy()

    random.manual_seed(0)
    first, second = run(True), run(True)
    random.manual_seed(0)
    assert (run(True) == first).all() and (first != second).any() and (run(False) == run(False)).all()


def test_errors() -> None:
    state, params = jnp.zeros((1, N, HIDDEN)), [jnp.asarray(p) for p in _params("gru", 1, 1, True)]
    x, options = jnp.zeros((L, N, FEATURES)), (0.0, False, False, False)
    with pytest.raises(ShapeError, match=r"gru: expected an input \(L, N, features\) with 4 features"):
        F.gru(x[..., :3], state, params, True, 1, *options)
    with pytest.raises(
        ShapeError, match=r"gru: expected states of shape \(1, 3, 2\), got float32\[1, 3, 1\]"
    ):
        F.gru(x, state[..., :1], params, True, 1, *options)
    with pytest.raises(ArgumentError, match="4 parameters for each of 2 layers"):
        F.gru(x, state, params, True, 2, *options)
    with pytest.raises(ShapeError, match=r"gru_cell: expected an input \(N, 4\)"):
        F.gru_cell(x[0, :, :3], state[0], *params)
    with pytest.raises(ShapeError, match=r"gru_cell: expected a state of shape \(3, 2\)"):
        F.gru_cell(x[0], state[0, :2], *params)
