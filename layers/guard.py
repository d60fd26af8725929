"""What a trace through a module depends on, besides the values of its tensors."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from xlagrad.core import state
from xlagrad.layers.attributes import INTERNAL
from xlagrad.layers.hooks import ModuleHooks, global_hooks
from xlagrad.layers.static import Same, freeze, is_mutable

_CALL_HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")


class Guarded(ModuleHooks):
    """The ``_guard_state`` protocol of ``xlagrad.core.state`` for modules."""

    def _guard_state(self) -> Hashable:
        """Return a snapshot of this module alone; submodules are depended on by themselves."""
        fields = self.__dict__
        members = tuple(
            [
                (name, None if t is None else Same(state.identity(t)), getattr(t, "_requires_grad", False))
                for table in (fields["_parameters"], fields["_buffers"])
                for name, t in table.items()
            ]
        )
        children = tuple([(name, None if m is None else Same(m)) for name, m in fields["_modules"].items()])
        own = [(key, value) for key, value in fields.items() if key not in INTERNAL]
        plain = tuple([(key, freeze(value, whole=False)) for key, value in own])
        hooks = tuple([key for table in _CALL_HOOKS for key in fields[table]])
        return members, children, plain, hooks, global_hooks.key() if global_hooks else ()

    def _guard_is_volatile(self) -> bool:
        """Return whether an attribute, such as a list, can change without being assigned.

        ``state.touch`` does not hear of such a change, so the guard has to be looked at in every call.
        """
        return any(is_mutable(value) for key, value in self.__dict__.items() if key not in INTERNAL)


def depend_on_all(module: Any) -> None:
    """Tell the trace that it depends on ``module`` and on everything below it.

    Submodules that are never called count too: their parent may read their attributes.
    """
    seen: set[int] = set()
    stack: list[Any] = [module]
    while stack:
        current = stack.pop()
        if id(current) not in seen:
            seen.add(id(current))
            state.depend(current)
            stack.extend(m for m in current._modules.values() if m is not None)
