"""Imports every family of operations and gives ``Tensor`` its methods."""

from __future__ import annotations

from xlagrad.ops import methods, operators, out, refill, ufuncs


def everything() -> None:
    """Install methods and operators; the import of the families is what fills the registry."""
    methods.install()
    operators.install()
    refill.install()
    ufuncs.install()
    out.install()
