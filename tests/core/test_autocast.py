"""Autocast: which types come out, against torch's on the CPU; gradients, modes, and compiled functions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
import torch

import xlagrad as xg
import xlagrad.torch as xt
from xlagrad.core import autocast as mode
from xlagrad.core.autocast_lists import RULES
from xlagrad.core.dispatch import registry

X = np.random.default_rng(0).standard_normal((4, 8)).astype(np.float32)

# Functions of the library, a float32 matrix and a bfloat16 one.
CASES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "matmul": lambda t, x, h: x @ x.T,
    "mm": lambda t, x, h: t.mm(x, h.T),
    "mv": lambda t, x, h: t.mv(x, x[0]),
    "bmm": lambda t, x, h: t.bmm(x[None], h.T[None]),
    "addmm": lambda t, x, h: t.addmm(t.ones(4, 4), x, x.T),
    "einsum": lambda t, x, h: t.einsum("ij,kj->ik", x, h),
    "tensordot": lambda t, x, h: t.tensordot(x, x.T, 1),
    "linear": lambda t, x, h: t.nn.functional.linear(x, t.ones(3, 8), t.zeros(3)),
    "conv": lambda t, x, h: t.nn.functional.conv1d(x[None], t.ones(2, 4, 3)),
    "prelu": lambda t, x, h: t.nn.functional.prelu(x, t.tensor([0.2])),
    "attention": lambda t, x, h: t.nn.functional.scaled_dot_product_attention(x[None], h[None], x[None]),
    "add": lambda t, x, h: x + h,
    "relu": lambda t, x, h: t.relu(h),
    "exp": lambda t, x, h: h.exp(),
    "sum": lambda t, x, h: h.sum(),
    "prod": lambda t, x, h: h.prod(),
    "softmax": lambda t, x, h: h.softmax(-1),
    "layer norm": lambda t, x, h: t.nn.functional.layer_norm(h, (8,)),
    "cross entropy": lambda t, x, h: t.nn.functional.cross_entropy(h, t.tensor([0, 1, 2, 3])),
    "nll": lambda t, x, h: t.nn.functional.nll_loss(h, t.tensor([0, 1, 2, 3])),
    "mse": lambda t, x, h: t.nn.functional.mse_loss(h, h * 0),
    "logits": lambda t, x, h: t.nn.functional.binary_cross_entropy_with_logits(h, h * 0),
    "cat": lambda t, x, h: t.cat([x, h]),
    "stack": lambda t, x, h: t.stack([h, h]),
    "inverse": lambda t, x, h: t.linalg.inv(h @ h.T),
    "quantile": lambda t, x, h: t.quantile(h, 0.5),
    "lstm": lambda t, x, h: t.nn.LSTM(8, 5)(x[:, None])[0],
}


def results(t: Any, name: str, **settings: Any) -> Any:
    x = t.tensor(X)
    h = t.tensor(X).to(t.bfloat16)
    with t.autocast("cpu", **settings):
        return CASES[name](t, x, h)


@pytest.mark.parametrize("name", CASES)
def test_types_and_values_are_torchs(name: str) -> None:
    want, got = results(torch, name), results(xt, name)
    assert str(got.dtype) == str(want.dtype)
    if name not in ("lstm", "inverse"):
        want = want.float().detach().numpy()
        np.testing.assert_allclose(got.float().detach().numpy(), want, rtol=3e-2, atol=3e-2)


@pytest.mark.parametrize("name", ["matmul", "mse", "exp"])
def test_switched_off_inside(name: str) -> None:
    with xt.autocast("cpu"):
        assert str(results(xt, name, enabled=False).dtype) == str(results(torch, name, enabled=False).dtype)


def loss_and_gradients(t: Any, wrap: Callable[[Any], Any] = lambda f: f) -> tuple[Any, ...]:
    w = t.nn.Parameter(t.tensor(X.T / 4))
    x = t.tensor(X)

    def step(x: Any) -> Any:
        w.grad = None
        with t.autocast("cpu"):
            h = (x @ w).relu()
            out = t.nn.functional.mse_loss(h @ w.T, x)
        out.backward()
        return h, out

    h, out = wrap(step)(x)
    return h, out, w.grad


def test_gradients_come_in_the_parameters_type() -> None:
    want = loss_and_gradients(torch)
    for wrap in (lambda f: f, lambda f: xg.compile(f, keep_grads=True)):
        for a, b in zip(loss_and_gradients(xt, wrap), want, strict=True):
            assert str(a.dtype) == str(b.dtype)
            a, b = a.float().detach().numpy(), b.float().detach().numpy()
            np.testing.assert_allclose(a, b, rtol=2e-2, atol=2e-2)


def test_compiled_functions_trace_anew_in_another_mode() -> None:
    run = xg.compile(lambda x: x @ x.T)
    x = xt.tensor(X)
    assert run(x).dtype == xt.float32
    with xt.autocast("cpu"):
        assert run(x).dtype == xt.bfloat16
        with xt.autocast("cpu", dtype=xt.float16):
            assert run(x).dtype == xt.float16
    assert run(x).dtype == xt.float32
    assert len(xg.explain(run)) == 3
    assert "autocast" in xg.explain(run)[1].reason


def test_gradients_of_gradients_and_checkpoints() -> None:
    x = xt.tensor(X, requires_grad=True)
    with xt.autocast("cpu"):
        y = (x @ x.T).float().sum()
        (g,) = xt.autograd.grad(y, x, create_graph=True)
    g.pow(2).sum().backward()
    np.testing.assert_allclose(x.grad.numpy()[0], 32 * X.sum(0), rtol=3e-2, atol=0.5)

    w = xt.tensor(X.T, requires_grad=True)
    seen = []

    def layer(v: Any) -> Any:
        h = v @ w
        seen.append(h.dtype)
        return h

    with xt.autocast("cpu"):
        out = xt.utils.checkpoint.checkpoint(layer, x, use_reentrant=False)
    out.float().sum().backward()
    assert set(seen) == {xt.bfloat16}


def test_the_state_is_what_torch_says() -> None:
    assert not xt.is_autocast_enabled("cpu")
    with xt.autocast("cpu", dtype=xt.float16) as entered:
        assert isinstance(entered, mode.autocast)
        assert (xt.is_autocast_enabled("cpu"), xt.get_autocast_dtype("cpu")) == (True, xt.float16)
        assert not xt.is_autocast_enabled()
        found = []
        thread = threading.Thread(target=lambda: found.append(xt.is_autocast_enabled("cpu")))
        thread.start()
        thread.join()
        assert found == [False]
    assert xt.get_autocast_cpu_dtype() == xt.bfloat16
    assert xt.get_autocast_gpu_dtype() == xt.float16
    xt.set_autocast_enabled("cpu", True)
    try:
        assert xt.is_autocast_cpu_enabled()
        assert (xt.tensor(X) @ xt.tensor(X).T).dtype == xt.bfloat16
    finally:
        xt.set_autocast_enabled("cpu", False)
    assert xt.amp.is_autocast_available("cpu")
    assert not xt.amp.is_autocast_available("abacus")


def test_as_a_decorator_and_left_by_an_error() -> None:
    @xt.autocast("cpu")
    def product(x: Any) -> Any:
        return x @ x.T

    assert product(xt.tensor(X)).dtype == xt.bfloat16
    with pytest.raises(KeyError), xt.autocast("cpu"):
        raise KeyError
    assert not xt.is_autocast_enabled("cpu")


def test_functions_of_ones_own() -> None:
    class Product(xt.autograd.Function):
        @staticmethod
        @xt.amp.custom_fwd(device_type="cpu", cast_inputs=xt.float32)
        def forward(ctx: Any, a: Any, b: Any) -> Any:
            ctx.save_for_backward(a, b)
            return a @ b

        @staticmethod
        @xt.amp.custom_bwd(device_type="cpu")
        def backward(ctx: Any, g: Any) -> Any:
            a, b = ctx.saved_tensors
            assert (g @ b.T).dtype == xt.float32
            return g @ b.T, a.T @ g

    a = xt.tensor(X, requires_grad=True)
    with xt.autocast("cpu"):
        out = Product.apply(a, xt.tensor(X.T).bfloat16())
    assert out.dtype == xt.float32
    out.sum().backward()
    assert a.grad.shape == (4, 8)


def test_refusals() -> None:
    with pytest.raises(RuntimeError, match="unsupported autocast device_type 'abacus'"):
        xt.autocast("abacus")
    with pytest.raises(ValueError, match="device_type of type str"):
        xt.autocast(xt.device("cpu"))
    with pytest.warns(UserWarning, match=r"target dtype torch\.float32 is not supported"):
        off = xt.autocast("cpu", dtype=xt.float32)
    with off:
        assert not xt.is_autocast_enabled("cpu")
    if jax.default_backend() == "cpu":
        with pytest.warns(UserWarning, match="CUDA is not available"), xt.autocast("cuda"):
            assert not xt.is_autocast_enabled("cuda")


def test_the_lists_name_operations_that_exist() -> None:
    known = {name.lstrip("_") for name in registry}
    absent = {name for table in RULES.values() for name in table} - known
    assert not absent
