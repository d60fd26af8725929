"""Modes: recording, the eager flag; as blocks, decorators and switches, on threads and after errors."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import Any

import pytest

import xlagrad as xg
from tests.core.agreement import agree
from xlagrad.core import modes
from xlagrad.core.errors import ArgumentError
from xlagrad.core.handle import is_tracer


def test_blocks_nest_and_restore() -> None:
    def program(t: Any) -> Any:
        seen = [t.is_grad_enabled()]
        with t.no_grad():
            seen.append(t.is_grad_enabled())
            with t.enable_grad():
                seen.append(t.is_grad_enabled())
                with t.set_grad_enabled(False):
                    seen.append(t.is_grad_enabled())
                seen.append(t.is_grad_enabled())
            with t.inference_mode():
                seen += [t.is_grad_enabled(), t.is_inference_mode_enabled()]
            seen += [t.is_grad_enabled(), t.is_inference_mode_enabled()]
        return [*seen, t.is_grad_enabled()]

    agree(program)


def test_inference_mode_switched_off_changes_nothing() -> None:
    def program(t: Any) -> Any:
        with t.inference_mode(False):
            return t.is_grad_enabled(), t.is_inference_mode_enabled()

    agree(program)


def test_one_object_used_twice_inside_itself() -> None:
    block = xg.no_grad()
    with block:
        with block:
            assert not xg.is_grad_enabled()
        assert not xg.is_grad_enabled()
    assert xg.is_grad_enabled()


def test_set_grad_enabled_acts_at_once() -> None:
    def program(t: Any) -> Any:
        t.set_grad_enabled(False)
        off = t.is_grad_enabled()
        t.set_grad_enabled(True)
        return off, t.is_grad_enabled()

    agree(program)


@pytest.mark.parametrize("name", ["no_grad", "enable_grad", "inference_mode"])
def test_decorators(name: str) -> None:
    def program(t: Any) -> Any:
        mode = getattr(t, name)

        @mode()
        def called(depth: int) -> Any:
            """Say so."""
            inner = called(depth - 1) if depth else []
            return [t.is_grad_enabled(), *inner]

        @mode
        def bare() -> Any:
            return t.is_grad_enabled()

        with t.no_grad():
            under = called(0), bare()
        return called(2), bare(), under, called.__name__, called.__doc__

    agree(program)


def test_a_decorated_generator_switches_between_steps() -> None:
    def program(t: Any) -> Any:
        @t.no_grad()
        def numbers() -> Any:
            received = yield t.is_grad_enabled()
            yield t.is_grad_enabled(), received
            return "end"

        steps = numbers()
        found = [next(steps), t.is_grad_enabled(), steps.send("sent"), t.is_grad_enabled()]
        try:
            next(steps)
        except StopIteration as stop:
            found.append(stop.value)
        return found

    agree(program)


def test_set_grad_enabled_as_a_decorator_switches_its_function_only() -> None:
    def program(t: Any) -> Any:
        @t.set_grad_enabled(False)
        def called() -> Any:
            return t.is_grad_enabled()

        return t.is_grad_enabled(), called(), t.is_grad_enabled()

    agree(program)


def test_errors_and_the_end_reach_a_decorated_generator() -> None:
    def program(t: Any) -> Any:
        seen = []

        @t.no_grad()
        def numbers() -> Any:
            try:
                yield 1
            except KeyError:
                seen.append(("error", t.is_grad_enabled()))
            try:
                yield 2
            finally:
                seen.append(("end", t.is_grad_enabled()))

        steps = numbers()
        found = [next(steps), steps.throw(KeyError())]
        steps.close()
        return found, seen, t.is_grad_enabled()

    agree(program)


def test_modes_end_with_an_error() -> None:
    def program(t: Any) -> Any:
        try:
            with t.no_grad():
                raise KeyError
        except KeyError:
            return t.is_grad_enabled()

    agree(program)


def test_threads_have_modes_of_their_own() -> None:
    seen = []
    with xg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(xg.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


# The eager flag.


def test_the_flag() -> None:
    assert not xg.is_eager()
    with xg.eager():
        assert xg.is_eager()
        with xg.eager(False):
            assert not xg.is_eager()
        assert xg.is_eager()
    assert not xg.is_eager()
    xg.eager(True)
    assert xg.is_eager()
    xg.eager(False)
    with pytest.raises(ArgumentError, match="eager: expected True or False, got 1"):
        xg.eager(1)  # type: ignore[arg-type]
    assert not xg.is_eager()


def test_the_flag_decides_at_each_call(capsys: pytest.CaptureFixture[str]) -> None:
    @xg.compile
    def step(x: Any) -> Any:
        print("traced" if is_tracer(x.data_array) else "ran")
        return x + 1

    x = xg.Tensor([1.0])
    found = [step(x).tolist(), step(x).tolist()]
    with xg.eager():
        found += [step(x).tolist(), step(x).tolist()]
    assert [*found, step(x).tolist()] == [[2.0]] * 5
    assert capsys.readouterr().out.split() == ["traced", "ran", "ran"]


def test_the_flag_is_seen_by_all_threads() -> None:
    seen = []
    with xg.eager():
        thread = threading.Thread(target=lambda: seen.append(xg.is_eager()))
        thread.start()
        thread.join()
    assert seen == [True]


@pytest.mark.parametrize(
    ("text", "on"), [("", False), ("0", False), ("off", False), ("1", True), ("TRUE", True)]
)
def test_the_environment(text: str, on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLAGRAD_EAGER", text)
    assert modes._from_environment() is on


def test_an_environment_that_says_nothing() -> None:
    code = "import xlagrad.core.modes"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "XLAGRAD_EAGER": "maybe"},
        capture_output=True,
        text=True,
    )
    assert "XLAGRAD_EAGER: expected 0 or 1, got 'maybe'; unset it, or set it to 1." in run.stderr
