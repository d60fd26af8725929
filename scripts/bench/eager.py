"""Eager speed: `python scripts/bench/eager.py`.

`relu(x @ w).sum()` and its gradient at several sizes against torch (the bar: at most 3 times its time), and
an eager MLP training step against the compiled one (the bar: at most 10 times). Both sides of the first run
in one process with torch on one thread for the small sizes, where threads only cost.
"""

from __future__ import annotations

import time
from typing import Any

import torch as reference
from side_torch import bursts, make_ours, training
from timing import Burst, interleave, milliseconds, ratio, table

import xlagrad.torch as ours

SIZES = ((1, 16, 4), (8, 16, 4), (64, 64, 64), (128, 784, 256), (512, 512, 512))


def expression(torch: Any, n: int, k: int, m: int) -> Burst:
    """Forward and backward of relu(x @ w).sum() with gradients to both."""
    x = torch.ones(n, k, requires_grad=True)
    w = torch.ones(k, m, requires_grad=True)

    def burst(count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            x.grad = w.grad = None
            torch.relu(x @ w).sum().backward()
        w.grad.sum().item()
        return time.perf_counter() - start

    return burst


def main() -> None:
    """Prints both tables."""
    rows = []
    for size in SIZES:
        sides = {"torch": expression(reference, *size), "xlagrad": expression(ours, *size)}
        times = interleave(sides, rounds=11, seconds=0.15)
        cells = [f"{1e3 * milliseconds(times, side):.0f}" for side in ("xlagrad", "torch")]
        rows.append(["×".join(map(str, size)), *cells, f"{1 / ratio(times, 'xlagrad', 'torch'):.2f}"])
    print(table(["relu(x @ w).sum(), backward", "xlagrad µs", "torch µs", "× torch"], rows), flush=True)

    sides = {"eager": bursts(*training(ours, "mlp")), "compiled": make_ours("mlp")}
    times = interleave(sides, rounds=11)
    cells = [f"{milliseconds(times, side):.2f}" for side in ("eager", "compiled")]
    print()
    print(
        table(
            ["training step", "eager ms", "compiled ms", "× compiled"],
            [["mlp", *cells, f"{1 / ratio(times, 'eager', 'compiled'):.2f}"]],
        )
    )


if __name__ == "__main__":
    main()
