"""Whether a program reads gradients outside of the function that computes and consumes them.

A training step leaves a gradient at each parameter that its next call throws away. Handing them out costs a
buffer as large as the model, so a compiled step keeps them only where somebody may look. Who may is read off
the code that calls the function: its frames, and the functions and classes of the files that they are in.
A gradient that was not kept raises when it is looked at, so a wrong guess is never a wrong number.
"""

from __future__ import annotations

import dis
import functools
import sys
import types
from collections.abc import Iterator
from typing import Any

from xlagrad.core.where import is_user_file

# Functions of ours that look at gradients when they are called outside.
_READERS = frozenset({"clip_grad_norm_", "clip_grad_value_", "get_total_norm", "unscale_", "accumulate_grad"})


@functools.lru_cache(maxsize=4096)
def _roots(code: types.CodeType) -> frozenset[str | None]:
    """Return from where this code, without what is nested in it, loads an attribute ``grad``.

    Each is the name of a global that a chain of attributes starts from, as in ``jax.grad``, or None.
    """
    if _READERS & set(code.co_names) or "grad" in [c for c in code.co_consts if isinstance(c, str)]:
        return frozenset({None})
    found: set[str | None] = set()
    root: str | None = None
    for step in dis.get_instructions(code) if "grad" in code.co_names else ():
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            root = step.argval
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            # Not the assignment `p.grad = None`, which is a store.
            if step.argval == "grad":
                found.add(root)
        else:
            root = None
    return frozenset(found)


def _mentions(code: types.CodeType, namespace: dict[str, Any]) -> bool:
    """Return whether code looks at an attribute ``grad`` of anything but a module."""
    return any(root is None or not isinstance(namespace.get(root), types.ModuleType) for root in _roots(code))


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _nested(const)


def _functions(namespace: dict[str, Any], filename: str) -> Iterator[types.CodeType]:
    """Return the code of the functions, and classes' methods, that a file defines."""
    for value in list(namespace.values()):
        members = list(vars(value).values()) if isinstance(value, type) else [value]
        for member in members:
            fn = getattr(member, "__func__", getattr(member, "fget", member))
            fn = getattr(fn, "__wrapped__", fn)
            code = getattr(fn, "__code__", None)
            if isinstance(code, types.CodeType) and code.co_filename == filename:
                yield code


def gradients_are_read(inside: set[types.CodeType]) -> bool:
    """Return whether code around the current call may look at gradients.

    Args:
        inside: code of the compiled function and of what it calls, which runs in the trace.
    """
    if hasattr(sys, "ps1") or "IPython" in sys.modules:
        # What comes next in an interactive shell is not written yet.
        return True
    skip = {c for code in inside for c in _nested(code)}
    seen: set[str] = set()
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if is_user_file(code.co_filename):
            found = [code]
            if code.co_filename not in seen:
                seen.add(code.co_filename)
                found.extend(_functions(frame.f_globals, code.co_filename))
            codes = [c for top in found for c in _nested(top) if c not in skip]
            if any(_mentions(c, frame.f_globals) for c in codes):
                return True
        frame = frame.f_back
    return False
