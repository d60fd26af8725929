"""Element types: torch's attributes, NumPy's and JAX's acceptance, and the mapping to 32 bits."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import torch

from xlagrad.core import dtypes
from xlagrad.core.dtypes import DType, as_dtype, as_jax
from xlagrad.core.errors import DtypeError

NAMES = [d.name for d in dtypes.ALL]
FLOATS = [d.name for d in dtypes.ALL if d.is_floating_point]
INTEGERS = [d.name for d in dtypes.ALL if d.dtype.kind in "iu"]


@pytest.fixture
def fresh() -> Iterator[None]:
    """Forget that a warning was given, and restore the default type."""
    warned, default = set(dtypes._warned), dtypes._default
    dtypes._warned.clear()
    yield
    dtypes._warned.clear()
    dtypes._warned.update(warned)
    dtypes._default = default


@pytest.mark.parametrize("name", NAMES)
def test_attributes_are_those_of_torch(name: str) -> None:
    ours, theirs = as_dtype(name), getattr(torch, name)
    assert repr(ours) == str(theirs) == str(ours)
    for attribute in ("itemsize", "is_floating_point", "is_complex", "is_signed"):
        assert getattr(ours, attribute) == getattr(theirs, attribute), attribute
    assert str(ours.to_real()) == str(theirs.to_real())


@pytest.mark.parametrize("name", NAMES)
def test_to_complex_is_that_of_torch_but_for_half_precision(name: str) -> None:
    try:
        expected = str(getattr(torch, name).to_complex())
    except RuntimeError:
        expected = ""
    if name == "float16" or not expected:
        with pytest.raises(
            DtypeError, match=f"to_complex: expected float32.*got {name}; convert to float32 first"
        ):
            as_dtype(name).to_complex()
    else:
        assert repr(as_dtype(name).to_complex()) == expected


@pytest.mark.parametrize("name", FLOATS)
def test_finfo_is_that_of_torch(name: str) -> None:
    ours, theirs = dtypes.finfo(name), torch.finfo(getattr(torch, name))
    assert repr(ours) == repr(theirs)
    for field in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "dtype"):
        assert getattr(ours, field) == getattr(theirs, field), field
    assert ours.resolution == pytest.approx(theirs.resolution)
    assert ours == dtypes.finfo(as_dtype(name)) and hash(ours) == hash(dtypes.finfo(name))


@pytest.mark.parametrize("name", INTEGERS)
def test_iinfo_is_that_of_torch(name: str) -> None:
    ours, theirs = dtypes.iinfo(name), torch.iinfo(getattr(torch, name))
    assert repr(ours) == repr(theirs)
    assert (ours.bits, ours.min, ours.max, ours.dtype) == (theirs.bits, theirs.min, theirs.max, theirs.dtype)
    assert ours == dtypes.iinfo(name) != dtypes.finfo("float32")


def test_finfo_takes_complex_and_default_types() -> None:
    assert dtypes.finfo("complex64") == dtypes.finfo() == dtypes.finfo("float32")


def test_finfo_and_iinfo_refuse_each_others_types() -> None:
    with pytest.raises(DtypeError, match="finfo: expected a floating-point type, got int8; use iinfo"):
        dtypes.finfo("int8")
    with pytest.raises(DtypeError, match="iinfo: expected an integer type, got bool; use finfo"):
        dtypes.iinfo("bool")


@pytest.mark.parametrize("name", NAMES)
def test_numpy_and_jax_take_it_as_a_dtype(name: str) -> None:
    ours = as_dtype(name)
    assert np.dtype(ours) is ours.numpy is ours.dtype
    assert np.zeros(2, ours).dtype == ours.dtype
    with jax.enable_x64(True):
        assert jnp.zeros(3, dtype=ours).dtype == ours.dtype
        assert jnp.zeros(3).astype(ours).dtype == ours.dtype
        assert jax.lax.convert_element_type(1, ours).dtype == ours.dtype


@pytest.mark.parametrize("name", NAMES)
def test_equality_with_numpy_types_and_strings(name: str) -> None:
    ours = as_dtype(name)
    assert ours == name == ours and ours == f"torch.{name}" and ours == ours.dtype and ours.dtype == ours
    assert ours == ours.dtype.type
    assert ours != "float99" and ours != 3 and ours is not None
    for other in dtypes.ALL:
        assert (ours == other) == (ours is other) == (hash(ours) == hash(other))
    assert hash(ours) == hash(name) and {ours: 1}[name] == 1  # type: ignore[index]


@pytest.mark.parametrize("name", NAMES)
def test_there_is_one_object_per_type(name: str) -> None:
    ours = as_dtype(name)
    spellings: list[Any] = [name, f"torch.{name}", ours, ours.dtype, ours.dtype.type, np.dtype(ours)]
    assert all(as_dtype(s) is ours for s in spellings * 2)
    assert pickle.loads(pickle.dumps(ours)) is ours and copy.deepcopy(ours) is copy.copy(ours) is ours


def test_python_types_mean_64_bits_as_in_torch() -> None:
    for kind in (bool, int, float, complex):
        assert repr(as_dtype(kind)) == str(torch.zeros(1, dtype=kind).dtype)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "value", ["foo", "str", object, None, 3, 1.5, [], (1, 2), "int4", np.str_, np.dtype("M8[s]")]
)
def test_other_things_are_refused_by_name(value: Any) -> None:
    with pytest.raises(DtypeError, match=r"dtype: expected an element type, got .*; use one of bool, uint8"):
        as_dtype(value)


def test_ml_dtypes_are_known() -> None:
    assert as_dtype(ml_dtypes.bfloat16) is dtypes.bfloat16
    assert as_dtype(jnp.float8_e5m2) is dtypes.float8_e5m2


def test_integers_map_to_32_bits_silently(fresh: None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert as_jax("int64") == np.int32 and as_jax(dtypes.uint64) == np.uint32
        assert as_jax(float) == np.float32 and as_jax(complex) == np.complex64
        assert as_jax(int) == np.int32 and as_jax("float32") == np.float32 and as_jax("int8") == np.int8


@pytest.mark.parametrize(("wide", "narrow"), [("float64", "float32"), ("complex128", "complex64")])
def test_floats_map_to_32_bits_with_one_warning(fresh: None, wide: str, narrow: str) -> None:
    with pytest.warns(UserWarning) as caught:
        assert as_jax(wide) == np.dtype(narrow)
    assert len(caught) == 1
    assert str(caught[0].message) == (
        f"dtype: expected a 32-bit type, as JAX runs with, got {wide}, computed in {narrow};"
        " set JAX_ENABLE_X64=1 before starting Python for 64-bit types."
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert as_jax("float64") == np.float32 and as_jax("complex128") == np.complex64


@pytest.mark.parametrize("name", NAMES)
def test_with_x64_every_type_is_itself(fresh: None, name: str) -> None:
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert as_jax(name) == as_dtype(name).dtype
        assert dtypes.canonical(name) is as_dtype(name)


def test_canonical_never_warns(fresh: None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dtypes.canonical("float64") is dtypes.float32
        assert dtypes.canonical("int64") is dtypes.int32


def test_the_default_type_is_settable_to_floats_only(fresh: None) -> None:
    assert dtypes.get_default_dtype() is dtypes.float32
    dtypes.set_default_dtype(torch.bfloat16.__str__())
    assert dtypes.get_default_dtype() is dtypes.bfloat16
    assert dtypes.default_complex() is dtypes.complex64
    for name in ("int32", "bool", "complex64", "float8_e5m2"):
        with pytest.raises(DtypeError, match="set_default_dtype: expected a floating-point type, got"):
            dtypes.set_default_dtype(name)
    assert dtypes.get_default_dtype() is dtypes.bfloat16


def test_a_64_bit_default_is_what_tensors_will_have(fresh: None) -> None:
    with pytest.warns(UserWarning, match="float64, computed in float32"):
        dtypes.set_default_dtype("float64")
    assert dtypes.get_default_dtype() is dtypes.float32
    with jax.enable_x64(True):
        dtypes.set_default_dtype("float64")
        assert dtypes.get_default_dtype() is dtypes.float64
        assert dtypes.default_complex() is dtypes.complex128


def test_types_are_immutable_in_use() -> None:
    with pytest.raises(AttributeError):
        dtypes.float32.other = 1  # type: ignore[attr-defined]
    assert isinstance(dtypes.float32, DType)


def test_the_import_starts_no_backend() -> None:
    code = (
        "import xlagrad\n"
        "import xlagrad.ops.create, xlagrad.ops.random\n"
        "from jax._src import xla_bridge\n"
        "assert not xla_bridge.backends_are_initialized()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
