"""Callbacks: when they are called, and what each of them does."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.train.support import X, Y, mlp, values
from xlagrad.train import (
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
    Trainer,
    load_weights,
)
from xlagrad.train.callbacks import BackupAndRestore, Callbacks
from xlagrad.train.callbacks.history import goes_up
from xlagrad.train.logs import Logs
from xlagrad.train.optim import SGD
from xlagrad.train.progress import Lines, Live, Meter


class FakeTrainer:
    """What callbacks that follow a quantity need of a trainer."""

    def __init__(self) -> None:
        self.model = mlp()
        self.optimizer = SGD(self.model.parameters(), lr=1.0)
        self.stop_training = False
        self.said: list[str] = []
        self.epoch = 0

    def say(self, text: str) -> None:
        self.said.append(text)


def follow(callback: Callback, numbers: list[float], name: str = "val_loss") -> tuple[FakeTrainer, int]:
    """Run epochs with these values of a quantity until the callback stops them."""
    trainer = FakeTrainer()
    callback.set_trainer(trainer)  # type: ignore[arg-type]
    epochs = 0
    for epoch, value in enumerate(numbers):
        trainer.model[0].bias.data.fill_(float(epoch))
        callback.on_epoch_end(epoch, Logs(lambda value=value: {name: value}))
        epochs = epoch + 1
        if trainer.stop_training:
            break
    callback.on_train_end(Logs(dict))
    return trainer, epochs


def test_the_order_of_calls() -> None:
    points: list[str] = []

    class Recorder(Callback):
        pass

    def recorder(name: str) -> Callable[..., None]:
        return lambda self, *args: points.append(name)

    for name in [n for n in dir(Callback) if n.startswith("on_")]:
        setattr(Recorder, name, recorder(name.removeprefix("on_")))
    trainer = Trainer(mlp(), "sgd", "cross_entropy")
    trainer.fit(X, Y, batch_size=25, verbose=0, validation_data=(X[:10], Y[:10]), callbacks=[Recorder()])
    batch = ["train_batch_begin", "train_batch_end"]
    test = ["test_begin", "test_batch_begin", "test_batch_end", "test_end"]
    assert points == ["train_begin", "epoch_begin", *batch, *batch, *test, "epoch_end", "train_end"]
    points.clear()
    trainer.evaluate(X[:10], Y[:10], callbacks=[Recorder()])
    trainer.predict(X[:10], callbacks=[Recorder()])
    assert points == [*test, *(p.replace("test", "predict") for p in test)]


def test_an_exception_is_told_and_goes_on() -> None:
    told: list[str] = []

    def fail(batch: int, logs: Any) -> None:
        raise KeyboardInterrupt

    callback = LambdaCallback(on_train_batch_end=fail, on_exception=lambda e: told.append(type(e).__name__))
    trainer = Trainer(mlp(), "sgd", "cross_entropy")
    trainer.model.eval()
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(X, Y, verbose=0, callbacks=[callback])
    assert told == ["KeyboardInterrupt"]
    assert not trainer.model.training


def test_stopping_in_the_middle_of_an_epoch() -> None:
    def stop(batch: int, logs: Any) -> None:
        trainer.stop_training = batch == 1

    trainer = Trainer(mlp(), "sgd", "cross_entropy")
    history = trainer.fit(
        X, Y, batch_size=10, epochs=5, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=stop)]
    )
    assert (trainer.step, history.epoch) == (2, [0])


@pytest.mark.parametrize(
    "settings,numbers,epochs",
    [
        ({"patience": 2}, [3, 2, 2.5, 2.4, 1], 4),
        ({"patience": 0}, [3, 2, 2.5, 1], 3),
        ({"patience": 1, "min_delta": 0.5}, [3, 2.8, 1], 2),
        ({"patience": 1, "mode": "max"}, [1, 2, 3, 2], 4),
        ({"patience": 1, "baseline": 1.0}, [3, 2, 0.5], 1),
        ({"patience": 1, "start_from_epoch": 2}, [1, 2, 3, 4, 5], 4),
        ({"patience": 2}, [1, float("nan"), float("nan"), 0], 3),
    ],
)
def test_early_stopping(settings: dict[str, Any], numbers: list[float], epochs: int) -> None:
    assert follow(EarlyStopping(**settings), numbers)[1] == epochs


def test_early_stopping_puts_the_best_model_back() -> None:
    callback = EarlyStopping(patience=2, restore_best_weights=True, verbose=1)
    trainer, _ = follow(callback, [3, 1, 2, 2])
    assert values(trainer.model)["0.bias"] == [1.0] * 8
    assert trainer.said == ["Stopped at epoch 4: val_loss was best at epoch 2 (1)"]
    assert (callback.best_epoch, callback.stopped_epoch) == (1, 3)


def test_reduce_on_plateau() -> None:
    callback = ReduceLROnPlateau(factor=0.5, patience=2, cooldown=1, min_lr=0.2, verbose=1)
    rates = []
    trainer = FakeTrainer()
    callback.set_trainer(trainer)  # type: ignore[arg-type]
    for epoch, value in enumerate([3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1]):
        callback.on_epoch_end(epoch, Logs(lambda value=value: {"val_loss": value}))
        rates.append(trainer.optimizer.param_groups[0]["lr"])
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2]
    assert trainer.said[0] == "Epoch 4: learning rate reduced to 0.5"


def test_a_quantity_that_is_not_there() -> None:
    with pytest.warns(UserWarning, match="EarlyStopping: expected 'val_loss' among the logs, got loss"):
        follow(EarlyStopping(), [1.0], "loss")


def test_which_way_is_better() -> None:
    up = ("accuracy", "val_acc", "auc", "val_top5", "macro_f1", "bleu")
    down = ("loss", "val_mse", "error", "perplexity", "train_scores_loss")
    assert all(map(goes_up, up))
    assert not any(map(goes_up, down))


def test_model_checkpoint(tmp_path: Path) -> None:
    best = ModelCheckpoint(
        tmp_path / "{epoch:02d}-{val_loss:.1f}.safetensors", save_best_only=True, verbose=1
    )
    trainer, _ = follow(best, [3, 2, 2.5, 1])
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"{n}.safetensors" for n in ("01-3.0", "02-2.0", "04-1.0")
    ]
    assert load_weights(tmp_path / "02-2.0.safetensors")["0.bias"].tolist() == [1.0] * 8
    assert trainer.said[-1].startswith("Epoch 4: saved ")
    with pytest.raises(ValueError, match="names of logs in filepath: val_loss, got 'acc'"):
        follow(ModelCheckpoint(tmp_path / "{acc}"), [1.0])


def test_model_checkpoint_by_batches(tmp_path: Path) -> None:
    saved: list[int] = []
    callback = ModelCheckpoint(tmp_path / "w", save_freq=2)
    callback._save = lambda epoch, logs: saved.append(callback.trainer.step)  # type: ignore[method-assign]
    Trainer(mlp(), "sgd", "cross_entropy").fit(X, Y, batch_size=10, epochs=1, verbose=0, callbacks=[callback])
    assert saved == [2, 4]


def test_csv_logger(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "log.csv"
    trainer = Trainer(mlp(), "sgd", "cross_entropy", ["accuracy"])
    history = trainer.fit(X, Y, epochs=2, verbose=0, callbacks=[CSVLogger(path)])
    trainer.fit(X, Y, epochs=1, verbose=0, callbacks=[CSVLogger(path, append=True)])
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "0"]
    assert list(rows[0]) == ["epoch", "loss", "accuracy", "lr"]
    assert [float(row["loss"]) for row in rows[:2]] == history.history["loss"]


def test_learning_rate_scheduler_and_lambdas() -> None:
    seen: list[float] = []
    trainer = Trainer(mlp(), lambda p: SGD(p, lr=0.8), "cross_entropy")
    schedule = LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1)
    record = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["lr"]))
    trainer.fit(X, Y, epochs=3, verbose=0, callbacks=[schedule, record])
    assert seen == [0.4, 0.2, 0.1]
    with pytest.raises(ValueError, match="LambdaCallback: expected names among on_epoch_begin"):
        LambdaCallback(on_epoch=print)


def test_terminate_on_nan(capsys: pytest.CaptureFixture[str]) -> None:
    trainer = Trainer(mlp(), lambda p: SGD(p, lr=float("inf")), "cross_entropy")
    history = trainer.fit(X, Y, batch_size=5, epochs=5, verbose=2, callbacks=[TerminateOnNaN()])
    assert len(history.epoch) == 1
    assert "the loss is nan; training stops" in capsys.readouterr().out


def test_history_knows_the_best() -> None:
    history = History()
    for epoch, (loss, acc) in enumerate([(3.0, 0.1), (1.0, 0.9), (2.0, 0.5)]):
        history.on_epoch_end(epoch, Logs(lambda loss=loss, acc=acc: {"loss": loss, "val_accuracy": acc}))
    assert history.best("loss") == (1, 1.0)
    assert history.best("val_accuracy") == (1, 0.9)
    other = History()
    other.load_state_dict(history.state_dict())
    assert (other.epoch, other.history) == (history.epoch, history.history)


def test_saved_state_of_callbacks() -> None:
    first, second = EarlyStopping(patience=3), EarlyStopping(patience=3)
    follow(first, [3, 2, 2.5])
    trainer: Any = FakeTrainer()
    a, b = Callbacks([first, TerminateOnNaN()], trainer), Callbacks([second], trainer)
    b.load_state_dict(a.state_dict())
    assert (second.best, second.wait, second.best_epoch) == (2, 1, 1)


BAD: list[tuple[str, Callable[[], Any]]] = [
    ("EarlyStopping: expected mode 'auto', 'min' or 'max'", lambda: EarlyStopping(mode="least")),
    ("a factor below 1", lambda: ReduceLROnPlateau(factor=1.0)),
    ("min_delta of at least 0", lambda: ReduceLROnPlateau(min_delta=-1)),
    ("save_freq 'epoch' or a number of batches, got 0", lambda: ModelCheckpoint("x", save_freq=0)),
    ("save_freq='epoch' with save_best_only", lambda: ModelCheckpoint("x", save_freq=2, save_best_only=True)),
    ("BackupAndRestore: expected save_freq", lambda: BackupAndRestore("x", save_freq="never")),
]


@pytest.mark.parametrize("text,make", BAD, ids=[text for text, _ in BAD])
def test_bad_arguments(text: str, make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=text):
        make()


# What is shown.


def test_one_clean_line_an_epoch_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    trainer = Trainer(mlp(), "sgd", "cross_entropy", ["accuracy"])
    trainer.fit(X, Y, epochs=10, validation_split=0.2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("epoch  1/10  loss 1.")
    words = lines[-1].split()
    assert words[:3] == ["epoch", "10/10", "loss"]
    assert [w for w in words if w.isidentifier()][:6] == [
        "epoch",
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "lr",
    ]
    assert "\x1b" not in "".join(lines)
    assert "/s" in lines[-1]


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    Trainer(mlp(), "sgd", "cross_entropy").fit(X, Y, verbose=0)
    assert capsys.readouterr().out == ""


def shown(bar: Live) -> str:
    """What a bar draws now."""
    rich = pytest.importorskip("rich.console")
    console = rich.Console(width=100, record=True, file=io.StringIO())
    console.print(bar._line())
    return str(console.export_text())


def test_the_live_bar() -> None:
    rich = pytest.importorskip("rich.console")
    console = rich.Console(width=100, force_terminal=True, record=True, color_system=None, file=io.StringIO())
    bar = Live(3, console)
    bar.begin(0, 8)
    assert "epoch 1/3" in shown(bar)
    assert "compiling" in shown(bar)
    for i in range(4):
        bar._shown = 0.0
        bar.advance(32, Logs(lambda i=i: {"loss": 0.5 - i / 10, "matrix": [[1, 2]]}))
    bar.advance(32, Logs(dict), "validating")
    text = shown(bar)
    assert "4/8" in text
    assert "loss 0.2000" in text
    assert "validating" in text
    assert "matrix" not in text
    bar.say("a line")
    bar.end(Logs(lambda: {"loss": 0.25, "val_loss": 0.125}), best=True)
    bar.close()
    kept = console.export_text()
    assert "a line" in kept
    assert "epoch 1/3  loss 0.2500  val_loss 0.1250" in kept
    assert "best" in kept


def test_looking_is_rare() -> None:
    rich = pytest.importorskip("rich.console")
    bar = Live(1, rich.Console(force_terminal=True, file=io.StringIO()))
    bar.begin(0, 1000)
    looks: list[int] = []
    for _ in range(1000):
        bar.advance(1, Logs(lambda: (looks.append(1), {"loss": 1.0})[1]))
    bar.close()
    assert 1 <= len(looks) < 30


def test_the_meter_leaves_the_compiling_batch_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("xlagrad.train.progress.time.perf_counter", lambda: now[0])
    meter = Meter(10)
    assert meter.left is None
    now[0] = 60.0
    meter.advance(32)
    for _ in range(4):
        now[0] += 0.5
        meter.advance(32)
    assert meter.throughput == 64.0
    assert meter.left == 2.5
    assert meter.elapsed == 62.0


def test_lines_for_matrices_leave_them_out(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(2)
    lines.begin(0, None)
    lines.advance(4, Logs(dict))
    lines.end(Logs(lambda: {"loss": np.float32(0.5).item(), "confusion": [[1, 0], [0, 1]]}), False)
    out = capsys.readouterr().out
    assert out.startswith("epoch 1/2  loss 0.5000  ")
    assert "confusion" not in out
