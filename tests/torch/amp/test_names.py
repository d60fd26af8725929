"""Mixed precision under PyTorch's names, old ones too."""

from __future__ import annotations

import importlib
import inspect
from enum import Enum
from typing import Any

import pytest
import torch

import xlagrad.torch as xt

MODULES = ["amp", "amp.autocast_mode", "amp.grad_scaler", "cpu.amp", "cuda.amp", "cuda.amp.autocast_mode"]


@pytest.mark.parametrize("module", [*MODULES, "cuda.amp.grad_scaler"])
def test_the_names_are_there_with_torchs_arguments(module: str) -> None:
    theirs = importlib.import_module(f"torch.{module}")
    ours = importlib.import_module(f"xlagrad.torch.{module}")
    for name in getattr(theirs, "__all__", ["autocast", "GradScaler"]):
        mine, reference = getattr(ours, name), getattr(theirs, name)
        if not inspect.ismodule(mine) and not (inspect.isclass(mine) and issubclass(mine, Enum)):
            assert list(inspect.signature(mine).parameters) == list(inspect.signature(reference).parameters)


def test_the_switches_are_at_the_top() -> None:
    names = [
        n for n in dir(torch) if "autocast" in n and not n.startswith("_") and callable(getattr(torch, n))
    ]
    absent = {n for n in names if not hasattr(xt, n)}
    # PyTorch's own dispatcher counts nesting; IPU and XLA have switches of their own.
    assert all(n.endswith("nesting") or "ipu" in n or "xla" in n for n in absent), absent


@pytest.mark.parametrize("name", ["cpu.amp.autocast", "cpu.amp.GradScaler"])
def test_old_names_work_and_say_so(name: str) -> None:
    made: Any = xt
    for part in name.split("."):
        made = getattr(made, part)
    with pytest.warns(FutureWarning, match="is deprecated"):
        found = made()
    if name.endswith("autocast"):
        with found:
            assert (xt.ones(2, 2) @ xt.ones(2, 2)).dtype == xt.bfloat16
    else:
        assert found.is_enabled()
