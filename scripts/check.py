"""Run every check of the repository: style, types, then the tests, which build and install the wheel too.

Stops at the first step that fails, with its exit status. The last line printed is pytest's summary, or a
line of the same form when an earlier step failed. ``--all`` runs every slow test, not the day's share.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: More than the whole takes on two cores, so that a deadlock ends as a failure.
LIMIT_S = 35 * 60


def steps(every: bool, workers: int) -> list[tuple[str, list[str]]]:
    """Return the name and the command of each step, in order."""
    slow = "all" if every else "share"
    return [
        ("style", ["ruff", "check", "."]),
        ("format", ["ruff", "format", "--check", "."]),
        ("types", ["mypy"]),
        ("tests", ["pytest", "-q", f"--slow={slow}", f"--numprocesses={workers}", "--dist=worksteal"]),
    ]


def environment() -> dict[str, str]:
    """Return the environment of the steps: one thread per worker where a library would take all cores."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def main() -> int:
    """Run the steps; return the exit status of the first that fails, or 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="run every slow test, not the day's share")
    parser.add_argument("--workers", type=int, default=min(os.cpu_count() or 1, 8), help="test processes")
    arguments = parser.parse_args()
    deadline = time.monotonic() + LIMIT_S
    for name, (tool, *rest) in steps(arguments.all, arguments.workers):
        started = time.monotonic()
        command = [sys.executable, "-m", tool, *rest]
        print(f"== {name}: {' '.join([tool, *rest])}", flush=True)
        try:
            status = subprocess.run(
                command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, timeout=deadline - started
            ).returncode
        except subprocess.TimeoutExpired:
            print(f"{name} did not finish within {LIMIT_S // 60} minutes")
            status = 124
        if tool != "pytest" or status == 124:
            print(f"== {name}: {time.monotonic() - started:.1f} s", flush=True)
            if status:
                print("0 passed, 1 failed")
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
