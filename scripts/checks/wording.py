"""Check the text of the repository: it says what the code does, for any reader and on any machine.

Run ``python scripts/checks/wording.py`` for a list of violations; the test suite runs the same rules.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from repository_files import listed

ROOT = Path(__file__).resolve().parents[2]

#: What must not appear, and why.
BANNED: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "how the work was organised",
        re.compile(r"(?<!scope=[\"'])\bsessions?\b|\bsub-?agents?\b|\bissues? ?#? ?\d+"),
    ),
    ("a note to a later self", re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")),
    (
        "the host of a package registry",
        re.compile(r"\b(?:pypi|pythonhosted|anaconda)\.org\b|\bdownload\.pytorch\b"),
    ),
    (
        "a path of one machine",
        re.compile(r"(?<![\w./~}-])/(?:home|mnt|opt|root|tmp|work|Users)/\w|\b[A-Z]:\\\\?Users\b"),
    ),
)

#: Texts that are not ours, and the two files that must spell out what they look for.
EXEMPT = ("LICENSE", "scripts/data/", "scripts/checks/wording.py", "tests/test_wording.py")


def violations_in(name: str, text: str) -> list[str]:
    """Return the violations of one text, each with its place."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for what, pattern in BANNED:
            match = pattern.search(line)
            if match:
                found.append(f"{name}:{number}: {what}: {match.group()!r}")
    return found


def check(root: Path) -> list[str]:
    """Return every violation in the tracked text files below ``root``."""
    found = []
    for name in listed(root):
        if name.startswith(EXEMPT) or (root / name).is_symlink():
            continue
        try:
            text = (root / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # not a text
        found += violations_in(name, text)
    return found


if __name__ == "__main__":
    violations = check(ROOT)
    print("\n".join(violations) or "no violations")
    sys.exit(bool(violations))
