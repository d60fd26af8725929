"""The benchmarks run, and their arithmetic is right."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch


@pytest.fixture
def timing(repo: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_timing", repo / "scripts" / "bench" / "timing.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _steady(seconds: float) -> Any:
    return lambda n: n * seconds


def test_ratios_are_medians_over_rounds(timing: ModuleType) -> None:
    times = {"ours": [1.0, 1.0, 4.0], "jax": [2.0, 2.0, 2.0]}
    assert timing.ratio(times, "ours", "jax") == 2.0
    assert timing.milliseconds(times, "jax") == 2000.0


def test_sides_take_turns_with_bursts_of_one_length(timing: ModuleType) -> None:
    order: list[str] = []

    def side(name: str, seconds: float) -> Any:
        def burst(n: int) -> float:
            order.append(name)
            return n * seconds

        return burst

    times = timing.interleave({"a": side("a", 0.001), "b": side("b", 0.002)}, rounds=4, seconds=0.1)
    assert order[-8:] == ["b", "a", "a", "b", "b", "a", "a", "b"]
    assert times == {"a": pytest.approx([0.001] * 4), "b": pytest.approx([0.002] * 4)}
    assert timing.calibrate(_steady(0.001), 0.1) == 100


def test_the_table_is_aligned(timing: ModuleType) -> None:
    assert timing.table(["a", "bb"], [["ccc", "1"]]) == "a    bb\nccc   1"


def test_sixty_operations_take_inputs_that_exist(repo: Path) -> None:
    spec = importlib.util.spec_from_file_location("bench_ops", repo / "scripts" / "bench" / "operations.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    given = module.inputs(4, 8)
    assert len(module.table()) == 60
    for name, calls in module.table().items():
        for call in calls:
            assert set(list(inspect.signature(call).parameters)[1:]) <= set(given), name
        values = [given[key] for key in list(inspect.signature(calls[0]).parameters)[1:]]
        tensors = [torch.from_numpy(np.array(v)) for v in values]
        want = calls[0](torch, *[t.long() if t.dtype == torch.int32 else t for t in tensors])
        np.testing.assert_allclose(calls[1](jnp, *values), want, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "arguments", "shown"),
    [
        (
            "run.py",
            ["mlp", "--rounds", "1", "--seconds", "0.01", "--peers", "scan,nnx"],
            ["÷ jax", "nnx", "mlp"],
        ),
        ("import_time.py", ["--rounds", "1"], ["import xlagrad.torch"]),
        ("memory.py", ["mlp"], ["jax MiB", "mlp"]),
        (
            "ops.py",
            ["add", "softmax", "--rounds", "1", "--seconds", "0.001"],
            ["eager, 8×16", "softmax", "median × torch", "median × jax"],
        ),
    ],
)
def test_a_benchmark_prints_its_table(
    repo: Path, script: str, arguments: list[str], shown: list[str]
) -> None:
    command = [sys.executable, str(repo / "scripts" / "bench" / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for text in shown:
        assert text in done.stdout
