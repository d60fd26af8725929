"""PyTorch's own database of operations with sample inputs, and the same calls for our library."""

from __future__ import annotations

import functools
import sys
import types
import unittest
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import xlagrad.torch as ours
from xlagrad.core.tensor import Tensor

# PyTorch's testing module takes the base class of its test cases from a package that is needed for no more.
if "expecttest" not in sys.modules:
    _stub = types.ModuleType("expecttest")
    _stub.TestCase = unittest.TestCase  # type: ignore[attr-defined]
    sys.modules["expecttest"] = _stub

from torch.testing._internal import common_methods_invocations as database


def _unseeded(operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return operation(*args, **kwargs)


# Its random operations seed the generator themselves, so that nobody could see that they are random.
database.wrapper_set_seed = _unseeded

#: How many of an operation's samples are tried.
SAMPLES = 4

#: Keyword arguments about memory that mean nothing here.
_MEMORY = frozenset({"layout", "memory_format", "pin_memory"})

_KINDS = (torch.float32, torch.int64, torch.bool, torch.complex64)


class Untranslatable(Exception):
    """An argument of a sample that has no counterpart here, such as a sparse tensor."""


def name_of(operation: Any) -> str:
    """Return the name of an entry of the database: the operation, and the variant where there are several."""
    variant = operation.variant_test_name
    return f"{operation.name}/{variant}" if variant else operation.name


def _is_private(operation: Any) -> bool:
    module = getattr(operation.op, "__module__", None) or ""
    hidden = operation.name.startswith("_") and not operation.name.startswith("__")
    return (
        hidden or module in ("torch._ops.aten", "torch.cuda.jiterator") or operation.name.startswith("torch.")
    )


#: The entries by name; what PyTorch itself does not offer to users is left out.
OPERATIONS: dict[str, Any] = {name_of(o): o for o in database.op_db if not _is_private(o)}


def samples(operation: Any) -> list[Any]:
    """Return some of an operation's samples, the first and the last among them, the same in every run."""
    kinds = [kind for kind in _KINDS if kind in operation.supported_dtypes("cpu")]
    if not kinds:
        return []
    floats = kinds[0].is_floating_point or kinds[0].is_complex
    torch.manual_seed(zlib.crc32(name_of(operation).encode()))
    found = list(
        operation.sample_inputs("cpu", kinds[0], requires_grad=operation.supports_autograd and floats)
    )
    if len(found) <= SAMPLES:
        return found
    return [found[round(i * (len(found) - 1) / (SAMPLES - 1))] for i in range(SAMPLES)]


def copied(value: Any, memo: dict[int, Any], wide: bool = False) -> Any:
    """Return the arguments with fresh tensors, in double precision if ``wide``."""
    if isinstance(value, torch.Tensor):
        if id(value) not in memo:
            fresh = value.detach().clone()
            if wide and (value.dtype in (torch.float32, torch.complex64)):
                fresh = fresh.double() if value.dtype == torch.float32 else fresh.to(torch.complex128)
            memo[id(value)] = fresh.requires_grad_(value.requires_grad)
        return memo[id(value)]
    if isinstance(value, slice):
        return slice(*(copied(v, memo, wide) for v in (value.start, value.stop, value.step)))
    if isinstance(value, dict):
        return {k: copied(v, memo, wide) for k, v in value.items()}
    if type(value) in (list, tuple):
        return type(value)(copied(v, memo, wide) for v in value)
    return value


def translated(value: Any, memo: dict[int, Any]) -> Any:
    """Return the arguments for our library.

    Raises:
        Untranslatable: one of them has no counterpart.
    """
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided or value.dtype == torch.complex32:
            raise Untranslatable(f"{value.dtype} {value.layout}")
        if id(value) not in memo:
            plain = value.detach().resolve_conj().resolve_neg()
            half = value.dtype == torch.bfloat16
            fresh = Tensor(plain.float().numpy(), dtype="bfloat16") if half else Tensor(plain.numpy())
            memo[id(value)] = fresh.requires_grad_(value.requires_grad)
        return memo[id(value)]
    if isinstance(value, (torch.dtype, torch.device)):
        return getattr(ours, str(value).removeprefix("torch."), str(value))
    if isinstance(value, slice):
        return slice(*(translated(v, memo) for v in (value.start, value.stop, value.step)))
    if isinstance(value, dict):
        return {k: translated(v, memo) for k, v in value.items() if k not in _MEMORY}
    if isinstance(value, (list, tuple)):
        return (list if type(value) is list else tuple)(translated(v, memo) for v in value)
    if isinstance(value, (torch.layout, torch.memory_format, torch.Generator, torch.nn.Module)):
        raise Untranslatable(type(value).__name__)
    return rebound(value) if callable(value) and not isinstance(value, type) else value


def _attribute(root: Any, path: str) -> Any:
    return functools.reduce(getattr, path.split("."), root)


def counterpart(operation: Any) -> Callable[..., Any]:
    """Return our function of an entry: by its name among functions, then methods, or its code with our names.

    Raises:
        AttributeError: there is none.
    """
    if isinstance(operation.op, types.FunctionType) and "testing" in operation.op.__module__:
        return rebound(operation.op)
    try:
        theirs = _attribute(torch, operation.name)
    except AttributeError:
        theirs = None
    if theirs is operation.op:
        return _attribute(ours, operation.name)
    return getattr(Tensor, operation.name)


def rebound(fn: Any) -> Any:
    """Return a function of PyTorch's tests with our library in the place of ``torch``.

    Raises:
        Untranslatable: the function is none that has a counterpart.
    """
    if isinstance(fn, functools.partial):
        memo: dict[int, Any] = {}
        return functools.partial(
            rebound(fn.func), *translated(fn.args, memo), **translated(fn.keywords, memo)
        )
    if isinstance(fn, types.FunctionType) and "testing" in fn.__module__:
        scope = {name: _rebound_value(value) for name, value in _used(fn).items()}
        cells = tuple(types.CellType(_rebound_value(cell.cell_contents)) for cell in fn.__closure__ or ())
        return types.FunctionType(fn.__code__, scope, fn.__name__, fn.__defaults__, cells or None)
    for where in ("", "nn.functional", "linalg", "special", "fft"):
        named = _attribute(torch, where) if where else torch
        if getattr(named, getattr(fn, "__name__", ""), None) is fn:
            return _attribute(ours, f"{where}.{fn.__name__}".removeprefix("."))
    if isinstance(fn, (types.MethodDescriptorType, types.WrapperDescriptorType)):
        return getattr(Tensor, fn.__name__)
    raise Untranslatable(getattr(fn, "__qualname__", type(fn).__name__))


def _used(fn: types.FunctionType) -> dict[str, Any]:
    """Return the globals that a function and those defined in it refer to."""
    names, codes = {"__builtins__"}, [fn.__code__]
    while codes:
        code = codes.pop()
        names |= set(code.co_names)
        codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return {name: fn.__globals__[name] for name in names if name in fn.__globals__}


def _rebound_value(value: Any) -> Any:
    if value is torch:
        return ours
    if value is torch.nn.functional:
        return ours.nn.functional
    if (
        value is np
        or value is _unseeded
        or isinstance(value, (type, types.ModuleType))
        or not callable(value)
    ):
        return value
    try:
        return rebound(value)
    except Untranslatable:
        return value
