"""What the code imports is what the project declares."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from architecture import FOLDERS, LATE_PACKAGES, imports, load

#: Distributions whose import name differs.
IMPORT_NAMES = {"orbax-checkpoint": "orbax", "pytest-xdist": "xdist", "scikit-learn": "sklearn"}

#: Packages that tests ask for because they are missing or broken.
MADE_UP = {"half_installed", "no_such"}

#: What comes with a declared one: jax brings both.
BROUGHT = {"jaxlib", "ml_dtypes"}


def import_name(requirement: str) -> str:
    """Return the module that a requirement such as ``"jax>=0.10"`` provides."""
    name = re.split(r"[^A-Za-z0-9_-]", requirement, maxsplit=1)[0]
    return IMPORT_NAMES.get(name, name.replace("-", "_"))


def declared(repo: Path, *extras: str) -> set[str]:
    """Return the modules that the dependencies and some extras provide."""
    project = tomllib.loads((repo / "pyproject.toml").read_text())["project"]
    listed = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    return {import_name(requirement) for group in listed for requirement in group} | BROUGHT


def imported(repo: Path, folders: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the place and the package of each import of something that is not ours."""
    sources = load(repo)
    own = {"xlagrad", *(Path(source.path).stem for source in sources if not source.module)}
    own |= {part for source in sources if not source.module for part in Path(source.path).parts[:-1]}
    own = (own - declared(repo, "bench", "plot", "test")) | MADE_UP
    for source in sources:
        for item in imports(source, frozenset()) if source.path.startswith(folders) else ():
            package = item.name.split(".")[0]
            if package not in own and package not in sys.stdlib_module_names:
                yield f"{source.path}:{item.line}", package


@pytest.mark.parametrize(
    ("folders", "extras"),
    [(("xlagrad/", "layers/", "train/"), ()), (("tests/",), ("test",)), (("scripts/",), ("plot", "bench"))],
)
def test_every_imported_package_is_declared(
    repo: Path, folders: tuple[str, ...], extras: tuple[str, ...]
) -> None:
    allowed = declared(repo, *extras) | (LATE_PACKAGES if "layers/" in folders else set())
    found = [(place, package) for place, package in imported(repo, folders) if package not in allowed]
    assert found == []


def test_every_declared_package_is_imported_or_run(repo: Path) -> None:
    used = {package for _, package in imported(repo, tuple(f"{folder}/" for folder in FOLDERS))}
    run = {"build", "mypy", "ruff", "setuptools", "xdist"}
    assert declared(repo, "plot", "bench", "test") - BROUGHT - run - used == set()


def test_the_extra_for_everything_names_all_others(repo: Path) -> None:
    extras = tomllib.loads((repo / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (requirement,) = extras["all"]
    assert requirement == f"xlagrad[{','.join(sorted(set(extras) - {'all'}))}]"


def test_the_tests_and_the_comparisons_pin_the_same_torch(repo: Path) -> None:
    extras = tomllib.loads((repo / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert "torch==2.13.0" in extras["test"]
    assert "torch==2.13.0" in extras["bench"]
