"""Conversion between types and devices, against PyTorch."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import xlagrad as xg
import xlagrad.torch as ours
from tests.core.agreement import agree, check_error, outcome, same
from tests.ops.compare import check, tensor
from xlagrad.core.errors import ArgumentError, DeviceError

DTYPES = ["bool", "uint8", "int8", "int32", "float16", "bfloat16", "float32", "complex64"]


@pytest.mark.parametrize("source", DTYPES)
def test_casts(source: str) -> None:
    for target in DTYPES:

        def program(t: Any, target: str = target) -> Any:
            x = t.tensor([0.0, 1.0, 2.5, 100.0]).to(getattr(t, source))
            return x.to(getattr(t, target)), x.to(dtype=getattr(t, target)), x.type(getattr(t, target))

        if source != "complex64" or target == "complex64":
            agree(program)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "complex64"])
def test_gradients_pass_between_float_types(dtype: str) -> None:
    def program(t: Any) -> Any:
        x = t.tensor([1.0, 2.0], requires_grad=True)
        y = x.to(getattr(t, dtype))
        ((y * y).real if y.is_complex() else y * y).float().sum().backward()
        return y, x.grad

    agree(program, rtol=1e-2)
    check(lambda x: x.to(x.dtype) * 2, tensor(3), second=True)


@pytest.mark.parametrize(
    "name", ["float", "half", "bfloat16", "int", "short", "char", "byte", "bool", "cfloat"]
)
def test_named_casts(name: str) -> None:
    agree(lambda t: getattr(t.tensor([0.0, 1.0, 3.7]), name)())


def test_64_bit_names_mean_what_jax_computes_in() -> None:
    x = xg.Tensor([1.5, 2.0])
    assert str(x.long().dtype) == ("torch.int64" if jax.config.jax_enable_x64 else "torch.int32")


def test_nothing_to_do_gives_the_tensor_itself() -> None:
    def program(t: Any) -> Any:
        x = t.tensor([1.0, 2.0], requires_grad=True)
        same_ = [x.to(t.float32), x.to("cpu"), x.to(x), x.float(), x.cpu(), x.type_as(x)]
        same_.append(x.to(t.device("cpu"), t.float32))
        copies = [x.to(t.float32, copy=True), x.to("cpu", copy=True), x.clone()]
        return [y is x for y in same_], [y is x for y in copies], copies

    agree(program)


def test_arguments_of_to() -> None:
    def program(t: Any) -> Any:
        x = t.tensor([1.0, 2.0])
        like = t.tensor([1], dtype=t.float16)
        return [
            x.to("cpu", t.float16), x.to(device="cpu", dtype=t.int32), x.to(like), x.to(t.float16, True),
            x.to("cpu", non_blocking=True), x.type_as(like), x.type(), like.type(),
        ]  # fmt: skip

    agree(program)
    x = xg.Tensor([1.0])
    assert x.to(np.float16).dtype == x.to("float16").dtype == x.to(np.dtype("float16")).dtype == ours.float16


@pytest.mark.parametrize(
    ("use", "error", "text"),
    [
        (lambda x: x.to(object()), ArgumentError, "to: expected a dtype, a device or a tensor, got <object"),
        (lambda x: x.to(speed=1), ArgumentError, r"to: expected dtype, device, .*, got \['speed'\]"),
        (lambda x: x.to("cuda"), DeviceError, "expected a device of this machine, got 'cuda'; available"),
        (lambda x: x.cuda(), DeviceError, "a device of this machine, got 'cuda'; available here: cpu"),
        (lambda x: x.cuda(1), DeviceError, "expected a device of this machine, got 'cuda:1'; available"),
        (lambda x: x.to("quantum"), DeviceError, "expected the name of a device, got 'quantum'; pass 'cpu'"),
        (lambda x: x.to("cpu:99"), DeviceError, "device: expected a device of this machine, got 'cpu:99'"),
    ],
)  # fmt: skip
def test_messages(use: Any, error: Any, text: str) -> None:
    if any(d.platform == "gpu" for d in jax.devices()):
        pytest.skip("the machine has what the messages say is missing")
    x = xg.Tensor([1.0])
    with pytest.raises(error, match=text):
        use(x)
    assert (x.tolist(), str(x.dtype), str(x.device)) == ([1.0], "torch.float32", "cpu")


ANY = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9), st.text(max_size=3), st.floats(), st.just(object()),
    st.sampled_from(["float32", "cpu", float, int, np.float16, np.int8]),
)  # fmt: skip


@given(st.lists(ANY, max_size=3), st.dictionaries(st.sampled_from(["dtype", "device", "copy", "speed"]), ANY))
def test_any_arguments_of_to(args: list[Any], kwargs: dict[str, Any]) -> None:
    x = xg.Tensor([1.0, 0.0])
    try:
        y = x.to(*args, **kwargs)
    except Exception as error:
        check_error(error)
    else:
        assert y.shape == (2,)
    assert (x.tolist(), str(x.dtype)) == ([1.0, 0.0], "torch.float32")


def test_under_compile() -> None:
    @xg.compile
    def step(x: Any) -> Any:
        return x.to("cpu").half().float().to(x), x.to(x.device), x.type_as(x)

    x = xg.Tensor([1.0, 2.0])
    assert [y.tolist() for y in step(x)] == [[1.0, 2.0]] * 3


def test_views_are_cast_by_value() -> None:
    def program(t: Any) -> Any:
        x = t.arange(6.0).reshape(2, 3)
        y = x.t()[1:].int()
        x.zero_()
        return y

    same(outcome(program, ours), outcome(program, torch))
