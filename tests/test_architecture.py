"""The tree obeys the architecture's rules, and the rules catch trees that do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import architecture

Tree = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Write files under a fresh root; return the root."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def test_the_repository_has_no_violation(repo: Path) -> None:
    assert architecture.check(repo) == []


def test_every_file_is_read_once_under_its_installed_name(repo: Path) -> None:
    sources = architecture.load(repo)
    modules = [source.module for source in sources if source.module]
    assert len(modules) == len(set(modules)) > 20
    assert {"xlagrad.core.tensor", "xlagrad.layers", "xlagrad.train"} <= set(modules)
    assert not [
        source.path for source in sources if source.path.startswith(("xlagrad/layers", "xlagrad/train"))
    ]
    assert "tests/test_architecture.py" in {source.path for source in sources}


@pytest.mark.parametrize(
    ("importer", "statement", "complaint"),
    [
        ("xlagrad__core__a", "import xlagrad.ops.b", "core imports xlagrad.ops.b of ops, above it"),
        (
            "xlagrad__core__a",
            "from xlagrad.layers import conv",
            "core imports xlagrad.layers of layers, above it",
        ),
        ("xlagrad__core__a", "from xlagrad import train", "core imports xlagrad of faces, above it"),
        ("xlagrad__ops__a", "import xlagrad", "ops imports xlagrad of faces, above it"),
        ("layers__a", "from xlagrad.train import fit", "layers imports xlagrad.train of train, above it"),
        (
            "layers__deep__a",
            "import xlagrad.train.x as y",
            "layers imports xlagrad.train.x of train, above it",
        ),
        ("train__a", "from xlagrad.torch import nn", "train imports xlagrad.torch of faces, above it"),
        ("xlagrad__export__a", "import xlagrad.keras", "leaving imports xlagrad.keras of faces, above it"),
        ("train__a", "import importlib\nimportlib.import_module('xlagrad.cli')", "train imports xlagrad.cli"),
        (
            "xlagrad__core__a",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import xlagrad.ops",
            "above it",
        ),
        ("xlagrad__core__a", "import xlagrad.attic", "xlagrad.attic has no row"),
        ("xlagrad__attic__a", "x = 1", "xlagrad.attic.a has no row"),
    ],
)
def test_an_upward_import_is_reported(tree: Tree, importer: str, statement: str, complaint: str) -> None:
    found = architecture.upward_imports(architecture.load(tree(**{importer: statement})))
    assert len(found) == 1
    assert complaint in found[0]
    assert found[0].startswith(importer.replace("__", "/") + ".py:")


def test_imports_that_point_down_or_sideways_pass(tree: Tree) -> None:
    root = tree(
        xlagrad__core__a="import jax\nimport xlagradient\nfrom xlagrad.core import b",
        xlagrad__core__b="x = 1",
        layers__c="from xlagrad.ops import d\nfrom xlagrad.core.b import x",
        xlagrad__torch__e="import xlagrad.layers.c\nfrom xlagrad.train import f",
        tests__test_g="import xlagrad.torch.e",
    )
    assert architecture.upward_imports(architecture.load(root)) == []


def test_a_cycle_is_reported_with_its_members(tree: Tree) -> None:
    root = tree(
        xlagrad__core__a="from xlagrad.core import b",
        xlagrad__core__b="from xlagrad.core.c import x",
        xlagrad__core__c="try:\n    import xlagrad.core.a\nexcept ImportError:\n    pass",
    )
    (found,) = architecture.import_cycles(architecture.load(root))
    assert found.startswith("import cycle: ")
    assert all(f"xlagrad.core.{name}" in found for name in "abc")


def test_imports_for_annotations_make_no_cycle(tree: Tree) -> None:
    guarded = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from xlagrad.core.a import x"
    root = tree(xlagrad__core__a="from xlagrad.core.b import y", xlagrad__core__b=guarded)
    assert architecture.import_cycles(architecture.load(root)) == []


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("xlagrad__core__a", "def f():\n    import numpy", "a.py:2: numpy imported inside a function"),
        (
            "layers__a",
            "class A:\n    def f(self):\n        from xlagrad.core import b",
            "xlagrad.core imported",
        ),
        ("train__a", "f = lambda: __import__('json')", "json imported inside a function"),
        ("layers__a", "from . import b", "layers/a.py:1: relative import"),
        ("tests__test_a", "def f():\n    from ..b import c", "tests/test_a.py:2: relative import"),
    ],
)
def test_a_misplaced_import_is_reported(tree: Tree, file: str, text: str, complaint: str) -> None:
    (found,) = architecture.import_style(architecture.load(tree(**{file: text})))
    assert complaint in found


def test_slow_and_optional_packages_may_be_imported_late(tree: Tree) -> None:
    root = tree(train__a="def f():\n    import rich.progress\n    from orbax import checkpoint")
    assert architecture.import_style(architecture.load(root)) == []


def test_sizes_are_reported_above_their_limits_only(tree: Tree) -> None:
    def function(lines: int) -> str:
        return "def f():\n" + "    x = 1\n" * (lines - 1)

    root = tree(
        layers__long="x = 1\n" * 501,
        layers__full="x = 1\n" * 500,
        layers__big=function(61),
        layers__fits=function(60),
        layers__small="",
        tests__test_big="class A:\n" + "".join(f"    {line}\n" for line in function(61).splitlines()),
    )
    found = architecture.sizes(architecture.load(root))
    assert found == [
        "layers/big.py:1: f has 61 lines, at most 60",
        "layers/long.py:1: 501 lines, at most 500",
        "tests/test_big.py:2: A.f has 61 lines, at most 60",
    ]


def test_the_median_counts_the_package_alone(tree: Tree) -> None:
    root = tree(train__a="x = 1\n" * 201, tests__test_a="", tests__test_b="")
    assert architecture.sizes(architecture.load(root)) == [
        "median file of the package: 201 lines, at most 200"
    ]


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        ("def f(x: int) -> int:\n    return x", ["f has no docstring"]),
        ("def f(x) -> int:\n    '''F.'''", ["f has no annotation for x"]),
        ("def f(*, x):\n    '''F.'''", ["f has no annotation for x", "f has no annotation for its result"]),
        ("def f(*a, **k) -> None:\n    '''F.'''", ["f has no annotation for a", "f has no annotation for k"]),
        ("class A:\n    x = 1", ["class A has no docstring"]),
        ("class A:\n    '''A.'''\n    def f(self) -> None:\n        pass", ["A.f has no docstring"]),
        (
            "class A:\n    '''A.'''\n    def __init__(self, x) -> None:\n        pass",
            ["A.__init__ has no annot"],
        ),
        (
            "class A:\n    '''A.'''\n    @staticmethod\n    def f(x) -> None:\n        '''F.'''",
            ["A.f has no annot"],
        ),
        ("if True:\n    def f() -> None:\n        pass", ["f has no docstring"]),
    ],
)
def test_a_bare_public_surface_is_reported(tree: Tree, text: str, complaints: list[str]) -> None:
    found = architecture.public_surface(architecture.load(tree(layers__a=text)))
    assert len(found) == len(complaints)
    assert all(complaint in line for complaint, line in zip(complaints, found, strict=True))


def test_what_is_private_or_explained_elsewhere_needs_no_docstring(tree: Tree) -> None:
    root = tree(
        layers__a="""
def _f(x): pass
class _A:
    def f(self, x): pass
class B:
    '''B.'''
    def __repr__(self): pass
    def _g(self, x): pass
    def forward(self, x: int) -> int: return x
def g() -> None:
    '''G.'''
    def inner(x): pass
""",
        layers___hidden="def f(x): pass",
        scripts__s="def f(x): pass",
    )
    assert architecture.public_surface(architecture.load(root)) == []


def test_check_runs_every_rule(tree: Tree) -> None:
    root = tree(
        xlagrad__core__a="from xlagrad.core import b\nfrom xlagrad import train\nfrom . import c",
        xlagrad__core__b="import xlagrad.core.a\ndef f(x):\n    pass\n" + "x = 1\n" * 500,
    )
    text = "\n".join(architecture.check(root))
    for sign in ("above it", "import cycle", "relative import", "503 lines", "has no docstring"):
        assert sign in text
