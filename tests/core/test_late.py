"""What waits for an optional package."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from xlagrad.core.late import after_import


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that no one has imported yet."""
    (tmp_path / "waited_for.py").write_text("seen = []\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "waited_for", raising=False)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    return "waited_for"


def test_the_action_waits_for_the_import_and_runs_once(package: str) -> None:
    finders = list(sys.meta_path)
    after_import(package, lambda: importlib.import_module(package).seen.append("action"))
    assert package not in sys.modules
    module = importlib.import_module(package)
    assert module.seen == ["action"]
    assert sys.meta_path == finders
    importlib.reload(module)
    assert module.seen == []


def test_tools_see_the_loader_of_the_module_itself(package: str) -> None:
    after_import(package, lambda: None)
    module = importlib.import_module(package)
    assert module.__loader__ is module.__spec__.loader
    assert module.__loader__.get_source(package) == "seen = []\n"


def test_what_is_imported_already_acts_at_once(package: str) -> None:
    importlib.import_module(package)
    calls: list[int] = []
    after_import(package, lambda: calls.append(1))
    assert calls == [1]


def test_a_missing_package_is_missing_as_before(package: str) -> None:
    after_import("no_such", lambda: None)
    with pytest.raises(ModuleNotFoundError, match="no_such"):
        importlib.import_module("no_such")


@pytest.mark.parametrize("order", ["import xlagrad, einops", "import einops, xlagrad"])
def test_einops_knows_our_tensors_whoever_comes_first(order: str, tmp_path: Path) -> None:
    code = f"{order}\nprint(einops.rearrange(xlagrad.ones((2, 3)), 'a b -> (b a)').shape)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "torch.Size([6])\n", done.stderr


def test_einops_is_imported_by_those_who_use_it_only(tmp_path: Path) -> None:
    code = "import sys, xlagrad.torch, xlagrad.layers.einops\nprint('einops' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
