"""Every operation in PyTorch's own database does here what it does there, and the same when compiled.

Each day has its share of the operations, the same on every machine, so that all come round; `--slow=all`
runs every one. What differs is in `xlagrad.torch.differences`, with the reason, and has to differ.
"""

from __future__ import annotations

import zlib

import pytest

from tests.conformance.database import OPERATIONS, SAMPLES
from tests.conformance.running import cases, check_against_pytorch, check_compiled
from xlagrad.torch.differences import EAGER, TRACED

#: The operations are dealt to this many days.
DAYS = 4


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the day's operations."""
    if "name" not in metafunc.fixturenames:
        return
    choice, day = metafunc.config.option.slow, metafunc.config.option.slow_day
    days = {"all": 1, "share": DAYS, "none": 10 * DAYS}[choice]
    chosen = [name for name in OPERATIONS if zlib.crc32(name.encode()) % days == day % days]
    metafunc.parametrize("name", chosen)


def _expect(found: str | None, reason: str | None) -> None:
    if reason is None:
        assert found is None, found
    else:
        assert found is not None, f"agrees now: take it out of the table, which says {reason!r}"


def _first(name: str, compiled: bool) -> str | None:
    """Return the first difference in an operation's cases, the error for one that raises."""
    check = check_compiled if compiled else check_against_pytorch
    for i, case in enumerate(cases(OPERATIONS[name], 1 if compiled else SAMPLES)):
        try:
            found = check(case)
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
        if found is not None:
            return f"case {i}: {found}"
    return None


def test_result_and_gradients_are_those_of_pytorch(name: str) -> None:
    _expect(_first(name, compiled=False), EAGER.get(name))


def test_compiled_is_eager(name: str) -> None:
    if name not in EAGER:
        _expect(_first(name, compiled=True), TRACED.get(name))


def test_the_tables_name_operations() -> None:
    assert set(EAGER) | set(TRACED) <= set(OPERATIONS)
    assert not set(EAGER) & set(TRACED)
    assert all(reason.strip() for table in (EAGER, TRACED) for reason in table.values())


def test_a_wrong_result_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _first("sin", compiled=False) is None
    monkeypatch.setattr("xlagrad.torch.sin", lambda x: x)
    assert "values differ" in str(_first("sin", compiled=False))
