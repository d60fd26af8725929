"""`torch.profiler.profile` on JAX's profiler."""

from __future__ import annotations

import enum
import gzip
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jax

from xlagrad.core.errors import ArgumentError, StateError, message
from xlagrad.layers.hooks import register_module_forward_hook, register_module_forward_pre_hook
from xlagrad.torch.cuda.streams import synchronize
from xlagrad.torch.profiler import events
from xlagrad.torch.profiler.events import Averages


class ProfilerActivity(enum.Enum):
    """What to watch; JAX's profiler watches everything that there is."""

    CPU = 0
    XPU = 1
    CUDA = 2
    MTIA = 3
    HPU = 4
    PrivateUse1 = 5


class ProfilerAction(enum.Enum):
    """What a profiler does in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0
) -> Callable[[int], ProfilerAction]:
    """Return what to do in each step: skip, wait, warm up, record; and again, ``repeat`` times or for ever.

    Raises:
        ArgumentError: a negative number, or nothing to record.

    Source: ``torch.profiler.schedule``.
    """
    numbers = (wait, warmup, active, repeat, skip_first)
    if min(numbers) < 0 or active == 0:
        want = "numbers of 0 or more, and active of 1 or more"
        raise ArgumentError(message("schedule", want, str(numbers)))
    cycle = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        at = step - skip_first + (wait if skip_first_wait and step >= skip_first else 0)
        if at < 0 or (repeat > 0 and at >= repeat * cycle):
            return ProfilerAction.NONE
        at %= cycle
        if at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD_AND_SAVE if at == cycle - 1 else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """Return a function for ``on_trace_ready`` that puts the trace where TensorBoard's plugin looks."""

    def handle(prof: profile) -> None:
        shutil.copytree(prof.folder, dir_name, dirs_exist_ok=True)

    return handle


_RECORDING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


class profile:
    """Record what runs within a ``with`` block, with JAX's profiler.

    Args:
        activities: accepted: the host and every device are watched.
        schedule: what to do in each step; by default everything is recorded.
        on_trace_ready: called with the profiler when a recording ends.
        record_shapes: without effect.
        profile_memory: without effect.
        with_stack: record the functions of Python too; they are in the trace, not in the table.
        with_flops: without effect.
        with_modules: name the modules whose ``forward`` ran; under ``compile`` that is while tracing only.
        options: PyTorch's others, without effect.

    Example:
        >>> from xlagrad.core.tensor import Tensor
        >>> with profile() as prof, record_function("square"):
        ...     _ = Tensor([1.0, 2.0]) ** 2
        >>> "square" in prof.key_averages().table(sort_by="cpu_time_total")
        True

    Source: ``torch.profiler.profile``.
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[profile], Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        **options: Any,
    ) -> None:
        self._schedule = schedule or (lambda _: ProfilerAction.RECORD)
        self._ready, self._stack, self._modules = on_trace_ready, with_stack, with_modules
        self._running, self._hooks = False, Modules()
        self._folder: Path | None = None
        self.step_num = 0

    @property
    def folder(self) -> Path:
        """Where JAX has written the trace.

        Raises:
            StateError: nothing was recorded yet.
        """
        if self._folder is None:
            raise StateError(
                message("profile", "a recording that has ended", "none", "leave the block first")
            )
        return self._folder

    def start(self) -> None:
        """Begin, as at the start of the block."""
        if self._schedule(self.step_num) in _RECORDING:
            self._begin()

    def stop(self) -> None:
        """End, as at the end of the block."""
        if self._running:
            self._end()

    def step(self) -> None:
        """Say that one step of the program is done."""
        before = self._schedule(self.step_num)
        self.step_num += 1
        if self._running and before is ProfilerAction.RECORD_AND_SAVE:
            self._end()
        wanted = self._schedule(self.step_num) in _RECORDING
        if wanted and not self._running:
            self._begin()
        elif not wanted and self._running:
            self._end()

    def _begin(self) -> None:
        options = jax.profiler.ProfileOptions()
        options.python_tracer_level = 1 if self._stack else 0
        self._folder = Path(tempfile.mkdtemp(prefix="xlagrad-profile-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        jax.profiler.start_trace(str(self._folder), profiler_options=options)
        self._running = True
        if self._modules:
            self._hooks.install()

    def _end(self) -> None:
        synchronize()
        self._hooks.remove()
        jax.profiler.stop_trace()
        self._running = False
        if self._ready is not None:
            self._ready(self)

    def _trace(self) -> Path:
        found = events.trace_file(self.folder)
        if found is None:
            raise StateError(message("profile", "a trace", "none", "let something run in the block"))
        return found

    def events(self) -> list[dict[str, Any]]:
        """Return the events of the trace, as Chrome's format has them."""
        return events.read(self._trace())

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0) -> Averages:
        """Return the events summed up by name; the arguments are without effect."""
        return events.averages(self.events())

    def export_chrome_trace(self, path: str) -> None:
        """Write the trace for chrome://tracing or Perfetto; compressed if the name ends in ``.gz``."""
        if str(path).endswith(".gz"):
            shutil.copyfile(self._trace(), path)
            return
        with gzip.open(self._trace()) as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class record_function:
    """Name what runs within a ``with`` block, or a decorated function, in a profile.

    Source: ``torch.profiler.record_function``.
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self._open: list[Any] = []

    def __enter__(self) -> Self:
        mark = jax.profiler.TraceAnnotation(self.name)
        mark.__enter__()
        self._open.append(mark)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.pop().__exit__(None, None, None)

    def __call__(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with its runs named."""
        return jax.profiler.annotate_function(fn, name=self.name)


class Modules:
    """Names the modules that run: what ``with_modules`` installs."""

    def __init__(self) -> None:
        self._handles: list[Any] = []
        self._open: list[tuple[Any, Any]] = []

    def install(self) -> None:
        """Begin."""
        self._handles = [
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave, always_call=True),
        ]

    def remove(self) -> None:
        """End."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        while self._open:
            self._open.pop()[1].__exit__(None, None, None)

    def _enter(self, module: Any, args: Any) -> None:
        mark = jax.profiler.TraceAnnotation(f"nn.Module: {type(module).__name__}")
        mark.__enter__()
        self._open.append((module, mark))

    def _leave(self, module: Any, args: Any, result: Any) -> None:
        while self._open:
            entered, mark = self._open.pop()
            mark.__exit__(None, None, None)
            if entered is module:
                break
