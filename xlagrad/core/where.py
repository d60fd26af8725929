"""Where in the user's own code something happened."""

from __future__ import annotations

import os
import sys
from types import FrameType

import jax
import numpy as np

_CORE = os.path.dirname(os.path.abspath(__file__))
_PACKAGE = os.path.dirname(_CORE)
_ROOT = os.path.dirname(_PACKAGE)
# In a source tree the layers and the training code lie beside the package, once installed inside it.
_OURS = tuple(
    os.path.join(folder, "")
    for folder in (_PACKAGE, os.path.join(_ROOT, "layers"), os.path.join(_ROOT, "train"))
)
_THEIRS = tuple(os.path.join(os.path.dirname(m.__file__ or ""), "") for m in (jax, np))
_INNER = ("contextlib.py", "functools.py", "threading.py")


WAYS_OUT = (
    "use xg.where, xg.cond or xg.while_loop, pass the value as a Python number (static), or run with"
    " --eager / XLAGRAD_EAGER=1"
)


def is_user_file(filename: str) -> bool:
    """Return whether a source file is neither ours nor JAX's nor Python's own machinery."""
    if filename.startswith("<"):
        return filename.startswith(("<stdin>", "<ipython"))
    return not filename.startswith(_OURS + _THEIRS) and not filename.endswith(_INNER)


def user_frame() -> FrameType | None:
    """Return the innermost frame of the user's own code, None if there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_user_file(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def user_line() -> str:
    """Return ``"file.py:12 in step"`` for the user's line that is running."""
    frame = user_frame()
    if frame is None:
        return "an unknown line"
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


def line_of(error: BaseException) -> str:
    """Return ``"file.py:12 in step"`` for the user's line that an exception passed through last."""
    found, tb = "an unknown line", error.__traceback__
    while tb is not None:
        code = tb.tb_frame.f_code
        if is_user_file(code.co_filename):
            found = f"{code.co_filename}:{tb.tb_lineno} in {code.co_name}"
        tb = tb.tb_next
    return found
