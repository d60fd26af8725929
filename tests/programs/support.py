"""Runs a program written once, in plain PyTorch, three ways: real torch, xlagrad eager, xlagrad compiled.

A program is a function `program(torch, compile) -> {name: value}`; `torch` is the module to use and `compile`
what the program puts around its step. Weights and data come from NumPy: all three start from the same.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Results = dict[str, Any]
Numbers = dict[str, np.ndarray]
STEPS = 20


@dataclass(frozen=True)
class Program:
    """`traces` are per compiled function (None: any number), `random` is not compared with torch."""

    run: Callable[[Any, Any], Results]
    traces: int | dict[str, int] | None = 1
    random: bool = False
    rtol: float = 1e-5

    @property
    def name(self) -> str:
        """The program's function name: the test's id."""
        return self.run.__name__


PROGRAMS: dict[str, Program] = {}


def program(**options: Any) -> Callable[[Callable[[Any, Any], Results]], Callable[[Any, Any], Results]]:
    """Registers a program under its own name, so that `test_programs.py` runs it in every mode."""

    def register(run: Callable[[Any, Any], Results]) -> Callable[[Any, Any], Results]:
        assert run.__name__ not in PROGRAMS, run.__name__
        PROGRAMS[run.__name__] = Program(run, **options)
        return run

    return register


def normal(seed: int, *shape: int) -> np.ndarray:
    """float32[shape] of standard normal numbers, the same in every mode."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def tensor(torch: Any, seed: int, *shape: int) -> Any:
    """A tensor of `normal(seed, *shape)` in torch's default dtype."""
    return torch.tensor(normal(seed, *shape)).to(torch.get_default_dtype())


def labels(torch: Any, seed: int, n: int, classes: int) -> Any:
    """int64[n] of class numbers, the same in every mode."""
    return torch.tensor(np.random.default_rng(seed).integers(0, classes, n))


def fill(torch: Any, module: Any, seed: int = 0) -> Any:
    """Overwrites the parameters with numbers that their order and shapes decide; returns the module."""
    with torch.no_grad():
        for i, (name, p) in enumerate(module.named_parameters()):
            values = normal(1000 * (seed + 1) + i, *p.shape)
            scale = 1 / np.sqrt(values[0].size) if values.ndim > 1 else 0.1
            offset = 1.0 if values.ndim == 1 and name.endswith("weight") else 0.0
            p.copy_(torch.tensor((offset + scale * values).astype(np.float32)))
    return module


def mlp(torch: Any, n_in: int = 6, n_out: int = 3, seed: int = 0) -> Any:
    """Linear-Tanh-Linear, filled: the model of every program that is about something else than the model."""
    nn = torch.nn
    return fill(torch, nn.Sequential(nn.Linear(n_in, 10), nn.Tanh(), nn.Linear(10, n_out)), seed)


def named(prefix: str, module: Any) -> Results:
    """The state dict's tensors under `prefix/`."""
    return {f"{prefix}/{name}": value for name, value in module.state_dict().items()}


def flatten(value: Any, name: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """(path, array) of every tensor, array, number and None in a nested result."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from flatten(item, f"{name}/{key}")
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from flatten(item, f"{name}[{i}]")
    elif value is None:
        yield name, np.asarray("None")
    elif hasattr(value, "detach"):
        yield name, np.array(value.detach().numpy())
    else:
        yield name, np.array(value)


@dataclass
class Outcome:
    """What one run gave: the numbers, and the compiled functions by name."""

    numbers: Numbers
    compiled: list[tuple[str, Any]] = field(default_factory=list)


@functools.cache
def outcome(name: str, mode: str) -> Outcome:
    """Runs the program once in `mode` ("torch", "torch64", "eager" or "compiled") and keeps what came out."""
    run = PROGRAMS[name].run
    if mode.startswith("torch"):
        return Outcome(_in_torch(run, double=mode == "torch64"))
    import xlagrad as xg
    import xlagrad.torch as torch

    made: list[tuple[str, Any]] = []

    def compile(fn: Any, **options: Any) -> Any:
        made.append((getattr(fn, "__name__", type(fn).__name__), xg.compile(fn, **options)))
        return made[-1][1]

    torch.manual_seed(7)
    with warnings.catch_warnings(), xg.eager(mode == "eager"):
        # Some programs are about what makes a function trace again.
        warnings.simplefilter("ignore", xg.RetraceWarning)
        return Outcome(dict(flatten(run(torch, compile))), made)


def _in_torch(run: Callable[[Any, Any], Results], double: bool) -> Numbers:
    """The reference: real torch, eager; in float64 too, which tells how much of a difference is rounding."""
    import torch

    torch.manual_seed(7)
    torch.set_default_dtype(torch.float64 if double else torch.float32)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own advice on create_graph
            return dict(flatten(run(torch, lambda fn, **options: fn)))
    finally:
        torch.set_default_dtype(torch.float32)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """‖a - b‖ / ‖b‖ of two arrays of numbers; inf where shapes, kinds or non-finite places differ."""
    if a.shape != b.shape or (a.dtype.kind in "fc") != (b.dtype.kind in "fc"):
        return float("inf")
    if a.dtype.kind not in "fc":
        return 0.0 if np.array_equal(a, b) else float("inf")
    finite = np.isfinite(b)
    if not np.array_equal(finite, np.isfinite(a)):
        return float("inf")
    a, b = a[finite].astype(np.float64), b[finite].astype(np.float64)
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-3))


def differences(got: Numbers, want: Numbers, rtol: float) -> list[str]:
    """One line for each result that is missing, extra, or farther than `rtol`."""
    lines = [f"only in one: {name}" for name in sorted(got.keys() ^ want.keys())]
    for name in got.keys() & want.keys():
        far = distance(got[name], want[name])
        if not far <= rtol:
            lines.append(
                f"{name}: relative distance {far:.2e}: {got[name].ravel()[:4]} and {want[name].ravel()[:4]}"
            )
    return sorted(lines)
