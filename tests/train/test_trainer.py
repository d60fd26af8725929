"""The fit engine: the same numbers as loops written by hand, one executable, exact resumption."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad as xg
from tests.train.support import RNG, T, X, Y, distance, mlp, values
from xlagrad import Tensor
from xlagrad.core.random import manual_seed
from xlagrad.layers import CrossEntropyLoss, Linear, Module, MSELoss
from xlagrad.train import BackupAndRestore, Callback, Trainer
from xlagrad.train.data import DataLoader, TensorDataset
from xlagrad.train.metrics import MSE, Accuracy
from xlagrad.train.optim import SGD, Adam
from xlagrad.train.schedule import CosineAnnealingLR, ExponentialLR, ReduceLROnPlateau


def in_torch(epochs: int, batch_size: int, kind: str = "classes") -> tuple[Any, list[float]]:
    """A torch loop over the batches in order, and its mean loss of each epoch."""
    source = mlp(3 if kind == "classes" else 1)
    model = torch.nn.Sequential(
        torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3 if kind == "classes" else 1)
    )
    model.load_state_dict({k: torch.tensor(v) for k, v in values(source).items()})
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss_fn = torch.nn.CrossEntropyLoss() if kind == "classes" else torch.nn.MSELoss()
    x, y = torch.tensor(X), torch.tensor(Y).long() if kind == "classes" else torch.tensor(T)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for i in range(0, 50, batch_size):
            optimizer.zero_grad()
            loss = loss_fn(model(x[i : i + batch_size]), y[i : i + batch_size])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x[i : i + batch_size])
        losses.append(total / 50)
    return model, losses


def assert_equals_torch(model: Any, reference: Any) -> None:
    for name, t in reference.state_dict().items():
        np.testing.assert_allclose(np.asarray(values(model)[name]), t.numpy(), rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("pad", [None, False], ids=["padded", "as it is"])
@pytest.mark.parametrize("loss", ["cross_entropy", CrossEntropyLoss(), "mse", MSELoss()], ids=str)
def test_fit_equals_a_torch_loop(loss: Any, pad: bool | None) -> None:
    classes = "entropy" in str(loss).lower() or "cross" in str(loss).lower()
    reference, losses = in_torch(3, 16, "classes" if classes else "numbers")
    model = mlp(3 if classes else 1)
    trainer = Trainer(model, Adam(model.parameters(), lr=0.01), loss, ["accuracy"] if classes else ["mse"])
    data = (X, Y) if classes else (X, T)
    history = trainer.fit(*data, batch_size=16, epochs=3, shuffle=False, verbose=0, pad=pad)
    assert_equals_torch(model, reference)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-5)
    (step,) = trainer._compiled.values()
    assert len(xg.explain(step)) == (1 if pad is None else 2)


def test_evaluate_and_predict() -> None:
    model = mlp()
    trainer = Trainer(model, loss="cross_entropy", metrics=["accuracy", "top2"])
    scores = model(Tensor(X)).detach().numpy()
    found = trainer.evaluate(X, Y, batch_size=16)
    assert list(found) == ["loss", "accuracy", "top2"]
    assert found["accuracy"] == pytest.approx(np.mean(scores.argmax(1) == Y))
    want = torch.nn.functional.cross_entropy(torch.tensor(scores), torch.tensor(Y).long()).item()
    assert found["loss"] == pytest.approx(want, rel=1e-5)
    np.testing.assert_allclose(trainer.predict(X, batch_size=16), scores, rtol=1e-5, atol=1e-6)
    assert all(len(xg.explain(step)) == 1 for step in trainer._compiled.values())
    assert model.training


def test_one_epoch_is_one_executable_with_dropout_and_schedule() -> None:
    model = mlp(dropout=0.2)
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    trainer = Trainer(
        model,
        optimizer,
        "cross_entropy",
        ["accuracy"],
        scheduler=CosineAnnealingLR(optimizer, 4),
        clip_norm=1.0,
    )
    history = trainer.fit(X, Y, batch_size=16, epochs=4, verbose=0, seed=0, validation_data=(X, Y))
    assert [len(xg.explain(step)) for step in trainer._compiled.values()] == [1, 1]
    rates = [0.1 * (1 + np.cos(np.pi * e / 4)) / 2 for e in range(4)]
    np.testing.assert_allclose(history.history["lr"], rates, rtol=1e-6)
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy", "lr"]
    assert history.history["val_loss"][-1] < history.history["val_loss"][0]


def test_batch_norm_runs_the_last_batch_at_its_own_size() -> None:
    padded, plain = mlp(norm=True), mlp(norm=True)
    for model, pad in ((padded, None), (plain, False)):
        trainer = Trainer(model, "sgd", "cross_entropy", ["accuracy"])
        trainer.fit(X, Y, batch_size=16, epochs=2, verbose=0, seed=0, pad=pad, validation_split=0.3)
    assert distance(padded, plain) < 1e-7


def test_padding_does_not_show() -> None:
    for loss in ("bce_with_logits", "mae"):
        models = mlp(1), mlp(1)
        found = []
        for model, pad in zip(models, (True, False), strict=True):
            trainer = Trainer(model, "sgd", loss, [MSE()])
            target = (T > 0).astype(np.float32)
            history = trainer.fit(X, target, batch_size=16, epochs=1, shuffle=False, verbose=0, pad=pad)
            found.append((history.history["loss"][0], history.history["mse"][0]))
        assert distance(*models) < 1e-6, loss
        np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def test_sample_weights() -> None:
    """A weight of two is a sample given twice; a weight of zero a sample left out."""
    rows = np.concatenate([np.arange(20), np.arange(5)])
    weight = np.where(np.arange(20) < 5, 2.0, 1.0)
    weighted, doubled = mlp(1), mlp(1)
    first = Trainer(weighted, "sgd", "mse", ["mae"]).fit(
        X[:20], T[:20], sample_weight=weight, batch_size=32, verbose=0
    )
    second = Trainer(doubled, "sgd", "mse", ["mae"]).fit(X[rows], T[rows], batch_size=25, verbose=0)
    assert distance(weighted, doubled) < 1e-6
    for name in ("loss", "mae"):
        np.testing.assert_allclose(first.history[name], second.history[name], rtol=1e-5)


def test_eager_equals_compiled() -> None:
    histories, models = [], []
    for eager in (True, None):
        model = mlp(dropout=0.3)
        manual_seed(5)
        trainer = Trainer(model, "adam", "cross_entropy", ["accuracy"], run_eagerly=eager)
        histories.append(trainer.fit(X, Y, batch_size=20, epochs=2, verbose=0).history)
        models.append(model)
    assert distance(*models) < 1e-5
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-5)


def test_loaders_iterables_and_generators() -> None:
    pairs = [(X[i : i + 10], Y[i : i + 10]) for i in range(0, 50, 10)]
    tensors = TensorDataset(Tensor(X), Tensor(Y))
    forms: list[tuple[Any, dict[str, Any]]] = [
        (pairs, {}),
        (lambda: iter(pairs), {}),
        (DataLoader(tensors, batch_size=10), {}),
        (iter(pairs * 2), {"steps_per_epoch": 5}),
    ]
    results = []
    for data, options in forms:
        model = mlp()
        history = Trainer(model, "sgd", "cross_entropy").fit(data, epochs=2, verbose=0, **options)
        results.append((values(model), history.history["loss"]))
    assert all(result == results[0] for result in results)


def test_inputs_in_structures() -> None:
    class Two(Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = Linear(6, 3), Linear(6, 3)

        def forward(self, left: Any, right: Any) -> Any:
            return self.a(left) + self.b(right)

    for x in ((X, -X), {"left": X, "right": -X}, [X, -X]):
        trainer = Trainer(Two(), "sgd", "cross_entropy")
        trainer.fit(x, Y, batch_size=16, verbose=0)
        assert trainer.predict(x, batch_size=16).shape == (50, 3)


def test_a_model_that_returns_its_loss() -> None:
    class Own(Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = mlp()

        def forward(self, x: Any, y: Any) -> Any:
            scores = self.inner(x)
            return scores, CrossEntropyLoss()(scores, y)

    model, plain = Own(), mlp()
    history = Trainer(model, "sgd", metrics=[Accuracy()]).fit(X, Y, batch_size=25, verbose=0, shuffle=False)
    other = Trainer(plain, "sgd", "cross_entropy", [Accuracy()]).fit(
        X, Y, batch_size=25, verbose=0, shuffle=False
    )
    assert distance(model.inner, plain) < 1e-7
    np.testing.assert_allclose(history.history["loss"], other.history["loss"], rtol=1e-6)
    np.testing.assert_allclose(history.history["accuracy"], other.history["accuracy"], rtol=1e-6)


def test_orders_follow_seed_and_stream() -> None:
    def run(seed: int | None, stream: int) -> Any:
        manual_seed(stream)
        model = mlp()
        Trainer(model, "sgd", "cross_entropy").fit(X, Y, batch_size=16, verbose=0, seed=seed)
        return values(model)

    assert run(1, 0) == run(1, 9) != run(2, 0)
    assert run(None, 4) == run(None, 4) != run(None, 5)


def test_schedules_by_batch_and_by_metric() -> None:
    model = mlp()
    optimizer = SGD(model.parameters(), lr=1.0)
    trainer = Trainer(
        model,
        optimizer,
        "cross_entropy",
        scheduler=ExponentialLR(optimizer, 0.5),
        scheduler_interval="batch",
    )
    trainer.fit(X, Y, batch_size=25, epochs=2, verbose=0)
    assert optimizer.param_groups[0]["lr"] == 1.0 / 16
    plateau = Trainer(
        mlp(), lambda p: SGD(p, lr=0.0), "cross_entropy", scheduler=lambda o: ReduceLROnPlateau(o, patience=0)
    )
    history = plateau.fit(X, Y, epochs=3, verbose=0, validation_split=0.2)
    assert len(history.history["val_loss"]) == 3


class Interrupt(Callback):
    """Stands for a process that dies after so many steps."""

    order = 1000

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(self, batch: int, logs: Any) -> None:
        if self.trainer.step == self.step:
            raise KeyboardInterrupt


def make(kind: str) -> tuple[Trainer, Any]:
    """A trainer with everything that has state, and its data."""
    manual_seed(11)
    model = mlp(dropout=0.2, norm=True)
    optimizer = Adam(model.parameters(), lr=0.02)
    trainer = Trainer(
        model,
        optimizer,
        "cross_entropy",
        ["accuracy"],
        scheduler=ExponentialLR(optimizer, 0.9),
        scheduler_interval="batch",
    )
    if kind == "arrays":
        return trainer, (X, Y)
    return trainer, (DataLoader(TensorDataset(Tensor(X), Tensor(Y)), batch_size=8, shuffle=True),)


@pytest.mark.parametrize("kind", ["arrays", "loader"])
@pytest.mark.parametrize("freq,stop", [("epoch", 16), (3, 11)], ids=["by epoch", "by batch"])
def test_interrupted_training_goes_on_bit_for_bit(kind: str, freq: Any, stop: int, tmp_path: Path) -> None:
    settings = {"batch_size": 8, "epochs": 4, "verbose": 0}
    whole, data = make(kind)
    expected = whole.fit(*data, **settings, validation_data=(X, Y))
    broken, data = make(kind)
    backup = BackupAndRestore(tmp_path, save_freq=freq)
    with pytest.raises(KeyboardInterrupt):
        broken.fit(*data, **settings, validation_data=(X, Y), callbacks=[backup, Interrupt(stop)])
    manual_seed(99)
    again, data = make(kind)
    resumed = again.fit(*data, **settings, validation_data=(X, Y), resume=tmp_path)
    assert again.step == whole.step == 28
    assert values(again.model) == values(whole.model)
    assert resumed.history == expected.history
    assert resumed.epoch == [0, 1, 2, 3]


def test_backup_restores_by_itself(tmp_path: Path) -> None:
    def run(epochs: int) -> Trainer:
        trainer, data = make("arrays")
        trainer.fit(*data, batch_size=25, epochs=epochs, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
        return trainer

    run(1)
    second = run(3)
    assert second.history.epoch == [0, 1, 2]
    fresh, data = make("arrays")
    fresh.fit(*data, batch_size=25, epochs=3, verbose=0)
    assert values(fresh.model) == values(second.model)


def test_a_failing_step_leaves_everything_as_it_was() -> None:
    class Moody(Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = mlp()
            self.fail = False

        def forward(self, x: Any) -> Any:
            if self.fail:
                raise RuntimeError("in the middle")
            return self.inner(x)

    model = Moody()
    trainer = Trainer(model, "adam", "cross_entropy", ["accuracy"])
    trainer.fit(X, Y, batch_size=25, verbose=0)
    before = values(model), repr(trainer.optimizer.state_dict()) if trainer.optimizer else ""
    model.fail = True
    with pytest.raises(RuntimeError, match="in the middle"):
        trainer.fit(X, Y, batch_size=25, verbose=0)
    assert before == (values(model), repr(trainer.optimizer.state_dict()) if trainer.optimizer else "")


def test_metrics_stay_on_the_device_until_shown() -> None:
    looked: list[int] = []

    class Count(Callback):
        def on_epoch_end(self, epoch: int, logs: Any) -> None:
            looked.append(epoch)

    trainer = Trainer(mlp(), "sgd", "cross_entropy", ["accuracy"])
    fetched = []
    original = trainer.trackers[0].result
    trainer.trackers[0].result = lambda: (fetched.append(1), original())[1]  # type: ignore[method-assign,func-returns-value]
    trainer.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[Count()])
    assert (len(fetched), looked) == (2, [0, 1])


BAD: list[tuple[str, Callable[[], Any]]] = [
    ("an optimizer, got none; pass optimizer= to Trainer", lambda: Trainer(mlp(), loss="mse").fit(X, T)),
    ("one of adadelta, adafactor, .*, sgd, got 'adom'", lambda: Trainer(mlp(), "adom")),
    ("a function that makes an optimizer", lambda: Trainer(mlp(), lambda p: 3)),
    ("loss: expected a function, or one of cross_entropy", lambda: Trainer(mlp(), "sgd", "crossentropy")),
    ("a module as model, got 3", lambda: Trainer(3)),
    ("metrics of different names", lambda: Trainer(mlp(), "sgd", "mse", ["mse", "mse"])),
    ("a scheduler, or a function", lambda: Trainer(mlp(), "sgd", "mse", scheduler=3)),
    ("scheduler_interval 'epoch' or 'batch'", lambda: Trainer(mlp(), scheduler_interval="step")),
    ("with as many samples each", lambda: Trainer(mlp(), "sgd", "mse").fit(X, T[:7], verbose=0)),
    ("a positive integer as batch_size", lambda: Trainer(mlp(), "sgd", "mse").fit(X, T, batch_size=0)),
    ("a number of epochs, got -1", lambda: Trainer(mlp(), "sgd", "mse").fit(X, T, epochs=-1)),
    (
        "validation_split between 0 and 1",
        lambda: Trainer(mlp(), "sgd", "mse").fit(X, T, validation_split=1.5),
    ),
    ("samples in both parts", lambda: Trainer(mlp(), "sgd", "mse").fit(X[:2], T[:2], validation_split=0.9)),
    ("arrays, or an iterable of batches, got int", lambda: Trainer(mlp(), "sgd", "mse").fit(3)),
    ("x alone where it is an iterable", lambda: Trainer(mlp(), "sgd", "mse").fit(iter([]), T)),
    ("batches in epoch 1, got none", lambda: Trainer(mlp(), "sgd", "mse").fit([], verbose=0)),
    ("Callback objects, got 3", lambda: Trainer(mlp(), "sgd", "mse").fit(X, T, callbacks=[3])),
    ("a complete checkpoint, got none", lambda: Trainer(mlp(), "sgd", "mse").fit(X, T, resume="/nowhere/x")),
    (
        "the model to return its loss",
        lambda: Trainer(Linear(6, 3), "sgd", run_eagerly=True).fit([X], verbose=0),
    ),
    (
        "a loss with a reduction for sample weights",
        lambda: Trainer(mlp(1), "sgd", lambda p, t: ((p - t) ** 2).mean(), run_eagerly=True).fit(
            X, T, sample_weight=RNG.uniform(size=50), verbose=0
        ),
    ),
    ("another_state", lambda: Trainer(mlp()).load_state_dict({"version": "another_state"})),
]


@pytest.mark.parametrize("text,do", BAD, ids=[text for text, _ in BAD])
def test_bad_input(text: str, do: Callable[[], Any]) -> None:
    with pytest.raises((ValueError, TypeError, RuntimeError), match=text):
        do()


def test_an_iterator_that_is_used_up() -> None:
    trainer = Trainer(mlp(), "sgd", "cross_entropy")
    with pytest.raises(ValueError, match="batches in epoch 2, got none; pass something that can be gone"):
        trainer.fit(iter([(X, Y)]), epochs=2, verbose=0)
