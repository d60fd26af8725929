"""The examples in docstrings print what they say they print."""

from __future__ import annotations

import ast
import doctest
import importlib
import math
import re
from collections.abc import Iterator

import pytest

from architecture import ROOT, Source, load

#: Decimal numbers, which may differ in their last digits from one machine to another.
DECIMAL = re.compile(r"(?<![\w.])-?\d+\.\d*(?:e[-+]?\d+)?")
TOLERANCE = 1e-5

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings(source: Source) -> Iterator[tuple[str, str, int]]:
    """Yield the name, text and line of each docstring with an example, under decorators of any kind too."""
    for node in ast.walk(source.tree):
        text = ast.get_docstring(node) if isinstance(node, DOCUMENTED) else None
        if text and ">>> " in text:
            yield getattr(node, "name", "module"), text, getattr(node, "lineno", 1)


class Checker(doctest.OutputChecker):
    """Compares as doctest does, but takes decimal numbers that are close for equal."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        expected, found = DECIMAL.findall(want), DECIMAL.findall(got)
        if len(expected) == len(found):
            pairs = zip(map(float, expected), map(float, found), strict=True)
            if all(math.isclose(a, b, rel_tol=TOLERANCE) for a, b in pairs):
                want, got = DECIMAL.sub("0.0", want), DECIMAL.sub("0.0", got)
        return super().check_output(want, got, optionflags)


def failures(source: Source) -> str:
    """Run the examples of one file, each docstring in the module's namespace; return what went wrong."""
    namespace = vars(importlib.import_module(source.module))
    runner = doctest.DocTestRunner(Checker(), optionflags=FLAGS)
    report: list[str] = []
    for name, text, line in docstrings(source):
        example = doctest.DocTestParser().get_doctest(text, dict(namespace), name, source.path, line)
        runner.run(example, out=report.append)
    return "".join(report)


SOURCES = [source for source in load(ROOT) if source.module and any(docstrings(source))]


@pytest.mark.parametrize("source", SOURCES, ids=[source.module for source in SOURCES])
def test_the_examples_of(source: Source) -> None:
    assert failures(source) == ""


def report(statement: str, output: str) -> str:
    """Run one example in a docstring; return what went wrong."""
    text = f'def f():\n    """F.\n\n    >>> {statement}\n    {output}\n    """\n'
    return failures(Source("errors.py", "xlagrad.core.errors", text, ast.parse(text)))


@pytest.mark.parametrize(("statement", "output"), [("1 + 1", "3"), ("[0.5, 1]", "[0.501, 1]"), ("1.0", "1")])
def test_a_wrong_example_is_reported(statement: str, output: str) -> None:
    assert f"Expected:\n    {output}\nGot:\n    {eval(statement)}\n" in report(statement, output)


def test_decimal_numbers_may_differ_in_their_last_digits() -> None:
    assert report("[0.45000005, -1e-3, 2]", "[0.45, -0.001, 2]") == ""
