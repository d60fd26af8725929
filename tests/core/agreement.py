"""One program, run in PyTorch and here: the same results, or an error on both sides, ours in our form."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch

import xlagrad.torch as ours
from xlagrad.core.dtypes import canonical
from xlagrad.core.errors import XLAGRAD_ERRORS

#: "who: expected ..., got ...; fix."
FORM = re.compile(r"^[\w.\[\]']+: expected .+, got .+\.$", re.DOTALL)

Program = Callable[[Any], Any]


class Raised:
    """The error that a program ended with."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __repr__(self) -> str:
        return f"{type(self.error).__name__}: {self.error}"


def outcome(program: Program, library: ModuleType) -> Any:
    """Return what a program returns, or the error that it raises."""
    with warnings.catch_warnings():
        if library is torch:
            warnings.simplefilter("ignore")
        try:
            return program(library)
        except Exception as error:
            return Raised(error)


def check_error(error: Exception) -> None:
    """Check that an error is one of ours, in our form."""
    assert isinstance(error, XLAGRAD_ERRORS), f"{type(error).__name__}: {error}"
    assert FORM.match(str(error)), str(error)


def same(got: Any, want: Any, rtol: float = 1e-5, what: str = "result") -> None:
    """Check that two results are equal: tensors by value and type, tuples by item."""
    if isinstance(want, Raised):
        assert isinstance(got, Raised), f"{what}: {got!r}, where PyTorch raises {want}"
        check_error(got.error)
        return
    assert not isinstance(got, Raised), f"{what}: {got}, where PyTorch gives {want!r}"
    if isinstance(want, torch.Tensor):
        assert isinstance(got, ours.Tensor), f"{what}: {type(got)}"
        assert got.dtype == canonical(str(want.dtype).removeprefix("torch.")), f"{what}: {got.dtype}"
        assert tuple(got.shape) == tuple(want.shape), f"{what}: {got.shape}"
        assert got.requires_grad == want.requires_grad, f"{what}: requires_grad {got.requires_grad}"
        value, expected = got.numpy(force=True), want.detach()
        if want.dtype == torch.bfloat16:
            value, expected = value.astype(np.float32), expected.float()
        np.testing.assert_allclose(value, expected.numpy(), rtol=rtol, atol=1e-6, err_msg=what)
    elif isinstance(want, (list, tuple)):
        assert len(got) == len(want), f"{what}: {got!r}, not {want!r}"
        for i, (g, w) in enumerate(zip(got, want, strict=True)):
            same(g, w, rtol, f"{what}[{i}]")
    elif isinstance(want, float):
        assert np.isclose(got, want, rtol=rtol, equal_nan=True), f"{what}: {got!r}, not {want!r}"
    else:
        assert got == want, f"{what}: {got!r}, not {want!r}"


def agree(program: Program, rtol: float = 1e-5) -> None:
    """Check that a program of ``torch`` does the same with PyTorch and with ours.

    Where PyTorch raises, ours must raise too, one of our errors in our form.
    """
    want = outcome(program, torch)
    same(outcome(program, ours), want, rtol)
