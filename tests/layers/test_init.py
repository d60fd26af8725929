"""Initialisers: their distributions against PyTorch's definitions, and the defaults of the layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.layers as nn
from xlagrad.core.errors import ArgumentError, ShapeError
from xlagrad.core.random import Generator
from xlagrad.core.tensor import Parameter, Tensor
from xlagrad.layers import init


def empty(*shape: int) -> Parameter:
    return Parameter(np.full(shape, np.nan, np.float32))


def drawn(fn: Callable[[Any, Any], Any], *shape: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return what ``fn(init, tensor)`` fills in ours and in torch's tensor of that shape."""
    mine, torchs = empty(*shape), torch.empty(*shape)
    assert fn(init, mine) is mine
    fn(torch.nn.init, torchs)
    return mine.detach().numpy(), torchs.numpy()


RANDOM = {
    "uniform_": lambda i, t: i.uniform_(t, -2.0, 5.0),
    "normal_": lambda i, t: i.normal_(t, 1.0, 3.0),
    "trunc_normal_": lambda i, t: i.trunc_normal_(t, 0.5, 1.0, -1.0, 1.5),
    "xavier_uniform_": lambda i, t: i.xavier_uniform_(t, 2.0),
    "xavier_normal_": lambda i, t: i.xavier_normal_(t, 0.5),
    "kaiming_uniform_": lambda i, t: i.kaiming_uniform_(t, math.sqrt(5)),
    "kaiming_normal_ out": lambda i, t: i.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"),
    "sparse_": lambda i, t: i.sparse_(t, 0.3),
}


@pytest.mark.parametrize("name", RANDOM)
def test_distributions_are_torchs(name: str) -> None:
    mine, torchs = drawn(RANDOM[name], 250, 400)
    assert np.isfinite(mine).all()
    quantiles = np.linspace(0.0, 1.0, 21)[1:-1]
    spread = torchs.std()
    assert np.allclose(np.quantile(mine, quantiles), np.quantile(torchs, quantiles), atol=0.02 * spread)
    assert abs(mine.mean() - torchs.mean()) < 0.02 * spread
    assert mine.min() >= torchs.min() - spread
    assert mine.max() <= torchs.max() + spread


EXACT = {
    "constant_": (lambda i, t: i.constant_(t, 3.0), (2, 3)),
    "ones_": (lambda i, t: i.ones_(t), (2, 3)),
    "zeros_": (lambda i, t: i.zeros_(t), (2, 3)),
    "eye_": (lambda i, t: i.eye_(t), (2, 3)),
    "dirac_": (lambda i, t: i.dirac_(t), (4, 3, 5)),
    "dirac_ groups": (lambda i, t: i.dirac_(t, 2), (4, 2, 3, 3)),
}


@pytest.mark.parametrize("name", EXACT)
def test_values_are_torchs(name: str) -> None:
    fn, shape = EXACT[name]
    mine, torchs = drawn(fn, *shape)
    np.testing.assert_array_equal(mine, torchs)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 2, 3)])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    t = empty(*shape)
    init.orthogonal_(t, gain=2.0)
    flat = t.detach().numpy().reshape(shape[0], -1)
    product = flat @ flat.T if flat.shape[0] < flat.shape[1] else flat.T @ flat
    assert np.allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_sparse_zeroes_a_fraction_of_each_column() -> None:
    t = empty(10, 7)
    init.sparse_(t, 0.25)
    assert ((t.detach().numpy() == 0).sum(0) == 3).all()


@pytest.mark.parametrize("name", [*init._GAINS, "leaky_relu"])
def test_gains_are_torchs(name: str) -> None:
    assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ArgumentError, match="calculate_gain: expected one of linear"):
        init.calculate_gain("nothing")
    with pytest.raises(ArgumentError, match="a negative slope that is a number"):
        init.calculate_gain("leaky_relu", "x")
    with pytest.raises(ShapeError, match="whose fan in and fan out can not be computed"):
        init.xavier_uniform_(empty(3))
    with pytest.raises(ArgumentError, match="mode 'fan_in' or 'fan_out'"):
        init.kaiming_uniform_(empty(3, 3), mode="fan")
    for fn in (init.eye_, init.dirac_, init.orthogonal_):
        with pytest.raises(ShapeError, match=f"init.{fn.__name__}"):
            fn(empty(3))
    with pytest.raises(ShapeError, match="that 3 groups divide"):
        init.dirac_(empty(4, 2, 3), groups=3)
    with pytest.warns(UserWarning, match="more than 2 std from"):
        init.trunc_normal_(empty(2, 2), mean=9.0)
    with pytest.warns(UserWarning, match="no-op"):
        init.kaiming_uniform_(empty(0, 2))
    with pytest.warns(FutureWarning, match="deprecated in favor of `nn.init.normal_`"):
        init.normal(empty(2))


def test_draws_follow_the_generator_and_leave_gradients_on() -> None:
    a, b = empty(2, 2), empty(2, 2)
    init.normal_(a, generator=Generator().manual_seed(1))
    init.normal_(b, generator=Generator().manual_seed(1))
    assert a.tolist() == b.tolist()
    assert a.requires_grad
    assert a.is_leaf


LAYERS: dict[str, Callable[[Any], Any]] = {
    "Linear": lambda p: p.Linear(200, 300),
    "Bilinear": lambda p: p.Bilinear(20, 30, 60),
    "Conv1d": lambda p: p.Conv1d(30, 60, 5),
    "Conv2d grouped": lambda p: p.Conv2d(16, 64, 3, groups=4),
    "ConvTranspose2d": lambda p: p.ConvTranspose2d(32, 16, 3),
    "Embedding": lambda p: p.Embedding(100, 50),
    "EmbeddingBag": lambda p: p.EmbeddingBag(100, 50),
    "LSTM": lambda p: p.LSTM(20, 40, 2, bidirectional=True, proj_size=10),
    "GRUCell": lambda p: p.GRUCell(30, 50),
    "MultiheadAttention": lambda p: p.MultiheadAttention(64, 4, add_bias_kv=True),
    "MultiheadAttention kdim": lambda p: p.MultiheadAttention(64, 4, kdim=32, vdim=48),
    "Transformer": lambda p: p.Transformer(32, 2, 1, 1, 64),
    "BatchNorm2d": lambda p: p.BatchNorm2d(8),
    "GroupNorm": lambda p: p.GroupNorm(2, 8),
    "LayerNorm": lambda p: p.LayerNorm(8),
    "RMSNorm": lambda p: p.RMSNorm(8),
    "PReLU": lambda p: p.PReLU(3),
}


@pytest.mark.filterwarnings("ignore:enable_nested_tensor:UserWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_layers_start_with_torchs_distributions(name: str) -> None:
    mine, torchs = LAYERS[name](nn), LAYERS[name](torch.nn)
    reference = dict(torchs.named_parameters())
    assert [n for n, _ in mine.named_parameters()] == list(reference)
    for key, p in mine.named_parameters():
        a, b = p.detach().numpy().ravel(), reference[key].detach().numpy().ravel()
        assert a.shape == b.shape
        if b.std() == 0:
            np.testing.assert_array_equal(a, b, err_msg=key)
            continue
        tolerance = 5 * b.std() / math.sqrt(a.size)
        assert abs(a.mean() - b.mean()) < 2 * tolerance, key
        assert abs(a.std() - b.std()) < 2 * tolerance, key
        assert np.abs(a).max() < 1.1 * np.abs(b).max() + 2 * tolerance, key


def test_a_padding_row_starts_as_zeros() -> None:
    table = nn.Embedding(5, 3, padding_idx=-2)
    assert table.padding_idx == 3
    assert table.weight[3].tolist() == [0.0, 0.0, 0.0]
    assert (table.weight.detach().numpy() == 0).sum() == 3


def test_reset_parameters_draws_anew() -> None:
    layer = nn.Linear(3, 3)
    before = layer.weight.tolist()
    layer.reset_parameters()
    assert layer.weight.tolist() != before
    assert isinstance(layer.weight, Tensor)
