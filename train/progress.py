"""How training shows itself: a live bar on a terminal, a line an epoch anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from xlagrad.core.errors import need
from xlagrad.train.logs import Logs

# Between two looks at the device, in seconds: each look waits for what is under way.
REFRESH = 0.15


def short(value: Any) -> str:
    """Return a number in few characters.

    Example:
        >>> short(0.123456), short(1e-05), short(123456.0), short(3), short(float("nan"))
        ('0.1235', '1.0e-05', '1.235e+05', '3', 'nan')
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int):
        return str(value)
    size = abs(value)
    if size != size or size == float("inf") or size == 0:
        return f"{value:g}"
    if size < 1e-3:
        return f"{value:.1e}"
    return f"{value:.3e}" if size >= 1e5 else f"{value:.4f}" if size < 100 else f"{value:.2f}"


def clock(seconds: float) -> str:
    """Return a duration as people write it.

    Example:
        >>> clock(0.31), clock(75), clock(3700)
        ('0.3s', '1:15', '1:01:40')
    """
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def rate(per_second: float) -> str:
    """Return a throughput.

    Example:
        >>> rate(12345.6), rate(3.21)
        ('12,346/s', '3.2/s')
    """
    return f"{per_second:,.0f}/s" if per_second >= 100 else f"{per_second:.1f}/s"


def scalars(logs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and values of the numbers, leaving out matrices and the like."""
    return [(name, short(v)) for name, v in logs.items() if isinstance(v, (int, float))]


class Meter:
    """Time and throughput of one epoch.

    Args:
        total: batches, None if not known.
    """

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.batches = 0
        self.samples = 0
        self.start = time.perf_counter()
        # The first batch compiles: it would spoil the estimate for the rest.
        self._warm: tuple[float, int, int] | None = None

    def advance(self, samples: int) -> None:
        """Count a batch."""
        self.batches += 1
        self.samples += samples
        if self._warm is None:
            self._warm = time.perf_counter(), self.batches, self.samples

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.start

    @property
    def throughput(self) -> float:
        """Samples in a second, the first batch apart where there are more."""
        if self._warm is not None and self.batches > self._warm[1]:
            return (self.samples - self._warm[2]) / max(time.perf_counter() - self._warm[0], 1e-9)
        return self.samples / max(self.elapsed, 1e-9)

    @property
    def left(self) -> float | None:
        """Seconds to the end of the epoch, None if that is not known."""
        if not self.total or self._warm is None or self.batches <= self._warm[1]:
            return None
        each = (time.perf_counter() - self._warm[0]) / (self.batches - self._warm[1])
        return each * max(self.total - self.batches, 0)


class Lines:
    """A line for each epoch, for files and pipes."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs

    def begin(self, epoch: int, total: int | None) -> None:
        """Take note of an epoch's start."""
        self._epoch, self.meter = epoch, Meter(total)

    def advance(self, samples: int, logs: Logs, phase: str = "") -> None:
        """Count a batch."""
        if not phase:
            self.meter.advance(samples)

    def end(self, logs: Logs, best: bool) -> None:
        """Print the epoch's line."""
        width = len(str(self._epochs))
        numbers = "  ".join(f"{name} {value}" for name, value in scalars(logs))
        times = f"{clock(self.meter.elapsed)}  {rate(self.meter.throughput)}"
        mark = "  best" if best else ""
        self.say(f"epoch {self._epoch + 1:>{width}}/{self._epochs}  {numbers}  {times}{mark}")

    def say(self, text: str) -> None:
        """Print a line."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def close(self) -> None:
        """End the display."""


class Live(Lines):
    """A bar that moves, on a terminal, and leaves a line for each epoch behind.

    Args:
        epochs: how many there will be.
        console: rich's, by default one on standard output.
    """

    def __init__(self, epochs: int, console: Any = None) -> None:
        super().__init__(epochs)
        self._console = console or need("rich.console", "all").Console(highlight=False)
        self._live: Any = None
        self._shown = 0.0

    def begin(self, epoch: int, total: int | None) -> None:
        """Start the bar of an epoch."""
        super().begin(epoch, total)
        self._logs: Mapping[str, Any] = {}
        self._phase = ""
        if self._live is None:
            live = need("rich.live", "all")
            # Its thread draws what is known, so that the clock goes on while a step compiles.
            self._live = live.Live(
                get_renderable=self._line, console=self._console, transient=True, refresh_per_second=6
            )
            self._live.start()

    def advance(self, samples: int, logs: Logs, phase: str = "") -> None:
        """Count a batch, and look at the numbers if it is time."""
        super().advance(samples, logs, phase)
        self._phase = phase
        now = time.perf_counter()
        if phase or now - self._shown < REFRESH:
            return
        self._logs = dict(logs)
        self._shown = time.perf_counter()

    def _line(self) -> Any:
        """Return the bar: where, how far, how fast, how long, how well."""
        table = need("rich.table", "all").Table.grid(padding=(0, 2, 0, 0))
        text, bar = need("rich.text", "all").Text, need("rich.progress_bar", "all").ProgressBar
        meter, width = self.meter, len(str(self._epochs))
        total = f"/{meter.total}" if meter.total else ""
        left = meter.left
        phase = self._phase or (rate(meter.throughput) if meter.batches else "compiling")
        numbers = text("  ").join(
            text.assemble((name, "dim"), " ", (value, "bold")) for name, value in scalars(self._logs)
        )
        cells = [
            text(f"epoch {self._epoch + 1:>{width}}/{self._epochs}", style="bold"),
            bar(total=meter.total, completed=meter.batches, width=24, pulse=not meter.total),
            text(f"{meter.batches}{total}", style="cyan"),
            text(clock(meter.elapsed) + (f" < {clock(left)}" if left is not None else "")),
            text(phase, style="magenta"),
        ]
        for _ in cells:
            table.add_column(no_wrap=True)
        table.add_row(*cells)
        if not self._logs:
            return table
        return need("rich.console", "all").Group(table, text("  ") + numbers)

    def end(self, logs: Logs, best: bool) -> None:
        """Leave the epoch's line behind."""
        text, width = need("rich.text", "all").Text, len(str(self._epochs))
        line = text.assemble((f"epoch {self._epoch + 1:>{width}}/{self._epochs}", "bold"))
        for name, value in scalars(logs):
            style = "green" if best and name.startswith("val_") else "bold"
            line.append("  ").append(name, style="dim").append(" ").append(value, style=style)
        times = f"  {clock(self.meter.elapsed)}  {rate(self.meter.throughput)}"
        line.append(times, style="dim").append("  best" if best else "", style="green")
        self._console.print(line)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(text, markup=False)

    def close(self) -> None:
        """Take the bar away and give the cursor back."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def display(verbose: str | int, epochs: int) -> Lines | None:
    """Return how to show training.

    Args:
        verbose: 0 for nothing, 1 for a live bar, 2 for a line an epoch, ``"auto"`` for 1 on a terminal and
            2 elsewhere.
        epochs: how many there will be.
    """
    if verbose == "auto":
        verbose = 1 if sys.stdout.isatty() else 2
    if not verbose:
        return None
    return Live(epochs) if verbose == 1 else Lines(epochs)
