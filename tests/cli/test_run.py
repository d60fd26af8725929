"""``xlagrad run``: programs for PyTorch, unmodified, give PyTorch's numbers; everything binds to ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xlagrad.cli.main import main

SCRIPTS = Path(__file__).parent / "scripts"
RUN = ["-m", "xlagrad", "run"]


def python(*words: str, cwd: Path, status: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python; check the exit status."""
    environment = {**os.environ, "TORCHDYNAMO_DISABLE": "1", **variables}
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def program(folder: Path, text: str) -> str:
    """Write a script; return its path."""
    path = folder / "program.py"
    path.write_text(text)
    return str(path)


def numbers(words: list[str], cwd: Path) -> Any:
    return json.loads(python(*words, cwd=cwd).stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("words", "eager"),
    [
        (["classify.py", "--epochs", "2", "--lr=0.05", "--out", "OUT"], False),
        pytest.param(["gan.py"], False, marks=pytest.mark.slow),
        pytest.param(["recurrent.py"], True, marks=pytest.mark.slow),
        pytest.param(["patches.py"], True, marks=pytest.mark.slow),
        pytest.param(["-m", "project", "0.1"], False, marks=pytest.mark.slow),
        pytest.param(["-m", "project", "0.1"], True, marks=pytest.mark.slow),
    ],
    ids=["classify", "gan", "recurrent", "einops", "package", "package-eager"],
)
def test_a_program_has_the_losses_of_pytorch(words: list[str], eager: bool, tmp_path: Path) -> None:
    words = [str(tmp_path) if word == "OUT" else word for word in words]
    shutil.copytree(SCRIPTS, tmp_path / "scripts")
    main_file = tmp_path / "scripts" / "project" / "__main__.py"
    main_file.write_text(main_file.read_text().replace("from project.model", "from .model"))
    want = numbers(words, tmp_path / "scripts")
    got = numbers([*RUN, *(["--eager"] if eager else []), *words], tmp_path / "scripts")
    np.testing.assert_allclose(np.hstack(got), np.hstack(want), rtol=2e-4, atol=1e-6)


WAYS = """
import importlib, importlib.metadata, importlib.util, json, pickle, sys
import torch, torch.nn.functional as F
import torch.optim.lr_scheduler, torch.utils.data, torch.backends.cudnn as cudnn
from torch import nn, Tensor
from torch.nn import init
from torch.nn.utils import clip_grad_norm_
import xlagrad.torch as ours

assert torch is ours is sys.modules["torch"] is importlib.import_module("torch") is __import__("torch")
assert nn is ours.nn is importlib.import_module("torch.nn") is torch.nn
assert F is ours.nn.functional and torch.optim.lr_scheduler is ours.optim.lr_scheduler
assert init is importlib.import_module("torch.nn.init") is nn.init
assert cudnn is torch.backends.cudnn
assert torch.__version__.startswith("2.") and torch.__version__ >= "2.4" and torch.__version__ > (1, 13)
assert importlib.util.find_spec("torch") is not None and importlib.util.find_spec("torch.nn") is not None
assert importlib.util.find_spec("torch.nothing") is None
assert importlib.metadata.version("torch") == str(torch.__version__) == "2.13.0+xlagrad"
assert isinstance(torch.ones(1), Tensor) and isinstance(nn.Linear(1, 1), torch.nn.Module)
assert ours.__spec__.name == "xlagrad.torch" and ours.nn.__spec__.name == "xlagrad.torch.nn"
assert not [m for m in sys.modules if m.startswith("torch.") and "site-packages/torch/" in str(
    getattr(sys.modules[m], "__file__", ""))]
assert __name__ == "__main__" and sys.argv[1:] == ["a", "--b"] and sys.path[0] == FOLDER, sys.path
assert __file__ == sys.argv[0] and sys.modules["__main__"].F is F
with open("tensors.pkl", "rb") as file:
    x, p = pickle.load(file)
assert x.tolist() == [[0.0, 1.0], [2.0, 3.0]] and isinstance(p, nn.Parameter) and p.requires_grad
errors = []
for line in json.loads(LINES):
    try:
        exec(line)
    except (ImportError, AttributeError) as error:
        errors.append(f"{type(error).__name__}: {error}")
    else:
        errors.append("nothing")
print(json.dumps(errors))
"""

LACKING = {
    "from torch import relux": "ImportError: .* nearest is torch.relu",
    "torch.relux": "AttributeError: .* nearest is torch.relu",
    "import torch.nn.functionl": "ModuleNotFoundError: .* nearest is torch.nn.functional",
    "from torch.nn import Linera": "ImportError: .* nearest is torch.nn.Linear",
    "from torch.nn.functional import sofmax": "ImportError: .* nearest is torch.nn.functional.softmax",
    "from torch.utils.data import DataLoadr": "ImportError: .* nearest is torch.utils.data.DataLoader",
    "import torch.optm": "ModuleNotFoundError: .* nearest is torch.optim",
    "torch.optim.Adamm": "AttributeError: .* nearest is torch.optim.Adam",
}


def test_every_way_to_import_gives_ours(tmp_path: Path) -> None:
    python("-c", "import pickle, torch; pickle.dump((torch.arange(4.).reshape(2, 2), "
           "torch.nn.Parameter(torch.ones(2))), open('tensors.pkl', 'wb'))", cwd=tmp_path)  # fmt: skip
    text = WAYS.replace("FOLDER", repr(str(tmp_path))).replace("LINES", repr(json.dumps(list(LACKING))))
    done = python(*RUN, program(tmp_path, text), "a", "--b", cwd=tmp_path)
    for found, want in zip(json.loads(done.stdout), LACKING.values(), strict=True):
        kind, nearest = want.split(".*")
        assert found.startswith(kind), found
        assert nearest in found, found


@pytest.mark.slow
def test_eager_switches_every_compile_off(tmp_path: Path) -> None:
    text = """
import os, torch
@torch.compile(mode="max-autotune", fullgraph=True)
def f(x):
    print("ran")
    return x + 1
f(torch.ones(2)), f(torch.ones(2))
print(os.environ.get("XLAGRAD_EAGER", "0"))
"""
    assert python(*RUN, program(tmp_path, text), cwd=tmp_path).stdout.split() == ["ran", "0"]
    assert python(*RUN, "--eager", program(tmp_path, text), cwd=tmp_path).stdout.split() == [
        "ran",
        "ran",
        "1",
    ]


@pytest.mark.slow
def test_spawned_processes_are_bound_and_others_are_not(tmp_path: Path) -> None:
    text = """
import subprocess, sys
import torch, torch.multiprocessing as mp

def work(index, queue, x):
    queue.put((index, str(torch.__version__), float(x.sum())))

if __name__ == "__main__":
    queue = mp.get_context("spawn").SimpleQueue()
    mp.spawn(work, args=(queue, torch.ones(3)), nprocs=2)
    print(sorted(queue.get() for _ in range(2)))
    print(subprocess.run([sys.executable, "-c", "import torch; print(torch.__file__)"], text=True,
                         capture_output=True).stdout)
"""
    lines = python(*RUN, program(tmp_path, text), cwd=tmp_path).stdout.splitlines()
    assert lines[0] == "[(0, '2.13.0+xlagrad', 3.0), (1, '2.13.0+xlagrad', 3.0)]"
    assert "xlagrad" not in lines[1]


def test_pytorch_that_is_there_already_is_refused() -> None:
    text = "import torch; from xlagrad.cli.binding import bind; bind()"
    done = python("-c", text, cwd=SCRIPTS, status=1)
    assert "xlagrad run: expected that nothing has imported torch, got PyTorch 2." in done.stderr


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["--help"], 0, "usage: xlagrad run"),
        (["run", "-h"], 0, "usage: xlagrad run"),
        (["--version"], 0, "xlagrad 0."),
        ([], 2, "expected a command"),
        (["walk"], 2, "expected the command run, got 'walk'"),
        (["run"], 2, "expected a script to run"),
        (["run", "--fast"], 2, "expected --eager, -m or a script, got '--fast'"),
        (["run", "-m"], 2, "expected the name of a module after -m"),
    ],
)
def test_the_command_line(
    words: list[str], status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == status
    found = capsys.readouterr()
    assert text in (found.err if status else found.out)


def test_the_package_declares_the_command(repo: Path) -> None:
    scripts = tomllib.loads((repo / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"xlagrad": f"{main.__module__}:{main.__name__}"}
