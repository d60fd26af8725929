"""Imports every family of operations and gives ``Tensor`` its methods."""

from __future__ import annotations

import importlib
from functools import partial

from xlagrad.core.late import after_import
from xlagrad.ops import methods, operators, out, refill, ufuncs


def everything() -> None:
    """Install methods and operators; the import of the families is what fills the registry."""
    methods.install()
    operators.install()
    refill.install()
    ufuncs.install()
    after_import("einops._backends", partial(importlib.import_module, "xlagrad.ops.einops_backend"))
    out.install()
