"""The files that belong to the repository."""

from __future__ import annotations

import subprocess
from pathlib import Path


def listed(root: Path) -> list[str]:
    """Return the files and links below ``root`` that git tracks, or would track if they were added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted(
        {name for name in names if name and ((root / name).is_file() or (root / name).is_symlink())}
    )
