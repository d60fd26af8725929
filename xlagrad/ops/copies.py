"""The ``*_copy`` functions: what a view function gives, with a value of its own. Gradients pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from xlagrad.core.dispatch import Delivery
from xlagrad.core.handle import Handle
from xlagrad.ops import complex_view, parts, strided, view
from xlagrad.ops.index import getitem


def _slice(input: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    at = view.axis("slice", dim, len(input.shape))
    return getitem(input, (slice(None),) * at + (slice(start, end, step),))


def _alias(input: Any) -> Any:
    return input


def _copying(name: str, take: Callable[..., Any]) -> Callable[..., Any]:
    def copy(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is not None:
            return Delivery.write(f"{name}_copy", copy, args, kwargs, out, False)
        found = take(*args, **kwargs)
        return jax.tree.map(
            lambda x: view.clone(x) if isinstance(x, Handle) else x,
            found,
            is_leaf=lambda x: isinstance(x, Handle),
        )

    copy.__name__ = copy.__qualname__ = f"{name}_copy"
    copy.__doc__ = f"Return what ``{name}`` gives as a tensor with a value of its own; gradients pass."
    return copy


# fmt: off
_TAKES: dict[str, Callable[..., Any]] = {
    "alias": _alias, "as_strided": strided.as_strided, "detach": view.detach, "diagonal": view.diagonal,
    "expand": view.expand, "narrow": parts.narrow, "permute": view.permute, "select": parts.select,
    "slice": _slice, "split": parts.split, "split_with_sizes": parts.split, "squeeze": view.squeeze,
    "t": view.t, "transpose": view.transpose, "unbind": parts.unbind, "unfold": strided.unfold,
    "unsqueeze": view.unsqueeze, "view": view.view, "view_as_complex": complex_view.view_as_complex,
    "view_as_real": complex_view.view_as_real,
}
# fmt: on

#: The functions by name, such as ``"permute_copy"``.
COPIES: dict[str, Callable[..., Any]] = {
    f"{name}_copy": _copying(name, take) for name, take in _TAKES.items()
}
narrow_copy = COPIES["narrow_copy"]
