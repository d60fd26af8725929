"""`scripts/train_digits.py` learns, resumes bit for bit, and writes what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xlagrad.train import load_metadata, load_weights


def _run(repo: Path, out: Path, *arguments: str) -> str:
    command = [
        sys.executable,
        str(repo / "scripts" / "train_digits.py"),
        "--out",
        str(out),
        "--device",
        "cpu",
    ]
    done = subprocess.run([*command, *arguments], cwd=out.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def _accuracy(text: str) -> float:
    found = re.search(r"held-out accuracy ([\d.]+)%", text)
    assert found is not None, text
    return float(found[1])


@pytest.mark.slow
def test_it_learns_and_writes_weights_and_curves(repo: Path, tmp_path: Path) -> None:
    text = _run(repo, tmp_path / "run", "--epochs", "8")
    assert _accuracy(text) >= 97
    assert len(re.findall(r"epoch \d/8 .*val_accuracy", text)) == 8
    png = (tmp_path / "run" / "curves.png").read_bytes()
    assert png.startswith(b"\x89PNG") and len(png) > 20_000
    weights = tmp_path / "run" / "model.safetensors"
    assert float(load_metadata(weights)["accuracy"]) == pytest.approx(_accuracy(text) / 100, abs=1e-4)
    assert load_weights(weights)["0.weight"].shape == (32, 1, 3, 3)


@pytest.mark.slow
def test_a_resumed_run_ends_with_the_same_bits_and_eager_with_the_same_numbers(
    repo: Path, tmp_path: Path
) -> None:
    def final(name: str, *arguments: str) -> dict[str, np.ndarray]:
        _run(repo, tmp_path / name, *arguments)
        return {k: v.numpy() for k, v in load_weights(tmp_path / name / "model.safetensors").items()}

    # The schedule needs the whole length, so the first part is a run of that length, cut off.
    whole = final("whole", "--epochs", "3")
    _run(repo, tmp_path / "parts", "--epochs", "3", "--stop", "1")
    parts = final("parts", "--epochs", "3", "--resume")
    for name, value in whole.items():
        np.testing.assert_array_equal(value, parts[name])
    eager = final("eager", "--epochs", "3", "--eager")
    for name, value in whole.items():
        assert np.linalg.norm(value - eager[name]) <= 1e-3 * np.linalg.norm(value), name
