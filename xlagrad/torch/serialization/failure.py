"""The error for a file that cannot be read, and how its messages are made."""

from __future__ import annotations

import pickle

from xlagrad.core.errors import message


class LoadError(pickle.UnpicklingError, RuntimeError):
    """A file that is damaged, lies about itself, or asks for what loading does not do."""


def failure(expected: str, got: str, fix: str = "") -> LoadError:
    """Return the error of ``torch.load``.

    Example:
        >>> print(failure("a file", "a folder"))
        torch.load: expected a file, got a folder.
    """
    return LoadError(message("torch.load", expected, got, fix))
