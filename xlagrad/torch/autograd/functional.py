"""`autograd.functional`: Jacobians, Hessians and products with them, of functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.handle import Handle
from xlagrad.core.modes import enable_grad
from xlagrad.ops.create import ones_like, zeros_like
from xlagrad.ops.join import stack
from xlagrad.torch.autograd.walk import grad

Function = Callable[..., Any]


def _inputs(inputs: Any) -> tuple[list[Any], bool]:
    single = isinstance(inputs, Handle)
    return [inputs] if single else list(inputs), single


def _leaves(inputs: Sequence[Any], create_graph: bool) -> list[Any]:
    """Return the inputs as tensors to differentiate with respect to, joined to their history if asked for."""
    if create_graph:
        return [x.view_as(x) if x.requires_grad else x.detach().requires_grad_() for x in inputs]
    return [x.detach().requires_grad_() for x in inputs]


def _values(out: Any) -> tuple[list[Any], bool]:
    single = isinstance(out, Handle)
    return [out] if single else list(out), single


def _packed(values: Sequence[Any], single: bool) -> Any:
    return values[0] if single else tuple(values)


def _gradient(
    outs: Any, leaves: list[Any], seeds: Any, create_graph: bool, strict: bool, who: str
) -> list[Any]:
    outs, seeds = ([outs], [seeds]) if isinstance(outs, Handle) else (outs, seeds)
    pairs = [(o, s) for o, s in zip(outs, seeds, strict=True) if o.requires_grad]
    if not pairs:
        found: Any = [None] * len(leaves)
    else:
        outs, seeds = zip(*pairs, strict=True)
        found = grad(outs, leaves, seeds, retain_graph=True, create_graph=create_graph, allow_unused=True)
    if strict and any(g is None for g in found):
        fix = "set strict=False to get zeros"
        raise ArgumentError(message(who, "outputs that depend on every input", "an independent one", fix))
    return [zeros_like(x) if g is None else g for x, g in zip(leaves, found, strict=True)]


def _scalar(who: str, out: Any) -> Any:
    if not isinstance(out, Handle) or out.numel() != 1:  # type: ignore[attr-defined]
        raise ArgumentError(message(who, "a function to a tensor with one element", repr(out), "reduce it"))
    return out.reshape(())  # type: ignore[attr-defined]


def jacobian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Return ∂func/∂inputs: for each output and input a tensor of the output's shape, then the input's.

    Args:
        func: function of tensors to a tensor or a tuple of them.
        inputs: a tensor, or a tuple of its arguments.
        create_graph: make the result differentiable.
        strict: raise if an output does not depend on an input.
        vectorize: accepted for PyTorch's sake; the result is the same.
        strategy: as ``vectorize``.

    Raises:
        ArgumentError: ``strict`` and an output that does not depend on an input.

    Reference: ``torch.autograd.functional.jacobian``.
    """
    given, single_in = _inputs(inputs)
    with enable_grad():
        leaves = _leaves(given, create_graph)
        outs, single_out = _values(func(*leaves))
        table = []
        for out in outs:
            flat = out.reshape(-1)
            rows = [
                _gradient(flat[i], leaves, ones_like(flat[i]), create_graph, strict, "jacobian")
                for i in range(flat.numel())
            ]
            columns = [
                stack([row[j] for row in rows]).reshape(tuple(out.shape) + tuple(x.shape))
                if rows
                else zeros_like(x).reshape(-1)[:0].reshape(tuple(out.shape) + tuple(x.shape))
                for j, x in enumerate(leaves)
            ]
            table.append(_packed(columns, single_in))
    return _detached(_packed(table, single_out), create_graph)


def _detached(value: Any, keep: bool) -> Any:
    if keep:
        return value
    return value.detach() if isinstance(value, Handle) else tuple(_detached(v, keep) for v in value)  # type: ignore[attr-defined]


def hessian(
    func: Function, inputs: Any, create_graph: bool = False, strict: bool = False, **options: Any
) -> Any:
    """Return ∂²func/∂inputs² of a function to a scalar.

    Args:
        func: function of tensors to a tensor with one element.
        inputs: a tensor, or a tuple of its arguments.
        create_graph: make the result differentiable.
        strict: raise if a gradient does not depend on an input.
        options: PyTorch's ``vectorize`` and ``outer_jacobian_strategy`` have no effect on the result.

    Raises:
        ArgumentError: the output has more than one element.
    """
    _, single = _inputs(inputs)

    def first(*xs: Any) -> Any:
        leaves = [x if x.requires_grad else x.detach().requires_grad_() for x in xs]
        out = _scalar("hessian", func(*leaves))
        return _packed(_gradient(out, leaves, ones_like(out), True, strict, "hessian"), single)

    return jacobian(first, inputs, create_graph, strict)


def vjp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """Return ``(outputs, vᵀ J)``.

    Args:
        func: function of tensors to a tensor or a tuple of them.
        inputs: a tensor, or a tuple of its arguments.
        v: like the outputs; 1 if they are one element.
        create_graph: make the result differentiable.
        strict: raise if an output does not depend on an input.
    """
    given, single_in = _inputs(inputs)
    with enable_grad():
        leaves = _leaves(given, create_graph)
        outs, single_out = _values(func(*leaves))
        seeds = (
            [ones_like(_scalar("vjp", outs[0])).reshape(tuple(outs[0].shape))] if v is None else _values(v)[0]
        )
        found = _gradient(outs, leaves, seeds, create_graph, strict, "vjp")
    result = (_packed(outs, single_out), _packed(found, single_in))
    return tuple(_detached(r, create_graph) for r in result)


def jvp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """Return ``(outputs, J v)``, by differentiating vᵀJ with respect to a cotangent.

    Args:
        func: function of tensors to a tensor or a tuple of them.
        inputs: a tensor, or a tuple of its arguments.
        v: like the inputs; 1 if they are one element.
        create_graph: make the result differentiable.
        strict: raise if an output does not depend on an input.
    """
    given, _ = _inputs(inputs)
    directions = [ones_like(given[0])] if v is None else _values(v)[0]
    with enable_grad():
        leaves = _leaves(given, create_graph)
        outs, single_out = _values(func(*leaves))
        seeds = [zeros_like(o).requires_grad_() for o in outs]
        products = _gradient(outs, leaves, seeds, True, strict, "jvp")
        found = _gradient(products, seeds, directions, create_graph, False, "jvp")
    result = (_packed(outs, single_out), _packed(found, single_out))
    return tuple(_detached(r, create_graph) for r in result)


def vhp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """Return ``(output, vᵀ H)`` of a function to a scalar.

    Args:
        func: function of tensors to a tensor with one element.
        inputs: a tensor, or a tuple of its arguments.
        v: like the inputs; 1 if they are one element.
        create_graph: make the result differentiable.
        strict: raise if a gradient does not depend on an input.
    """
    given, single = _inputs(inputs)
    directions = [ones_like(given[0])] if v is None else _values(v)[0]
    with enable_grad():
        leaves = _leaves(given, create_graph)
        out = _scalar("vhp", func(*leaves))
        first = _gradient(out, leaves, ones_like(out), True, strict, "vhp")
        second = _gradient(first, leaves, directions, create_graph, strict, "vhp")
    return _detached(out, create_graph), _detached(_packed(second, single), create_graph)


# The Hessian is symmetric, and this costs no more than the product from the other side.
hvp = vhp

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]
