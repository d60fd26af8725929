"""Import time: `python scripts/bench/import_time.py`. The bar: `import xlagrad` within 0.3 s of `import jax`.

Fresh processes that take turns, so that load and page cache hit both; the median of the rounds' differences
counts.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

from timing import table

MODULES = ("jax", "xlagrad", "xlagrad.torch")
CODE = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def seconds(module: str) -> float:
    """Seconds to import a module in a fresh process."""
    command = [sys.executable, "-c", CODE.format(module)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Prints the medians and the differences to jax."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    times: dict[str, list[float]] = {module: [] for module in MODULES}
    for _ in range(options.rounds):
        for module in MODULES:
            times[module].append(seconds(module))
    rows = []
    for module in MODULES:
        over = statistics.median(t - j for t, j in zip(times[module], times["jax"], strict=True))
        rows.append([f"import {module}", f"{statistics.median(times[module]):.2f}", f"{over:+.2f}"])
    print(table(["", "s", "over jax"], rows))


if __name__ == "__main__":
    main()
