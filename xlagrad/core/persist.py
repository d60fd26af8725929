"""The persistent compilation cache: executables that the next process finds ready."""

from __future__ import annotations

import os
from pathlib import Path

import jax


class _Once:
    done = False


def default_directory() -> Path:
    """Return where executables are kept: ``XLAGRAD_CACHE_DIR``, else a folder in the user's cache."""
    given = os.environ.get("XLAGRAD_CACHE_DIR")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "xlagrad" / "xla"


def enable() -> None:
    """Switch JAX's persistent cache on, once, unless the user has set it up or ``XLAGRAD_CACHE=0``.

    Executables that take less than 0.1 s to compile are not kept.
    """
    if _Once.done:
        return
    _Once.done = True
    taken = jax.config.values["jax_compilation_cache_dir"] is not None
    if taken or os.environ.get("XLAGRAD_CACHE", "1") == "0":
        return
    try:
        folder = default_directory()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        # A machine without a writable home compiles every time; nothing else is lost.
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    if jax.config.values["jax_persistent_cache_min_compile_time_secs"] == 1.0:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
