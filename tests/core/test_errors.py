"""The form of error messages, and imports of what may be missing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xlagrad as xg
from tests.core.agreement import FORM
from xlagrad.core import errors


def test_messages_have_one_form() -> None:
    assert (
        errors.message("add", "a tensor", "str", "convert it")
        == "add: expected a tensor, got str; convert it."
    )
    assert errors.message("add", "a tensor", "str") == "add: expected a tensor, got str."
    assert FORM.match(errors.message("add", "a", "b"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((2, 3), np.float32), "float32[2, 3]"), (xg.Tensor(1.0), "float32[]"),
        (xg.Tensor([True]), "bool[1]"), (3, "3"), ("a", "'a'"), (None, "None"),
        ([0] * 100, "[" + "0, " * 25 + "0..."),
    ],
)  # fmt: skip
def test_describe(value: Any, text: str) -> None:
    assert errors.describe(value) == text
    assert len(errors.describe(value)) <= 80


@pytest.mark.parametrize(
    ("error", "bases"),
    [
        (errors.ShapeError, (ValueError, RuntimeError)), (errors.DtypeError, (TypeError, RuntimeError)),
        (errors.DeviceError, (ValueError, RuntimeError)), (errors.ArgumentError, (ValueError, RuntimeError)),
        (errors.IndexingError, (IndexError, ValueError)), (errors.TraceError, (RuntimeError,)),
        (errors.AutogradError, (RuntimeError,)), (errors.StateError, (RuntimeError,)),
    ],
)  # fmt: skip
def test_errors_are_caught_as_pytorch_and_numpy_raise_them(error: Any, bases: tuple[Any, ...]) -> None:
    assert error in errors.XLAGRAD_ERRORS
    for base in bases:
        with pytest.raises(base):
            raise error("who: expected a, got b.")


def test_a_missing_package_names_the_command() -> None:
    with pytest.raises(
        errors.MissingDependencyError, match=r"no_such: .*; run: pip install 'xlagrad\[plot\]'\."
    ) as e:
        errors.need("no_such", "plot")
    assert isinstance(e.value, ImportError)
    assert errors.need("json", "plot").dumps([1]) == "[1]"


def test_a_package_that_is_there_but_broken_says_so_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_installed.py").write_text("import its_missing_part\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="its_missing_part"):
        errors.need("half_installed", "plot")
    sys.modules.pop("half_installed", None)
