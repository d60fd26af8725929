"""How the parameters of an operation divide into operands (arrays) and static arguments."""

from __future__ import annotations

import collections.abc
import inspect
import math
import typing
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from xlagrad.core.errors import ArgumentError, DtypeError, message
from xlagrad.core.handle import Handle, is_tracer, read

_OPERAND = {"Array", "ArrayLike"}
_LIST = {"Arrays"}
_MISSING = object()


class Signature(NamedTuple):
    """The parameters of an operation.

    Attributes:
        who: name of the operation.
        operands: names of the array parameters, which come first.
        lists: which of them are sequences of arrays.
        optional: which of them may be None.
        defaults: defaults of the operands, ``_MISSING`` where there is none.
        statics: names of the other parameters.
        static_defaults: their defaults.
        variadic: whether the first static collects positional arguments, as ``size`` of ``sum_to_size``.
        positional: how many of the statics can be given by position.
    """

    who: str
    operands: tuple[str, ...]
    lists: tuple[bool, ...]
    optional: tuple[bool, ...]
    defaults: tuple[Any, ...]
    statics: tuple[str, ...]
    static_defaults: tuple[Any, ...]
    variadic: bool
    positional: int

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], tuple[Any, ...]]:
        """Return the operands and the frozen statics of a call.

        Raises:
            DtypeError: an argument is missing, unknown or given twice.
        """
        count = len(self.operands)
        operands = list(args[:count])
        operands += [_MISSING] * (count - len(operands))
        rest = args[count:]
        statics = list(self.static_defaults)
        if self.variadic:
            if rest:
                nested = len(rest) == 1 and isinstance(rest[0], (tuple, list))
                statics[0] = freeze(self.who, rest[0] if nested else rest)
        else:
            if len(rest) > self.positional:
                want = f"at most {count + self.positional} positional arguments"
                raise DtypeError(message(self.who, want, str(len(args)), f"its signature is {self.text()}"))
            for i, value in enumerate(rest):
                statics[i] = freeze(self.who, value)
        for name, value in kwargs.items():
            self._keyword(name, value, operands, statics, len(args))
        for i, value in enumerate(operands):
            if value is _MISSING:
                if self.defaults[i] is _MISSING:
                    want = f"the argument '{self.operands[i]}'"
                    raise DtypeError(message(self.who, want, "none", f"its signature is {self.text()}"))
                operands[i] = self.defaults[i]
            elif value is None and not self.optional[i]:
                fix = f"its signature is {self.text()}"
                raise DtypeError(
                    message(self.who, f"a tensor or number for '{self.operands[i]}'", "None", fix)
                )
        if _MISSING in statics:
            want = f"the argument '{self.statics[statics.index(_MISSING)]}'"
            raise DtypeError(message(self.who, want, "none", f"its signature is {self.text()}"))
        return operands, tuple(statics)

    def _keyword(self, name: str, value: Any, operands: list[Any], statics: list[Any], given: int) -> None:
        name = own_name(name, self.operands + self.statics)
        if name in self.statics:
            i = self.statics.index(name)
            if not self.variadic and i < given - len(self.operands):
                raise DtypeError(message(self.who, f"one value for '{name}'", "two", "pass it once"))
            statics[i] = freeze(self.who, value)
            return
        if name not in self.operands:
            known = ", ".join(self.operands + self.statics)
            raise DtypeError(message(self.who, f"arguments among {known}", f"'{name}'", f"use {self.text()}"))
        i = self.operands.index(name)
        if i < given:
            raise DtypeError(message(self.who, f"one value for '{name}'", "two", "pass it once"))
        operands[i] = value

    def text(self) -> str:
        """Return the signature as one would call it."""
        return f"{self.who}({', '.join(self.operands + self.statics)})"


# NumPy's names of arguments, which PyTorch takes too.
_FOREIGN = {
    "axis": ("dim", "dims"),
    "keepdims": ("keepdim",),
    "a": ("input",),
    "x": ("input",),
    "self": ("input",),
    "x1": ("input",),
    "x2": ("other",),
}


def own_name(name: str, known: Sequence[str]) -> str:
    """Return the parameter among ``known`` that a keyword means, the keyword itself if there is none.

    Example:
        >>> own_name("axis", ("input", "dim")), own_name("axis", ("axis",)), own_name("size", ("input",))
        ('dim', 'axis', 'size')
    """
    if name in known:
        return name
    return next((k for k in _FOREIGN.get(name, ()) if k in known), name)


def _kind(annotation: Any) -> str:
    if not isinstance(annotation, str):
        parts = (annotation, *typing.get_args(annotation))
        is_list = typing.get_origin(annotation) is collections.abc.Sequence
        return ("list" if is_list else "operand") if jax.Array in parts else "static"
    names = {part.strip() for part in annotation.split("|")}
    if names & _OPERAND:
        return "operand"
    return "list" if names & _LIST else "static"


def inspect_operation(who: str, fn: Callable[..., Any]) -> Signature:
    """Read the parameters of a pure function by their annotations."""
    operands: list[str] = []
    lists: list[bool] = []
    optional: list[bool] = []
    defaults: list[Any] = []
    statics: list[str] = []
    static_defaults: list[Any] = []
    variadic, positional = False, 0
    for p in inspect.signature(fn).parameters.values():
        kind = _kind(p.annotation)
        default = _MISSING if p.default is inspect.Parameter.empty else p.default
        if kind != "static":
            if statics:
                raise ArgumentError(message(who, "operands before statics", f"'{p.name}' after them"))
            operands.append(p.name)
            lists.append(kind == "list")
            optional.append(default is None or "None" in str(p.annotation))
            defaults.append(default)
            continue
        if p.kind is inspect.Parameter.VAR_POSITIONAL:
            variadic, default = True, ()
        elif p.kind is not inspect.Parameter.KEYWORD_ONLY:
            positional += 1
        statics.append(p.name)
        static_defaults.append(default if default is _MISSING else freeze(who, default))
    return Signature(
        who,
        tuple(operands),
        tuple(lists),
        tuple(optional),
        tuple(defaults),
        tuple(statics),
        tuple(static_defaults),
        variadic,
        positional,
    )


_PLAIN = (int, bool, str, type(None), complex, bytes)


def freeze(who: str, value: Any) -> Any:
    """Return a static argument as something hashable: lists as tuples, 0-d arrays as Python numbers.

    Raises:
        TraceError: it depends on a value that is being traced.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is float:
        return math.nan if value != value else value
    if kind is tuple or kind is list or isinstance(value, (tuple, list)):
        return tuple([freeze(who, v) for v in value])
    if isinstance(value, Handle):
        if is_tracer(read(value)) or value.data_array.ndim == 0:  # type: ignore[attr-defined]
            return value.item()  # type: ignore[attr-defined]
        return freeze(who, value.tolist())  # type: ignore[attr-defined]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return freeze(who, value.tolist())
    return value
