"""`scripts/train_shakespeare.py` trains, samples and resumes; eager and compiled give the same losses."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import xlagrad as xg

SMALL = ["--steps", "6", "--every", "2", "--batch", "4", "--context", "16", "--layers", "1", "--width", "16"]
SMALL += ["--heads", "2", "--sample", "12", "--device", "cpu"]


def _run(repo: Path, out: Path, *arguments: str) -> str:
    command = [
        sys.executable,
        str(repo / "scripts" / "train_shakespeare.py"),
        *SMALL,
        "--out",
        str(out),
        *arguments,
    ]
    done = subprocess.run(command, cwd=out.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def _losses(text: str) -> dict[int, tuple[float, float]]:
    found = re.findall(r"step +(\d+) +loss ([\d.]+) +held out ([\d.]+)", text)
    return {int(step): (float(loss), float(held)) for step, loss, held in found}


@pytest.mark.slow
def test_eager_and_compiled_give_the_same_losses_and_text(repo: Path, tmp_path: Path) -> None:
    compiled = _run(repo, tmp_path / "a", "--dropout", "0.1")
    eager = _run(repo, tmp_path / "b", "--dropout", "0.1", "--eager")
    assert list(_losses(compiled)) == [1, 2, 4, 6]
    for step, losses in _losses(compiled).items():
        assert losses == pytest.approx(_losses(eager)[step], abs=0.002)
    assert "ROMEO:" in compiled
    assert len(compiled.split("ROMEO:\n", 1)[1].rstrip("\n")) >= 10


@pytest.mark.slow
def test_a_resumed_run_ends_where_an_unbroken_one_does(repo: Path, tmp_path: Path) -> None:
    whole = _run(repo, tmp_path / "whole")
    _run(repo, tmp_path / "parts", "--stop", "4")
    rest = _run(repo, tmp_path / "parts", "--resume")
    assert 2 not in _losses(rest)
    assert _losses(rest)[6] == pytest.approx(_losses(whole)[6], abs=0.0011)


def test_sampling_traces_once_whatever_the_length(repo: Path) -> None:
    spec = importlib.util.spec_from_file_location("shakespeare", repo / "scripts" / "train_shakespeare.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = script.Text(script.DATA, None)
    sampler = script.Sampler(script.CharGPT(len(text.characters), 8, 1, 16, 2, 0.0), text)
    written = sampler.write("KING ", 20, 1.0)
    assert written.startswith("KING ") and len(written) == 25
    assert len(sampler.write("a", 3, 0.5)) == 4
    assert len(xg.explain(sampler.next)) == 1
    assert sampler.model.training
