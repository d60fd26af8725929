"""Print which operations differ from PyTorch's: `python -m tests.conformance.report [name ...]`.

A line for each difference, and one for each operation: whether it agrees. Operations that do as PyTorch
although `xlagrad.torch.differences` lists them are said to be listed in vain.
"""

from __future__ import annotations

import argparse
import fnmatch
import time

import jax

from tests.conformance.database import OPERATIONS
from tests.conformance.running import cases, check_against_pytorch, check_compiled
from xlagrad.torch.differences import EAGER, TRACED

#: Executables pile up in one process.
_CLEAR_EVERY = 25


def differences(name: str) -> tuple[int, dict[str, str]]:
    """Return how many cases an operation has, and the first difference by test: eager, compiled."""
    found: dict[str, str] = {}
    tried = cases(OPERATIONS[name])
    for test, check, part in (
        ("eager", check_against_pytorch, tried),
        ("compiled", check_compiled, tried[:1]),
    ):
        for i, case in enumerate(part):
            try:
                text = check(case)
            except Exception as error:
                text = f"{type(error).__name__}: {' '.join(str(error).split())}"
            if text is not None:
                found.setdefault(test, f"case {i}: {text}")
    return len(tried), found


def main() -> None:
    """Run the operations that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["*"], help="operations, with * for any letters")
    parser.add_argument("--part", default="0/1", help="which of how many parts to run")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.part.split("/"))
    chosen = [n for n in OPERATIONS if any(fnmatch.fnmatch(n, p) for p in arguments.names)][part::parts]
    for i, name in enumerate(chosen):
        started = time.monotonic()
        try:
            count, found = differences(name)
        except Exception as error:
            count, found = 0, {"PyTorch": f"{type(error).__name__}: {error}"}
        seconds = time.monotonic() - started
        for test, text in found.items():
            print(f"{test}\t{name}\t{text}", flush=True)
        if (name in EAGER and "eager" not in found) or (name in TRACED and "compiled" not in found):
            print(f"listed in vain\t{name}", flush=True)
        print(f"{'differs' if found else 'agrees'}\t{name}\t{count} cases, {seconds:.1f} s", flush=True)
        if i % _CLEAR_EVERY == _CLEAR_EVERY - 1:
            jax.clear_caches()


if __name__ == "__main__":
    main()
