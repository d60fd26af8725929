"""The members of a tensor that concern gradients: who wants them, backward, hooks, detaching."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from xlagrad.core import state, tape
from xlagrad.core.errors import AutogradError, DtypeError, ShapeError, describe, message
from xlagrad.core.handle import Handle, NotKept, read
from xlagrad.core.modes import local


class Gradients(Handle):
    """The members of a tensor that concern gradients."""

    __slots__ = ()

    if TYPE_CHECKING:
        # Operations install themselves as methods.
        def __getattr__(self, name: str) -> Any: ...

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are wanted with respect to this tensor."""
        if self._view is not None:
            read(self)
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Ask for gradients, or no longer; return the tensor.

        Raises:
            DtypeError: the elements are neither floats nor complex.
            AutogradError: it is switched off on a tensor that is no leaf.
        """
        if not isinstance(requires_grad, bool):
            raise DtypeError(message("requires_grad", "True or False", describe(requires_grad)))
        if requires_grad and not jnp.issubdtype(read(self).dtype, jnp.inexact):
            raise DtypeError(
                message("requires_grad", "floating point or complex elements (only Tensors of floating point"
                        " and complex dtype can require gradients)", str(self.dtype), "cast it first")
            )  # fmt: skip
        if not requires_grad and self._node is not None:
            raise AutogradError(
                message("requires_grad", "a leaf (you can only change requires_grad flags of leaf variables)",
                        repr(self._node), "use .detach()")
            )  # fmt: skip
        if bool(requires_grad) != self._requires_grad:
            if local.trace is not None:
                local.trace.keep(self)
            self._requires_grad = bool(requires_grad)
            state.bump()
        return self

    @property
    def grad(self) -> Any:
        """The gradient that backward has accumulated here, a tensor or None.

        Raises:
            StateError: a compiled step consumed it and did not keep it; see ``keep_grads`` of ``compile``.
        """
        if local.trace is not None:
            local.trace.read_grad(self)
        grad = self._grad
        if grad.__class__ is NotKept:
            raise grad.error()
        return grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            if not isinstance(value, Handle):
                raise DtypeError(message("grad", "a Tensor or None", type(value).__name__))
            if read(value).shape != read(self).shape:
                raise ShapeError(message("grad", f"a gradient like {describe(self)}", describe(value)))
        if local.trace is not None:
            local.trace.write_grad(self)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    @property
    def grad_fn(self) -> tape.Node | None:
        """The tape node that made this tensor, None for a leaf."""
        if self._view is not None:
            read(self)
        return self._node

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this tensor."""
        return self.grad_fn is None

    @property
    def output_nr(self) -> int:
        """Which output of ``grad_fn`` this is."""
        return self._slot

    @property
    def _base(self) -> Any:
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this tensor with respect to the leaves to their ``grad``.

        Args:
            gradient: cotangent of this tensor's shape; may be left out for one element.
            retain_graph: keep the residuals for another backward; by default as ``create_graph``.
            create_graph: record the walk, so that the gradients can be differentiated.
            inputs: accumulate into these tensors only.

        Raises:
            AutogradError: the tensor does not require grad, is no scalar and has no ``gradient``, or its
                graph was used up.
        """
        if inputs is not None and isinstance(inputs, Handle):
            inputs = [inputs]
        if inputs is not None and not len(inputs):
            raise AutogradError(message("backward", "at least one tensor in inputs", "an empty list"))
        tape.run(
            "backward",
            [self],
            [gradient],
            create_graph=create_graph,
            retain=create_graph if retain_graph is None else retain_graph,
            targets=inputs,
        )

    def register_hook(self, hook: Callable[..., Any]) -> tape.Removable:
        """Call ``hook(grad)`` when the gradient of this tensor is known; what it returns replaces it."""
        if not self.requires_grad:
            raise AutogradError(
                message("register_hook", "a tensor that requires gradient", "one that does not",
                        "cannot register a hook on a tensor that doesn't require gradient")
            )  # fmt: skip
        if self._node is None:
            if self._hooks is None:
                self._hooks = {}
            return tape.Removable(self._hooks, hook)
        if self._node.prehooks is None:
            self._node.prehooks = {}
        return tape.Removable(self._node.prehooks.setdefault(self._slot, {}), hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[..., Any]) -> tape.Removable:
        """Call ``hook(tensor)`` each time that backward has added to ``grad`` of this leaf."""
        if not self.requires_grad or self._node is not None:
            got = "one that does not" if self._node is None else repr(self._node)
            who = "register_post_accumulate_grad_hook"
            raise AutogradError(message(who, "a leaf that requires gradient", got, "use register_hook"))
        return tape.Removable(self.__dict__.setdefault("_after_grad", {}), hook)

    def retain_grad(self) -> None:
        """Keep the gradient of this tensor in ``grad`` although it is no leaf."""
        if not self.requires_grad:
            raise AutogradError(message("retain_grad", "a tensor that has requires_grad=True", "one without"))
        if self._node is not None:
            if self._node.retained is None:
                self._node.retained = {}
            self._node.retained[self._slot] = weakref.ref(self)

    @property
    def retains_grad(self) -> bool:
        """Whether ``retain_grad`` was called on this tensor, which is no leaf."""
        return bool(self._node is not None and self._node.retained and self._slot in self._node.retained)
