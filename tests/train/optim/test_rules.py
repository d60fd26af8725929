"""The update rules as plain optax transformations, against torch's own trajectories."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

from xlagrad.train.optim.adam import adam
from xlagrad.train.optim.rmsprop import rmsprop
from xlagrad.train.optim.rule import Decay, decay
from xlagrad.train.optim.sgd import sgd

STEPS = 20
SHAPES = [(4, 3), (5,), (), (0, 2)]

SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.2}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3}),
    ("Adam", {"lr": 0.01, "betas": (0.0, 0.99)}),
    ("Adam", {"lr": 0.01, "weight_decay": 0.3}),
    ("Adam", {"lr": 0.01, "weight_decay": 0.3, "amsgrad": True}),
    ("Adam", {"lr": 0.01, "maximize": True, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.5, "amsgrad": True}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.5, "maximize": True}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.0}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.5, "eps": 1e-2, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.7}),
    ("RMSprop", {"lr": 0.01, "centered": True}),
    ("RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.7, "maximize": True}),
]


def ours(name: str, **settings: Any) -> optax.GradientTransformation:
    if name == "AdamW":
        return adam(**{"weight_decay": 1e-2, **settings}, decoupled_weight_decay=True)
    return {"SGD": sgd, "Adam": adam, "RMSprop": rmsprop}[name](**settings)


def numbers(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(s).astype(np.float32) for s in SHAPES]


def gradients(step: int) -> list[np.ndarray]:
    grads = numbers(100 + step)
    # A few exact zeros and very different sizes, which is where eps and bias corrections show.
    grads[0][0] = 0.0
    grads[0][1] *= 1e-6
    grads[1] *= 1e3
    return grads


def in_torch(name: str, settings: dict[str, Any], double: bool = True) -> list[np.ndarray]:
    kind = torch.float64 if double else torch.float32
    params = [torch.nn.Parameter(torch.tensor(a, dtype=kind)) for a in numbers(0)]
    optimizer = getattr(torch.optim, name)(params, **settings)
    for i in range(STEPS):
        for p, g in zip(params, gradients(i), strict=True):
            p.grad = torch.tensor(g, dtype=kind)
        optimizer.step()
    return [p.detach().numpy() for p in params]


def ids(setting: tuple[str, dict[str, Any]]) -> str:
    return setting[0] + "-" + ",".join(f"{k}={v}" for k, v in setting[1].items())


@pytest.mark.parametrize("name,settings", SETTINGS, ids=map(ids, SETTINGS))
def test_twenty_updates_equal_torch(name: str, settings: dict[str, Any]) -> None:
    tx = ours(name, **settings)
    params: Any = [jnp.asarray(a) for a in numbers(0)]
    state = tx.init(params)

    @jax.jit
    def step(params: Any, state: Any, grads: Any) -> Any:
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    for i in range(STEPS):
        params, state = step(params, state, gradients(i))
    for got, want in zip(params, in_torch(name, settings), strict=True):
        atol = 1e-6 * (1 + np.abs(want).max(initial=0))
        np.testing.assert_allclose(got, want, rtol=2e-6, atol=atol)


@pytest.mark.parametrize("name,settings", SETTINGS, ids=map(ids, SETTINGS))
def test_one_count_for_each_leaf(name: str, settings: dict[str, Any]) -> None:
    """Leaves that start at different times are each corrected by their own count."""
    tx = ours(name, **settings)
    late, early = jnp.asarray([1.0, -2.0]), jnp.asarray([3.0])
    state = tx.init([late, early])
    state = state._replace(step=jnp.zeros(2))
    alone = tx.init([late])
    for i in range(3):
        g = jnp.full((2,), 0.5 + i)
        if i == 1:
            # The first leaf begins here.
            state = state._replace(
                step=state.step.at[0].set(0), slots={k: [jnp.zeros(2), v[1]] for k, v in state.slots.items()}
            )
        updates, state = tx.update([g, jnp.ones(1)], state, [late, early])
        if i >= 1:
            expected, alone = tx.update([g], alone, [late])
            np.testing.assert_allclose(updates[0], expected[0], rtol=1e-6)
    np.testing.assert_array_equal(state.step, [2.0, 3.0])


def test_traced_hyperparameters() -> None:
    """Rates may be values of a traced program: one executable for all of them."""

    @jax.jit
    def step(params: Any, grads: Any, state: Any, lr: Any, rest: Any) -> Any:
        tx = adam(lr=lr, betas=(Decay(rest[0]), Decay(rest[1])), eps=rest[2])
        return tx.update(grads, state, params)

    params, grads = jnp.asarray([1.0, 2.0]), jnp.asarray([0.1, -3.0])
    fixed = adam(lr=0.02, betas=(0.8, 0.99), eps=1e-5)
    state = fixed.init(params)
    got, _ = step(params, grads, state, 0.02, (1 - 0.8, 1 - 0.99, 1e-5))
    want, _ = fixed.update(grads, state, params)
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_first_adam_step_has_full_precision() -> None:
    """1 - 0.999 in float32 is wrong by 1e-5 of itself; the correction must not be."""
    step = jnp.asarray([1.0, 2.0, 1000.0], jnp.float32)
    want = 1 - 0.999 ** np.asarray([1.0, 2.0, 1000.0])
    np.testing.assert_allclose(decay(0.999).correction(step), want, rtol=3e-7)
    np.testing.assert_array_equal(decay(0.0).correction(step), [1.0, 1.0, 1.0])


def test_half_precision_is_computed_in_float32() -> None:
    params = jnp.asarray([1.0, 2.0, 3.0], jnp.bfloat16)
    tx = adam(lr=1e-3)
    state = tx.init(params)
    updates, state = tx.update(jnp.asarray([1e-3, 1.0, 100.0], jnp.bfloat16), state, params)
    assert updates.dtype == jnp.float32
    assert state.slots["exp_avg"].dtype == jnp.bfloat16
    np.testing.assert_allclose(updates, -1e-3, rtol=1e-2)


def test_complex_parameters_move_as_pairs() -> None:
    start = np.asarray([1 + 2j, -0.5j], np.complex64)
    grad = np.asarray([0.3 - 1j, 2 + 0.1j], np.complex64)
    p = torch.nn.Parameter(torch.tensor(start))
    optimizer = torch.optim.Adam([p], lr=0.1)
    tx = adam(lr=0.1)
    params = jnp.asarray(start)
    state = tx.init(params)
    for _ in range(4):
        p.grad = torch.tensor(grad)
        optimizer.step()
        updates, state = tx.update(jnp.asarray(grad), state, params)
        params = optax.apply_updates(params, updates)
    np.testing.assert_allclose(params, p.detach().numpy(), rtol=1e-5)


def test_optax_schedules_and_chains_work() -> None:
    schedule = optax.linear_schedule(1.0, 0.0, 2)
    tx = optax.chain(optax.clip(0.5), sgd(lr=schedule))
    params = jnp.asarray([0.0])
    state = tx.init(params)
    moved = []
    for _ in range(3):
        updates, state = tx.update(jnp.asarray([7.0]), state, params)
        moved.append(float(updates[0]))
    assert moved == [-0.5, -0.25, 0.0]


def test_update_without_params_says_what_to_do() -> None:
    tx = adam()
    with pytest.raises(
        ValueError, match=r"update: expected params, got None; call update\(grads, state, params\)"
    ):
        tx.update(jnp.ones(2), tx.init(jnp.ones(2)))
