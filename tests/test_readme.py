"""The README's commands and programs work as they stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from architecture import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.M | re.S)
PROGRAMS = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [line for language, text in BLOCKS if language == "bash" for line in text.splitlines()]
TRAIN = next(line for line in COMMANDS if "train_digits" in line)
CHECK = next(line for line in COMMANDS if "check.py" in line)
RUNS = [line for line in COMMANDS if line.startswith("xlagrad run ")]


def parts(command: str) -> list[list[str]]:
    """Return the words of each command in a chain of ``&&``."""
    return [shlex.split(part) for part in command.split(" && ")]


def run(arguments: list[str], cwd: Path, **variables: str) -> str:
    """Run Python with every warning an error; return its output."""
    environment = {**os.environ, "PYTHONWARNINGS": "error", "MPLBACKEND": "agg", **variables}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def promised(program: str) -> list[str]:
    """Return what the comments after ``print`` calls say is printed."""
    return re.findall(r"^ *print\(.*\)  # (.*)$", program, re.M)


def test_every_block_states_its_language() -> None:
    assert {language for language, _ in BLOCKS} <= {"bash", "python", "text"}
    assert len(PROGRAMS) >= 4


@pytest.mark.parametrize("eager", ["0", "1"])
@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_a_program_prints_what_it_promises(program: str, eager: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(program)
    printed = run(["program.py"], tmp_path, XLAGRAD_EAGER=eager).splitlines()
    assert promised(program)
    assert [line for line in promised(program) if line not in printed] == []


def test_every_command_is_one_of_those_tested_here() -> None:
    assert [command for command in COMMANDS if command not in (TRAIN, CHECK) and not is_script(command)] == []


def is_script(command: str) -> bool:
    """Tell whether a command runs a script of the repository with flags, in an installed environment."""
    return command.startswith("python scripts/") or command in RUNS


@pytest.mark.parametrize("command", [TRAIN, CHECK], ids=["train", "check"])
def test_a_command_starts_from_nothing_and_installs_what_the_project_declares(command: str) -> None:
    make, *installs, script = parts(command)
    assert make == ["python3.11", "-m", "venv", ".venv"]
    assert all(install[:2] == [".venv/bin/pip", "install"] for install in installs)
    assert installs[-1][2] == "-e"
    extra = re.fullmatch(r"\.\[(\w+)\]", installs[-1][3])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert extra is not None
    assert extra[1] in project["optional-dependencies"]
    for install in installs[:-1]:
        assert install[2] in project["optional-dependencies"][extra[1]]
    assert script[0] == ".venv/bin/python"
    assert (ROOT / script[1]).is_file()


def test_ci_runs_the_check_command_and_nothing_after_it() -> None:
    text = (ROOT / ".ci" / "run").read_text()
    assert text.splitlines()[-1] == CHECK
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.slow
@pytest.mark.parametrize("flags", [[], ["--eager"]], ids=["compiled", "eager"])
def test_the_training_command_trains(flags: list[str], tmp_path: Path) -> None:
    script = parts(TRAIN)[-1][1]
    run([str(ROOT / script), "--epochs", "1", *flags], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("command", RUNS, ids=range(len(RUNS)))
def test_a_program_for_pytorch_runs(command: str) -> None:
    assert json.loads(run(["-m", *shlex.split(command)], ROOT))
