"""`torch.multiprocessing`: Python's own, with `spawn`. Tensors are sent by value."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from multiprocessing.connection import wait
from typing import Any

from xlagrad.core.errors import ArgumentError, message

_STRATEGY = "file_system"


class ProcessRaisedException(Exception):
    """A process that `spawn` started ended with an error."""


class ProcessContext:
    """The processes that `spawn` started.

    Attributes:
        processes: in the order of their index.
    """

    def __init__(self, processes: list[Any]) -> None:
        self.processes = processes

    def pids(self) -> list[int]:
        """Return the numbers that the system gave the processes."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None) -> bool:
        """Wait until all have ended, or one has failed; return whether all have ended.

        Raises:
            ProcessRaisedException: one failed; the others are ended.
        """
        waiting = {process.sentinel: process for process in self.processes if process.exitcode is None}
        while waiting:
            ended = wait(list(waiting), timeout)
            if not ended:
                return False
            for sentinel in ended:
                waiting.pop(sentinel).join()
            self._check()
        self._check()
        return True

    def _check(self) -> None:
        for index, process in enumerate(self.processes):
            if process.exitcode:
                for other in self.processes:
                    if other.is_alive():
                        other.terminate()
                        other.join()
                raise ProcessRaisedException(f"process {index} terminated with exit code {process.exitcode}")


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Run ``fn(index, *args)`` in ``nprocs`` processes.

    Args:
        fn: a function of a module.
        args: what follows the index.
        nprocs: how many.
        join: whether to wait for them; otherwise they are returned.
        daemon: whether they end with this process.
        start_method: how they are started.

    Raises:
        ProcessRaisedException: one of them failed.

    Source: ``torch.multiprocessing.spawn``.
    """
    context: Any = multiprocessing.get_context(start_method)
    processes = [context.Process(target=fn, args=(i, *args), daemon=daemon) for i in range(nprocs)]
    for process in processes:
        process.start()
    started = ProcessContext(processes)
    if not join:
        return started
    started.join()
    return None


def get_sharing_strategy() -> str:
    """Return "file_system"; tensors are sent by value in any case."""
    return _STRATEGY


def get_all_sharing_strategies() -> set[str]:
    """Return the one strategy."""
    return {_STRATEGY}


def set_sharing_strategy(new_strategy: str) -> None:
    """Accept one of PyTorch's strategies; tensors are sent by value in any case.

    Raises:
        ArgumentError: not one of PyTorch's.
    """
    if new_strategy not in (_STRATEGY, "file_descriptor"):
        want = "'file_system' or 'file_descriptor'"
        raise ArgumentError(message("set_sharing_strategy", want, repr(new_strategy)))
