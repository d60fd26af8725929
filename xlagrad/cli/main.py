"""The command line: ``xlagrad run [--eager] script.py ...`` and ``xlagrad run [--eager] -m module ...``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import xlagrad
from xlagrad.cli import binding, script

USAGE = """\
usage: xlagrad run [--eager] script.py [argument ...]
       xlagrad run [--eager] -m module [argument ...]
       xlagrad --version

Runs a program written for PyTorch, unmodified: in its process the name torch and every
module below it are those of xlagrad.

  --eager    switch every compile off, so that breakpoints and prints work everywhere
  -m module  run a module or package, as python -m does
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status.

    Args:
        argv: the words after ``xlagrad``; by default those of the process.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] in (["-h"], ["--help"]):
        return _say(USAGE)
    if words[:1] == ["--version"]:
        return _say(f"xlagrad {xlagrad.__version__}\n")
    if words[:1] != ["run"]:
        return _refuse(f"expected the command run, got {words[0]!r}" if words else "expected a command")
    return _run(words[1:])


def _run(words: list[str]) -> int:
    eager = False
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in ("-h", "--help"):
            return _say(USAGE)
        if option == "--eager":
            eager = True
        elif option.startswith("-m"):
            name = option[2:] or (words.pop(0) if words else "")
            if not name:
                return _refuse("expected the name of a module after -m")
            _prepare(eager)
            return script.run_module(name, words)
        else:
            return _refuse(f"expected --eager, -m or a script, got {option!r}")
    if not words:
        return _refuse("expected a script to run")
    _prepare(eager)
    return script.run_script(words[0], words[1:])


def _prepare(eager: bool) -> None:
    if eager:
        binding.switch_eager()
    binding.bind()


def _say(text: str) -> int:
    sys.stdout.write(text)
    return 0


def _refuse(problem: str) -> int:
    sys.stderr.write(f"{USAGE}\nxlagrad: {problem}\n")
    return 2
