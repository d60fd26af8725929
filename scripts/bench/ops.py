"""Single operations: `python scripts/bench/ops.py`.

Sixty operations on small and large arrays against torch and jax.numpy, in one process and in turns. The
bars: on small arrays the median operation takes eagerly at most 3 times torch's time; on large ones the
median compiled operation takes at most the time of the jitted jax.numpy function.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch as reference
from operations import Call, inputs, table
from timing import Burst, interleave, milliseconds, ratio
from timing import table as layout

import xlagrad.torch as ours

SMALL, LARGE = (8, 16), (1024, 1024)


def burst(call: Callable[[], Any], wait: Callable[[Any], Any]) -> Burst:
    """A burst of calls; the last result is waited for."""

    def run(count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            out = call()
        wait(out)
        return time.perf_counter() - start

    return run


def bound(call: Call, library: Any, given: dict[str, Any]) -> tuple[Callable[..., Any], list[Any]]:
    """The function of one library's arrays, and the arrays that its parameters name."""
    names = list(inspect.signature(call).parameters)[1:]
    return functools.partial(call, library), [given[name] for name in names]


def to_torch(array: jax.Array) -> Any:
    """The array for torch, whose indices are 64-bit."""
    tensor = reference.from_numpy(np.array(array))
    return tensor.long() if tensor.dtype == reference.int32 else tensor


def sides(name: str, given: dict[str, dict[str, Any]], compiled: bool) -> dict[str, Burst]:
    """One operation in torch (eager), here and in jax.numpy (eager, or compiled)."""
    theirs, jax_call = table()[name]
    f, arrays = bound(theirs, reference, given["torch"])
    made = {"torch": burst(lambda: f(*arrays), lambda out: None)}
    g, tensors = bound(theirs, ours, given["xlagrad"])
    g = ours.compile(g) if compiled else g
    made["xlagrad"] = burst(lambda: g(*tensors), lambda out: out.data_array.block_until_ready())
    h, values = bound(jax_call, jnp, given["jax"])
    h = jax.jit(h) if compiled else h
    made["jax"] = burst(lambda: h(*values), jax.block_until_ready)
    return made


def measure(
    shape: tuple[int, int], compiled: bool, names: list[str], rounds: int, seconds: float
) -> list[list[str]]:
    """A row for each operation: microseconds of all sides, and ours by each of the others'."""
    arrays = inputs(*shape)
    given = {
        "jax": arrays,
        "torch": {k: to_torch(v) for k, v in arrays.items()},
        "xlagrad": {k: ours.tensor(v) for k, v in arrays.items()},
    }
    rows = []
    for name in names:
        times = interleave(sides(name, given, compiled), rounds=rounds, seconds=seconds)
        cells = [f"{1e3 * milliseconds(times, side):.1f}" for side in ("xlagrad", "torch", "jax")]
        ratios = [f"{1 / ratio(times, 'xlagrad', base):.2f}" for base in ("torch", "jax")]
        rows.append([name, *cells, *ratios])
    return rows


def main() -> None:
    """Prints a table for each size and the two summary lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="operations to run (default: all)")
    parser.add_argument("--rounds", type=int, default=9, help="bursts of each side")
    parser.add_argument("--seconds", type=float, default=0.02, help="length of a burst")
    arguments = parser.parse_args()
    names = arguments.names or list(table())
    threads = reference.get_num_threads()
    # Threads only cost where there is nothing to share.
    reference.set_num_threads(1)
    small = measure(SMALL, False, names, arguments.rounds, arguments.seconds)
    reference.set_num_threads(threads)
    large = measure(LARGE, True, names, arguments.rounds, arguments.seconds)
    for title, rows in (("eager, 8×16", small), ("compiled, 1024×1024", large)):
        header = [title, "xlagrad µs", "torch µs", "jax µs", "× torch", "× jax"]
        print(layout(header, rows), end="\n\n")
    print(f"eager, small: median × torch {statistics.median(float(row[4]) for row in small):.2f} (bar: 3)")
    print(f"compiled, large: median × jax {statistics.median(float(row[5]) for row in large):.2f} (bar: 1.0)")


if __name__ == "__main__":
    main()
