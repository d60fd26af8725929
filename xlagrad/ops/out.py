"""The ``out=`` argument: where the result of a function goes instead of a new tensor."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from xlagrad.core import dispatch
from xlagrad.core.errors import AutogradError, DtypeError, StateError, describe, message
from xlagrad.core.handle import Handle, read, wrap
from xlagrad.core.modes import Switch, local
from xlagrad.core.promotion import can_cast
from xlagrad.core.view import assign
from xlagrad.ops import convert

_FIX = "leave out= away, or call it under `with no_grad():`"


def deliver(
    who: str, function: Callable[..., Any], args: Sequence[Any], names: dict[str, Any], out: Any, typed: bool
) -> Any:
    """Call a function and write what it returns into ``out``; return ``out``.

    A result of another shape resizes ``out``, with a warning if that had elements; a result of another type
    is cast, never to a lower kind. Nothing is written if anything is wrong.

    Args:
        who: name for errors.
        function: what computes the result, without ``out``.
        args: its positional arguments.
        names: its keyword arguments.
        out: a tensor, or a tuple or list of as many as the function returns.
        typed: whether the function takes a ``dtype``, which is then by default that of ``out``.

    Raises:
        DtypeError: ``out`` is not made of tensors, or their types cannot hold the results.
        AutogradError: a gradient would have to pass.
        StateError: ``out`` is a view of another shape.

    Source: the ``out=`` argument of PyTorch's functions. Deviation: a result is cast wherever its kind
    allows it, also by the functions for which PyTorch demands the very type.
    """
    several = isinstance(out, (tuple, list))
    targets = list(out) if several else [out]
    for t in targets:
        if not isinstance(t, Handle):
            raise DtypeError(message(who, "a tensor, or a tuple of tensors, for 'out'", describe(t)))
        if local.grad and t._requires_grad:
            raise _no_gradient(who, f"an 'out' that does: {describe(t)}")
    if typed and not several and names.get("dtype") is None:
        names = {**names, "dtype": out.dtype}
    result = function(*args, **names)
    parts = list(result) if isinstance(result, (tuple, list)) else [result]
    if len(parts) != len(targets) or several != isinstance(result, (tuple, list)):
        wanted = f"{len(parts)} tensors" if isinstance(result, (tuple, list)) else "one tensor"
        raise DtypeError(message(who, f"{wanted} for 'out'", f"{len(targets)}"))
    parts = [part if isinstance(part, Handle) else wrap(part) for part in parts]
    for t, part in zip(targets, parts, strict=True):
        _check(who, t, part)
    with Switch(grad=False):
        for t, part in zip(targets, parts, strict=True):
            _write(who, t, part)
    if not several:
        return out
    return type(result)(*targets) if hasattr(result, "_fields") else tuple(targets)


def _no_gradient(who: str, got: str) -> AutogradError:
    text = (
        "arguments that do not require grad (functions with out=... do not support automatic differentiation)"
    )
    return AutogradError(message(who, text, got, _FIX))


def _check(who: str, t: Any, part: Any) -> None:
    if local.grad and part._requires_grad:
        raise _no_gradient(who, "one that does")
    new, old = read(part).dtype, read(t).dtype
    if not can_cast(new, old):
        text = f"{new} (result type can't be cast to the desired output type)"
        raise DtypeError(
            message(who, f"a result that can be cast to out's {old}", text, f"give an out of {new}")
        )
    if t._view is not None and tuple(t.shape) != tuple(part.shape):
        want = f"an out of shape {tuple(part.shape)}"
        raise StateError(message(who, want, f"a view of shape {tuple(t.shape)}", "a view cannot be resized"))


def _write(who: str, t: Any, part: Any) -> None:
    value = convert.cast(part, read(t).dtype)
    if t.device != value.device and local.trace is None:
        value = convert.move(value, t.device)
    if tuple(t.shape) == tuple(value.shape):
        assign(who, t, value)
        return
    if t.numel():
        warnings.warn(
            f"{who}: expected an out of shape {tuple(value.shape)} or no elements, got shape "
            f"{tuple(t.shape)}; an output with one or more elements was resized: empty it with resize_(0).",
            UserWarning,
            stacklevel=5,
        )
    t.data = value


def accepting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of tensors with the ``out=`` argument that operations have.

    Example:
        >>> from xlagrad.ops.create import zeros
        >>> place = zeros(0)
        >>> accepting(zeros)(2, out=place) is place, tuple(place.shape)
        (True, (2,))
    """
    typed = "dtype" in inspect.signature(function).parameters
    who = function.__name__

    @wraps(function)
    def with_out(*args: Any, out: Any = None, **names: Any) -> Any:
        if out is None:
            return function(*args, **names)
        return deliver(who, function, args, names, out, typed)

    return with_out


def install() -> None:
    """Let operations deliver their results into ``out``."""
    dispatch.Delivery.write = staticmethod(deliver)
