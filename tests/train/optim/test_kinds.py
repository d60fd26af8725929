"""What sets single optimizers apart: matrices, complex numbers, warm-up, and what each refuses."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

import xlagrad as xg
from xlagrad import Parameter, Tensor
from xlagrad.train import optim as ours
from xlagrad.train.optim.radam import _length

COMPLEX = {
    "Adadelta": {}, "Adagrad": {"initial_accumulator_value": 0.1}, "Adamax": {}, "NAdam": {}, "RAdam": {},
    "ASGD": {"t0": 1}, "Rprop": {}, "RMSprop": {"centered": True}, "AdamW": {}, "SGD": {"momentum": 0.5},
}  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("name", COMPLEX)
def test_complex_parameters(name: str, compiled: bool) -> None:
    rng = np.random.default_rng(0)
    value, *grads = (rng.standard_normal((6, 3, 2)) @ [1, 1j]).astype(np.complex64)
    q, p = torch.nn.Parameter(torch.tensor(value)), Parameter(value)
    settings = {"lr": 0.1, "maximize": True, **COMPLEX[name]}
    reference = getattr(torch.optim, name)([q], **settings)
    optimizer = getattr(ours, name)([p], **settings)

    def step(grad: Any) -> None:
        p.grad = grad
        optimizer.step()

    run = xg.compile(step) if compiled else step
    for g in grads:
        q.grad = torch.tensor(g)
        reference.step()
        run(Tensor(g))
    np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=2e-4, atol=1e-5)
    for key, slot in reference.state_dict()["state"].get(0, {}).items():
        mine = optimizer.state_dict()["state"][0][key]
        assert tuple(mine.shape) == tuple(slot.shape), key
        np.testing.assert_allclose(mine.numpy(), slot.numpy(), rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize(
    "settings",
    [{}, {"nesterov": False, "momentum": 0.5}, {"adjust_lr_fn": "match_rms_adamw"}, {"ns_steps": 2}],
    ids=["plain", "momentum", "rms", "steps"],
)
def test_muon_equals_torch(settings: dict[str, Any], compiled: bool) -> None:
    rng = np.random.default_rng(1)
    shapes = [(4, 6), (6, 4), (3, 3)]
    values = [rng.standard_normal(s).astype(np.float32) for s in shapes]
    qs = [torch.nn.Parameter(torch.tensor(v)) for v in values]
    ps = [Parameter(v) for v in values]
    settings = {"lr": 0.01, **settings}
    reference, optimizer = torch.optim.Muon(qs, **settings), ours.Muon(ps, **settings)

    def step(grads: list[Any]) -> None:
        for p, g in zip(ps, grads, strict=True):
            p.grad = g
        optimizer.step()

    run = xg.compile(step) if compiled else step
    for _ in range(5):
        grads = [rng.standard_normal(s).astype(np.float32) for s in shapes]
        for q, g in zip(qs, grads, strict=True):
            q.grad = torch.tensor(g)
        reference.step()
        run([Tensor(g) for g in grads])
    for p, q in zip(ps, qs, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-4, atol=2e-4)
    assert set(optimizer.state_dict()["state"][0]) == {"momentum_buffer"}


def test_every_rule_is_an_optax_transformation() -> None:
    params = {"w": jnp.ones((2, 3)), "b": jnp.ones(3)}
    grads = {"w": jnp.full((2, 3), 0.5), "b": jnp.full(3, -0.5)}
    rules = [ours.adadelta, ours.adafactor, ours.adagrad, ours.adamax, ours.asgd, ours.nadam, ours.radam]
    for rule in [*rules, ours.rprop]:
        tx = optax.chain(optax.clip_by_global_norm(1.0), rule(lr=optax.linear_schedule(0.1, 0.0, 4)))
        state, now = tx.init(params), params
        for _ in range(3):
            updates, state = tx.update(grads, state, now)
            now = optax.apply_updates(now, updates)
        assert float(now["w"].mean()) < 1.0 < float(now["b"].mean()), rule.__name__


@pytest.mark.parametrize("beta", [0.0, 0.3, 0.9, 0.96, 0.99, 0.999, 0.9999])
def test_the_length_of_the_moving_average_does_not_cancel(beta: float) -> None:
    steps = np.arange(1, 2000, dtype=np.float64)
    if beta:
        limit = 2 / (1 - beta) - 1
        want = limit - 2 * steps * beta**steps / (1 - beta**steps)
        got, _ = _length(np.float32(1 - beta), jnp.asarray(steps, jnp.float32))
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)
    else:
        assert float(_length(1.0, jnp.asarray(9.0))[0]) < 5


def test_adagrad_has_state_before_the_first_step() -> None:
    p = Parameter([1.0, 2.0])
    optimizer = ours.Adagrad([p], initial_accumulator_value=0.5)
    assert optimizer.state[p]["sum"].tolist() == [0.5, 0.5]
    assert optimizer.state[p]["step"].item() == 0.0
    optimizer.state.clear()
    p.grad = Tensor([1.0, 1.0])
    optimizer.step()
    assert optimizer.state[p]["sum"].tolist() == [1.5, 1.5]


def test_half_precision_slots_keep_the_parameters_type() -> None:
    p = Parameter(Tensor([1.0, 2.0]).bfloat16())
    optimizer = ours.NAdam([p])
    p.grad = Tensor([1.0, 1.0]).bfloat16()
    optimizer.step()
    assert str(optimizer.state[p]["exp_avg"].dtype) == "torch.bfloat16"
    assert str(optimizer.state[p]["mu_product"].dtype) == "torch.float32"


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("Adadelta", {"lr": -1}, "Invalid learning rate: -1"),
    ("Adadelta", {"rho": 1.5}, "Invalid rho value: 1.5"),
    ("Adadelta", {"lr": float("nan")}, "Invalid learning rate: nan"),
    ("Adafactor", {"beta2_decay": 0.5}, "beta2_decay should be <= 0"),
    ("Adafactor", {"d": 0.5}, "d should be >= 1"),
    ("Adafactor", {"eps": (-1.0, 1e-3)}, "epsilon1"),
    ("Adagrad", {"lr_decay": -0.5}, "Invalid lr_decay value: -0.5"),
    ("Adagrad", {"initial_accumulator_value": -0.5}, "Invalid initial_accumulator_value value"),
    ("Adagrad", {"fused": True, "foreach": True}, "cannot be True together"),
    ("Adam", {"betas": (1.0, 0.5)}, "Invalid beta parameter at index 0: 1.0"),
    ("Adam", {"eps": -0.1}, "Invalid epsilon value: -0.1"),
    ("Adam", {"fused": True, "differentiable": True}, "`differentiable`"),
    ("Adamax", {"betas": (0.0, 1.0)}, "Invalid beta parameter at index 1: 1.0"),
    ("AdamW", {"weight_decay": -1}, "Invalid weight_decay value: -1"),
    ("ASGD", {"weight_decay": -0.5}, "Invalid weight_decay value: -0.5"),
    ("Muon", {"adjust_lr_fn": "other"}, "is not supported"),
    ("Muon", {"ns_steps": 100}, "fewer than 100"),
    ("NAdam", {"momentum_decay": -0.2}, "Invalid momentum_decay value: -0.2"),
    ("RAdam", {"betas": (0.5, -1)}, "Invalid beta parameter at index 1: -1"),
    ("RMSprop", {"momentum": -1.0}, "Invalid momentum value: -1.0"),
    ("Rprop", {"etas": (1.0, 0.5)}, "Invalid eta values: 1.0, 0.5"),
    ("SGD", {"fused": True, "foreach": True}, "cannot be True together"),
]


@pytest.mark.parametrize(("name", "settings", "text"), REFUSED, ids=lambda x: x if isinstance(x, str) else "")
def test_what_torch_refuses(name: str, settings: dict[str, Any], text: str) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        getattr(torch.optim, name)([torch.nn.Parameter(torch.ones(2, 2))], **settings).step()
        assert name == "Muon"
        raise ValueError("torch looks at its iterations in the step")
    with pytest.raises(ValueError, match=text) as caught:
        getattr(ours, name)([Parameter([[1.0, 2.0]])], **settings)
    assert str(caught.value).startswith(name)


def test_further_refusals() -> None:
    p = Parameter([1.0])
    with pytest.raises(ValueError, match="1-element"):
        ours.Adam([p], lr=Tensor([0.1, 0.2]))
    with pytest.raises(ValueError, match="only supports 2D"):
        ours.Muon([p])
    with pytest.raises(NotImplementedError, match=r"torch\.optim\.Adam"):
        ours.SparseAdam([p])
    z = Parameter(np.array([1j], np.complex64))
    z.grad = Tensor([1j])
    with pytest.raises(TypeError, match="does not support complex"):
        ours.Adafactor([z]).step()
