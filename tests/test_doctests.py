"""The examples in docstrings print what they say they print."""

from __future__ import annotations

import ast
import doctest
import importlib
from collections.abc import Iterator

import pytest

from architecture import ROOT, Source, load

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings(source: Source) -> Iterator[tuple[str, str, int]]:
    """Yield the name, text and line of each docstring with an example, under decorators of any kind too."""
    for node in ast.walk(source.tree):
        text = ast.get_docstring(node) if isinstance(node, DOCUMENTED) else None
        if text and ">>> " in text:
            yield getattr(node, "name", "module"), text, getattr(node, "lineno", 1)


def failures(source: Source) -> str:
    """Run the examples of one file, each docstring in the module's namespace; return what went wrong."""
    namespace = vars(importlib.import_module(source.module))
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    report: list[str] = []
    for name, text, line in docstrings(source):
        example = doctest.DocTestParser().get_doctest(text, dict(namespace), name, source.path, line)
        runner.run(example, out=report.append)
    return "".join(report)


SOURCES = [source for source in load(ROOT) if source.module and any(docstrings(source))]


@pytest.mark.parametrize("source", SOURCES, ids=[source.module for source in SOURCES])
def test_the_examples_of(source: Source) -> None:
    assert failures(source) == ""


def test_a_wrong_example_is_reported() -> None:
    text = 'def f():\n    """F.\n\n    >>> 1 + 1\n    3\n    """\n'
    found = failures(Source("errors.py", "xlagrad.core.errors", text, ast.parse(text)))
    assert "Expected:\n    3\nGot:\n    2" in found
