"""Devices: torch's names and text, what is absent, and the default."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import pytest
import torch

from xlagrad.core import devices
from xlagrad.core.devices import Device, as_device
from xlagrad.core.errors import DeviceError


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    devices.set_default_device(None)


@pytest.mark.parametrize("spec", ["cpu", "cuda", "cpu:0", "cuda:0", "cuda:3", "cpu:1"])
def test_text_and_fields_are_those_of_torch(spec: str) -> None:
    ours, theirs = Device(spec), torch.device(spec)
    assert str(ours) == str(theirs) and repr(ours) == repr(theirs)
    assert (ours.type, ours.index) == (theirs.type, theirs.index)


def test_the_index_may_come_apart() -> None:
    assert repr(Device("cuda", 1)) == repr(torch.device("cuda", 1)) == repr(Device("cuda", index=1))
    with pytest.raises(DeviceError, match="expected one index, got 'cuda:0' and index=1; give it once"):
        Device("cuda:0", 1)


def test_other_names_of_kinds() -> None:
    assert Device("gpu") == Device("cuda") == Device("rocm") and str(Device("gpu:1")) == "cuda:1"
    assert str(Device("tpu:2")) == "tpu:2"


def test_equality_and_hash_are_those_of_torch() -> None:
    assert Device("cuda") != Device("cuda:0") and torch.device("cuda") != torch.device("cuda:0")
    assert Device("cuda:0") == Device("cuda", 0) and hash(Device("cuda:0")) == hash(Device("cuda", 0))
    assert (Device("cpu") == "cpu") is (torch.device("cpu") == "cpu")


def test_copies_and_pickles_are_equal() -> None:
    device = Device("cuda:1")
    assert pickle.loads(pickle.dumps(device)) == copy.deepcopy(device) == Device(device) == device


@pytest.mark.parametrize(
    "spec", ["", "foo", "cuda:", "cuda:x", "cuda:-1", "cuda:01", "cpu 0", "CUDA", None, 1.5, object()]
)
def test_malformed_names_are_refused(spec: Any) -> None:
    with pytest.raises(
        DeviceError, match=r"device: expected the name of a device, got .*; pass 'cpu', 'cuda'"
    ):
        Device(spec)


@pytest.mark.parametrize("index", [-1, True, 1.0, "0"])
def test_malformed_indices_are_refused(index: Any) -> None:
    with pytest.raises(DeviceError, match="device: expected an index of 0 or more, got"):
        Device("cuda", index)


@hypothesis.given(st.text(max_size=8))
def test_any_text_is_a_device_or_our_error(text: str) -> None:
    try:
        assert str(Device(text)).split(":")[0] in ("cpu", "cuda", "tpu")
    except DeviceError as error:
        assert "expected the name of a device" in str(error)


@pytest.mark.parametrize("spec", ["cuda", "cuda:0", "gpu", "tpu:1", "cpu:99"])
def test_a_missing_device_names_what_is_present(spec: str) -> None:
    device = Device(spec)
    if devices.device_count(device.type) > (device.index or 0):
        pytest.skip("this machine has one")
    with pytest.raises(DeviceError) as caught:
        device.jax  # noqa: B018
    present = ", ".join(f"cpu:{i}" for i in range(devices.device_count("cpu")))
    assert f"device: expected a device of this machine, got '{device}'; available here: {present}" in str(
        caught.value
    )
    before = devices.default_device()
    for use in (
        devices.set_default_device,
        lambda d: Device(d).__enter__(),
        lambda d: devices.place(jnp.ones(1), d),
    ):
        with pytest.raises(DeviceError, match="available here"):
            use(device)
    assert devices.default_device() == before


def test_what_is_available() -> None:
    assert devices.is_available("cpu") and devices.device_count("cpu") == len(
        jax.local_devices(backend="cpu")
    )
    assert devices.is_available("gpu") == devices.is_available() == devices.is_available("cuda")
    with pytest.raises(DeviceError):
        devices.is_available("abacus")


def test_as_device_takes_all_that_names_one() -> None:
    here = jax.local_devices(backend="cpu")[0]
    assert as_device(here) == as_device("cpu") == Device("cpu") and as_device("cpu").jax is here
    assert as_device(Device("tpu")) == Device("tpu") and as_device(None) == devices.default_device()
    if not devices.is_available("cuda") and not devices.is_available("tpu"):
        with pytest.raises(
            DeviceError, match="expected an accelerator for an index, got 0; available here: cpu:0"
        ):
            as_device(0)


def test_device_of_arrays() -> None:
    array = jax.device_put(jnp.ones(3), jax.local_devices(backend="cpu")[0])
    assert devices.device_of(array) == Device("cpu")
    seen = []
    jax.jit(lambda x: seen.append(devices.device_of(x)))(array)
    assert seen == [devices.default_device()]


def test_the_default_nests_and_is_restored() -> None:
    assert devices.chosen_device() is None
    devices.set_default_device("cpu")
    with Device("cpu:0") as entered:
        assert devices.default_device() is entered is devices.chosen_device()
        with Device("cpu"):
            assert devices.default_device() == Device("cpu")
        assert devices.default_device() is entered
    assert devices.default_device() == Device("cpu")
    with pytest.raises(KeyError), Device("cpu:0"):
        raise KeyError
    assert devices.default_device() == Device("cpu")


def test_the_block_is_of_one_thread() -> None:
    seen = []
    with Device("cpu:0"):
        thread = threading.Thread(target=lambda: seen.append(devices.chosen_device()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_place_leaves_arrays_uncommitted_on_the_default_device() -> None:
    array = jnp.ones(3)
    assert devices.place(array) is array
    assert devices.place(array, devices.jax_default()) is array


def test_several_devices_of_one_kind() -> None:
    code = """
import jax, jax.numpy as jnp
from xlagrad.core import devices
from xlagrad.core.devices import Device, as_device
assert devices.device_count("cpu") == 3
assert [str(as_device(d)) for d in jax.devices()] == ["cpu", "cpu:1", "cpu:2"]
moved = devices.place(jnp.ones(2), Device("cpu:2"))
assert moved.committed and str(devices.device_of(moved)) == "cpu:2"
with Device("cpu:1"):
    assert str(devices.device_of(devices.place(jnp.ones(2)))) == "cpu:1"
mesh = jax.sharding.Mesh(jax.devices(), "i")
spread = jax.device_put(jnp.ones(3), jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("i")))
assert str(devices.device_of(spread)) == "cpu"
try:
    Device("cpu:3").jax
except devices.errors.DeviceError as error:
    assert "available here: cpu:0, cpu:1, cpu:2" in str(error)
else:
    raise AssertionError
"""
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=3", "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **flags})
