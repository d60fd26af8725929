"""The picture of the curves: that it is one, and what is on it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from xlagrad.train import History, plot_history

pytest.importorskip("matplotlib")

N = 12
RECORD: dict[str, list[Any]] = {
    "loss": [2.0 * math.exp(-i / 3) + 0.01 for i in range(N)],
    "accuracy": [1 - math.exp(-i / 3) for i in range(N)],
    "val_loss": [2.0 * math.exp(-i / 3) + 0.02 * i for i in range(N)],
    "val_accuracy": [0.9 - 0.9 * math.exp(-i / 3) - 0.001 * i for i in range(N)],
    "lr": [0.1 * 0.9**i for i in range(N)],
    "confusion": [[[1, 0], [0, 1]]] * N,
}


def drawn(record: Any, path: Path, monkeypatch: pytest.MonkeyPatch, title: str = "") -> Any:
    """Draw, and return the figure itself."""
    from matplotlib.figure import Figure

    kept: list[Any] = []
    original = Figure.savefig

    def savefig(self: Any, *args: Any, **kwargs: Any) -> Any:
        kept.append(self)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", savefig)
    plot_history(record, path, title)
    return kept[0]


def test_panels_labels_and_best_epochs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "curves.png"
    figure = drawn(RECORD, path, monkeypatch, "Digits")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert figure.get_suptitle() == "Digits"
    loss, accuracy, rate = figure.axes
    assert [a.get_title(loc="left") for a in figure.axes] == ["loss", "accuracy", "learning rate"]
    assert all(a.get_xlabel() == "epoch" for a in figure.axes)
    for name, axes, pick in (("val_loss", loss, min), ("val_accuracy", accuracy, max)):
        best = RECORD[name].index(pick(RECORD[name])) + 1
        assert axes.get_title(loc="right").endswith(f"at epoch {best}")
        assert [t.get_text() for t in axes.get_legend().get_texts()] == ["training", "validation"]
        assert list(axes.lines[0].get_xdata()) == list(range(1, N + 1))
    assert (loss.get_yscale(), accuracy.get_yscale(), rate.get_yscale()) == ("log", "linear", "linear")
    assert rate.get_title(loc="right") == ""


def test_a_history_that_went_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Epochs keep their numbers; validation every second epoch, a NaN, and no validation at all."""
    history = History()
    history.epoch = [4, 5, 6]
    history.history = {"loss": [float("nan"), 2.0, 3.0], "lr": [0.1, 0.1, 0.1], "val_loss": [2.5, 2.25]}
    figure = drawn(history, tmp_path / "a.png", monkeypatch)
    (axes,) = figure.axes
    assert axes.get_title(loc="right") == "best 2.2500 at epoch 7"
    assert list(axes.lines[1].get_xdata()) == [6, 7]


def test_one_epoch(tmp_path: Path) -> None:
    plot_history({"loss": [1.0]}, tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size > 3000


def test_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="plot_history: expected a history of at least one epoch"):
        plot_history(History(), tmp_path / "none.png")
    assert list(tmp_path.iterdir()) == []
