"""The layers of einops: PyTorch's results, gradients and parameters."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import einops
import einops.layers.torch as theirs
import numpy as np
import pytest
import torch

import xlagrad.layers as nn
import xlagrad.torch as ours
from xlagrad.core import errors
from xlagrad.layers import einops as layers

LAYERS: dict[str, tuple[str, tuple[Any, ...], dict[str, int]]] = {
    "rearrange": ("Rearrange", ("a (b c) d -> a (d c) b",), {"b": 3}),
    "rearrange any": ("Rearrange", ("a ... -> ... a",), {}),
    "reduce": ("Reduce", ("a (b two) c -> a b", "max"), {"two": 2}),
    "mix": ("EinMix", ("a b c -> a b d", "c d"), {"c": 3, "d": 5}),
    "mix with a bias": ("EinMix", ("a b c -> a b d", "c d", "d"), {"c": 3, "d": 5}),
    "mix any": ("EinMix", ("... c -> ... d", "c d", "d"), {"c": 3, "d": 5}),
    "mix heads": ("EinMix", ("a (h i) c -> a c (h o)", "h i o", "h o"), {"h": 2, "i": 3, "o": 4}),
    "scale": ("EinMix", ("a b c -> a b c", "c"), {"c": 3}),
}


def _pair(name: str) -> tuple[Any, Any]:
    """Return the layer of both libraries, ours with PyTorch's weights."""
    kind, arguments, lengths = LAYERS[name]
    want = getattr(theirs, kind)(*arguments, **lengths)
    got = getattr(layers, kind)(*arguments, **lengths)
    assert repr(got).split("\n")[0].split("(")[0] == kind
    got.load_state_dict({key: ours.tensor(value.numpy()) for key, value in want.state_dict().items()})
    return got, want


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("name", LAYERS)
def test_as_pytorch(name: str, compiled: bool) -> None:
    got, want = _pair(name)
    data = np.random.default_rng(0).normal(size=(2, 6, 3)).astype(np.float32)
    x, y = ours.tensor(data, requires_grad=True), torch.tensor(data, requires_grad=True)

    def step() -> Any:
        out = got(x)
        (out * out).sum().backward()
        return out.detach()

    out = (ours.compile(step, keep_grads=True) if compiled else step)()
    expected = want(y)
    (expected * expected).sum().backward()
    np.testing.assert_allclose(out.numpy(), expected.detach().numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-4, atol=1e-6)
    for mine, other in zip(got.parameters(), want.parameters(), strict=True):
        np.testing.assert_allclose(mine.grad.numpy(), other.grad.numpy(), rtol=1e-4, atol=1e-6)


def test_parameters_are_drawn_from_the_same_ranges() -> None:
    layer = layers.EinMix("a b -> a c", "b c", "c", b=300, c=400)
    assert float(layer.weight.abs().max()) == pytest.approx((3 / 300) ** 0.5, rel=1e-2)
    assert float(layer.bias.abs().max()) == pytest.approx((1 / 300) ** 0.5, rel=2e-2)
    assert abs(float(layer.weight.mean())) < 1e-3


def test_shown_copied_and_pickled() -> None:
    model = nn.Sequential(layers.Rearrange("a b c -> a (b c)"), layers.Reduce("a (b 3) -> a b", "sum"))
    text = "Sequential(\n  (0): Rearrange('a b c -> a (b c)')\n  (1): Reduce('a (b 3) -> a b', 'sum')\n)"
    assert repr(model) == text
    x = ours.ones(2, 3, 4)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other(x).tolist() == model(x).tolist()
    assert repr(layers.EinMix("a b -> a c", "b c", b=2, c=3)) == "EinMix('a b -> a c', 'b c', b=2, c=3)"


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Rearrange("a b -> a (b"),
        lambda: layers.Reduce("a b -> a", "median"),
        lambda: layers.EinMix("a b -> a c", "b c", b=2),
    ],
    ids=["brackets", "reduction", "length"],
)
def test_patterns_are_read_where_they_are_written(make: Any) -> None:
    with pytest.raises(einops.EinopsError):
        make()


def test_without_einops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "einops.layers", None)
    with pytest.raises(errors.MissingDependencyError, match=r"run: pip install 'xlagrad\[einops\]'"):
        layers.Rearrange("a b -> b a")
