"""What turns tensors into numbers, text, arrays of other libraries, pickles and copies."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import xlagrad as xg
import xlagrad.torch as ours
from tests.core.agreement import agree
from xlagrad.core.errors import ArgumentError, AutogradError, DeviceError, DtypeError, ShapeError, TraceError

DTYPES = ["float32", "float16", "bfloat16", "int8", "uint8", "int32", "bool", "complex64"]


def pointer(t: Any) -> int:
    return int(t.data_array.unsafe_buffer_pointer())


@pytest.mark.parametrize("dtype", DTYPES)
def test_dlpack_shares_memory_both_ways(dtype: str) -> None:
    mine = xg.Tensor(np.arange(64).reshape(8, 8) % 2, dtype=dtype)
    there = torch.from_dlpack(mine)
    assert there.data_ptr() == pointer(mine)
    assert str(there.dtype) == f"torch.{dtype}"
    assert there.tolist() == mine.tolist()
    source = (torch.arange(64).reshape(8, 8) % 2).to(there.dtype)
    back = ours.from_dlpack(source)
    assert pointer(back) == source.data_ptr()
    assert back.tolist() == source.tolist()


def test_numpy_shares_memory_both_ways() -> None:
    mine = xg.Tensor(np.arange(64.0, dtype=np.float32).reshape(8, 8))
    for array in (mine.numpy(), np.asarray(mine), np.from_dlpack(mine)):
        assert array.ctypes.data == pointer(mine)
        assert not array.flags.writeable
    # XLA takes memory over where it begins at a multiple of 64 bytes.
    room = np.zeros(80, np.float32)
    first = -(room.ctypes.data // 4) % 16
    source = room[first : first + 64].reshape(8, 8)
    assert pointer(ours.from_dlpack(source)) == source.ctypes.data


@pytest.mark.parametrize("export", [lambda t: t.numpy(), np.from_dlpack, torch.from_dlpack])
def test_exports_keep_their_values(export: Any) -> None:
    t = xg.Tensor(np.zeros((64, 64), np.float32))
    seen = export(t)
    t.add_(1.0)
    step = xg.compile(lambda: t.add_(1.0))
    for _ in range(3):
        step()
        again = export(t)
    step()
    assert float(seen.sum()) == 0.0
    assert float(again.sum()) == 4 * 64 * 64
    assert t[0, 0].item() == 5.0


def test_views_export_their_part() -> None:
    t = xg.Tensor(np.arange(6.0, dtype=np.float32).reshape(2, 3))
    assert torch.from_dlpack(t[:, 1]).tolist() == [1.0, 4.0]
    assert t.T.numpy().tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]


def test_exports_of_tensors_that_require_grad() -> None:
    t = xg.Tensor([1.0], requires_grad=True)
    with pytest.raises(
        AutogradError, match=r"numpy: expected a tensor that does not require grad, .*\.detach"
    ):
        t.numpy()
    with pytest.raises(AutogradError, match="__dlpack__: expected a tensor that does not require grad"):
        np.from_dlpack(t)
    assert t.numpy(force=True).tolist() == [1.0]


def test_array_protocol() -> None:
    t = xg.Tensor([1.0, 2.0])
    assert np.asarray(t, dtype=np.float64).dtype == np.float64
    copied = np.array(t, copy=True)
    copied[0] = 9.0
    assert t.tolist() == [1.0, 2.0]
    with pytest.raises(ArgumentError, match="asarray: expected dtype float32 without a copy, got"):
        np.asarray(t, dtype=np.float64, copy=False)
    assert isinstance(jnp.sin(t), jax.Array)
    assert isinstance(np.ones(2, np.float32) * t, xg.Tensor)
    assert isinstance(jnp.ones(2) + t, jax.Array)


def test_array_namespace() -> None:
    names = xg.Tensor([1.0]).__array_namespace__()
    assert names.asarray([1.0, 2.0]).tolist() == [1.0, 2.0]


NUMBERS: list[Any] = [2.5, -3, True, 1 + 2j, float("inf"), float("nan"), 0]


@pytest.mark.parametrize("value", NUMBERS, ids=str)
@pytest.mark.parametrize("as_type", [float, int, bool, complex, lambda t: t.item(), lambda t: t.tolist()])
def test_numbers(value: Any, as_type: Any) -> None:
    def program(t: Any) -> Any:
        result = as_type(t.tensor(value))
        return type(result).__name__, repr(result)

    want = None
    try:
        want = program(torch)
    except Exception:
        with pytest.raises((TypeError, ValueError, OverflowError)):
            program(ours)
        return
    assert program(ours) == want


@pytest.mark.parametrize(
    "use",
    [
        bool, float, int, len, list, "{:.2f}".format, lambda t: t.item(), lambda t: [1, 2, 3][t],
        lambda t: 1.0 in t, lambda t: t.size(), lambda t: list(map(float, t)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(), (1,), (2,), (2, 1), (0,)])
def test_python_protocols(use: Any, shape: tuple[int, ...]) -> None:
    agree(lambda t: use(t.ones(shape)))
    agree(lambda t: use(t.ones(shape, dtype=t.int32)))


def test_indices() -> None:
    agree(lambda t: ("a", "b", "c")[t.tensor(1)])
    agree(lambda t: ("a", "b", "c")[t.tensor(True)])
    agree(lambda t: list(range(t.tensor([3]))))
    agree(lambda t: "abc"[t.tensor(1.0)])


def test_text() -> None:
    def program(t: Any) -> Any:
        x = t.tensor([[1.0, 2.5], [-3.0, 1e-3]], requires_grad=True)
        y = x * 2
        return [
            str(v) for v in (x, y.detach(), y, y.data, t.tensor(3), t.tensor([]), t.ones(2, dtype=t.bfloat16))
        ]

    agree(program)
    assert str(xg.Tensor([2.0], requires_grad=True) * 2).endswith("grad_fn=<MulBackward0>)")
    assert f"{xg.Tensor(3.14159):.2f}" == "3.14"


def test_a_traced_value_has_no_number() -> None:
    seen: list[str] = []

    @xg.compile
    def step(x: Any) -> Any:
        seen.append(repr(x))
        return float(x.sum())

    with pytest.raises(
        TraceError, match=r"item: expected a value that is known, got a traced float32\[\] at "
    ):
        step(xg.Tensor([1.0, 2.0]))
    assert "float32" in seen[0]


def test_numbers_of_tensors_with_too_many_elements() -> None:
    with pytest.raises(ShapeError, match=r"item: expected a tensor with 1 element, got float32\[2\] with 2"):
        xg.Tensor([1.0, 2.0]).item()
    with pytest.raises(ShapeError, match=r"bool: expected .* ambiguous: use \.any\(\) or \.all\(\)"):
        bool(xg.Tensor([1.0, 2.0]))
    with pytest.raises(DtypeError, match=r"len: expected a tensor with dimensions, got a 0-d tensor"):
        len(xg.Tensor(1.0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_pickles(dtype: str) -> None:
    t = xg.Tensor(np.arange(6).reshape(2, 3) % 2, dtype=dtype)
    t.note, t._private = "kept", 3
    back = pickle.loads(pickle.dumps(t.T))
    assert (back.dtype, back.tolist()) == (t.dtype, t.T.tolist())
    again = pickle.loads(pickle.dumps(t))
    assert (again.note, again._private) == ("kept", 3)


def test_pickles_keep_class_and_flag() -> None:
    p = pickle.loads(pickle.dumps(xg.Parameter([1.0, 2.0], requires_grad=False)))
    q = pickle.loads(pickle.dumps(xg.Parameter([1.0, 2.0])))
    assert (type(p), p.requires_grad) == (xg.Parameter, False)
    assert (type(q), q.requires_grad) == (xg.Parameter, True)


def test_copies_alias_as_in_pytorch() -> None:
    def program(t: Any) -> Any:
        base = t.tensor([1.0, 2.0, 3.0])
        shallow = copy.copy(base)
        deep, part, twice = copy.deepcopy([base, base[1:], base])
        shallow[0] = 10.0
        part.mul_(-1.0)
        leaf = copy.copy(t.tensor([1.0], requires_grad=True))
        return base, shallow, deep, part, deep is twice, leaf.is_leaf, leaf.requires_grad

    agree(program)


def test_deepcopy_takes_gradients_along() -> None:
    def program(t: Any) -> Any:
        x = t.tensor([1.0, 2.0], requires_grad=True)
        p = t.nn.Parameter(t.tensor([1.0, 2.0]))
        (p * x).sum().backward()
        y, q = copy.deepcopy(x), copy.deepcopy(p)
        with t.no_grad():
            q.add_(1.0)
            y.grad.add_(1.0)
        return x, x.grad, y, y.grad, p, q, q.grad, type(q).__name__

    agree(program)
    agree(lambda t: copy.deepcopy(t.ones(2, requires_grad=True) * 2))


def test_a_deepcopy_has_no_part_in_hooks() -> None:
    x = xg.Tensor([1.0], requires_grad=True)
    seen: list[Any] = []
    x.register_post_accumulate_grad_hook(seen.append)
    x.note = ["mine"]
    y = copy.deepcopy(x)
    (y * 2).sum().backward()
    assert seen == []
    assert y.note == ["mine"]
    assert y.note is not x.note


def test_to_device() -> None:
    t = xg.Tensor([1.0])
    assert t.to_device("cpu") is t
    with pytest.raises(DeviceError, match="to_device: expected stream=None, got 3; XLA orders its own work"):
        t.to_device("cpu", stream=3)
