"""Activation functions against PyTorch's, at kinks and extremes, written to their input, and at random."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from tests.layers.functional.against import agree, rand
from xlagrad.core import random
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F

# Kinks of every function among them, and where exponentials overflow.
POINTS = np.array(
    [-np.inf, -1000, -88.8, -20, -3, -1, -0.5, -1e-30, 0, 1e-30, 0.5, 1, 3, 6, 20, 88.8, 1000, np.inf],
    np.float32,
)
FINITE = POINTS[1:-1]
PLAIN = """relu relu6 hardtanh leaky_relu elu selu celu silu mish hardsigmoid hardswish gelu softplus softsign
    tanhshrink softshrink hardshrink logsigmoid sigmoid tanh""".split()  # noqa: SIM905
# At ±inf torch itself gives NaN in some of these, by a formula of its own.
FINITE_ONLY = {"gelu", "silu", "mish", "hardswish", "softsign", "tanhshrink", "leaky_relu"}


@pytest.mark.parametrize("name", PLAIN)
def test_values_and_slopes(name: str) -> None:
    agree(name, FINITE if name in FINITE_ONLY else POINTS, atol=1e-6)


@pytest.mark.parametrize("name", PLAIN)
def test_nan_stays(name: str) -> None:
    assert np.isnan(getattr(F, name)(jnp.array([jnp.nan]))).all()


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("leaky_relu", (-0.3,)),
        ("elu", (0.5,)),
        ("celu", (0.3,)),
        ("celu", (-2.0,)),
        ("hardtanh", (-0.5, 3.0)),
        ("threshold", (0.5, 7.0)),
        ("softplus", (2.0, 3.0)),
        ("softshrink", (1.0,)),
        ("hardshrink", (0.0,)),
    ],
)
def test_arguments(name: str, args: Any) -> None:
    agree(name, FINITE[3:-3], *args, atol=1e-6)


def test_other_arguments() -> None:
    agree("gelu", FINITE, approximate="tanh", atol=1e-6)
    agree("glu", rand(4, 6), compiled=True)
    agree("glu", rand(4, 6, 3), 1)
    agree("softmin", rand(3, 4), dim=1)
    agree("prelu", rand(2, 3, 4), rand(3))
    agree("prelu", rand(5), rand(1))
    agree("softmax", rand(3, 4) * 50, dim=0)
    agree("log_softmax", rand(3, 4) * 50, dim=-1)


def test_gelu_is_accurate() -> None:
    x = np.linspace(-8, 8, 4001, dtype=np.float32)
    want = torch.nn.functional.gelu(torch.tensor(x, dtype=torch.float64)).numpy()
    np.testing.assert_allclose(F.gelu(jnp.asarray(x)), want, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", ["relu", "relu6", "elu", "hardtanh", "leaky_relu", "silu", "selu", "mish"])
def test_in_place(name: str) -> None:
    x = Tensor(rand(5))
    want = getattr(torch.nn.functional, name)(torch.tensor(rand(5)), inplace=True)
    assert getattr(F, name)(x, inplace=True) is x
    np.testing.assert_allclose(x.numpy(), want.numpy(), rtol=1e-6)


def test_random_slopes() -> None:
    random.manual_seed(0)
    x = Tensor(-np.ones(1000, np.float32)).requires_grad_()
    out = F.rrelu(x, 0.1, 0.3, training=True)
    out.sum().backward()
    slopes = -out.detach().numpy()
    assert slopes.min() >= 0.1 and slopes.max() <= 0.3 and abs(slopes.mean() - 0.2) < 0.01
    np.testing.assert_allclose(x.grad.numpy(), slopes, rtol=1e-6)
    agree("rrelu", rand(5), 0.1, 0.3)


def test_gumbel_softmax() -> None:
    random.manual_seed(0)
    logits = Tensor(np.log(np.array([[0.7, 0.2, 0.1]], np.float32)).repeat(4000, 0)).requires_grad_()
    hard = F.gumbel_softmax(logits, hard=True)
    np.testing.assert_allclose(hard.detach().numpy().mean(0), [0.7, 0.2, 0.1], atol=0.03)
    assert set(np.unique(hard.detach().numpy().round(5))) == {0, 1}
    (hard * Tensor(rand(4000, 3))).sum().backward()
    assert np.abs(logits.grad.numpy()).max() > 0
    soft = F.gumbel_softmax(logits, tau=0.5, dim=0)
    np.testing.assert_allclose(soft.sum(0).detach().numpy(), 1, rtol=1e-4)


@pytest.mark.parametrize("name", ["gelu", "silu", "softplus", "elu", "mish", "logsigmoid", "glu"])
def test_second_derivatives(name: str) -> None:
    def loss(x: Any) -> Any:
        return jnp.sum(getattr(F, name)(x) ** 2)

    x = jnp.asarray(rand(4))
    forward, backward = jax.jacfwd(jax.grad(loss))(x), jax.jacrev(jax.grad(loss))(x)
    theirs = getattr(torch.nn.functional, name)
    want = torch.autograd.functional.hessian(lambda x: (theirs(x) ** 2).sum(), torch.tensor(rand(4)))
    np.testing.assert_allclose(forward, want.numpy(), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(backward, want.numpy(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x: F.gelu(x, "fast"),
            ArgumentError,
            "gelu: expected approximate 'none' or 'tanh', got 'fast'",
        ),
        (lambda x: F.hardtanh(x, 1.0, -1.0), ArgumentError, "min_val no larger than max_val"),
        (lambda x: F.celu(x, 0.0), ArgumentError, "alpha other than 0"),
        (lambda x: F.softshrink(x, -1.0), ArgumentError, "lambd of at least 0"),
        (lambda x: F.glu(x), ShapeError, "an even length"),
        (lambda x: F.prelu(x, jnp.ones(2)), ShapeError, "weights, got float32"),
        (lambda x: F.rrelu(x, 0.5, 0.1), ArgumentError, "lower no larger than upper"),
        (lambda x: F.gumbel_softmax(x, 0.0), ArgumentError, "a positive tau"),
        (lambda x: F.gelu(x.astype(int)), DtypeError, "gelu: expected a floating-point tensor, got int32"),
    ],
)
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call(jnp.ones((1, 3)))
