"""Trains a small CNN on the UCI handwritten digits: `python scripts/train_digits.py`.

1,797 images of 8 × 8 pixels, a fifth held out. `Trainer.fit` compiles each training step, forward, backward,
optimizer and metrics, into one XLA executable and shows live progress. Writes to --out: the weights
(`model.safetensors`), the curves (`curves.png`) and checkpoints, from which `--resume` goes on bit for bit.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

import xlagrad as xg
from xlagrad import layers, train

DATA = Path(__file__).parent / "data" / "digits.csv.gz"

Split = tuple[np.ndarray, np.ndarray]


def load_digits(seed: int = 0) -> tuple[Split, Split]:
    """Return (images, labels) to train on and, of every fifth image of a shuffled set, to validate on.

    Images are float32[n, 1, 8, 8] from 0 to 1, labels int32[n].
    """
    table = np.loadtxt(DATA, delimiter=",", dtype=np.float32)
    table = table[np.random.default_rng(seed).permutation(len(table))]
    images, labels = table[:, :64].reshape(-1, 1, 8, 8) / 16, table[:, 64].astype(np.int32)
    held_out = np.arange(len(table)) % 5 == 0
    return (images[~held_out], labels[~held_out]), (images[held_out], labels[held_out])


def build_model() -> layers.Module:
    """Return the network: two convolutions, a pooling, a third, and a linear classifier; 10 logits."""
    return layers.Sequential(
        layers.Conv2d(1, 32, 3, padding=1),
        layers.ReLU(),
        layers.Conv2d(32, 32, 3, padding=1),
        layers.ReLU(),
        layers.MaxPool2d(2),
        layers.Conv2d(32, 64, 3, padding=1),
        layers.ReLU(),
        layers.MaxPool2d(2),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Linear(256, 10),
    )


def parse() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--stop", type=int, help="end after so many epochs, to go on later with --resume")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cpu, cuda or tpu; the fastest there is if not given")
    parser.add_argument("--eager", action="store_true", help="run op by op: breakpoints and prints work")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in --out")
    parser.add_argument("--out", type=Path, default=Path("runs/digits"))
    return parser.parse_args()


def main() -> None:
    """Train, save, draw."""
    options = parse()
    xg.eager(options.eager)
    xg.manual_seed(options.seed)
    (x, y), held_out = load_digits()
    model = build_model()
    optimizer = train.optim.AdamW(model.parameters(), lr=options.lr, weight_decay=3e-2)
    trainer = train.Trainer(
        model,
        optimizer,
        # On so few images, targets of less than full confidence err less on those held out.
        layers.CrossEntropyLoss(label_smoothing=0.1),
        ["accuracy"],
        scheduler=train.schedule.CosineAnnealingLR(optimizer, T_max=options.epochs),
        device=options.device,
    )
    checkpoints = train.BackupAndRestore(options.out / "checkpoints", restore=options.resume)
    start = time.perf_counter()
    history = trainer.fit(
        x,
        y,
        batch_size=options.batch,
        epochs=min(options.stop or options.epochs, options.epochs),
        validation_data=held_out,
        validation_batch_size=360,
        callbacks=[checkpoints],
        seed=options.seed,
    )
    seconds = time.perf_counter() - start
    accuracy = trainer.evaluate(*held_out, batch_size=360)["accuracy"]
    weights, curves = options.out / "model.safetensors", options.out / "curves.png"
    train.save_weights(model, weights, {"accuracy": f"{accuracy:.4f}"})
    train.plot_history(history, curves, f"UCI digits: {accuracy:.1%} held out")
    print(f"held-out accuracy {accuracy:.2%} after {trainer.epoch} epochs, {seconds:.1f} s of training")
    print(f"weights: {weights}, curves: {curves}")


if __name__ == "__main__":
    main()
