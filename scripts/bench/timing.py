"""Ratios that hold on a noisy machine: the sides take turns in bursts; the median of the rounds counts."""

from __future__ import annotations

import statistics
from collections.abc import Callable

Burst = Callable[[int], float]
"""Runs n steps, waits for the last, and returns the seconds that took."""


def calibrate(burst: Burst, seconds: float) -> int:
    """How many steps make a burst of about `seconds`; two bursts are spent on warming up."""
    burst(1)
    n = 1
    while True:
        took = burst(n)
        if took > seconds / 4:
            return max(1, round(n * seconds / took))
        n *= 4


def interleave(sides: dict[str, Burst], rounds: int = 15, seconds: float = 0.25) -> dict[str, list[float]]:
    """Seconds per step of each side in each round; the order turns around every round."""
    counts = {name: calibrate(burst, seconds) for name, burst in sides.items()}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for i in range(rounds):
        for name in list(sides) if i % 2 else reversed(list(sides)):
            times[name].append(sides[name](counts[name]) / counts[name])
    return times


def ratio(times: dict[str, list[float]], side: str, base: str) -> float:
    """Median over the rounds of the base's time by the side's: above 1 the side is the faster."""
    return statistics.median(b / s for s, b in zip(times[side], times[base], strict=True))


def milliseconds(times: dict[str, list[float]], side: str) -> float:
    """Median milliseconds per step."""
    return 1e3 * statistics.median(times[side])


def table(header: list[str], rows: list[list[str]]) -> str:
    """Aligned columns: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, *rows]:
        cells = [
            c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
