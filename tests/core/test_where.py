"""Which line of the user's own code an error names."""

from __future__ import annotations

import os
from typing import Any

import jax
import numpy as np
import pytest

import xlagrad as xg
from xlagrad.core import where
from xlagrad.core.errors import TraceError


@pytest.mark.parametrize(
    ("name", "mine"),
    [
        (__file__, True), ("<stdin>", True), ("<ipython-input-3>", True), ("<string>", False),
        ("<frozen importlib>", False), (xg.__file__, False), (where.__file__, False), (jax.__file__, False),
        (np.__file__, False), (os.path.join(os.path.dirname(os.__file__), "contextlib.py"), False),
    ],
)  # fmt: skip
def test_whose_file_it_is(name: str, mine: bool) -> None:
    assert where.is_user_file(name) is mine


def test_layers_and_training_are_ours() -> None:
    import xlagrad.layers
    import xlagrad.train

    for module in (xlagrad.layers, xlagrad.train):
        assert not where.is_user_file(os.path.realpath(module.__file__ or ""))
        assert not where.is_user_file(module.__file__ or "")


def test_the_line_that_is_running() -> None:
    line = where.user_line()
    assert line.endswith(" in test_the_line_that_is_running")
    assert line.startswith(f"{__file__}:")


def test_the_line_that_an_error_came_through() -> None:
    try:
        xg.Tensor([1.0, 2.0]).view(3)
    except ValueError as error:
        assert where.line_of(error).endswith(" in test_the_line_that_an_error_came_through")
    assert where.line_of(ValueError()) == "an unknown line"


def test_an_error_under_a_trace_names_the_users_line() -> None:
    def decide(x: Any) -> Any:
        if x.sum() > 0:
            return x
        return -x

    first = decide.__code__.co_firstlineno
    with pytest.raises(
        TraceError, match=rf"bool: .*{os.path.basename(__file__)}:{first + 1} in decide; use xg\.where"
    ):
        xg.compile(decide)(xg.Tensor([1.0]))
