"""Every program gives the same numbers compiled, eager and in real torch, from as many traces as it needs."""

from __future__ import annotations

import pytest

import xlagrad as xg
from tests.programs import calls, gradients, modules, randomness, state, training, updates
from tests.programs.support import PROGRAMS, differences, outcome

assert all((calls, gradients, modules, randomness, state, training, updates))
DETERMINISTIC = [name for name, program in PROGRAMS.items() if not program.random]


@pytest.mark.parametrize("name", PROGRAMS)
def test_compiled_equals_eager(name: str) -> None:
    got, want = outcome(name, "compiled"), outcome(name, "eager")
    assert differences(got.numbers, want.numbers, PROGRAMS[name].rtol) == []


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_eager_equals_torch(name: str) -> None:
    got, want = outcome(name, "eager"), outcome(name, "torch")
    assert differences(got.numbers, want.numbers, PROGRAMS[name].rtol) == []


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_compiled_equals_torch(name: str) -> None:
    got, want = outcome(name, "compiled"), outcome(name, "torch")
    assert differences(got.numbers, want.numbers, PROGRAMS[name].rtol) == []


@pytest.mark.parametrize("name", [name for name in PROGRAMS if PROGRAMS[name].traces is not None])
def test_one_executable(name: str) -> None:
    expected = PROGRAMS[name].traces
    for function, compiled in outcome(name, "compiled").compiled:
        count = expected.get(function, 1) if isinstance(expected, dict) else expected
        if count is not None:
            assert len(xg.explain(compiled)) == count, f"{function}: {xg.explain(compiled)}"
