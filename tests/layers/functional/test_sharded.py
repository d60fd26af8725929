"""Layers over several devices: each shard its own part of the batch, with the gradients of the whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P
from xlagrad.layers import functional as F
from xlagrad.layers.functional import convolution_cpu

convolution_cpu._CHUNK = 5000
mesh = jax.make_mesh((2,), ("d",), axis_types=(AxisType.Auto,))
keys = jax.random.split(jax.random.key(0), 3)
for groups, channels in ((1, 2), (4, 4), (2, 8)):
    x = jax.random.normal(keys[0], (8, channels, 8, 8))
    w = jax.random.normal(keys[1], (8, channels // groups, 3, 3))
    v = jax.random.normal(keys[2], (4, 72))

    def loss(w, v, x):
        y = F.max_pool2d(F.relu(F.conv2d(x, w, groups=groups)), 2)
        y = F.layer_norm(y.reshape(x.shape[0], -1), (72,))
        return F.cross_entropy(F.linear(y, v), jnp.arange(x.shape[0]) % 4)

    whole = jax.jit(jax.grad(loss, (0, 1)))
    want = whole(w, v, x)

    def shard(w, v, x):
        return jax.grad(lambda w, v: jax.lax.pmean(loss(w, v, x), "d"), (0, 1))(w, v)

    mapped = jax.jit(jax.shard_map(shard, mesh=mesh, in_specs=(P(), P(), P("d")), out_specs=P()))
    split = [jax.device_put(a, NamedSharding(mesh, P(*s))) for a, s in ((w, ()), (v, ()), (x, ("d",)))]
    for got in (mapped(w, v, x), whole(*split)):
        for a, b in zip(got, want):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    text = whole.lower(*split).compile().as_text()
    # XLA gathers what a grouped convolution needs by itself.
    assert groups > 1 or "all-gather(" not in text
    assert "all-reduce(" in text
print("agreed")
"""


@pytest.mark.slow
def test_two_devices(repo: Path) -> None:
    env = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=env, cwd=repo)
    assert done.stdout.endswith("agreed\n"), done.stderr
