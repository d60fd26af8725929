"""`torch.cuda`'s streams and events. XLA orders its own work, so a stream is a name, and an event a time."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

import jax

from xlagrad.core.errors import StateError, message


def synchronize(device: Any = None) -> None:
    """Wait until all work that was dispatched is done."""
    for array in jax.live_arrays():
        if not array.is_deleted():
            array.block_until_ready()


class Event:
    """A moment, taken once all work before it is done.

    Args:
        enable_timing: without effect: the time is always taken.
        blocking: without effect.
        interprocess: without effect.

    Source: ``torch.cuda.Event``. Deviation: ``record`` waits.
    """

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ) -> None:
        self._time: float | None = None

    def record(self, stream: Any = None) -> None:
        """Wait for the work so far, and take the time."""
        synchronize()
        self._time = time.perf_counter()

    def query(self) -> bool:
        """Return True: what was recorded is done."""
        return True

    def wait(self, stream: Any = None) -> None:
        """Do nothing: what was recorded is done."""

    synchronize = wait

    def elapsed_time(self, end_event: Event) -> float:
        """Return the milliseconds from this moment to another.

        Raises:
            StateError: one of them was not recorded.
        """
        if self._time is None or end_event._time is None:
            want = "two recorded events"
            raise StateError(message("elapsed_time", want, "one that was not", "call .record()"))
        return 1000 * (end_event._time - self._time)


class Stream:
    """A name for an order of work; XLA has its own.

    Source: ``torch.cuda.Stream``.
    """

    def __init__(self, device: Any = None, priority: int = 0, **options: Any) -> None:
        self.device, self.priority = device, priority

    def synchronize(self) -> None:
        """Wait until all work that was dispatched is done."""
        synchronize()

    def query(self) -> bool:
        """Wait for the work so far; return True."""
        synchronize()
        return True

    def wait_stream(self, stream: Stream) -> None:
        """Do nothing: results are ready when they are used."""

    wait_event = wait_stream

    def record_event(self, event: Event | None = None) -> Event:
        """Record an event, or a new one; return it."""
        found = Event() if event is None else event
        found.record()
        return found


class stream:
    """Name a stream for a ``with`` block, without effect."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


_DEFAULT = Stream()


def current_stream(device: Any = None) -> Stream:
    """Return the one stream."""
    return _DEFAULT


default_stream = current_stream


def set_stream(stream: Stream) -> None:
    """Do nothing: there is one order of work."""


__all__ = ["Event", "Stream", "current_stream", "default_stream", "set_stream", "stream", "synchronize"]
