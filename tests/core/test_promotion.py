"""Type promotion is torch's, for every pair of types, with and without dimensions and 64-bit types."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from tests.core import promotion_table
from xlagrad.core import dtypes
from xlagrad.core.errors import DtypeError
from xlagrad.core.promotion import can_cast, promote, promote_float, promote_types, result_type


def test_every_pair_in_32_bits() -> None:
    assert promotion_table.differences() == []


def test_every_pair_in_64_bits(repo: Path) -> None:
    env = {**os.environ, "JAX_ENABLE_X64": "1", "PYTHONPATH": str(repo)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.promotion_table"],
        env=env,
        cwd=repo,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


@pytest.mark.parametrize("default", ["float16", "bfloat16", "float64"])
def test_the_default_type_is_that_of_python_floats(default: str) -> None:
    with jax.enable_x64(True):
        dtypes.set_default_dtype(default)
        torch.set_default_dtype(getattr(torch, default))
        try:
            found = [
                f"{a!r} {b!r}: {result_type(a, b).name}"
                for (a, ta), (b, tb) in itertools.product(
                    promotion_table.operands(), promotion_table.operands()[:4]
                )
                if (wanted := promotion_table.torch_name(torch.result_type, ta, tb)) is not None
                and wanted != result_type(a, b).name
            ]
        finally:
            dtypes.set_default_dtype("float32")
            torch.set_default_dtype(torch.float32)
    assert found == []


OPERAND = st.integers(0, 200)


@hypothesis.given(st.lists(OPERAND, min_size=3, max_size=5))
def test_several_operands_promote_in_any_order(picks: list[int]) -> None:
    pool = [x for x, _ in promotion_table.operands()]
    chosen = [pool[i % len(pool)] for i in picks]
    answers = set()
    for order in itertools.permutations(chosen[:4]):
        try:
            answers.add(result_type(*order).name)
        except DtypeError:
            answers.add("refused")
    assert len(answers) == 1


def test_weak_arrays_count_as_numbers_under_a_trace() -> None:
    half = jnp.zeros(3, jnp.float16)
    types = []

    def f(scalar: Any, array: Any) -> Any:
        types.append(result_type(scalar, array).name)
        x, y = promote(scalar, array)
        return x + y

    assert jax.jit(f)(2.5, half).dtype == jnp.float16 == f(2.5, half).dtype
    assert jax.jit(f)(jnp.float32(2.5), half).dtype == jnp.float16
    assert jax.jit(f)(2.5, jnp.zeros(3, jnp.int8)).dtype == jnp.float32
    assert types == ["float16", "float16", "float16", "float32"]


def test_numpy_scalars_count_as_numbers_as_in_torch() -> None:
    for value in (np.float64(1), np.float32(1), np.int8(1)):
        for name in ("int32", "float16", "bool"):
            theirs = torch.result_type(torch.zeros(3, dtype=getattr(torch, name)), value)
            wanted = promotion_table.RENAMED.get(str(theirs)[6:], str(theirs)[6:])
            got = result_type(jnp.zeros(3, name), value).name
            assert got == promotion_table.NARROW.get(wanted, wanted), (value, name)


def test_types_themselves_count_as_tensors() -> None:
    assert result_type(dtypes.float32, dtypes.int8) is dtypes.float32
    assert result_type(np.dtype("int8"), np.uint8) is dtypes.int16


@pytest.mark.parametrize("source", dtypes.ALL, ids=str)
def test_can_cast_is_that_of_torch(source: Any) -> None:
    for target in dtypes.ALL:
        wanted = torch.can_cast(getattr(torch, source.name), getattr(torch, target.name))
        assert can_cast(source, target) == wanted, target


def test_values_survive() -> None:
    x, y = promote(jnp.array([1, 2], jnp.int8), jnp.array(2.5, jnp.float16))
    assert x.tolist() == [1, 2] and y.tolist() == 2.5 and x.dtype == y.dtype == jnp.float16
    (z,) = promote_float(True)
    assert z.dtype == jnp.float32 and z == 1
    (w,) = promote(np.array([[1, 2]]))
    assert w.shape == (1, 2) and w.dtype == jnp.int32


def test_what_has_no_type_is_refused() -> None:
    with pytest.raises(DtypeError, match="promotion: expected tensors and numbers, got 'a'; convert it"):
        promote(jnp.zeros(3), "a")
    with pytest.raises(DtypeError, match="result_type: expected at least one operand, got none"):
        result_type()
    text = "promotion: expected types with a common type, got float8_e5m2 and float32; convert one with .to"
    with pytest.raises(DtypeError, match=text):
        promote_types("float8_e5m2", "float32")
    with pytest.raises(DtypeError, match="uint64 and int8"):
        promote_types("uint64", "int8")
