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
def _mentions(code: types.CodeType) -> bool:
    """Return whether this code itself, without what is nested in it, looks at a tensor's gradient."""
    if _READERS & set(code.co_names) or "grad" in [c for c in code.co_consts if isinstance(c, str)]:
        return True
    if "grad" not in code.co_names:
        return False
    for step in dis.get_instructions(code):
        # `p.grad`, but not the call `jax.grad(f)`, nor the assignment `p.grad = None`.
        if step.argval == "grad" and step.opname == "LOAD_ATTR" and not _is_method(step):
            return True
    return False


def _is_method(step: dis.Instruction) -> bool:
    # From Python 3.12 on loads of methods are loads of attributes with the lowest bit set.
    return sys.version_info >= (3, 12) and bool((step.arg or 0) & 1)


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
        # What comes next in an interactive session is not written yet.
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
            if any(_mentions(c) for top in found for c in _nested(top) if c not in skip):
                return True
        frame = frame.f_back
    return False
