"""The repository's texts obey the wording rules, and the rules catch texts that do not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import wording


def test_the_repository_has_no_violation(repo: Path) -> None:
    assert wording.check(repo) == []


@pytest.mark.parametrize(
    "text",
    [
        "added in this session",
        "two sessions later",
        "written by a sub-agent",
        "see issue #12",
        "as issue 3 asks",
        "# TODO: later",
        "https://pypi.org/simple",
        "pip install --index-url https://download.pytorch.org/whl/cpu",
        "open('/work/data/x.csv')",
        "cd /root/project",
        "path = /home/someone/x",
        r"C:\Users\x",
    ],
)
def test_a_banned_text_is_reported_with_its_place(text: str) -> None:
    (found,) = wording.violations_in("a.md", f"first line\n{text}\n")
    assert found.startswith("a.md:2: ")


@pytest.mark.parametrize(
    "text",
    [
        "@pytest.fixture(scope='session')",
        "the batch and its agents learn a policy",
        "https://github.com/jax-ml/jax/issues/1234",
        "runs/home/work.png and ./tmp/x",
        "https://example.com/home/page",
        "(a)/tmp1 and 3/opt",
        "an issue with 3 dimensions",
    ],
)
def test_an_innocent_text_passes(text: str) -> None:
    assert wording.violations_in("a.md", text) == []


def test_tracked_texts_are_read_and_binaries_and_ignored_files_are_not(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("ignored.md\n")
    (tmp_path / "ignored.md").write_text("issue 1")
    (tmp_path / "seen.md").write_text("issue 1")
    (tmp_path / "binary.png").write_bytes(b"\xff\xfe issue 1")
    (tmp_path / "link.md").symlink_to("seen.md")
    assert wording.check(tmp_path) == ["seen.md:1: how the work was organised: 'issue 1'"]
