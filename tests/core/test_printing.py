"""Tensors print as torch's do, character for character."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from xlagrad.core import dtypes, printing
from xlagrad.core.errors import ArgumentError
from xlagrad.core.printing import tensor_repr

FLOATS = ["float32", "float16", "bfloat16", "float64"]
TYPES = [
    *FLOATS,
    "complex64",
    "complex128",
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float8_e5m2",
]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    printing.set_printoptions(profile="default")
    torch.set_printoptions(profile="default")


def ours(t: Any) -> Any:
    """Return torch's tensor as an array."""
    t = t.detach()
    if t.dtype in (torch.bfloat16, torch.float8_e5m2):
        return jnp.asarray(t.float().numpy()).astype(str(t.dtype).removeprefix("torch."))
    return jnp.asarray(t.numpy())


def agree(t: Any, **notes: Any) -> None:
    """Assert that we print a tensor as torch does."""
    with jax.enable_x64(True):
        assert tensor_repr(ours(t), **notes) == repr(t)


@st.composite
def tensors(draw: st.DrawFn) -> Any:
    """Tensors of any type with small and large, round and special values, some long enough to be cut."""
    name = draw(st.sampled_from(TYPES))
    shape = draw(
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)
        | st.sampled_from([(1001,), (40,), (3, 400), (30, 40), (11, 9, 12), (4, 5, 6, 10)])
    )
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    values = rng.standard_normal(shape) * 10.0 ** draw(st.integers(-6, 9))
    if draw(st.booleans()):
        values = np.round(values)
    special = draw(st.lists(st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0]), max_size=3))
    for value in special:
        values = np.where(rng.random(shape) < 0.2, value, values)
    if name.startswith("complex"):
        values = values + 1j * rng.standard_normal(shape) * 10.0 ** draw(st.integers(-3, 6))
        return torch.tensor(values).to(getattr(torch, name))
    if name == "bool" or "int" in name:
        limit = 2 if name == "bool" else min(torch.iinfo(getattr(torch, name)).max, 10**9)
        return torch.tensor(np.nan_to_num(np.clip(values, -limit, limit)).astype(np.int64)).to(
            getattr(torch, name)
        )
    return torch.tensor(values).to(getattr(torch, name))


@hypothesis.settings(max_examples=400)
@hypothesis.given(tensors())
def test_any_tensor(t: Any) -> None:
    agree(t)


@hypothesis.settings(max_examples=200)
@hypothesis.given(
    tensors(),
    st.integers(0, 7),
    st.sampled_from([0, 5, 1000]),
    st.integers(1, 4),
    st.sampled_from([20, 80, 130]),
    st.sampled_from([None, True, False]),
)
def test_any_options(
    t: Any, precision: int, threshold: int, edgeitems: int, linewidth: int, sci_mode: bool | None
) -> None:
    options = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems}
    for module in (torch, printing):
        module.set_printoptions(**options, linewidth=linewidth, sci_mode=sci_mode)  # type: ignore[attr-defined]
    agree(t)


CASES = [
    [7.0],
    3.5,
    [],
    [1e-5, 1.0],
    [1e5, 1.5],
    [1e9, 1.0],
    [1.0, 2.0, 1e4],
    [1.0, 1e-4],
    [0.0, 0.0],
    [1e-10, 0.0],
    [float("nan"), 1.0, float("inf")],
    [float("nan")],
    [float("inf"), -float("inf")],
    [[True, False], [True, True]],
    [1, 200],
    [1 + 2j, 3.5 - 1e5j],
    1j,
    [[[1.0], [2.0]], [[3.0], [4.0]]],
]


@pytest.mark.parametrize("values", CASES, ids=str)
def test_the_usual(values: Any) -> None:
    agree(torch.tensor(values))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0), (1, 0, 3), (1001, 0)])
@pytest.mark.parametrize("name", ["float32", "int64", "bool", "int32", "complex64", "float64"])
def test_empty(shape: tuple[int, ...], name: str) -> None:
    agree(torch.zeros(shape, dtype=getattr(torch, name)))


@pytest.mark.parametrize("shape", [(), (2,), (1,), (3, 5), (30,), (3, 600), (1, 0, 3), (12,), (13,), (14,)])
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_history(shape: tuple[int, ...], name: str) -> None:
    t = torch.full(shape, 0.12345, dtype=getattr(torch, name), requires_grad=True)
    agree(t, requires_grad=True)
    agree(t * 1, grad_fn_name="MulBackward0")


def test_without_64_bits_int32_is_the_default_integer() -> None:
    assert tensor_repr(jnp.arange(3)) == "tensor([0, 1, 2])" == repr(torch.arange(3))
    with jax.enable_x64(True):
        assert tensor_repr(jnp.arange(3, dtype=jnp.int32)) == repr(torch.arange(3, dtype=torch.int32))


def test_the_default_type_decides_what_is_noted() -> None:
    dtypes.set_default_dtype("bfloat16")
    torch.set_default_dtype(torch.bfloat16)
    try:
        for name in ("bfloat16", "float32", "complex64"):
            agree(torch.ones(2, dtype=getattr(torch, name)))
            agree(torch.ones(0, dtype=getattr(torch, name)))
    finally:
        dtypes.set_default_dtype("float32")
        torch.set_default_dtype(torch.float32)


def test_tracers_print_their_type() -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(tensor_repr(x))
        seen.append(tensor_repr(x, grad_fn_name="MulBackward0"))
        return x

    jax.jit(f)(jnp.zeros((2, 3)))
    assert seen == ["tensor(traced float32[2, 3])", "tensor(traced float32[2, 3], grad_fn=<MulBackward0>)"]


def test_a_large_tensor_is_cut_where_it_lives() -> None:
    t = torch.arange(1_200_000).reshape(3, 400_000)
    agree(t)
    agree(t.T)


@pytest.mark.parametrize("profile", ["default", "short", "full"])
def test_profiles(profile: str) -> None:
    torch.set_printoptions(profile=profile)
    printing.set_printoptions(profile=profile)
    agree(torch.linspace(0, 1, 1100))


def test_options_are_checked_before_any_changes() -> None:
    before = printing.get_printoptions()
    with pytest.raises(
        ArgumentError, match="set_printoptions: expected profile 'default', 'short' or 'full', got 'x'"
    ):
        printing.set_printoptions(precision=2, profile="x")
    with pytest.raises(ArgumentError, match="set_printoptions: expected edgeitems of 0 or more, got -1"):
        printing.set_printoptions(precision=2, edgeitems=-1)
    assert printing.get_printoptions() == before
