"""`torch.profiler`: what runs and how long, by JAX's profiler, with a table by name."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.names import missing
from xlagrad.torch.profiler.profile import (
    ProfilerAction,
    ProfilerActivity,
    profile,
    record_function,
    schedule,
    tensorboard_trace_handler,
)


def supported_activities() -> set[ProfilerActivity]:
    """Return what there is to watch."""
    return {ProfilerActivity.CPU, ProfilerActivity.CUDA}


__all__ = [
    "ProfilerAction",
    "ProfilerActivity",
    "profile",
    "record_function",
    "schedule",
    "supported_activities",
    "tensorboard_trace_handler",
]


def __getattr__(name: str) -> Any:
    raise missing("torch.profiler", name, __all__)
