"""Hooks of modules: before and after ``forward``, and on the gradients that pass through."""

from __future__ import annotations

import functools
import itertools
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from xlagrad.core import state
from xlagrad.core.errors import StateError, message
from xlagrad.layers.attributes import ModuleAttributes, registration_hooks
from xlagrad.layers.boundary import Boundary

Hook = Callable[..., Any]
_ids = itertools.count()


class GlobalHooks:
    """The tables of hooks that run for every module; the field names are those of a module's own tables."""

    def __init__(self) -> None:
        self._forward_pre_hooks: dict[int, Entry] = OrderedDict()
        self._forward_hooks: dict[int, Entry] = OrderedDict()
        self._backward_pre_hooks: dict[int, Entry] = OrderedDict()
        self._backward_hooks: dict[int, Entry] = OrderedDict()

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def key(self) -> tuple[int, ...]:
        """Return what identifies the hooks that are registered now."""
        return tuple(itertools.chain.from_iterable(vars(self).values()))


class Entry:
    """A hook of the call with its options."""

    __slots__ = ("always", "hook", "with_kwargs")

    def __init__(self, hook: Hook, with_kwargs: bool = False, always: bool = False) -> None:
        self.hook = hook
        self.with_kwargs = with_kwargs
        self.always = always


global_hooks = GlobalHooks()


class RemovableHandle:
    """Takes a hook away again: by ``remove()`` or at the end of a ``with`` block.

    Args:
        owner: the module, or the tables of the global hooks.
        table: the name of the owner's table.
        hook: what to store in it.
        prepend: run it before those that are there.
    """

    def __init__(self, owner: Any, table: str, hook: Any, prepend: bool = False) -> None:
        self.id = next(_ids)
        self._owner, self._table = owner, table
        hooks = owner.__dict__[table]
        state.touch(owner, hooks, self.id)
        hooks[self.id] = hook
        if prepend:
            hooks.move_to_end(self.id, last=False)

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        hooks = self._owner.__dict__[self._table]
        if self.id in hooks:
            state.touch(self._owner, hooks, self.id)
            del hooks[self.id]

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class ModuleHooks(ModuleAttributes):
    """The registration of call hooks, with torch's names and signatures."""

    _forward_pre_hooks: OrderedDict[int, Entry]
    _forward_hooks: OrderedDict[int, Entry]
    _backward_pre_hooks: OrderedDict[int, Entry]
    _backward_hooks: OrderedDict[int, Entry]

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before ``forward``; what it returns replaces the arguments.

        Args:
            hook: returns None, new positional arguments, or with ``with_kwargs`` a pair (args, kwargs).
            prepend: run before the hooks that are there.
            with_kwargs: call ``hook(module, args, kwargs)``.
        """
        return RemovableHandle(self, "_forward_pre_hooks", Entry(hook, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after ``forward``; what it returns replaces the output.

        Args:
            hook: returns None or a new output.
            prepend: run before the hooks that are there.
            with_kwargs: call ``hook(module, args, kwargs, output)``.
            always_call: run the hook also when ``forward`` raised.
        """
        return RemovableHandle(self, "_forward_hooks", Entry(hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before the module's backward; a return value replaces it."""
        return RemovableHandle(self, "_backward_pre_hooks", Entry(hook), prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` once the gradients of the inputs are known.

        What it returns replaces ``grad_input``. Entries for inputs that are not tensors, or need no
        gradient, are None.
        """
        return RemovableHandle(self, "_backward_hooks", Entry(hook), prepend)

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """Do what :meth:`register_full_backward_hook` does.

        torch's hook of this name saw the gradients of the last operation only, and is deprecated for that.
        """
        return self.register_full_backward_hook(hook)


def call_with_hooks(module: Any, forward: Hook, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run ``forward`` between the module's hooks and the global ones."""
    done: set[int] = set()
    result: Any = None
    try:
        args, kwargs = _before(module, args, kwargs)
        boundary = _boundary(module)
        if boundary is not None:
            args = boundary.enter(args)
        result = forward(*args, **kwargs)
        for key, entry in _entries(module, "_forward_hooks"):
            done.add(key)
            result = _after(module, entry, args, kwargs, result)
        return result if boundary is None else boundary.leave(result)
    except Exception:
        for key, entry in _entries(module, "_forward_hooks"):
            if entry.always and key not in done:
                _after_failure(module, entry, args, kwargs, result)
        raise


def _entries(module: Any, table: str) -> list[tuple[int, Entry]]:
    return [*global_hooks.__dict__[table].items(), *module.__dict__[table].items()]


def _before(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    for _, entry in _entries(module, "_forward_pre_hooks"):
        if not entry.with_kwargs:
            new = entry.hook(module, args)
            if new is not None:
                args = new if isinstance(new, tuple) else (new,)
            continue
        new = entry.hook(module, args, kwargs)
        if new is not None:
            if not isinstance(new, tuple) or len(new) != 2:
                raise StateError(
                    message("forward pre-hook", "None or a tuple of (new_args, new_kwargs)", f"{new!r}")
                )
            args, kwargs = new
    return args, kwargs


def _after(module: Any, entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
    given = (args, kwargs) if entry.with_kwargs else (args,)
    new = entry.hook(module, *given, result)
    return result if new is None else new


def _after_failure(
    module: Any, entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
) -> None:
    try:
        _after(module, entry, args, kwargs, result)
    except Exception as error:  # the first error is the one to report
        text = (
            "module forward hook with ``always_call=True`` raised an exception that was silenced as another "
            f"error was raised in forward: {error}"
        )
        warnings.warn(text, stacklevel=2)


def _boundary(module: Any) -> Boundary | None:
    after = [functools.partial(e.hook, module) for _, e in _entries(module, "_backward_hooks")]
    before = [functools.partial(e.hook, module) for _, e in _entries(module, "_backward_pre_hooks")]
    return Boundary(before, after) if before or after else None


def _global(table: str, hook: Hook, **options: bool) -> RemovableHandle:
    return RemovableHandle(global_hooks, table, Entry(hook, **options))


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, args)`` before the forward of every module."""
    return _global("_forward_pre_hooks", hook)


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after the forward of every module."""
    return _global("_forward_hooks", hook, with_kwargs=with_kwargs, always=always_call)


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before the backward of every module."""
    return _global("_backward_pre_hooks", hook)


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` after the backward of every module."""
    return _global("_backward_hooks", hook)


class _Registration(RemovableHandle):
    def __init__(self, kind: str, hook: Hook) -> None:
        self.id = next(_ids)
        self._hooks = registration_hooks[kind]
        self._hooks[self.id] = hook

    def remove(self) -> None:
        self._hooks.pop(self.id, None)


def register_module_module_registration_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` when a submodule is added anywhere; it may return another."""
    return _Registration("module", hook)


def register_module_parameter_registration_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` when a parameter is added anywhere; it may return another."""
    return _Registration("parameter", hook)


def register_module_buffer_registration_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` when a buffer is added anywhere; it may return another."""
    return _Registration("buffer", hook)
