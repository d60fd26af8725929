"""`autograd.Function`: an operation whose backward the user writes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from xlagrad.core import tape
from xlagrad.core.errors import AutogradError, ShapeError, describe, message
from xlagrad.core.handle import Handle, read, wrap
from xlagrad.core.modes import Switch, local, no_grad


class FunctionCtx:
    """What the forward of a :class:`Function` leaves for its backward; any attribute may be set on it.

    Attributes:
        needs_input_grad: for each argument of ``apply`` whether its gradient is wanted.
    """

    needs_input_grad: tuple[bool, ...]

    def __init__(self) -> None:
        self._saved: list[tuple[Any, Any]] = []
        self._dirty: tuple[Any, ...] = ()
        self._fixed: tuple[Any, ...] = ()
        self._materialize = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for the backward, which finds them in ``saved_tensors``."""
        self._saved = [(t, _storage(t)) for t in tensors]

    save_for_forward = save_for_backward

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What ``save_for_backward`` kept.

        Raises:
            AutogradError: one of them was written in place since.
        """
        for t, storage in self._saved:
            if _storage(t) is not storage:
                raise AutogradError(
                    message(
                        "saved_tensors",
                        "tensors as they were saved",
                        "one that was written since (one of the variables needed for gradient computation has"
                        " been modified by an inplace operation)",
                        "write to a clone()",
                    )
                )
        return tuple(t for t, _ in self._saved)

    def mark_dirty(self, *tensors: Any) -> None:
        """Say that the forward writes these arguments in place and returns them."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say that these outputs have no gradient."""
        self._fixed = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Choose whether the backward gets zeros (True) or None for outputs that nothing was derived from."""
        self._materialize = value


class _FunctionNode(tape.Node):
    """The tape's node of a :class:`Function`."""

    __slots__ = ("ctx", "function", "shapes", "slots", "wanted")

    def __init__(
        self, function: Any, ctx: FunctionCtx, inputs: Sequence[Any], outputs: Sequence[Any]
    ) -> None:
        self.wanted = [i for i, x in enumerate(inputs) if ctx.needs_input_grad[i]]
        edges = [tape.edge(inputs[i]) for i in self.wanted]
        arrays = [read(t) if isinstance(t, Handle) else None for t in outputs]
        self.slots = [i for i, t in enumerate(outputs) if _is_differentiable(t, ctx)]
        avals = [(arrays[i].shape, arrays[i].dtype) for i in self.slots]  # type: ignore[union-attr]
        super().__init__(f"{function.__name__}Backward", edges, avals)
        self.function, self.ctx, self.shapes = function, ctx, len(outputs)

    def pull(self, cotangents: list[Any]) -> Sequence[Any]:
        """Call the user's backward on the cotangents."""
        with Switch(grad=False):
            grads = self._call([None if c is None else wrap(c) for c in cotangents])
        return [read(g) if isinstance(g, Handle) else g for g in grads]

    def pull_recorded(self, cotangents: list[Any]) -> Sequence[Any]:
        """Call the user's backward with recording on, so that its result can be differentiated."""
        return self._call(cotangents)

    def _call(self, cotangents: Sequence[Any]) -> list[Any]:
        full: list[Any] = [None] * self.shapes
        for slot, c, (shape, dtype) in zip(self.slots, cotangents, self.avals, strict=True):
            full[slot] = wrap(jnp.zeros(shape, dtype)) if c is None and self.ctx._materialize else c
        grads = self.function.backward(self.ctx, *full)
        grads = grads if isinstance(grads, tuple) else (grads,)
        given = len(self.ctx.needs_input_grad)
        if (len(grads) > given and any(g is not None for g in grads[given:])) or len(grads) < given:
            got = f"{len(grads)} (returned an incorrect number of gradients)"
            fix = "return one gradient, or None, for each argument of forward"
            raise AutogradError(message(f"{self.function.__name__}.backward", f"{given} gradients", got, fix))
        return [self._checked(grads[i], i, slot) for slot, i in enumerate(self.wanted)]

    def _checked(self, grad: Any, argument: int, slot: int) -> Any:
        to = self.edges[slot]
        assert to is not None
        shape = tuple(to.node.avals[to.slot][0])
        if isinstance(grad, Handle) and tuple(grad.shape) != shape:  # type: ignore[attr-defined]
            who, fix = f"{self.function.__name__}.backward", "reduce or expand it to the argument's shape"
            want = f"a gradient of shape {shape} for argument {argument}"
            raise ShapeError(message(who, want, describe(grad), fix))
        return grad

    def release(self) -> None:
        """Let the saved tensors go."""
        self.released = True
        self.ctx._saved = []


def _storage(t: Any) -> Any:
    """Return the array that a tensor, or the base that it is a view of, has now: another one once written."""
    if not isinstance(t, Handle):
        return None
    return read(t if t._view is None else t._view.base)


def _is_differentiable(output: Any, ctx: FunctionCtx) -> bool:
    if not isinstance(output, Handle) or any(output is t for t in ctx._fixed):
        return False
    return bool(jnp.issubdtype(read(output).dtype, jnp.inexact))


class Function:
    """An operation with a backward of its own: subclass it, and call ``apply``.

    ``forward(ctx, *args)`` computes the outputs and leaves on ``ctx`` what the backward needs; or
    ``forward(*args)`` computes them and ``setup_context(ctx, inputs, output)`` leaves it. ``backward(ctx,
    *grad_outputs)`` returns one gradient, or None, for each argument.

    Example:
        >>> import xlagrad.torch as torch
        >>> class Double(torch.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         return 2 * x
        ...
        ...     @staticmethod
        ...     def backward(ctx, g):
        ...         return 2 * g
        >>> x = torch.tensor([1.0], requires_grad=True)
        >>> Double.apply(x).backward()
        >>> x.grad
        tensor([2.])

    Reference: ``torch.autograd.Function``.
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Return the outputs."""
        raise NotImplementedError(
            "Function.forward: expected a subclass's static method, got none; define it."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Leave on ``ctx`` what the backward needs, where ``forward`` takes no ``ctx``."""
        raise NotImplementedError("Function.setup_context: expected a static method, got none; define it.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Return the gradients of the arguments."""
        raise NotImplementedError(
            "Function.backward: expected a subclass's static method, got none; define it."
        )

    vjp = backward

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run ``forward`` on the arguments and put the result on the tape."""
        ctx = FunctionCtx()
        recording = local.grad
        ctx.needs_input_grad = tuple(
            recording and isinstance(x, Handle) and bool(x._requires_grad) for x in args
        )
        with Switch(grad=False):
            if cls.setup_context is Function.setup_context:
                result = cls.forward(ctx, *args)
            else:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        if any(ctx.needs_input_grad):
            outputs = _attach(cls, ctx, args, outputs)
        if isinstance(result, (tuple, list)):
            return type(result)(outputs)
        return outputs[0]


def _attach(function: Any, ctx: FunctionCtx, inputs: Sequence[Any], outputs: list[Any]) -> list[Any]:
    """Put the outputs on the tape; an argument that is returned as it was becomes a tensor of its own."""
    dirty = [id(t) for t in ctx._dirty]
    for i, t in enumerate(outputs):
        if isinstance(t, Handle) and any(t is x for x in inputs) and id(t) not in dirty:
            outputs[i] = wrap(read(t))
    node = _FunctionNode(function, ctx, inputs, outputs)
    for slot, i in enumerate(node.slots):
        t = outputs[i]
        t._node, t._slot, t._requires_grad = node, slot, True
    return outputs


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a backward as one that cannot itself be differentiated: it runs without recording."""

    @functools.wraps(fn)
    def backward(ctx: Any, *grads: Any) -> Any:
        with no_grad():
            return fn(ctx, *grads)

    return backward


__all__ = ["Function", "FunctionCtx", "once_differentiable"]
