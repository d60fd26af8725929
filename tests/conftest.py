"""What every test runs under: seeds, restored global state, bounded executables, the slow share."""

from __future__ import annotations

import os

# Read when Keras is imported, which only comparisons do.
os.environ.setdefault("KERAS_BACKEND", "jax")
# Read when SciPy is imported: its functions then take arrays of every library that follows the standard.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import ctypes
import gc
import random
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import jax
import numpy as np
import pytest

from xlagrad.core import devices, dtypes, modes
from xlagrad.core.random import manual_seed

#: The slow tests are dealt to this many days; each day's share is the same on every machine.
SLOW_DAYS = 4

#: Every executable takes memory and memory maps, of which Linux allows a process 65,530.
MAX_MAPS = 40_000
MAX_BYTES = 2**31

hypothesis.settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "search", parent=hypothesis.settings.get_profile("default"), derandomize=False
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that choose among the slow tests."""
    parser.addoption(
        "--slow", choices=["all", "share", "none"], default="all", help="which slow tests to run"
    )
    parser.addoption("--slow-day", type=int, default=None, help="the day whose share to run (default: today)")


def pytest_configure(config: pytest.Config) -> None:
    """Fix the day before workers start, so that all of them collect the same tests."""
    if config.option.slow_day is None:
        config.option.slow_day = int(time.time() // 86_400)


def pytest_report_header(config: pytest.Config) -> str:
    """Say how to repeat the choice of slow tests."""
    return f"slow tests: --slow={config.option.slow} --slow-day={config.option.slow_day}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the slow tests that were asked for; every one comes round within ``SLOW_DAYS`` days."""
    choice, day = config.option.slow, config.option.slow_day
    if choice == "all":
        return

    def kept(item: pytest.Item) -> bool:
        if item.get_closest_marker("slow") is None:
            return True
        return choice == "share" and zlib.crc32(item.nodeid.encode()) % SLOW_DAYS == day % SLOW_DAYS

    dropped = [item for item in items if not kept(item)]
    items[:] = [item for item in items if kept(item)]
    config.hook.pytest_deselected(items=dropped)


@pytest.fixture(autouse=True)
def _fresh_state() -> Iterator[None]:
    """Seed every generator before a test, and undo what it left behind in global switches."""
    random.seed(0)
    np.random.seed(0)
    manual_seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
    was_eager, had_gradients = modes.is_eager(), modes.is_grad_enabled()
    dtype, device = dtypes.get_default_dtype(), devices.chosen_device()
    yield
    modes.eager(was_eager)
    modes.set_grad_enabled(had_gradients)
    dtypes.set_default_dtype(dtype)
    devices.set_default_device(device)


@pytest.fixture(autouse=True, scope="module")
def _bounded_executables() -> Iterator[None]:
    """Drop compiled executables after a module that leaves the process with too many."""
    yield
    if sys.platform != "linux":
        return
    used = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    if used > MAX_BYTES or Path("/proc/self/maps").read_bytes().count(b"\n") > MAX_MAPS:
        jax.clear_caches()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture(scope="session")
def repo() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parent.parent
