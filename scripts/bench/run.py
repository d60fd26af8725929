"""Training throughput against hand-written JAX: `python scripts/bench/run.py [mlp|cnn|gpt|all]`.

Prints, for each model, the compiled imperative step of xlagrad against the hand-written `jax.jit` step in
one process, the calls interleaved; then every side in a process of its own, the processes taking turns. A
ratio is the hand-written step's time by the side's, the median of the rounds: above 1 is faster than hand-
written JAX.
"""

from __future__ import annotations

import argparse

import worker
from timing import interleave, milliseconds, ratio, table
from workloads import NAMES


def together(name: str, rounds: int, seconds: float) -> list[str]:
    """One process: xlagrad, hand-written, hand-tuned."""
    sides = {side: worker.make(side, name) for side in ("xlagrad", "jax", "jax-tuned")}
    times = interleave(sides, rounds, seconds)
    cells = [f"{milliseconds(times, side):.3f}" for side in sides]
    return [
        name,
        *cells,
        f"{ratio(times, 'xlagrad', 'jax'):.3f}",
        f"{ratio(times, 'xlagrad', 'jax-tuned'):.3f}",
    ]


def apart(name: str, sides: list[str], rounds: int, seconds: float) -> list[str]:
    """A process each, hand-written JAX first."""
    workers = {side: worker.Worker(side, name) for side in ["jax", *sides]}
    try:
        times = interleave(dict(workers), rounds, seconds)
    finally:
        for process in workers.values():
            process.close()
    return [
        name,
        f"{milliseconds(times, 'jax'):.3f}",
        *[f"{ratio(times, side, 'jax'):.2f}" for side in sides],
    ]


def main() -> None:
    """Measures and prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="all", choices=[*NAMES, "all"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.3, help="length of one burst")
    parser.add_argument(
        "--peers", default="xlagrad,jax-tuned,scan,nnx,keras,torch", help="sides run in processes"
    )
    options = parser.parse_args()
    names = NAMES if options.model == "all" else (options.model,)

    print(
        "One process, interleaved. Milliseconds a step; ratio = time of hand-written JAX / time of xlagrad."
    )
    header = ["model", "xlagrad ms", "jax ms", "jax-tuned ms", "÷ jax", "÷ jax-tuned"]
    print(table(header, [together(name, options.rounds, options.seconds) for name in names]), flush=True)
    peers = [p for p in options.peers.split(",") if p]
    if peers:
        print("\nA process each, taking turns. Ratio = time of hand-written JAX / time of the side.")
        rows = [apart(name, peers, options.rounds, options.seconds) for name in names]
        print(table(["model", "jax ms", *peers], rows))


if __name__ == "__main__":
    main()
