"""Modules as JAX pytrees: flattening, transformations by JAX itself, ties, ensembles."""

from __future__ import annotations

import copy
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import xlagrad as xg
import xlagrad.layers as nn
from tests.layers.models import net
from xlagrad.core.tensor import Parameter, Tensor


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(2, 2, bias=False)
        self.b = nn.Linear(2, 2)
        self.b.weight = self.a.weight
        self.again = self.b
        self.loose = [Tensor([1.0]), 3, {"x": Tensor([2.0])}]
        self.raw = jnp.ones(2)
        self.options = {"p": 0.5}

    def forward(self, x: Any) -> Any:
        return self.b(self.a(x)) * self.loose[0]


def test_children_are_all_tensors_each_once_under_dotted_names() -> None:
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(Tied())]
    assert [p.split("<")[0].removesuffix("[0]") for p in paths] != []
    assert len(paths) == 5
    for name, path in zip(["a.weight", "b.bias", "loose.0", "loose.2.x", "raw"], paths, strict=True):
        assert path.startswith(f".{name}")


def test_unflatten_restores_ties_classes_and_attributes() -> None:
    module = Tied()
    other = jax.tree.map(lambda x: x * 2, module)
    assert type(other) is Tied
    assert other.b.weight is other.a.weight
    assert other.again is other.b
    assert isinstance(other.a.weight, Parameter)
    assert other.a.weight.requires_grad
    assert other.loose[1] == 3
    assert other.loose[2]["x"].item() == 4.0
    assert other.options == {"p": 0.5}
    other.options["p"] = 0.1
    assert module.options == {"p": 0.5}
    assert np.allclose(other.a.weight.detach().numpy(), 2 * module.a.weight.detach().numpy())


@pytest.mark.parametrize("leaf", [None, object(), "text", 3])
def test_unflatten_takes_any_leaf(leaf: Any) -> None:
    leaves, tree = jax.tree.flatten(net(nn))
    assert isinstance(jax.tree.unflatten(tree, [leaf] * len(leaves)), nn.Module)


def test_equal_architectures_have_equal_structures() -> None:
    assert jax.tree.structure(net(nn)) != jax.tree.structure(net(nn))  # a class of its own each
    assert jax.tree.structure(Tied()) == jax.tree.structure(Tied())
    assert hash(jax.tree.structure(Tied())) == hash(jax.tree.structure(Tied()))
    changed = Tied()
    changed.options["p"] = 0.1
    assert jax.tree.structure(changed) != jax.tree.structure(Tied())
    assert jax.tree.structure(Tied().eval()) != jax.tree.structure(Tied())


def test_jax_grad_gives_a_module_of_gradients() -> None:
    module = Tied()
    x = jnp.ones((3, 2))

    def loss(m: Any, x: Any) -> Any:
        return (m(Tensor(x)) ** 2).sum().data_array

    gradients = jax.grad(loss)(module, x)
    (module(Tensor(x)) ** 2).sum().backward()
    assert isinstance(gradients, Tied)
    assert np.allclose(gradients.a.weight.data_array, module.a.weight.grad.numpy(), rtol=1e-5)
    assert np.allclose(gradients.b.bias.data_array, module.b.bias.grad.numpy(), rtol=1e-5)
    stepped = jax.tree.map(lambda p, g: p - 0.01 * g, module, gradients)
    assert loss(stepped, x) < loss(module, x)
    assert stepped.b.weight is stepped.a.weight


def test_our_grad_passes_over_counters() -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    x = Tensor(np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32))
    gradients = xg.grad(lambda m, x: (m(x) ** 3).sum())(module, x)
    (module(x) ** 3).sum().backward()
    assert np.allclose(gradients[0].weight.data_array, module[0].weight.grad.numpy(), atol=1e-4)
    assert gradients[1].num_batches_tracked.item() == 0
    with pytest.raises(TypeError, match="int32"):
        xg.grad(lambda x: x * 2)(Tensor(3))


def test_jax_jit_takes_and_returns_modules() -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    traces = []

    @jax.jit
    def run(m: Any, x: Any) -> Any:
        traces.append(1)
        return m, m(x)

    x = Tensor(np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32))
    before = module[1].running_mean.tolist()
    new, y = run(module, x)
    assert module[1].running_mean.tolist() == before
    assert new[1].num_batches_tracked.item() == 1
    run(new, x)
    assert len(traces) == 1
    expected = copy.deepcopy(module)(x)
    assert np.allclose(y.detach().numpy(), expected.detach().numpy(), atol=1e-6)
    run(new.eval(), x)
    assert len(traces) == 2


def test_jax_vmap_over_stacked_modules_is_an_ensemble() -> None:
    models = [Tied() for _ in range(3)]
    stacked = jax.tree.map(lambda *xs: jnp.stack(xs), *models)
    x = Tensor([[1.0, 2.0]])
    together = jax.vmap(lambda m, x: m(x), in_axes=(0, None))(stacked, x)
    assert tuple(together.shape) == (3, 1, 2)
    for i, model in enumerate(models):
        assert np.allclose(together[i].detach().numpy(), model(x).detach().numpy(), rtol=1e-5)


def test_a_compiled_module_keeps_sharing_after_a_round_trip() -> None:
    compiled = nn.Linear(2, 2).__xg_compile__()
    other = jax.tree.map(lambda x: x, compiled)
    assert other._parameters is other._orig_mod._parameters


def test_a_module_that_knows_its_parent_survives() -> None:
    module = nn.Linear(1, 1)
    outer = nn.Sequential(module)
    module.__dict__["parent"] = [outer]
    other = jax.tree.map(lambda x: x, outer)
    assert other[0].parent[0] is other
