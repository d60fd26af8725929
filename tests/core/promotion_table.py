"""Compares type promotion with torch for every pair of operands; prints what differs."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import torch

from xlagrad.core import dtypes
from xlagrad.core.errors import DtypeError
from xlagrad.core.promotion import promote, promote_float, promote_types, result_type

NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}
SCALARS = [True, 1, 1.5, 1j]
# torch has a 32-bit complex, XLA has not.
RENAMED = {"complex32": "complex64"}


def torch_name(fn: Any, *args: Any) -> str | None:
    """Return the name of the type that torch answers with, None if it refuses."""
    try:
        name = str(fn(*args)).removeprefix("torch.")
    except RuntimeError:
        return None
    name = RENAMED.get(name, name)
    return name if dtypes.x64_enabled() else NARROW.get(name, name)


def our_name(fn: Any, *args: Any) -> str | None:
    """Return the name of the type that we answer with, None if we refuse."""
    try:
        return dtypes.canonical(fn(*args)).name
    except DtypeError:
        return None


def operands() -> list[tuple[Any, Any]]:
    """Return pairs of our and torch's operand: of each type, with dimensions and without; and numbers."""
    found: list[tuple[Any, Any]] = [(s, s) for s in SCALARS]
    for dtype in dtypes.ALL:
        if not dtypes.x64_enabled() and dtype.name in NARROW:
            continue
        theirs = getattr(torch, dtype.name)
        for shape in ((3,), ()):
            found.append((jnp.zeros(shape, dtype), torch.zeros(shape, dtype=theirs)))
    return found


def standard(one: str, two: str) -> str | None:
    """Return what the array API standard gives integers that torch does not promote."""
    found = jnp.promote_types(one, two)
    return found.name if found.kind in "iub" else None


def differences() -> list[str]:
    """Return a line for each pair of operands on which we and torch disagree."""
    found = []
    for (a, ta), (b, tb) in itertools.product(operands(), repeat=2):
        wanted, got = torch_name(torch.result_type, ta, tb), our_name(result_type, a, b)
        if wanted is None and got is not None:
            # Where torch refuses we may answer, for integers, as the array API standard does.
            kinds = [dtypes.as_dtype(x.dtype) if hasattr(x, "dtype") else dtypes.int64 for x in (a, b)]
            wanted = got if all(k.dtype.kind in "iub" for k in kinds) else None
            wanted = (
                got if any(k.is_complex for k in kinds) and all(k.itemsize > 1 for k in kinds) else wanted
            )
        if wanted != got:
            found.append(f"{a!r} with {b!r}: {got}, torch {wanted}")
        if got is not None:
            arrays = promote(a, b)
            if any(x.dtype != got or x.weak_type for x in arrays):
                found.append(f"promote({a!r}, {b!r}): {arrays}")
            inexact = dtypes.as_dtype(got).is_floating_point or dtypes.as_dtype(got).is_complex
            wanted_float = got if inexact else "float32"
            if any(x.dtype != wanted_float for x in promote_float(a, b)):
                found.append(f"promote_float({a!r}, {b!r})")
    for one, two in itertools.product(dtypes.ALL, repeat=2):
        wanted = torch_name(torch.promote_types, getattr(torch, one.name), getattr(torch, two.name))
        got = our_name(promote_types, one, two)
        if wanted is None and got is not None and {one.dtype.kind, two.dtype.kind} <= set("iub"):
            with jax.enable_x64(True):
                wanted = standard(one.name, two.name)
            wanted = NARROW.get(str(wanted), wanted) if not dtypes.x64_enabled() else wanted
        if wanted is None and got is not None and dtypes.as_dtype(got).is_complex:
            continue
        if wanted != got:
            found.append(f"promote_types({one}, {two}): {got}, torch {wanted}")
    return found


if __name__ == "__main__":
    lines = differences()
    print("\n".join(lines))
    raise SystemExit(bool(lines))
