"""Process-wide settings and small questions about tensors that `torch` has at its top level."""

from __future__ import annotations

import os
from typing import Any

import jax

from xlagrad.core import devices
from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor

# PyTorch's names for how many bits of float32 a matrix product may drop, and JAX's.
_PRECISIONS = {"highest": "highest", "high": "high", "medium": "default"}
_precision = "highest"


def is_tensor(obj: Any) -> bool:
    """Return whether an object is a tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Return whether the elements are real floats."""
    return input.is_floating_point()


def is_complex(input: Tensor) -> bool:
    """Return whether the elements are complex."""
    return input.is_complex()


def numel(input: Tensor) -> int:
    """Return the number of elements."""
    return input.numel()


def get_num_threads() -> int:
    """Return the number of cores: XLA's thread pool takes all that the process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_num_threads(number: int) -> None:
    """Accept a number of threads that XLA cannot be told once it runs; it uses all cores.

    Raises:
        ArgumentError: not a positive number.
    """
    if not isinstance(number, int) or number < 1:
        fix = "start the process with fewer cores (taskset) to use fewer"
        raise ArgumentError(message("set_num_threads", "a positive integer", repr(number), fix))


def get_float32_matmul_precision() -> str:
    """Return how float32 matrix products are computed: "highest", "high" or "medium"."""
    return _precision


def set_float32_matmul_precision(precision: str) -> None:
    """Choose how many bits of float32 matrix products may drop on hardware that has faster ways.

    Args:
        precision: "highest" (all 24 bits), "high" (TF32 or three bfloat16 products), "medium" (the fastest).

    Raises:
        ArgumentError: another name.
    """
    global _precision
    if precision not in _PRECISIONS:
        want = "'highest', 'high' or 'medium'"
        raise ArgumentError(message("set_float32_matmul_precision", want, repr(precision)))
    _precision = precision
    jax.config.update("jax_default_matmul_precision", _PRECISIONS[precision])


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accept the wish: XLA's programs on CPU and TPU give the same bits at every run.

    Raises:
        ArgumentError: with a GPU, where XLA has to be told when the process starts.
    """
    told = "--xla_gpu_deterministic_ops=true" in os.environ.get("XLA_FLAGS", "")
    if mode and devices.is_available("cuda") and not told and not warn_only:
        fix = "start with XLA_FLAGS=--xla_gpu_deterministic_ops=true"
        raise ArgumentError(message("use_deterministic_algorithms", "XLA's flag for GPUs", "none", fix))
