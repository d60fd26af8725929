"""The persistent compilation cache: a second process finds the first one's executables."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xlagrad.core import persist

SCRIPT = """
import jax
hits = []
jax.monitoring.register_event_listener(
    lambda event, **_: hits.append(event) if event.endswith("cache_hits") else None
)
import xlagrad as xg
f = xg.compile(lambda x: (x @ x).tanh().sum())
print(len(hits), f(xg.ones((8, 8))).item(), len(hits) > 0)
"""


def run(**variables: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JAX_", "XLAGRAD_"))}
    environment |= {"JAX_PLATFORMS": "cpu", **variables}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()[-1]


def test_the_second_process_starts_from_the_cache(tmp_path: Path) -> None:
    options = {"XLAGRAD_CACHE_DIR": str(tmp_path / "kept"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    assert run(**options) == "False"
    assert list((tmp_path / "kept").iterdir())
    assert run(**options) == "True"


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    run(XLAGRAD_CACHE="0", XLAGRAD_CACHE_DIR=str(tmp_path / "kept"))
    assert not (tmp_path / "kept").exists()


def test_where_executables_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XLAGRAD_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert persist.default_directory() == tmp_path / "xlagrad" / "xla"
    monkeypatch.setenv("XLAGRAD_CACHE_DIR", str(tmp_path / "mine"))
    assert persist.default_directory() == tmp_path / "mine"
