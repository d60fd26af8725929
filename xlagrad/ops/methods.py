"""Installs operations as methods of ``Tensor``, and derives the in-place ones from their records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from xlagrad.core.dispatch import Array, Op, op, registry
from xlagrad.core.errors import DtypeError, ShapeError, StateError, describe, message
from xlagrad.core.handle import Handle, read
from xlagrad.core.modes import local
from xlagrad.core.promotion import can_cast
from xlagrad.core.tensor import Tensor
from xlagrad.core.view import assign, check_writable
from xlagrad.ops import (  # noqa: F401
    absent,
    attributes,
    complex_view,
    convert,
    copies,
    index,
    parts,
    patches,
    resize,
    scattering,
    segment,
    splits,
    strided,
    view,
)


def inplace(record: Op) -> Callable[..., Any]:
    """Return the in-place variant of an operation: its result becomes the value of the first argument.

    The result is cast to the tensor's own dtype; a cast to a lesser kind (float to int) raises, as in torch.
    """
    who = f"{record.name}_"

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = record(self, *args, **kwargs)
        old, new = read(self).dtype, read(result).dtype
        if old != new:
            if not can_cast(new, old):
                raise DtypeError(
                    message(who, f"a result that can be cast to {old}",
                            f"{new} (result type can't be cast to the desired output type)",
                            "convert the tensor first")
                )  # fmt: skip
            result = convert.cast(result, old)
        assign(who, self, result)
        return self

    method.__name__ = method.__qualname__ = who
    method.__doc__ = f"In-place version of :func:`{record.name}`; returns the tensor itself."
    return method


@op(name="_copy_into")
def _copy_into(input: Array, src: Array) -> Array:
    """The value of ``src``, broadcast and cast to ``input``, which passes no gradient."""
    return jnp.broadcast_to(src, input.shape).astype(input.dtype)


def copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    """Replace the elements by those of ``src``, broadcast and cast; return the tensor.

    Raises:
        ShapeError: ``src`` does not broadcast to the tensor's shape.
    """
    if not isinstance(src, Handle):
        src = Tensor(src)
    try:
        fits = jnp.broadcast_shapes(tuple(src.shape), tuple(self.shape)) == tuple(self.shape)
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(message("copy_", f"a source that broadcasts to {tuple(self.shape)}", describe(src)))
    if src.is_complex() and not self.is_complex():
        raise DtypeError(message("copy_", f"real values for {self.dtype.name}", describe(src), "take .real"))
    if src.device != self.device and local.trace is None:
        src = convert.move(src, self.device)
    assign("copy_", self, _copy_into(self, src))
    return self


def setitem(self: Any, key: Any, value: Any) -> None:
    """Write ``self[key] = value``, through views, with gradients."""
    assign("setitem", self, index.put(self, key, value))


def index_put_(self: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """Write, or add, ``values`` at the positions that a tuple of index tensors names."""
    assign("index_put_", self, index.index_put(self, indices, values, accumulate))
    return self


def detach_(self: Any) -> Any:
    """Cut the tensor off its history; return it.

    Raises:
        StateError: it is a view: detach the base, or use ``detach()``.
    """
    if self._view is not None and not self._view.severed:
        raise StateError(message("detach_", "a tensor that is no view", "a view", "use .detach()"))
    if local.trace is not None:
        local.trace.keep(self)
        self._data = view.detach(read(self))
    self._node, self._slot, self._requires_grad = None, 0, False
    return self


def _renamed(name: str, take: Callable[..., Any]) -> Callable[..., Any]:
    """Return the in-place variant of a view method: the tensor takes the result's shape.

    Views that were taken of it before cannot be read any more.
    """
    who = f"{name}_"

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_writable(who, self)
        result = take(self, *args, **kwargs)
        trace = local.trace
        if self._view is None:
            if trace is not None:
                trace.write(self)
            self._data, self._version = read(result), self._version + 1
        elif trace is not None and not trace.is_born(self):
            fix = f"use .{name}(...)"
            raise StateError(message(who, "a tensor of the traced function", "a view from outside it", fix))
        else:
            self._data, self._view = read(result), result._view
        if result._node is not None:
            self._node, self._slot = result._node, result._slot
        return self

    method.__name__ = method.__qualname__ = f"{name}_"
    method.__doc__ = f"In-place version of :func:`{name}`."
    return method


# fmt: off
_VIEWS = (
    "reshape", "view", "view_as", "reshape_as", "flatten", "ravel", "unflatten", "squeeze", "unsqueeze",
    "permute", "transpose", "t", "movedim", "expand", "expand_as", "broadcast_to", "diagonal", "detach",
)
# fmt: on
_PARTS = ("narrow", "select", "split", "chunk", "unbind")
_FURTHER = {
    complex_view: ("view_as_complex", "view_as_real"),
    copies: ("narrow_copy",),
    splits: ("tensor_split", "hsplit", "vsplit", "dsplit", *splits.UNSAFE),
    strided: ("as_strided", "as_strided_scatter", "slice_inverse", "unfold"),
}
_SHAPED = ("squeeze", "unsqueeze", "transpose", "t")


def _property(fn: Callable[..., Any], doc: str) -> property:
    return property(fn, doc=doc)


def _mT(self: Any) -> Any:
    return view.transpose(self, -2, -1)


def _T(self: Any) -> Any:
    return view.permute(self, tuple(reversed(range(len(self.shape)))))


def install() -> None:
    """Give ``Tensor`` a method for every record that asks for one, and the views."""
    methods: dict[str, Any] = absent.METHODS | attributes.ATTRIBUTES | convert.CASTS | resize.METHODS
    for module, names in _FURTHER.items():
        methods |= {name: getattr(module, name) for name in names}
    for name in _VIEWS:
        methods[name] = getattr(view, name)
    for name in _PARTS:
        methods[name] = getattr(parts, name)
    for name in _SHAPED:
        methods[f"{name}_"] = _renamed(name, getattr(view, name))
    for name in ("swapaxes", "swapdims"):
        methods[f"{name}_"] = _renamed(name, view.transpose)
    methods |= {
        "swapaxes": view.transpose,
        "swapdims": view.transpose,
        "moveaxis": view.movedim,
        "contiguous": view.contiguous_,
        "clone": view.clone,
        "split_with_sizes": parts.split,
        "to": convert.to,
        "type": convert.type_,
        "type_as": convert.type_as,
        "cpu": convert.cpu,
        "cuda": convert.cuda,
        "copy_": copy_,
        "detach_": detach_,
        "index_put_": index_put_,
        "__getitem__": index.getitem,
        "__setitem__": setitem,
        "mT": _property(_mT, "The tensor with its last two dimensions exchanged."),
        "real": _property(view.real_part, "A view of the real parts; a real tensor itself."),
        "imag": _property(view.imag_part, "A view of the imaginary parts."),
        "T": _property(_T, "The tensor with its dimensions reversed."),
    }
    for record in set(registry.values()):
        for name in (record.name, *record.aliases) if record.method else ():
            methods[name] = record
            if record.inplace:
                methods[f"{name}_"] = inplace(record)
    for name, value in methods.items():
        # Operators and further methods that other modules install stay as they are.
        setattr(Tensor, name, value)


__all__ = ["copy_", "inplace", "install"]
