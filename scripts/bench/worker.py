"""One side in a process of its own: reads numbers of steps from stdin, answers with the seconds they took."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

from timing import Burst

SIDES = {
    "jax": "side_jax:make",
    "jax-tuned": "side_jax:make_tuned",
    "scan": "side_jax:make_scan",
    "nnx": "side_nnx:make",
    "keras": "side_keras:make",
    "torch": "side_torch:make",
    "xlagrad": "side_torch:make_ours",
    "xlagrad-eager": "side_torch:make_ours_eager",
}


def make(side: str, name: str) -> Burst:
    """Builds a side in this process."""
    module, function = SIDES[side].split(":")
    burst: Burst = getattr(importlib.import_module(module), function)(name)
    return burst


class Worker:
    """A side in a child process, to be called like a burst; `close` ends it."""

    def __init__(self, side: str, name: str) -> None:
        command = [sys.executable, str(Path(__file__)), side, name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._read("ready")

    def _read(self, tag: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(f"bench {tag}"):
                return line.split()[-1]
        raise RuntimeError(f"bench: the worker {self.process.args} ended; its error is above.")

    def __call__(self, n: int) -> float:
        """Seconds for n steps."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{n}\n")
        self.process.stdin.flush()
        return float(self._read("took"))

    def close(self) -> None:
        """Ends the child."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    """Serves bursts until stdin ends."""
    burst = make(sys.argv[1], sys.argv[2])
    burst(1)
    print("bench ready 0", flush=True)
    for line in sys.stdin:
        print(f"bench took {burst(int(line))}", flush=True)


if __name__ == "__main__":
    main()
