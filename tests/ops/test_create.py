"""Creation: what torch makes and prints for the same call, and our error where torch has one."""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import xlagrad as xg
from xlagrad.core import devices, dtypes
from xlagrad.core.dtypes import as_dtype
from xlagrad.core.errors import ArgumentError, DeviceError, DtypeError, ShapeError
from xlagrad.core.tensor import Tensor
from xlagrad.ops import create, data, layouts

OURS = types.SimpleNamespace(**vars(create))
for _name in (d.name for d in dtypes.ALL):
    setattr(OURS, _name.removesuffix("_"), as_dtype(_name))
OURS.complex = create.complex_
OURS.empty_strided = layouts.empty_strided
OURS.device = devices.Device

CALLS: dict[str, Callable[[Any], Any]] = {
    "zeros": lambda m: m.zeros(2, 3),
    "zeros list": lambda m: m.zeros([2, 3]),
    "zeros size": lambda m: m.zeros(size=(2, 3)),
    "zeros 0-d": lambda m: m.zeros(()),
    "zeros empty": lambda m: m.zeros(2, 0),
    "zeros int": lambda m: m.zeros(2, dtype=m.int32),
    "zeros grad": lambda m: m.zeros(2, requires_grad=True),
    "zeros tensor size": lambda m: m.zeros(m.tensor(2), 3),
    "zeros numpy size": lambda m: m.zeros(np.int64(2), np.int32(3)),
    "zeros python type": lambda m: m.zeros(2, dtype=int),
    "zeros bool": lambda m: m.zeros(2, dtype=bool),
    "zeros memory": lambda m: m.zeros(2, pin_memory=False, layout=None),
    "ones": lambda m: m.ones(2, 3, dtype=m.int16),
    "ones complex": lambda m: m.ones(2, dtype=m.complex64),
    "ones half": lambda m: m.ones((2,), dtype=m.float16),
    "empty": lambda m: m.empty(2, 3).shape,
    "empty_strided": lambda m: m.empty_strided((2, 3), (1, 2)).shape,
    "full": lambda m: m.full((2, 2), 3.5),
    "full int": lambda m: m.full((2,), 1),
    "full bool": lambda m: m.full((2,), True),
    "full complex": lambda m: m.full((2,), 1 + 2j),
    "full tensor": lambda m: m.full((2,), m.tensor(2)),
    "full cast": lambda m: m.full((2,), 2.7, dtype=m.int32),
    "full infinite": lambda m: m.full((2,), -float("inf")),
    "full nan": lambda m: m.full((2,), float("nan")),
    "full wraps": lambda m: m.full((2,), -1, dtype=m.uint8),
    "full 0-d": lambda m: m.full([], 3.0),
    "full large": lambda m: m.full((300, 300), 2.5),
    "zeros_like": lambda m: m.zeros_like(m.tensor([1, 2])),
    "ones_like": lambda m: m.ones_like(m.zeros(2, dtype=m.float16)),
    "ones_like dtype": lambda m: m.ones_like(m.tensor([1, 2]), dtype=m.float32, requires_grad=True),
    "full_like": lambda m: m.full_like(m.tensor([1, 2]), 2.7),
    "empty_like": lambda m: m.empty_like(m.zeros(2, 3)).shape,
    "new_zeros": lambda m: m.ones(2, dtype=m.int32).new_zeros(2, 2),
    "new_zeros size": lambda m: m.ones(2).new_zeros((3,), dtype=m.int16),
    "new_ones": lambda m: m.ones(2, dtype=m.int32).new_ones((2, 2)),
    "new_full": lambda m: m.zeros(3, dtype=m.int32).new_full((2,), 2.5),
    "new_empty": lambda m: m.zeros(3, dtype=m.float16).new_empty(2, 3).dtype,
    "new_tensor": lambda m: m.zeros(3).new_tensor([1, 2]),
    "eye": lambda m: m.eye(3),
    "eye wide": lambda m: m.eye(2, 3, dtype=m.int32),
    "eye tall": lambda m: m.eye(3, 2, dtype=m.bool),
    "eye empty": lambda m: m.eye(0),
    "eye large": lambda m: m.eye(300),
    "arange": lambda m: m.arange(5),
    "arange float": lambda m: m.arange(5.5),
    "arange between": lambda m: m.arange(2, 8, 3),
    "arange down": lambda m: m.arange(5, -3, -2),
    "arange steps": lambda m: m.arange(1, 2.5, 0.5),
    "arange inexact": lambda m: m.arange(0, 2, 0.1),
    "arange end": lambda m: m.arange(end=3),
    "arange empty": lambda m: m.arange(3, 3),
    "arange bool": lambda m: m.arange(True),
    "arange tensor": lambda m: m.arange(m.tensor(3)),
    "arange numpy": lambda m: m.arange(np.int64(1), np.int64(4)),
    "arange dtype": lambda m: m.arange(4, dtype=m.float16),
    "arange large": lambda m: m.arange(100_000)[-5:],
    "arange large float": lambda m: m.arange(0.0, 70_000.0, 2.0)[-5:],
    "linspace": lambda m: m.linspace(0, 1, 5),
    "linspace down": lambda m: m.linspace(3, -3, steps=7),
    "linspace one": lambda m: m.linspace(2, 5, 1),
    "linspace none": lambda m: m.linspace(0, 1, 0),
    "linspace int": lambda m: m.linspace(-5, 5, 4, dtype=m.int32),
    "linspace complex": lambda m: m.linspace(0, 1j, 3),
    "logspace": lambda m: m.logspace(0, 2, 3),
    "logspace base": lambda m: m.logspace(-1, 3, 5, base=2),
    "logspace nan": lambda m: m.logspace(0, 1, 3, base=-2),
    "tril_indices": lambda m: m.tril_indices(3, 3, 1),
    "tril_indices wide": lambda m: m.tril_indices(2, 4, -1),
    "triu_indices": lambda m: m.triu_indices(3, 2),
    "triu_indices below": lambda m: m.triu_indices(3, 3, offset=-1, dtype=m.int32),
    "triu_indices empty": lambda m: m.triu_indices(0, 3),
    "meshgrid": lambda m: m.meshgrid(m.arange(2), m.arange(3), indexing="ij"),
    "meshgrid list": lambda m: m.meshgrid([m.arange(2.0), m.arange(3.0)], indexing="ij")[1],
    "meshgrid xy": lambda m: m.meshgrid(m.arange(2), m.arange(3), m.arange(1), indexing="xy"),
    "meshgrid 0-d": lambda m: m.meshgrid(m.zeros(2), m.tensor(1.0), indexing="xy"),
    "complex": lambda m: m.complex(m.ones(2, 1), m.full((3,), 2.0)),
    "polar": lambda m: m.polar(m.ones(3), m.tensor([0.0, 1.0, 2.0])),
    "scalar_tensor": lambda m: m.scalar_tensor(3),
    "frombuffer": lambda m: m.frombuffer(bytearray(b"\0\0\x80?\0\0\0@"), dtype=m.float32, count=1, offset=4),
    "tensor number": lambda m: m.tensor(3.5),
    "tensor int": lambda m: m.tensor(3),
    "tensor bools": lambda m: m.tensor([True, False]),
    "tensor mixed": lambda m: m.tensor([1, True, 2.5]),
    "tensor bool and int": lambda m: m.tensor([True, 2]),
    "tensor complex": lambda m: m.tensor([1, 2j]),
    "tensor nested": lambda m: m.tensor([[1.0, 2.0], [3.0, 4.0]]),
    "tensor tuple": lambda m: m.tensor((1, 2.0)),
    "tensor range": lambda m: m.tensor(range(3)),
    "tensor empty": lambda m: m.tensor([]),
    "tensor empty rows": lambda m: m.tensor([[], []]),
    "tensor cut": lambda m: m.tensor([1.5, -1.5], dtype=m.int32),
    "tensor wraps": lambda m: m.tensor(-1, dtype=m.uint8),
    "tensor inf": lambda m: m.tensor([1e40, -1e40, 1e39]),
    "tensor half inf": lambda m: m.tensor(1e6, dtype=m.float16),
    "tensor of tensors": lambda m: m.tensor([m.tensor(1), 2.5]),
    "tensor numpy scalars": lambda m: m.tensor([np.float32(1.5), np.float32(2)]),
    "tensor numpy int8": lambda m: m.tensor([np.int8(1)]),
    "tensor numpy": lambda m: m.tensor(np.ones((2, 2), np.float32)),
    "tensor numpy cast": lambda m: m.tensor(np.array([1.5, 2.5], np.float32), dtype=m.int16),
    "tensor numpy 0-d": lambda m: m.tensor(np.float32(2.5)),
    "tensor bfloat16": lambda m: m.tensor([1.0, 1.005], dtype=m.bfloat16),
    "tensor grad": lambda m: m.tensor([2.0], requires_grad=True),
    "as_tensor": lambda m: m.as_tensor([1.5, 2.5]),
    "as_tensor dtype": lambda m: m.as_tensor(np.arange(3), dtype=m.float32),
    "asarray": lambda m: m.asarray([1, 2], dtype=m.float32, copy=True),
    "from_numpy": lambda m: m.from_numpy(np.arange(6, dtype=np.int16).reshape(2, 3)),
    "from_numpy turned": lambda m: m.from_numpy(np.arange(6, dtype=np.int16).reshape(2, 3).T),
    "from_numpy reversed": lambda m: m.from_numpy(np.arange(3, dtype=np.int16)[::-1].copy()),
    "from_numpy uint16": lambda m: m.from_numpy(np.zeros(3, np.uint16)),
}  # fmt: skip

# Types of 64 bits, which exist with x64 only.
WIDE: dict[str, Callable[[Any], Any]] = {
    "zeros double": lambda m: m.zeros(2, dtype=m.float64),
    "zeros float": lambda m: m.zeros(2, dtype=float),
    "tensor numpy double": lambda m: m.tensor(np.ones(2)),
    "tensor numpy double list": lambda m: m.tensor([np.float64(1.5)]),
    "tensor numpy double scalar": lambda m: m.tensor(np.float64(1.5)),
    "from_numpy double": lambda m: m.from_numpy(np.ones(2)),
    "tensor long": lambda m: m.tensor([2**40, -(2**62)]),
    "full long": lambda m: m.full((2,), 2**40),
    "arange long": lambda m: m.arange(2**40, 2**40 + 2),
    "arange large long": lambda m: m.arange(2**40, 2**40 + 70_000)[-2:],
    "linspace double": lambda m: m.linspace(0, 1, 7, dtype=m.float64),
    "complex double": lambda m: m.complex(m.ones(2, dtype=m.float64), m.ones(2, dtype=m.float64)),
    "zeros_like": lambda m: m.zeros_like(m.ones(2, dtype=m.float64)),
}


def outcome(call: Callable[[Any], Any], module: Any) -> str:
    """Return what is printed; without x64, int32 is the default integer type and prints as int64 does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = repr(call(module))
    return (
        text
        if dtypes.x64_enabled()
        else text.replace(", dtype=torch.int32", "").replace(", dtype=torch.int64", "")
    )


@pytest.mark.parametrize("name", CALLS)
def test_what_is_made_is_what_torch_makes(name: str) -> None:
    assert outcome(CALLS[name], OURS) == outcome(CALLS[name], torch)


@pytest.mark.parametrize("name", [*CALLS, *(f"wide {n}" for n in WIDE)])
def test_in_64_bits_too(name: str) -> None:
    call = WIDE[name.removeprefix("wide ")] if name.startswith("wide ") else CALLS[name]
    with jax.enable_x64(True):
        assert outcome(call, OURS) == outcome(call, torch)


# Under a trace tensors have no known value to take a size from.
COMPILED = [n for n in CALLS if n not in ("zeros tensor size", "arange tensor")]


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_too(name: str) -> None:
    call = CALLS[name]
    assert repr(xg.compile(lambda: call(OURS))()) == repr(call(OURS))


@pytest.mark.parametrize(
    "call",
    [
        lambda: OURS.tensor(2**40),
        lambda: OURS.tensor([1, -(2**31) - 1]),
        lambda: OURS.from_numpy(np.array([2**40])),
        lambda: OURS.full((2,), 2**31),
        lambda: OURS.arange(2**31, 2**31 + 2),
        lambda: OURS.tensor(np.array([2**33]), dtype="int64"),
    ],
)
def test_integers_beyond_32_bits_are_never_cut_silently(call: Callable[[], Any]) -> None:
    with pytest.raises(
        ArgumentError, match=r"int32 can hold, got .*; set JAX_ENABLE_X64=1 before starting Python"
    ):
        call()


def test_a_cast_that_was_asked_for_wraps_as_in_torch() -> None:
    array = np.array([300, -1], np.int64)
    assert OURS.tensor(array, dtype="uint8").tolist() == torch.tensor(array, dtype=torch.uint8).tolist()


class TestCopies:
    def test_tensor_copies(self) -> None:
        array = np.ones(3, np.float32)
        source = create.tensor(array)
        made = [
            create.tensor(array),
            create.from_numpy(array),
            create.as_tensor(array),
            create.tensor(source),
        ]
        array[:] = 5
        source.fill_(7.0)
        assert all(t.tolist() == [1, 1, 1] for t in made)

    def test_as_tensor_keeps_tensors_and_their_history(self) -> None:
        x = create.tensor([1.0], requires_grad=True)
        assert create.as_tensor(x) is x is create.asarray(x) is create.asarray(x, copy=False)
        y = create.as_tensor(x * 2, dtype="float16")
        y.sum().backward()
        assert y.dtype == "float16" and x.grad is not None and x.grad.tolist() == [2.0]
        assert create.tensor(x).is_leaf and not create.tensor(x).requires_grad
        z = create.asarray(x, copy=True)
        assert z is not x and z.requires_grad

    def test_copy_false_raises_where_a_copy_is_needed(self) -> None:
        for obj in ([1.0], np.ones(2), 3):
            with pytest.raises(
                ArgumentError, match="asarray: expected data that needs no copy, with copy=False"
            ):
                create.asarray(obj, copy=False)
        with pytest.raises(ArgumentError, match="with copy=False"):
            create.asarray(create.tensor([1.0]), dtype="int32", copy=False)

    def test_jax_arrays_are_taken_and_survive_writes(self) -> None:
        array = jnp.ones(3)
        t = create.asarray(array)
        xg.compile(lambda: t.add_(1.0))()
        assert t.tolist() == [2, 2, 2] and array.tolist() == [1, 1, 1]

    def test_new_tensors_do_not_share(self) -> None:
        a, b = create.zeros(3), create.zeros(3)
        a.add_(1.0)
        assert b.tolist() == [0, 0, 0]


class TestDlpack:
    @pytest.mark.parametrize(
        "name", ["float32", "int32", "bool", "complex64", "bfloat16", "uint8", "float16"]
    )
    def test_from_torch_and_back(self, name: str) -> None:
        source = torch.arange(6).reshape(2, 3).to(getattr(torch, name))
        t = create.from_dlpack(source)
        assert t.dtype == name and t.shape == (2, 3)
        assert torch.equal(torch.from_dlpack(t), source)

    def test_no_copy_from_torch(self) -> None:
        source = torch.arange(1000.0)
        t = create.from_dlpack(source)
        assert t.data_array.unsafe_buffer_pointer() == source.data_ptr()
        assert create.from_dlpack(source, copy=True).data_array.unsafe_buffer_pointer() != source.data_ptr()
        assert torch.from_dlpack(t).data_ptr() == source.data_ptr()

    def test_numpy_reads_without_a_copy(self) -> None:
        t = create.ones(1000)
        assert np.from_dlpack(t).ctypes.data == t.data_array.unsafe_buffer_pointer()

    def test_writes_do_not_reach_the_memory(self) -> None:
        source = torch.zeros(100)
        t = create.from_dlpack(source)
        t.add_(1.0)
        xg.compile(lambda: t.mul_(2.0))()
        assert t.tolist() == [2.0] * 100 and source.tolist() == [0.0] * 100

    @pytest.mark.parametrize("take", [lambda x: x[:, ::2], lambda x: x.T, lambda x: x[1:], lambda x: x[:, 1]])
    def test_strided_memory(self, take: Callable[[Any], Any]) -> None:
        theirs = take(torch.arange(12.0).reshape(3, 4))
        assert create.from_dlpack(theirs).tolist() == theirs.tolist()
        assert create.asarray(theirs).tolist() == theirs.tolist()
        array = take(np.arange(12.0, dtype=np.float32).reshape(3, 4))
        assert create.from_dlpack(array).tolist() == array.tolist()

    def test_what_cannot_be_exported_is_refused(self) -> None:
        with pytest.raises(
            DtypeError, match=r"from_dlpack: expected an exportable tensor, got Tensor \(Can't export"
        ):
            create.from_dlpack(torch.zeros(2, requires_grad=True))
        with pytest.raises(
            DtypeError, match="from_dlpack: expected an object with __dlpack__, got 3; use asarray"
        ):
            create.from_dlpack(3)


class TestOut:
    @pytest.mark.parametrize(
        "call",
        [
            lambda m, out: m.zeros(2, 3, out=out),
            lambda m, out: m.ones((2, 3), out=out),
            lambda m, out: m.full((2, 3), 7, out=out),
            lambda m, out: m.eye(2, 3, out=out),
        ],
    )
    def test_is_written_and_returned(self, call: Callable[[Any, Any], Any]) -> None:
        ours, theirs = OURS.full((2, 3), 5.0), torch.full((2, 3), 5.0)
        view = ours[0]
        assert call(OURS, ours) is ours
        assert repr(ours) == repr(call(torch, theirs)) and view.tolist() == ours[0].tolist()

    def test_of_another_shape_is_refused_and_left_alone(self) -> None:
        out = OURS.ones(4)
        with pytest.raises(ShapeError, match="zeros: expected a result of the tensor's own shape"):
            OURS.zeros(3, out=out)
        assert out.tolist() == [1, 1, 1, 1]


class TestDefaults:
    @pytest.fixture(autouse=True)
    def _restored(self) -> Iterator[None]:
        yield
        dtypes.set_default_dtype("float32")
        devices.set_default_device(None)
        torch.set_default_dtype(torch.float32)

    def test_the_default_type(self) -> None:
        for module, kind in ((dtypes, "bfloat16"), (torch, torch.bfloat16)):
            module.set_default_dtype(kind)  # type: ignore[attr-defined]
        for call in (
            lambda m: m.zeros(2),
            lambda m: m.tensor([1.5]),
            lambda m: m.full((2,), 1.5),
            lambda m: m.arange(0, 1, 0.5),
            lambda m: m.linspace(0, 1, 3),
            lambda m: m.tensor([1]),
            lambda m: m.eye(2),
        ):
            assert call(OURS).dtype == dtypes.canonical(str(call(torch).dtype))

    def test_a_change_of_the_default_type_retraces(self) -> None:
        make = xg.compile(lambda: create.zeros(2))
        assert make().dtype == "float32"
        dtypes.set_default_dtype("float16")
        assert make().dtype == "float16"

    def test_the_default_device(self) -> None:
        with devices.Device("cpu"):
            assert create.zeros(2).device.type == "cpu" == create.tensor([1.0]).device.type
        assert create.zeros(2, device="cpu:0").device.type == "cpu"


def test_gradients_pass_through_meshgrid_complex_and_lists() -> None:
    values = [[1.0, 2.0], [3.0, 4.0, 5.0]]
    grads = []
    for m in (OURS, torch):
        x, y = (m.tensor(v, requires_grad=True) for v in values)
        a, b = m.meshgrid(x, y, indexing="ij")
        z = m.complex(a * b, a + b)
        ((z * z).abs() + m.polar(a, b).abs()).sum().backward()
        grads.append([x.grad.tolist(), y.grad.tolist()])
    for ours, theirs in zip(grads[0], grads[1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_lists_of_traced_tensors() -> None:
    @xg.compile
    def f(x: Tensor) -> Tensor:
        return create.tensor([[x[0], 2.0], [x[1], 1]])

    assert f(create.tensor([5.0, 6.0])).tolist() == [[5.0, 2.0], [6.0, 1.0]]
    with pytest.raises(ShapeError, match="tensor: expected items of one shape, got items of the shapes"):
        create.tensor([create.zeros(2), create.zeros(3)])


NUMBERS = st.recursive(
    st.integers(-(2**31), 2**31 - 1) | st.floats(allow_nan=False, width=32) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=12,
)


@hypothesis.settings(max_examples=200)
@hypothesis.given(NUMBERS)
def test_any_nested_list_is_what_torch_makes_of_it_or_refused_by_both(value: Any) -> None:
    try:
        np.asarray(value)
        expected = repr(torch.tensor(value))
    except (TypeError, ValueError, RuntimeError):
        # torch takes [[], 0] for two empty rows.
        with pytest.raises((ShapeError, DtypeError)):
            create.tensor(value)
        return
    assert repr(create.tensor(value)) == expected


@hypothesis.settings(max_examples=200)
@hypothesis.given(
    st.floats(-50, 50),
    st.floats(-50, 50),
    st.floats(-5, 5),
    st.sampled_from(["float32", "int32", "int64", "float16"]),
)
def test_any_range(start: float, end: float, step: float, name: str) -> None:
    hypothesis.assume(abs(step) > 0.05)
    try:
        expected = torch.arange(start, end, step, dtype=getattr(torch, name))
    except (RuntimeError, ValueError):
        with pytest.raises(ArgumentError):
            create.arange(start, end, step, dtype=name)
        return
    np.testing.assert_allclose(
        create.arange(start, end, step, dtype=name).numpy(),
        expected.numpy(),
        rtol=2e-3 if name == "float16" else 1e-6,
    )


@hypothesis.settings(max_examples=200)
@hypothesis.given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.integers(0, 40))
def test_any_linspace(start: float, end: float, steps: int) -> None:
    expected = torch.linspace(start, end, steps, dtype=torch.float32).numpy()
    np.testing.assert_allclose(create.linspace(start, end, steps).numpy(), expected, rtol=1e-5, atol=1e-4)


NUMBERS_OF_SIZE = st.floats(-100, 100) | st.sampled_from([float("nan"), float("inf"), -float("inf")])


@hypothesis.settings(max_examples=300)
@hypothesis.given(
    st.sampled_from(["zeros", "ones", "empty", "eye", "tensor", "full", "arange"]),
    st.lists(
        st.integers(-2, 3) | NUMBERS_OF_SIZE | st.none() | st.text(max_size=2) | st.booleans(), max_size=3
    ),
)
def test_any_arguments_make_a_tensor_or_our_error(name: str, args: list[Any]) -> None:
    try:
        made = getattr(create, name)(*args)
    except (ShapeError, DtypeError, ArgumentError, DeviceError) as error:
        assert ": expected " in str(error)
    except TypeError as error:
        # Python's own, for a wrong number of arguments.
        assert "argument" in str(error)
    else:
        assert isinstance(made, Tensor)


def test_array_api_spellings() -> None:
    assert create.zeros(shape=(2, 3)).shape == (2, 3) == create.ones(shape=(2, 3)).shape
    assert create.arange(0, stop=3).tolist() == [0, 1, 2] and create.eye(3, k=1).tolist()[0] == [0, 1, 0]
    assert create.linspace(0, 1, 4, endpoint=False).tolist() == [0.0, 0.25, 0.5, 0.75]
    assert create.full(3, 1.0).tolist() == [1, 1, 1]
    assert data.asarray(np.float32(3.0)).tolist() == 3.0
