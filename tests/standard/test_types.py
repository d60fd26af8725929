"""Types by the standard's rules: promotion, questions about types, what the namespace says of itself."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import numpy as np
import pytest

import xlagrad as xg
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError

SIGNED, UNSIGNED = ["int8", "int16", "int32", "int64"], ["uint8", "uint16", "uint32", "uint64"]
FLOATING = ["float32", "float64", "complex64", "complex128"]


@pytest.fixture(autouse=True)
def _wide() -> Any:
    with jax.enable_x64(True):
        yield


def pairs() -> list[tuple[str, str]]:
    """Return the pairs of types for which the standard defines a common type."""
    of_integers = list(itertools.combinations([*SIGNED, *UNSIGNED], 2))
    known = [(a, b) for a, b in of_integers if not (a in SIGNED and b == "uint64")]
    return [*known, *itertools.combinations(FLOATING, 2)]


def test_promotion_is_numpys_where_the_standard_defines_it() -> None:
    for one, two in pairs():
        want = np.result_type(one, two).name
        assert xg.result_type(getattr(xg, one), getattr(xg, two)).name == want, (one, two)
        assert xg.can_cast(one, two) == (want == two)


@pytest.mark.parametrize("name", ["add", "maximum", "multiply", "atan2", "logaddexp", "copysign"])
def test_arrays_without_axes_count_as_much_as_others(name: str) -> None:
    narrow, wide = xg.ones(3, dtype="float32"), xg.asarray(2.0, dtype="float64")
    assert getattr(xg, name)(narrow, wide).dtype == xg.float64
    assert getattr(xg, name)(wide, narrow).dtype == xg.float64
    assert xg.result_type(narrow, wide) == xg.float64
    assert getattr(xg, name)(narrow, 2.0).dtype == xg.float32


def test_numbers_take_the_arrays_type() -> None:
    assert xg.result_type(xg.int8, 3) == xg.int8
    assert xg.result_type(xg.float32, 3, 2.5) == xg.float32
    assert xg.result_type(xg.asarray(1.0, dtype="float32"), 2j) == xg.complex64
    assert xg.add(xg.asarray([1], dtype="uint8"), 3).dtype == xg.uint8
    assert xg.where(xg.asarray([True]), xg.asarray([1.0], dtype="float64"), 0).dtype == xg.float64
    with pytest.raises(DtypeError, match="at least one operand"):
        xg.result_type()


def test_sums_of_integers_do_not_overflow() -> None:
    for name, wide in [("int8", "int64"), ("uint8", "uint64"), ("int64", "int64"), ("uint64", "uint64")]:
        x = xg.asarray([[3, 4]], dtype=name)
        for function in (xg.sum, xg.prod):
            assert function(x).dtype == wide, (name, function)
        assert xg.cumulative_sum(x, axis=1).dtype == wide
        assert xg.cumulative_prod(x, axis=1, dtype="int32").dtype == xg.int32
        assert xg.linalg.trace(x).dtype == wide
        assert xg.vecdot(x, x).dtype == name


def test_limits() -> None:
    info = xg.finfo(xg.ones(2, dtype="complex128"))
    assert (info.bits, info.dtype, info.eps) == (64, xg.float64, np.finfo(np.float64).eps)
    assert isinstance(info.max, float)
    assert info.smallest_normal == np.finfo(np.float64).smallest_normal
    limits = xg.iinfo(xg.asarray([1], dtype="uint16"))
    assert (limits.bits, limits.min, limits.max, limits.dtype) == (16, 0, 65535, xg.uint16)
    with pytest.raises(DtypeError, match="finfo: expected a floating-point type"):
        xg.finfo(xg.int8)
    with pytest.raises(DtypeError, match="iinfo: expected an integer type"):
        xg.iinfo(xg.float32)


def test_kinds() -> None:
    kinds = {
        "bool": ["bool"],
        "signed integer": SIGNED,
        "unsigned integer": UNSIGNED,
        "real floating": FLOATING[:2],
        "complex floating": FLOATING[2:],
    }
    kinds["integral"] = kinds["signed integer"] + kinds["unsigned integer"]
    kinds["numeric"] = kinds["integral"] + FLOATING
    names = ["bool", *kinds["numeric"]]
    info = xg.__array_namespace_info__()
    assert list(info.dtypes()) == names
    for kind, members in kinds.items():
        assert [name for name in names if xg.isdtype(getattr(xg, name), kind)] == members
        assert list(info.dtypes(kind=kind)) == members
    assert list(info.dtypes(kind=("bool", "real floating"))) == ["bool", "float32", "float64"]
    with pytest.raises(ArgumentError, match="isdtype"):
        info.dtypes(kind="floats")


def test_the_namespace_describes_itself() -> None:
    info = xg.__array_namespace_info__()
    assert info.capabilities() == {
        "boolean indexing": True,
        "data-dependent shapes": True,
        "max dimensions": 64,
    }
    device = info.default_device()
    assert device in info.devices()
    found = info.default_dtypes(device=device)
    made = [xg.asarray(1.0), xg.asarray(1j), xg.asarray(1), xg.argmax(xg.ones(2))]
    assert list(found.values()) == [x.dtype for x in made]
    assert list(found) == ["real floating", "complex floating", "integral", "indexing"]
    for name, dtype in info.dtypes(device=device).items():
        assert xg.zeros(2, dtype=dtype, device=device).dtype == name


def test_without_64_bits_their_types_are_not_there() -> None:
    with jax.enable_x64(False):
        info = xg.__array_namespace_info__()
        assert not {"int64", "uint64", "float64", "complex128"} & set(info.dtypes())
        assert info.default_dtypes()["integral"] == xg.int32


def test_devices_and_exchange() -> None:
    x = xg.asarray([1.0, 2.0])
    device = x.device
    assert x.to_device(device).device == device
    assert xg.zeros_like(x, device=device).device == device
    assert xg.from_dlpack(np.arange(3), copy=True).tolist() == [0, 1, 2]
    assert xg.from_dlpack(x, device=device).tolist() == [1.0, 2.0]
    for version in (None, (0, 8), (1, 0), (2, 0)):
        assert "dltensor" in repr(x.__dlpack__(max_version=version, copy=None))
    assert x.__dlpack_device__()[1] == 0
    assert np.from_dlpack(x).tolist() == [1.0, 2.0]


CREATED: dict[str, tuple[Any, Any]] = {
    "arange": (lambda m: m.arange(2, 9, 3), np.arange(2, 9, 3)),
    "arange down": (lambda m: m.arange(3, -2, -2), np.arange(3, -2, -2)),
    "arange away": (lambda m: m.arange(3, 0), np.arange(3, 0)),
    "arange float": (lambda m: m.arange(0.5, 2), np.arange(0.5, 2)),
    "linspace": (lambda m: m.linspace(0, 1, 4, endpoint=False), np.linspace(0, 1, 4, endpoint=False)),
    "linspace complex": (lambda m: m.linspace(0, 1j, 3), np.linspace(0, 1j, 3)),
    "linspace one": (lambda m: m.linspace(2, 5, 1), np.linspace(2, 5, 1)),
    "full": (lambda m: m.full((2, 0), 3), np.full((2, 0), 3)),
    "ones": (lambda m: m.ones(()), np.ones(())),
    "eye": (lambda m: m.eye(2, 3, k=1), np.eye(2, 3, k=1)),
    "expand_dims": (lambda m: m.expand_dims(m.arange(2), axis=(0, -1)), np.arange(2)[None, :, None]),
    "isin": (lambda m: m.isin(m.arange(4), m.asarray([1, 3]), invert=True), [True, False, True, False]),
    "isin number": (lambda m: m.isin(2, m.arange(4)), True),
    "searchsorted number": (lambda m: m.searchsorted(m.arange(4), 2, side="right"), 3),
    "broadcast_shapes": (lambda m: m.asarray(m.broadcast_shapes((2, 1), (3,), ())), [2, 3]),
    "diff by position": (lambda m: m.diff(m.arange(5) ** 2, 2), [2, 2, 2]),
    "var of no axes": (lambda m: m.var(m.ones((2, 3)), axis=()), np.zeros((2, 3))),
}


@pytest.mark.parametrize("case", CREATED)
def test_values(case: str) -> None:
    make, want = CREATED[case]
    found = make(xg)
    assert found.shape == np.shape(want)
    np.testing.assert_allclose(found.numpy(), want)


def test_gradients_can_be_asked_for() -> None:
    for x in (xg.zeros(2, requires_grad=True), xg.linspace(0, 1, 2, requires_grad=True)):
        xg.sum(xg.multiply(x, 3.0)).backward()
        assert x.grad.tolist() == [3.0, 3.0]


def test_refused() -> None:
    with pytest.raises(DtypeError, match="zeros: expected sizes that are integers"):
        xg.zeros(2.5)
    with pytest.raises(ShapeError, match="nonzero: expected an array with axes"):
        xg.nonzero(xg.asarray(1))
    with pytest.raises(IndexError, match="expand_dims"):
        xg.expand_dims(xg.ones(2), axis=3)
    with pytest.raises(ArgumentError, match="each dim once"):
        xg.expand_dims(xg.ones(2), axis=(0, 0))
    with pytest.raises(ArgumentError, match="arange"):
        xg.arange(0, 3, 0)
