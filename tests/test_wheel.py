"""What is built is what the repository holds: each package once, under its own name, importable alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path, PurePosixPath

import pytest

from repository_files import listed

#: Where each folder of the repository is installed.
INSTALLED = {"xlagrad/": "xlagrad/", "layers/": "xlagrad/layers/", "train/": "xlagrad/train/"}

#: The links through which tools that read the tree find two of the packages.
LINKS = ("xlagrad/layers/", "xlagrad/train/")

IMPORT_ALL = """
import importlib, json, sys
names, out = json.loads(sys.argv[1]), {}
for name in names:
    out[name] = importlib.import_module(name).__file__
for name in ("layers", "train"):
    spec = importlib.util.find_spec(name)
    assert spec is None, spec
print(json.dumps(out))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command away from the repository; return its output, or fail with all of it."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def expected_files(source: Path) -> list[str]:
    """Return the paths that every package file is installed under."""
    found = []
    for folder, installed in INSTALLED.items():
        for name in (path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()):
            if name.startswith(folder) and not name.startswith(LINKS):
                found.append(installed + name.removeprefix(folder))
    return sorted(found)


@pytest.fixture(scope="module")
def source(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git lists, so that leftovers of earlier builds play no part."""
    copy = tmp_path_factory.mktemp("source")
    for name in listed(repo):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(repo / name, copy / name, follow_symlinks=False)
    return copy


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source distribution and the wheel made of it; under ``direct``, a wheel made from the tree."""
    out, copy = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("build") / "copy"
    shutil.copytree(source, copy, symlinks=True)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, copy, cwd=out)
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", out / "direct", copy, cwd=out)
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    """The wheel, built from the source distribution as a package index would."""
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the installed wheel."""
    target = tmp_path_factory.mktemp("site")
    run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--target",
        target,
        wheel,
        cwd=target,
    )
    return target


def contents(path: Path) -> list[str]:
    """Return the files in a wheel, without its metadata."""
    with zipfile.ZipFile(path) as archive:
        return sorted(name for name in archive.namelist() if ".dist-info/" not in name)


def test_the_wheel_holds_every_package_file_once_and_nothing_else(source: Path, wheel: Path) -> None:
    expected = expected_files(source)
    assert "xlagrad/py.typed" in expected
    assert contents(wheel) == expected


def test_a_wheel_built_from_the_tree_holds_the_same(built: Path, wheel: Path) -> None:
    (direct,) = (built / "direct").glob("*.whl")
    assert contents(direct) == contents(wheel)


def test_the_source_distribution_holds_one_copy_of_each_file(source: Path, built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = [PurePosixPath(member.name) for member in archive.getmembers() if member.isfile()]
    relative = ["/".join(name.parts[1:]) for name in names]
    code = [name for name in relative if name.startswith(tuple(INSTALLED))]
    installed = [INSTALLED[name.split("/")[0] + "/"] + name.split("/", 1)[1] for name in code]
    assert sorted(installed) == expected_files(source)
    assert {"LICENSE", "README.md", "pyproject.toml"} <= set(relative)


def test_the_links_are_relative_links_in_git(repo: Path) -> None:
    staged = run("git", "ls-files", "--stage", "xlagrad/layers", "xlagrad/train", cwd=repo).splitlines()
    assert [(line.split()[0], line.split("\t")[1]) for line in staged] == [
        ("120000", "xlagrad/layers"),
        ("120000", "xlagrad/train"),
    ]
    assert (repo / "xlagrad/layers").readlink() == Path("../layers")
    assert (repo / "xlagrad/train").readlink() == Path("../train")


def test_every_module_imports_from_the_installed_wheel_alone(source: Path, site: Path) -> None:
    modules = [name for name in module_names(source) if not name.endswith("__main__")]
    script = f"import sys; sys.path.insert(0, {str(site)!r})\n{IMPORT_ALL}"
    files = json.loads(run(sys.executable, "-c", script, json.dumps(modules), cwd=site.parent))
    # An editable installation in the same environment must not fill gaps of the wheel.
    assert {name: path for name, path in files.items() if not path.startswith(str(site))} == {}
    assert {"xlagrad", "xlagrad.layers", "xlagrad.train", "xlagrad.torch"} <= set(files)


def module_names(source: Path) -> Iterator[str]:
    """Yield the dotted name of every installed module."""
    for name in expected_files(source):
        if name.endswith(".py"):
            yield name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_the_top_level_is_one_package(site: Path) -> None:
    installed = {path.name for path in site.iterdir()}
    assert installed == {"bin", "xlagrad", f"xlagrad-{version(site)}.dist-info"}
    assert [path.name for path in (site / "bin").iterdir()] == ["xlagrad"]
    assert not any(path.is_symlink() for path in site.rglob("*"))


def version(site: Path) -> str:
    """Return the version that the installed metadata states."""
    (path,) = site.glob("xlagrad-*.dist-info/METADATA")
    return str(message_from_string(path.read_text())["Version"])


def test_the_metadata_is_that_of_the_project_file(repo: Path, site: Path) -> None:
    project = tomllib.loads((repo / "pyproject.toml").read_text())["project"]
    (path,) = site.glob("xlagrad-*.dist-info/METADATA")
    metadata = message_from_string(path.read_text())
    assert metadata["Version"] == project["version"]
    assert metadata["Requires-Python"] == project["requires-python"]
    assert set(metadata.get_all("Provides-Extra") or []) == set(project["optional-dependencies"])
    assert (path.parent / "licenses" / "LICENSE").read_bytes() == (repo / "LICENSE").read_bytes()


def test_the_changelog_has_an_entry_for_the_version(repo: Path, site: Path) -> None:
    assert f"## {version(site)}" in (repo / "CHANGELOG.md").read_text()
