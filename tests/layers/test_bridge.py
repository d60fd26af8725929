"""Flax modules as layers of ours, and ours as flax-style functions."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import xlagrad.layers as nn
from xlagrad.core.compile import compile
from xlagrad.core.errors import DtypeError, StateError
from xlagrad.core.random import manual_seed
from xlagrad.core.tensor import Parameter, Tensor
from xlagrad.layers import from_flax, to_flax

X = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


class Block(linen.Module):
    width: int = 4

    @linen.compact
    def __call__(self, x: Any, train: bool = False) -> Any:
        x = linen.Dense(self.width)(x)
        x = linen.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        return linen.Dropout(0.5, deterministic=not train)(x)


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(3, 4, rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.again = self.first

    def __call__(self, x: Any) -> Any:
        return self.drop(self.norm(self.first(x)))


def test_linen_variables_are_parameters_and_buffers() -> None:
    module = from_flax(Block(), Tensor(X))
    assert {n: tuple(p.shape) for n, p in module.named_parameters()} == {
        "BatchNorm_0.scale": (4,),
        "BatchNorm_0.bias": (4,),
        "Dense_0.kernel": (3, 4),
        "Dense_0.bias": (4,),
    }
    assert {n for n, _ in module.named_buffers()} == {"BatchNorm_0.mean", "BatchNorm_0.var"}
    assert set(module.state_dict()) == {n for n, _ in (*module.named_parameters(), *module.named_buffers())}
    assert "Block" in repr(module)


def test_linen_outputs_and_gradients_are_flaxs() -> None:
    flax = Block()
    variables = flax.init(jax.random.key(0), X)
    module = from_flax(flax, variables=variables).eval()
    x = Tensor(X).requires_grad_()
    out = module(x)
    expected, pull = jax.vjp(lambda p, x: flax.apply({**variables, "params": p}, x), variables["params"], X)
    assert np.allclose(out.detach().numpy(), expected, atol=1e-6)
    (out**2).sum().backward()
    grads, dx = pull(2 * expected)
    assert np.allclose(x.grad.numpy(), dx, atol=1e-5)
    assert np.allclose(module.Dense_0.kernel.grad.numpy(), grads["Dense_0"]["kernel"], atol=1e-5)


def test_linen_training_updates_statistics_and_draws_from_our_generator() -> None:
    module = from_flax(Block(), Tensor(X))
    before = module.BatchNorm_0.mean.tolist()
    manual_seed(5)
    first = module(Tensor(X)).tolist()
    assert module.BatchNorm_0.mean.tolist() != before
    second = module(Tensor(X)).tolist()
    assert first != second
    manual_seed(5)
    assert module(Tensor(X)).tolist() == first
    kept = module.BatchNorm_0.mean.tolist()
    module.eval()
    assert module(Tensor(X)).tolist() == module(Tensor(X)).tolist()
    assert module.BatchNorm_0.mean.tolist() == kept


def test_linen_without_examples_starts_at_the_first_call() -> None:
    module = nn.Sequential(from_flax(linen.Dense(2)), nn.Linear(2, 1))
    with pytest.raises(StateError, match="pass example inputs to from_flax"):
        compile(module)(Tensor(X))
    assert len(list(module.parameters())) == 2
    assert tuple(module(Tensor(X)).shape) == (6, 1)
    assert len(list(module.parameters())) == 4


def test_linen_seeds_its_variables_from_our_generator() -> None:
    manual_seed(1)
    a = from_flax(linen.Dense(2), Tensor(X)).kernel.tolist()
    b = from_flax(linen.Dense(2), Tensor(X)).kernel.tolist()
    manual_seed(1)
    assert from_flax(linen.Dense(2), Tensor(X)).kernel.tolist() == a != b


def test_nnx_variables_outputs_and_gradients() -> None:
    flax = Net(nnx.Rngs(0))
    module = from_flax(flax).eval()
    assert {n for n, _ in module.named_parameters()} == {
        "again.kernel",
        "again.bias",
        "norm.scale",
        "norm.bias",
    }
    assert {n for n, _ in module.named_buffers()} == {"norm.mean", "norm.var"}
    flax.eval()
    assert np.allclose(module(Tensor(X)).detach().numpy(), flax(X), atol=1e-6)
    module(Tensor(X)).pow(2).sum().backward()
    grads = nnx.grad(lambda m: (m(X) ** 2).sum())(flax)
    assert np.allclose(module.again.kernel.grad.numpy(), grads["again"]["kernel"].get_value(), atol=1e-4)
    assert repr(module).startswith("NNXModule(\n  Net\n  (again)")


def test_nnx_training_updates_statistics_and_draws_from_our_generator() -> None:
    flax = Net(nnx.Rngs(0))
    module = from_flax(flax)
    manual_seed(5)
    first = module(Tensor(X)).tolist()
    flax.train()
    flax(X)
    assert np.allclose(module.norm.mean.numpy(), flax.norm.mean.get_value(), atol=1e-6)
    assert module(Tensor(X)).tolist() != first
    manual_seed(5)
    assert module(Tensor(X)).tolist() == first


@pytest.mark.parametrize("kind", ["linen", "nnx"])
def test_flax_modules_train_compiled_as_eagerly(kind: str) -> None:
    flax = from_flax(Block(), Tensor(X)) if kind == "linen" else from_flax(Net(nnx.Rngs(0)))
    runs = []
    for wrap in (lambda f: f, compile):
        model = nn.Sequential(copy.deepcopy(flax), nn.Linear(4, 1, bias=False))
        model[1].weight.data.fill_(0.5)
        manual_seed(3)

        @wrap
        def step(x: Any, model: Any = model) -> Any:
            loss = (model(x) ** 2).mean()
            loss.backward()
            for p in model.parameters():
                p.data.add_(p.grad, alpha=-0.1)
                p.grad = None
            return loss.detach()

        runs.append([step(Tensor(X)).item() for _ in range(4)])
    assert np.allclose(runs[0], runs[1], rtol=1e-5)
    assert runs[0][0] != runs[0][1]


def test_copies_pickles_and_trees() -> None:
    module = from_flax(Block(), Tensor(X)).eval()
    expected = module(Tensor(X)).tolist()
    for other in (
        copy.deepcopy(module),
        pickle.loads(pickle.dumps(module)),
        jax.tree.map(lambda x: x, module),
    ):
        assert other.Dense_0.kernel is not module.Dense_0.kernel
        assert other(Tensor(X)).tolist() == expected
    gradients = jax.grad(lambda m: (m(Tensor(X)) ** 2).sum().data_array)(module)
    assert isinstance(gradients.Dense_0.kernel, Parameter)


def test_assignment_wraps() -> None:
    model = nn.Module()
    model.flax = Net(nnx.Rngs(0))
    assert isinstance(model.flax, nn.Module)
    assert len(list(model.parameters())) == 4
    assert isinstance(nn.Sequential(linen.Dense(2))[0], nn.Module)
    with pytest.raises(DtypeError, match="a flax linen or nnx module, got int"):
        from_flax(3)


def test_other_methods_and_streams() -> None:
    class Auto(linen.Module):
        def setup(self) -> None:
            self.inner = linen.Dense(2)

        def __call__(self, x: Any) -> Any:
            return self.inner(x)

        def noisy(self, x: Any) -> Any:
            return self.inner(x) + jax.random.normal(self.make_rng("noise"), ())

    module = from_flax(Auto(), Tensor(X), method="noisy", rngs=("noise",)).eval()
    assert module(Tensor(X)).tolist() != module(Tensor(X)).tolist()


def ours() -> Any:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))


def test_ours_as_flax_functions_train_with_optax() -> None:
    module = ours()
    before = module[0].weight.tolist()
    init, apply = to_flax(module)
    variables = init(jax.random.key(7))
    assert set(variables) == {"params", "buffers"}
    assert variables["params"]["0"]["weight"].shape == (4, 3)
    assert not np.allclose(variables["params"]["0"]["weight"], before)
    assert jnp.array_equal(
        init(jax.random.key(7))["params"]["0"]["weight"], variables["params"]["0"]["weight"]
    )
    optimizer = optax.sgd(0.1)

    @jax.jit
    def step(variables: Any, state: Any, key: Any) -> Any:
        def loss(params: Any) -> Any:
            out, new = apply({**variables, "params": params}, X, train=True, rngs=key, mutable=True)
            return (out**2).mean(), new

        (value, new), grads = jax.value_and_grad(loss, has_aux=True)(variables["params"])
        updates, state = optimizer.update(grads, state)
        return {"params": optax.apply_updates(variables["params"], updates), **new}, state, value

    state = optimizer.init(variables["params"])
    losses = []
    for i in range(20):
        variables, state, value = step(variables, state, jax.random.key(i))
        losses.append(float(value))
    assert losses[-1] < losses[0]
    assert int(variables["buffers"]["1"]["num_batches_tracked"]) == 20
    assert module[0].weight.tolist() == before
    assert module[1].num_batches_tracked.item() == 0


def test_ours_as_flax_functions_agree_with_the_module() -> None:
    module = ours().eval()
    _, apply = to_flax(module)
    variables = {
        "params": {n: p.data_array for n, p in module.named_parameters()},
        "buffers": {n: b.data_array for n, b in module.named_buffers()},
    }
    assert np.allclose(apply(variables, X), module(Tensor(X)).detach().numpy(), atol=1e-6)
    keys = jax.random.split(jax.random.key(0), 3)
    stacked = jax.vmap(to_flax(ours()).init)(keys)
    assert stacked["params"]["0"]["weight"].shape == (3, 4, 3)
    assert not jnp.allclose(stacked["params"]["0"]["weight"][0], stacked["params"]["0"]["weight"][1])
    outs = jax.vmap(apply, in_axes=(0, None))(stacked, X)
    assert outs.shape == (3, 6, 1)
