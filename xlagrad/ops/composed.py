"""Functions made of operations rather than being one: they choose, reorder, or look at values first.

``max(x)``, ``max(x, dim)`` and ``max(x, other)`` are three operations behind one name; ``gather(x, dim,
index)`` has its static argument between its operands; ``nonzero`` looks at values to know the shape of its
result.
Such a function has a record beside those of the operations, so that faces find every name in one place.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any

from xlagrad.core import errors
from xlagrad.core.dispatch import Delivery, registry
from xlagrad.core.errors import message
from xlagrad.core.signature import own_name


class Composed:
    """The record of a function of tensors that calls operations.

    Attributes:
        name: unique name, shared with operations.
        fn: the function.
        aliases: further names.
        method: whether ``Tensor`` has it as a method.
        inplace: whether ``Tensor`` has the variant with a trailing underscore.
    """

    def __init__(
        self, fn: Callable[..., Any], name: str, aliases: tuple[str, ...], method: bool, inplace: bool
    ) -> None:
        functools.update_wrapper(self, fn)
        self.fn = fn
        self.name = self.__name__ = self.__qualname__ = name
        self.aliases = aliases
        self.method = method
        self.inplace = inplace
        called = fn if isinstance(fn, FunctionType) else fn.fn  # type: ignore[attr-defined]
        self._known = tuple(inspect.signature(called).parameters)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            kwargs = {own_name(k, self._known): v for k, v in kwargs.items()}
            if "out" in kwargs and "out" not in self._known:
                out = kwargs.pop("out")
                if out is not None:
                    return Delivery.write(self.name, self.fn, args, kwargs, out, "dtype" in self._known)
        return self.fn(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Bind as a method does, so that a record can be a method of ``Tensor``."""
        return self if instance is None else functools.partial(self, instance)

    def __repr__(self) -> str:
        return f"<composed operation {self.name}>"


def composed(
    *, name: str | None = None, method: bool = False, inplace: bool = False, aliases: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Composed]:
    """Make a function of tensors a record; the options are those of ``op``.

    Raises:
        ArgumentError: the name is taken.
    """

    def decorate(fn: Callable[..., Any]) -> Composed:
        record = Composed(fn, name or fn.__name__, aliases, method or inplace, inplace)
        for key in (record.name, *aliases):
            if key in registry:
                want, fix = "a name that is not taken", "give it another name"
                raise errors.ArgumentError(message("composed", want, f"'{key}'", fix))
            registry[key] = record  # type: ignore[assignment]
        return record

    return decorate
