"""Host overhead of a compiled call with 602 state leaves: `python scripts/bench/overhead.py`.

The same update of 602 small tensors three ways: `xg.compile` of a function that writes them in place,
`jax.jit` called on the flat list with donation, and the floor of passing that list through Python. The bar:
xlagrad's time is at most twice that of jax.jit. The arithmetic is the same, so what differs is the work
between the calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from timing import Burst, interleave, milliseconds, ratio, table

import xlagrad as xg
import xlagrad.torch as torch

LEAVES = 602


def _bursts(call: Callable[[], Any], wait: Callable[[], Any]) -> Burst:
    def burst(n: int) -> float:
        start = time.perf_counter()
        for _ in range(n):
            call()
        wait()
        return time.perf_counter() - start

    return burst


def flat_jit() -> Burst:
    """`jax.jit` on a flat list of arrays, donated."""
    leaves = [jnp.full((4, 4), i, jnp.float32) for i in range(LEAVES)]
    step = jax.jit(lambda *xs: [x * 0.999 for x in xs], donate_argnums=tuple(range(LEAVES)))

    def call() -> None:
        nonlocal leaves
        leaves = step(*leaves)

    return _bursts(call, lambda: jax.block_until_ready(leaves))


def ours() -> Burst:
    """`xg.compile` of a function that writes 602 tensors of its closure in place."""
    leaves = [torch.full((4, 4), float(i)) for i in range(LEAVES)]

    @xg.compile
    def step() -> None:
        for leaf in leaves:
            leaf.mul_(0.999)

    return _bursts(step, leaves[-1].sum().item)


def ours_module() -> Burst:
    """`xg.compile` of a whole training step: 200 parameters, Adam's slots, gradients: about 800 leaves."""
    nn = torch.nn
    model = nn.Sequential(*[nn.Linear(4, 4) for _ in range(100)])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    x = torch.ones(1, 4)

    @xg.compile
    def step() -> Any:
        optimizer.zero_grad()
        loss = model(x).sum()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return _bursts(step, lambda: model[0].weight.sum().item())


def main() -> None:
    """Prints milliseconds a call and the ratios."""
    times = interleave({"jax.jit, flat list": flat_jit(), "xg.compile, closure": ours()}, rounds=21)
    base = "jax.jit, flat list"
    rows = [
        [side, f"{milliseconds(times, side):.3f}", f"{1 / ratio(times, side, base):.2f}"] for side in times
    ]
    alone = interleave({"training step, 200 parameters": ours_module()}, rounds=11)
    rows += [[side, f"{milliseconds(alone, side):.3f}", ""] for side in alone]
    print(table([f"{LEAVES} leaves", "ms a call", "× jax.jit"], rows))


if __name__ == "__main__":
    main()
