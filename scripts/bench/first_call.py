"""Time from a built model to the end of its first step: `python scripts/bench/first_call.py`.

Each figure is a fresh process that builds the model, then times its first call (trace, compile, run). The
bar: xlagrad at most 1.3 times the hand-written step. `warm` is a second process with JAX's persistent
compilation cache filled by the first: what is left is the tracing. The sides take turns; the median of the
rounds counts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from timing import table
from workloads import NAMES

SIDES = ("jax", "xlagrad")


def measure(side: str, name: str) -> float:
    """Seconds of the first call in this process."""
    if side == "jax":
        import side_jax

        burst = side_jax.make(name)
    else:
        import side_torch

        burst = side_torch.make_ours(name)
    start = time.perf_counter()
    burst(1)
    return time.perf_counter() - start


def child(side: str, name: str, cache: str | None) -> float:
    """`measure` in a fresh process, with a cache folder or without one."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_COMPILATION_CACHE")}
    if cache is not None:
        environment["JAX_COMPILATION_CACHE_DIR"] = cache
        environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
        environment["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
    command = [sys.executable, str(Path(__file__)), "--child", side, name]
    return float(
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()[
            -1
        ]
    )


def main() -> None:
    """Prints cold and warm seconds and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--child", nargs=2, metavar=("SIDE", "MODEL"), help="measure in this process and print it"
    )
    options = parser.parse_args()
    if options.child:
        print(measure(*options.child))
        return
    rows = []
    for name in NAMES:
        cold: dict[str, list[float]] = {side: [] for side in SIDES}
        warm: dict[str, list[float]] = {side: [] for side in SIDES}
        for _ in range(options.rounds):
            for side in SIDES:
                cold[side].append(child(side, name, None))
                with tempfile.TemporaryDirectory() as cache:
                    child(side, name, cache)
                    warm[side].append(child(side, name, cache))
        medians = [statistics.median(times[side]) for times in (cold, warm) for side in ("xlagrad", "jax")]
        ratios = [
            statistics.median(x / j for x, j in zip(t["xlagrad"], t["jax"], strict=True))
            for t in (cold, warm)
        ]
        rows.append([name, *[f"{m:.2f}" for m in medians], *[f"{r:.2f}" for r in ratios]])
    header = [
        "first call",
        "cold xlagrad s",
        "cold jax s",
        "warm xlagrad s",
        "warm jax s",
        "cold ÷",
        "warm ÷",
    ]
    print(table(header, rows))


if __name__ == "__main__":
    main()
