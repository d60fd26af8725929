"""A program that ``xlagrad run`` starts is the main program: its name, path, arguments, errors and status."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xlagrad.cli.script import run_module, run_script


@pytest.fixture(autouse=True)
def _own_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Keep the main module, the path and the arguments of the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["pytest"])
    monkeypatch.setattr(sys, "path", ["tests", *sys.path])
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    yield
    for name in [name for name in sys.modules if name.split(".")[0] in ("sibling", "somewhere")]:
        del sys.modules[name]


def test_a_script_is_the_main_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    (folder / "sibling.py").write_text("value = 3\n")
    (folder / "a.py").write_text(
        "import sys, pickle, sibling\n"
        "class A: pass\n"
        "assert pickle.loads(pickle.dumps(A())).__class__ is A\n"
        "print(__name__, __file__, __spec__, __package__, sys.argv, sys.path[0], sibling.value)\n"
    )
    assert run_script("deep/a.py", ["--x", "1"]) == 0
    want = f"__main__ deep/a.py None None ['deep/a.py', '--x', '1'] {folder} 3\n"
    assert capsys.readouterr().out == want


def test_a_folder_with_a_main_file_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "__main__.py").write_text("import sys; print(sys.argv, sys.path[0])")
    assert run_script(".", ["a"]) == 0
    assert capsys.readouterr().out == f"['.', 'a'] {tmp_path}\n"


def test_a_package_is_run_by_its_main_module(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = tmp_path / "somewhere"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("value = 5\n")
    text = (
        "from . import part\nimport sys\n"
        "print(__name__, __package__, __spec__.name, part.value, sys.argv[1:])\n"
    )
    (package / "__main__.py").write_text(text)
    (package / "other.py").write_text(text)
    assert run_module("somewhere", ["x"]) == run_module("somewhere.other", []) == 0
    assert capsys.readouterr().out.splitlines() == [
        "__main__ somewhere somewhere.__main__ 5 ['x']",
        "__main__ somewhere somewhere.other 5 []",
    ]
    assert sys.argv[0] == str(package / "other.py")


def test_errors_show_the_program_s_own_lines(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.py").write_text("def f():\n    return 1 / 0\n\nf()\n")
    assert run_script("a.py", []) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["Traceback (most recent call last):", '  File "a.py", line 4, in <module>']
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert not [line for line in lines if "xlagrad" in line]
    assert isinstance(sys.last_value, ZeroDivisionError)


@pytest.mark.parametrize(
    ("text", "status", "error"),
    [("x = (", 1, "SyntaxError"), ("raise KeyboardInterrupt", 130, "KeyboardInterrupt"), ("", 0, "")],
)
def test_statuses(text: str, status: int, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.py").write_text(text)
    assert run_script("a.py", []) == status
    assert error in capsys.readouterr().err


def test_an_exit_passes() -> None:
    Path("a.py").write_text("raise SystemExit(7)")
    with pytest.raises(SystemExit) as caught:
        run_script("a.py", [])
    assert caught.value.code == 7


def test_a_missing_script_or_module_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_script("none.py", []) == 2
    assert "xlagrad run: can't open file 'none.py': No such file" in capsys.readouterr().err
    for name in ("none_such", "none_such.at_all"):
        assert run_module(name, []) == 1
        assert f"xlagrad run: no module to run named {name!r}" in capsys.readouterr().err
    Path("somewhere.py").write_text("import none_such\n")
    assert run_module("somewhere", []) == 1
    assert "ModuleNotFoundError: No module named 'none_such'" in capsys.readouterr().err
