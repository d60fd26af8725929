"""A picture of how training went."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from xlagrad.core.errors import ArgumentError, message, need
from xlagrad.train.callbacks.history import History, goes_up
from xlagrad.train.files import replacing
from xlagrad.train.progress import short

TRAIN, VALIDATION, GRID, INK, SOFT = "#3b6fb6", "#e07b39", "#e6e6e6", "#262626", "#737373"


def plot_history(
    history: History | Mapping[str, Sequence[float]], path: str | os.PathLike[str], title: str = ""
) -> None:
    """Draw the curves of every quantity over the epochs, training's and validation's, as a PNG file.

    Each has a panel of its own, with the best epoch marked on the curve of validation (of training where
    there is none); the loss is drawn on a logarithmic axis where it falls by more than a factor of ten, and
    the learning rate has a panel where it changes.

    Args:
        history: what ``fit`` returned, or its ``history``.
        path: the file.
        title: above the panels.

    Raises:
        ArgumentError: there is nothing to draw.
        MissingDependencyError: matplotlib is not installed.
    """
    record = history.history if isinstance(history, History) else dict(history)
    epochs = history.epoch if isinstance(history, History) else None
    curves = {name: list(v) for name, v in record.items() if v and all(map(_is_number, v))}
    panels = [name for name in curves if not name.startswith("val_") and name != "lr"]
    if len(set(curves.get("lr", ()))) > 1:
        panels.append("lr")
    if not panels:
        raise ArgumentError(message("plot_history", "a history of at least one epoch", "an empty one"))
    figure_module, backend = (
        need("matplotlib.figure", "plot"),
        need("matplotlib.backends.backend_agg", "plot"),
    )
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure = figure_module.Figure(figsize=(4.9 * columns, 3.7 * rows + (0.5 if title else 0)), dpi=150)
    backend.FigureCanvasAgg(figure)
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.12)
    length = max(map(len, curves.values()))
    numbers = [e + 1 for e in epochs] if epochs else list(range(1, length + 1))
    for at, name in enumerate(panels):
        _panel(figure.add_subplot(rows, columns, at + 1), name, curves, numbers)
    if title:
        figure.suptitle(title, fontsize=14, fontweight="bold", color=INK)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", facecolor="white")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _panel(axes: Any, name: str, curves: Mapping[str, Sequence[float]], numbers: Sequence[int]) -> None:
    """Draw one quantity."""
    train, test = curves[name], curves.get(f"val_{name}")
    own = [(train, TRAIN, "training"), (test, VALIDATION, "validation")]
    for values, color, label in own:
        if values:
            xs = numbers[-len(values) :]
            marker = "o" if len(values) <= 30 else None
            axes.plot(xs, values, color=color, label=label, linewidth=2, marker=marker, markersize=3.5)
    _style(axes, name, [v for values, *_ in own if values for v in values], numbers)
    if name == "lr":
        return
    if test:
        axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="best")
    _mark_best(axes, name, test or train, numbers, VALIDATION if test else TRAIN)


def _style(axes: Any, name: str, values: Sequence[float], numbers: Sequence[int]) -> None:
    ticker = need("matplotlib.ticker", "plot")
    label = {"lr": "learning rate"}.get(name, name.replace("_", " "))
    axes.set_title(label, fontsize=12, color=INK, loc="left", fontweight="bold")
    axes.set_xlabel("epoch", fontsize=10, color=SOFT)
    axes.tick_params(which="both", labelsize=9, colors=SOFT, length=0)
    axes.grid(True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.03, y=0.12)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    if len(numbers) == 1:
        axes.set_xlim(numbers[0] - 0.5, numbers[0] + 0.5)
    finite = [v for v in values if math.isfinite(v)]
    if finite and min(finite) > 0 and max(finite) > 10 * min(finite) and name != "lr" and not goes_up(name):
        axes.set_yscale("log")
        axes.grid(True, which="minor", axis="y", color=GRID, linewidth=0.4)
        # Powers of ten alone leave a curve within one decade without a number on its axis.
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda v, _: f"{v:g}"))
        axes.yaxis.set_minor_formatter(ticker.NullFormatter())


def _mark_best(axes: Any, name: str, values: Sequence[float], numbers: Sequence[int], color: str) -> None:
    """Ring the best point, and write in the corner what it is."""
    sign = -1 if goes_up(name) else 1
    known = [i for i, v in enumerate(values) if math.isfinite(v)]
    if not known or len(values) < 2:
        return
    at = min(known, key=lambda i: sign * values[i])
    x, y = numbers[-len(values) :][at], values[at]
    axes.axvline(x, color=color, linewidth=1, linestyle=(0, (2, 3)), alpha=0.7, zorder=1)
    axes.plot([x], [y], "o", markersize=9, markerfacecolor="white", markeredgecolor=color, markeredgewidth=2)
    # In the corner rather than at the point, where it would lie on the curves.
    axes.set_title(f"best {short(float(y))} at epoch {x}", fontsize=9.5, color=color, loc="right")
