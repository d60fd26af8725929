"""What happened while a profile was taken: the rows of JAX's trace, summed up by name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Average:
    """All events of one name.

    Attributes:
        key: the name.
        count: how many there were.
        cpu_time_total: their microseconds on the host.
        device_time_total: their microseconds on GPUs or TPUs.
    """

    key: str
    count: int = 0
    cpu_time_total: float = 0.0
    device_time_total: float = 0.0

    @property
    def cpu_time(self) -> float:
        """Microseconds on the host, of one."""
        return self.cpu_time_total / max(self.count, 1)

    @property
    def device_time(self) -> float:
        """Microseconds on GPUs or TPUs, of one."""
        return self.device_time_total / max(self.count, 1)

    @property
    def cuda_time_total(self) -> float:
        """Another name of ``device_time_total``."""
        return self.device_time_total

    def __str__(self) -> str:
        return f"{self.key}: {self.count} × {self.cpu_time:.1f} µs"


#: What a table can be sorted by, and what that is here: the trace has no times without those of parts.
_ORDERS = {
    "count": "count",
    "cpu_time": "cpu_time",
    "cpu_time_total": "cpu_time_total",
    "cuda_time": "device_time",
    "cuda_time_total": "device_time_total",
    "device_time": "device_time",
    "device_time_total": "device_time_total",
    "self_cpu_time_total": "cpu_time_total",
    "self_cuda_time_total": "device_time_total",
    "self_device_time_total": "device_time_total",
}


class Averages(list[Average]):
    """The sums of a profile, one for each name."""

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int = 55,
        max_shapes_column_width: int = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
    ) -> str:
        """Return a table, the largest first.

        Args:
            sort_by: one of PyTorch's columns; by default the time on the host.
            row_limit: how many rows; all if negative.
            max_src_column_width: without effect: there is no such column.
            max_name_column_width: where names are cut.
            max_shapes_column_width: without effect: there is no such column.
            header: a line above.
            top_level_events_only: without effect: the trace has no levels.
        """
        order = _ORDERS.get(sort_by or "cpu_time_total", "cpu_time_total")
        rows = sorted(self, key=lambda row: getattr(row, order), reverse=True)
        shown = rows if row_limit < 0 else rows[:row_limit]
        width = min(max([len(row.key) for row in shown] + [4]), max_name_column_width)
        line = f"{'-' * width}  {'  '.join(['-' * 14] * 4)}"
        names = ("CPU total", "CPU time avg", "Device total", "# of Calls")
        title = "  ".join([f"{'Name':>{width}}", *[f"{name:>14}" for name in names]])
        lines = [*([header] if header else []), line, title, line]
        for row in shown:
            times = (row.cpu_time_total, row.cpu_time, row.device_time_total)
            cells = "  ".join(f"{t / 1000:>12.3f}ms" for t in times)
            lines.append(f"{row.key[:width]:>{width}}  {cells}  {row.count:>14}")
        return "\n".join([*lines, line, ""])

    def total_average(self) -> Average:
        """Return the sum of everything."""
        found = Average("Total")
        for row in self:
            found.count += row.count
            found.cpu_time_total += row.cpu_time_total
            found.device_time_total += row.device_time_total
        return found


def trace_file(folder: Path) -> Path | None:
    """Return the newest trace below a folder."""
    found = sorted(folder.rglob("*.trace.json.gz"), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else None


def read(path: Path) -> list[dict[str, Any]]:
    """Return the events of a trace."""
    with gzip.open(path) as file:
        events: list[dict[str, Any]] = json.load(file)["traceEvents"]
    return events


def averages(events: Iterable[dict[str, Any]]) -> Averages:
    """Return the events summed up by name, without those of the Python interpreter."""
    events = list(events)
    devices = {e["pid"] for e in _named(events, "process_name") if "/device:" in e["args"]["name"]}
    found: dict[str, Average] = {}
    for event in events:
        if event.get("ph") != "X" or event["name"].startswith(("$", "end: ")):
            continue
        row = found.setdefault(event["name"], Average(event["name"]))
        row.count += 1
        if event["pid"] in devices:
            row.device_time_total += event.get("dur", 0.0)
        else:
            row.cpu_time_total += event.get("dur", 0.0)
    return Averages(found.values())


def _named(events: Iterable[dict[str, Any]], name: str) -> Iterator[dict[str, Any]]:
    return (event for event in events if event.get("ph") == "M" and event.get("name") == name)
