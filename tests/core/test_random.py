"""Generators: reproducible streams that eager and compiled code share, saved, forked and kept apart."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from typing import Any

import jax
import numpy as np
import pytest
import torch

import xlagrad as xg
from xlagrad.core import devices
from xlagrad.core import random as streams
from xlagrad.core.errors import ArgumentError, DeviceError, DtypeError, ShapeError
from xlagrad.core.random import Generator
from xlagrad.core.tensor import Tensor
from xlagrad.ops.create import zeros
from xlagrad.ops.random import rand, randint, randn, randperm


def draws(generator: Generator | None = None) -> list[Any]:
    """Return some of each kind of draw."""
    return [
        rand(3, generator=generator).tolist(),
        randn(2, 2, generator=generator).tolist(),
        randint(0, 1000, (4,), generator=generator).tolist(),
        randperm(5, generator=generator).tolist(),
        np.asarray(streams.next_key(generator)).tolist(),
    ]


def test_a_seed_fixes_the_stream() -> None:
    streams.manual_seed(3)
    first, second = draws(), draws()
    streams.manual_seed(3)
    assert (draws(), draws()) == (first, second) and first != second
    streams.manual_seed(4)
    assert draws() != first


def test_generators_of_one_seed_agree_and_are_apart() -> None:
    streams.manual_seed(5)
    a, b = Generator().manual_seed(5), Generator().manual_seed(5)
    from_a = draws(a)
    assert from_a == draws(b) == draws()
    assert draws(a) != from_a


def test_keys_never_repeat() -> None:
    g = Generator().manual_seed(0)
    keys = {tuple(np.asarray(streams.next_key(g)).tolist()) for _ in range(200)}
    assert len(keys) == 200


@pytest.mark.parametrize("seed", [0, 1, 2**32, 2**63, 2**64 - 1, -1, -(2**63)])
def test_all_seeds_of_64_bits_count(seed: int) -> None:
    g = Generator().manual_seed(seed)
    assert g.initial_seed() == seed % 2**64 == torch.Generator().manual_seed(seed).initial_seed()
    assert rand(2, generator=g).tolist() != rand(2, generator=Generator().manual_seed(seed ^ 2**40)).tolist()


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_longer_seeds_are_refused_and_change_nothing(seed: int) -> None:
    before = streams.get_rng_state().tolist()
    with pytest.raises(ArgumentError, match=f"manual_seed: expected a seed of 64 bits, got {seed}"):
        streams.manual_seed(seed)
    assert streams.get_rng_state().tolist() == before


def test_seed_draws_a_new_seed() -> None:
    first, second = streams.seed(), streams.seed()
    assert first != second and streams.initial_seed() == second
    expected = rand(2).tolist()
    streams.manual_seed(second)
    assert rand(2).tolist() == expected


def test_a_new_generator_has_the_seed_of_torch() -> None:
    assert Generator().initial_seed() == torch.Generator().initial_seed()
    assert rand(2, generator=Generator()).tolist() == rand(2, generator=Generator()).tolist()


def test_the_state_can_be_put_back() -> None:
    streams.manual_seed(1)
    rand(3)
    kept = streams.get_rng_state()
    assert kept.dtype == "uint8" and kept.shape == (12,)
    expected = draws()
    streams.set_rng_state(kept)
    assert draws() == expected
    streams.set_rng_state(kept.numpy())
    assert draws() == expected


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (np.zeros(12, np.float32), DtypeError),
        (np.zeros(3, np.uint32), DtypeError),
        (np.zeros(11, np.uint8), ShapeError),
        (np.zeros((3, 4), np.uint8), ShapeError),
    ],
)
def test_other_states_are_refused_and_change_nothing(value: Any, error: type[Exception]) -> None:
    before = streams.get_rng_state().tolist()
    with pytest.raises(error, match=r"set_state: expected .*uint8.* from get_state, got"):
        streams.set_rng_state(value)
    assert streams.get_rng_state().tolist() == before


def test_copies_go_on_from_the_same_place() -> None:
    g = Generator().manual_seed(9)
    rand(3, generator=g)
    others = [copy.deepcopy(g), pickle.loads(pickle.dumps(g)), g.clone_state()]
    expected = draws(g)
    assert all(draws(other) == expected and other.initial_seed() == 9 for other in others)
    assert repr(g) == "<Generator device=cpu seed=9>" or devices.default_device().type != "cpu"


def test_fork_rng_puts_the_state_back() -> None:
    streams.manual_seed(2)
    kept = streams.get_rng_state().tolist()
    with streams.fork_rng():
        streams.manual_seed(77)
        rand(3)
    assert streams.get_rng_state().tolist() == kept and streams.initial_seed() == 2
    with pytest.raises(KeyError), streams.fork_rng():
        rand(3)
        raise KeyError
    assert streams.get_rng_state().tolist() == kept
    with streams.fork_rng(enabled=False):
        rand(3)
    assert streams.get_rng_state().tolist() != kept


def test_what_is_no_generator_is_refused() -> None:
    with pytest.raises(DtypeError, match="generator: expected a Generator or None, got 3"):
        rand(3, generator=3)  # type: ignore[arg-type]


def test_a_missing_device_is_refused() -> None:
    for kind in ("cuda", "tpu"):
        if not devices.is_available(kind):
            with pytest.raises(DeviceError, match="available here"):
                Generator(kind)


def test_after_all_counts_the_key_changes() -> None:
    g = Generator().manual_seed(0)
    first = draws(Generator().manual_seed(0))
    last = np.array([0, 0, 0xFFFFFFFF], np.uint32).view(np.uint8)
    g.set_state(last)
    rand(1, generator=g)
    words = np.asarray(g.get_state()).view(np.uint32).tolist()
    assert words == [0, 1, 0] and draws(g) != first


def test_the_stream_is_the_same_whatever_generator_jax_prefers() -> None:
    streams.manual_seed(0)
    expected = draws()
    streams.manual_seed(0)
    with jax.default_prng_impl("rbg"):
        assert draws() == expected


def test_draws_from_many_threads_differ() -> None:
    found: list[float] = []

    def work() -> None:
        for _ in range(50):
            found.append(float(rand(1)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 200


def test_a_compiled_function_draws_what_eager_draws() -> None:
    def step() -> Any:
        return rand(3), randn(2, 2), randint(0, 1000, (4,)), randperm(5), zeros(4).uniform_(-1, 1)

    streams.manual_seed(11)
    eager = [[t.tolist() for t in step()] for _ in range(4)]
    after = streams.get_rng_state().tolist()
    compiled = xg.compile(step)
    streams.manual_seed(11)
    for expected in eager:
        for a, b in zip(compiled(), expected, strict=True):
            np.testing.assert_allclose(a.numpy(), b, rtol=1e-6)
    assert streams.get_rng_state().tolist() == after
    assert len({str(row) for row in eager}) == 4


def test_a_compiled_function_draws_from_its_own_generator() -> None:
    g = Generator().manual_seed(1)

    @xg.compile
    def step() -> Tensor:
        return rand(3, generator=g)

    untouched = streams.get_rng_state().tolist()
    found = [step().tolist() for _ in range(3)]
    g.manual_seed(1)
    assert [rand(3, generator=g).tolist() for _ in range(3)] == found == [*found]
    g.manual_seed(1)
    assert [step().tolist() for _ in range(3)] == found
    assert streams.get_rng_state().tolist() == untouched


def test_seeding_inside_a_compiled_function_seeds_in_each_call() -> None:
    @xg.compile
    def step() -> Tensor:
        streams.manual_seed(6)
        return rand(3)

    streams.manual_seed(6)
    expected = rand(3).tolist()
    for _ in range(3):
        streams.manual_seed(0)
        assert step().tolist() == expected
        assert streams.initial_seed() == 6


def test_the_state_may_be_kept_inside_a_compiled_function() -> None:
    @xg.compile
    def step() -> tuple[Tensor, Tensor]:
        kept = streams.get_rng_state()
        first = rand(3)
        streams.set_rng_state(kept)
        with streams.fork_rng():
            rand(5)
        return first, rand(3)

    for _ in range(2):
        first, second = step()
        assert first.tolist() == second.tolist()


def test_an_exception_leaves_the_state_alone() -> None:
    @xg.compile
    def step() -> Tensor:
        rand(3)
        streams.manual_seed(1)
        raise KeyError

    streams.manual_seed(8)
    kept = streams.get_rng_state().tolist()
    with pytest.raises(KeyError):
        step()
    assert streams.get_rng_state().tolist() == kept and streams.initial_seed() == 8
    assert rand(3).tolist() is not None


def test_a_new_generator_inside_a_compiled_function() -> None:
    @xg.compile
    def step() -> Tensor:
        return rand(3, generator=Generator().manual_seed(5))

    expected = rand(3, generator=Generator().manual_seed(5)).tolist()
    assert step().tolist() == step().tolist() == expected


def test_other_devices_have_streams_of_their_own() -> None:
    code = """
import xlagrad as xg
from xlagrad.core import random as streams
from xlagrad.core.devices import Device
from xlagrad.core.random import Generator
from xlagrad.ops.random import rand, rand_like
from xlagrad.ops.create import zeros
streams.manual_seed(4)
here, there = rand(3), rand(3, device="cpu:1")
assert str(here.device) == "cpu" and str(there.device) == "cpu:1" and here.tolist() != there.tolist()
streams.manual_seed(4)
assert rand(3, device="cpu:1").tolist() == there.tolist() and rand(3, device="cpu").tolist() == here.tolist()
with Device("cpu:1"):
    streams.manual_seed(4)
    assert rand(3).tolist() == there.tolist()
    assert streams.get_rng_state("cpu").tolist() != streams.get_rng_state().tolist()
other = Generator("cpu:1").manual_seed(4)
drawn = rand(3, generator=other)
assert str(drawn.device) == "cpu:1" and drawn.tolist() == there.tolist()
assert str(rand_like(zeros(2, device="cpu:1")).device) == "cpu:1"
assert str(zeros(2, device="cpu:1").uniform_().device) == "cpu:1"
assert str(zeros(2, device="cpu:1").new_ones(2).device) == "cpu:1"
with streams.fork_rng():
    expected = rand(3, device="cpu:1").tolist()
assert rand(3, device="cpu:1").tolist() == expected
"""
    env = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
