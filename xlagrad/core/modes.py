"""Modes of execution: whether gradients are recorded, and the one switch between eager and compiled."""

from __future__ import annotations

import functools
import inspect
import os
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, TypeVar

from xlagrad.core.errors import ArgumentError, message

F = TypeVar("F", bound=Callable[..., Any])


class Local(threading.local):
    """What each thread has for itself.

    Attributes:
        grad: whether operations are recorded for backward.
        inference: whether ``inference_mode`` is on.
        trace: the compile trace that is running in this thread, or None.
        autocast: pairs of a kind of device and the lower precision for it, or None where autocast is off.
        autocast_dtypes: the lower precision for each kind of device that has been chosen.
        autocast_cache: whether autocast was asked to cache.
    """

    grad: bool = True
    inference: bool = False
    trace: Any = None
    autocast: Any = None
    autocast_dtypes: Mapping[str, Any] = MappingProxyType({})
    autocast_cache: bool = True


local = Local()


class Casting:
    """What plan runs in place of another under autocast; ``xlagrad.core.autocast`` fills it in."""

    choose: Callable[..., Any]


class Switch:
    """A context manager and decorator that sets a mode and restores what was there before."""

    def __new__(cls, *args: Any, **values: Any) -> Any:
        """Also serve as a bare decorator, such as ``@no_grad`` without parentheses."""
        self = super().__new__(cls)
        if args and callable(args[0]):
            self.__init__()  # type: ignore[misc]
            return self(args[0])
        return self

    def __init__(self, **values: Any) -> None:
        self._values = values
        self._saved: list[dict[str, Any]] = []

    def __enter__(self) -> None:
        self._saved.append({name: getattr(local, name) for name in self._values})
        for name, value in self._values.items():
            setattr(local, name, value)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        for name, old in self._saved.pop().items():
            setattr(local, name, old)

    def __call__(self, fn: F) -> F:
        """Run ``fn`` in this mode on every call; a generator function, in each of its steps."""
        if inspect.isgeneratorfunction(fn):
            return self._stepwise(fn)  # type: ignore[return-value]

        @functools.wraps(fn)
        def inner(*args: Any, **kwargs: Any) -> Any:
            # A fresh switch for each call keeps recursion and threads apart.
            with Switch(**self._values):
                return fn(*args, **kwargs)

        return inner  # type: ignore[return-value]

    def _stepwise(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        def advance(step: Callable[..., Any], *args: Any) -> Any:
            with Switch(**self._values):
                return step(*args)

        @functools.wraps(fn)
        def inner(*args: Any, **kwargs: Any) -> Any:
            steps = fn(*args, **kwargs)
            try:
                item = advance(steps.send, None)
                while True:
                    try:
                        sent = yield item
                    except GeneratorExit:
                        advance(steps.close)
                        raise
                    except BaseException as error:
                        item = advance(steps.throw, error)
                    else:
                        item = advance(steps.send, sent)
            except StopIteration as stop:
                return stop.value

        return inner


class no_grad(Switch):
    """Do not record operations for backward, as a ``with`` block or a decorator.

    Results do not require gradients, whatever their inputs do. In-place writes to leaves are allowed.

    Example:
        >>> with no_grad():
        ...     is_grad_enabled()
        False
    """

    def __init__(self) -> None:
        super().__init__(grad=False)


class enable_grad(Switch):
    """Record operations for backward, also inside ``no_grad``."""

    def __init__(self) -> None:
        super().__init__(grad=True)


class inference_mode(Switch):
    """``no_grad`` under torch's other name.

    Deviation from torch: tensors made inside may be used in recorded operations afterwards; there is
    nothing to gain from forbidding it here.
    """

    def __init__(self, mode: bool = True) -> None:
        super().__init__(**({"grad": False, "inference": True} if mode else {}))


class set_grad_enabled(Switch):
    """Switch recording on or off at once, and back at the end of a ``with`` block."""

    def __init__(self, mode: bool) -> None:
        super().__init__(grad=mode)
        self._before = local.grad
        local.grad = mode

    def __call__(self, fn: F) -> F:
        """Run ``fn`` in this mode; the switch itself is taken back."""
        local.grad = self._before
        return super().__call__(fn)

    def __enter__(self) -> None:
        self._saved.append({"grad": self._before})
        local.grad = self._values["grad"]


def is_grad_enabled() -> bool:
    """Return whether operations are being recorded for backward."""
    return local.grad


def is_inference_mode_enabled() -> bool:
    """Return whether ``inference_mode`` is on."""
    return local.inference


class Flag:
    """The eager flag. One for the process, so that every thread of a program debugs alike."""

    def __init__(self, on: bool) -> None:
        self.on = on


def _from_environment() -> bool:
    text = os.environ.get("XLAGRAD_EAGER", "0").strip().lower()
    if text in ("", "0", "false", "no", "off"):
        return False
    if text in ("1", "true", "yes", "on"):
        return True
    raise ArgumentError(message("XLAGRAD_EAGER", "0 or 1", repr(text), "unset it, or set it to 1"))


flag = Flag(_from_environment())


class eager:
    """Run every compiled function as the plain Python function that it is.

    ``eager(True)`` switches at once for the whole process; ``with eager():`` switches for a block. The
    numbers are those of compiled mode but for the reassociation of floats: the same operations and the
    same random draws, with breakpoints, prints and stack traces at work.

    Args:
        on: True for eager, False for compiled.

    Example:
        >>> with eager():
        ...     is_eager()
        True
        >>> is_eager()
        False
    """

    def __init__(self, on: bool = True) -> None:
        if not isinstance(on, bool):
            raise ArgumentError(message("eager", "True or False", repr(on)))
        self._before = flag.on
        flag.on = on

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        flag.on = self._before


def is_eager() -> bool:
    """Return whether compiled functions run as plain Python."""
    return flag.on
