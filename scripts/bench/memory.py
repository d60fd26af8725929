"""Peak memory of the compiled step by XLA's own analysis: `python scripts/bench/memory.py`.

Arguments + outputs + temporaries - donated, of the compiled imperative step and of the hand-written one;
the bar is 1.05 times. Nothing runs, so the figures do not depend on the machine's load.
"""

from __future__ import annotations

import argparse
from typing import Any

import jax
import side_jax
import side_torch
from timing import table
from workloads import NAMES

import xlagrad as xg
import xlagrad.torch as torch


def peak(analysis: Any) -> int:
    """Bytes at the peak: what goes in and out and what lives between, donated buffers counted once."""
    live = analysis.argument_size_in_bytes + analysis.output_size_in_bytes + analysis.temp_size_in_bytes
    return int(live - analysis.alias_size_in_bytes)


def handwritten(name: str, tuned: bool) -> int:
    """Peak of the `jax.jit` step with its state donated."""
    step, state, data = side_jax.training(name, tuned)
    return peak(jax.jit(step, donate_argnums=0).lower(state, *data).compile().memory_analysis())


def ours(name: str) -> int:
    """Peak of the compiled imperative step."""
    torch.manual_seed(0)
    step, data = side_torch.training(torch, name)
    compiled = xg.compile(step)
    compiled(*data)
    return peak(compiled.lower(*data).compile().memory_analysis())


def main() -> None:
    """Prints MiB and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="all", choices=[*NAMES, "all"])
    options = parser.parse_args()
    rows = []
    for name in NAMES if options.model == "all" else (options.model,):
        mine, plain, tuned = ours(name), handwritten(name, False), handwritten(name, True)
        cells = [f"{n / 2**20:.2f}" for n in (mine, plain, tuned)]
        rows.append([name, *cells, f"{mine / plain:.3f}", f"{mine / tuned:.3f}"])
    print(table(["model", "xlagrad MiB", "jax MiB", "jax-tuned MiB", "÷ jax", "÷ jax-tuned"], rows))


if __name__ == "__main__":
    main()
