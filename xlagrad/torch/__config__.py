"""`torch.__config__`: what runs underneath, in words."""

from __future__ import annotations

import jax
from jaxlib.version import __version__ as jaxlib_version

from xlagrad.torch.settings import get_num_threads
from xlagrad.torch.torch_version import __version__


def show() -> str:
    """Return the versions of what computes."""
    lines = (
        f"PyTorch's interface {__version__} on:",
        f"JAX {jax.__version__}",
        f"jaxlib {jaxlib_version}",
    )
    return "\n  - ".join(lines) + "\n"


def parallel_info() -> str:
    """Return how many threads compute."""
    return f"XLA's thread pool:\n\ttorch.get_num_threads() : {get_num_threads()}\n"
