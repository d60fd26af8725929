"""The bare handle: what it is made with, and how its value is read."""

from __future__ import annotations

import threading

import jax
import jax.numpy as jnp
import numpy as np

import xlagrad as xg
from xlagrad.core.handle import Handle, Kinds, is_tracer, read, wrap


def test_a_wrapped_array_owns_its_value() -> None:
    array = jnp.ones(2)
    t = wrap(array, requires_grad=True)
    assert type(t) is xg.Tensor is Kinds.tensor
    assert t.data_array is array
    made = xg.Tensor(array)
    fields = [name for name in Handle.__slots__ if not name.startswith("__")]
    assert {n: getattr(t, n) for n in fields} == {n: getattr(made.requires_grad_(), n) for n in fields}


def test_reading_brings_views_up_to_date() -> None:
    base = xg.Tensor([1.0, 2.0])
    part = base[1:]
    base._data, base._version = jnp.array([3.0, 4.0]), base._version + 1
    assert part._data.tolist() == [2.0]
    assert read(part).tolist() == [4.0]
    assert part._data.tolist() == [4.0]


def test_tracers() -> None:
    seen = []
    jax.make_jaxpr(lambda x: seen.append((is_tracer(x), is_tracer(np.ones(1)))) or x)(1.0)
    assert seen == [(True, False)]


def test_tensors_are_read_on_any_thread() -> None:
    base = xg.Tensor([1.0, 2.0], requires_grad=True)
    found = []

    def work() -> None:
        found.append((base * 2).sum().item())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [6.0] * 8
