"""`autograd.grad` and `autograd.backward`: gradients of several outputs at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from xlagrad.core import tape
from xlagrad.core.errors import ArgumentError, AutogradError, message
from xlagrad.core.handle import Handle, wrap
from xlagrad.core.tensor import Tensor
from xlagrad.ops.create import zeros_like

Tensors = Tensor | Sequence[Tensor]


def _sequence(value: Any) -> list[Any]:
    return [value] if isinstance(value, Handle) else list(value)


def _cotangents(who: str, outputs: Sequence[Any], given: Any) -> list[Any]:
    grads = [None] * len(outputs) if given is None else _sequence(given)
    if len(grads) != len(outputs):
        fix = "pass one, or None, for each output"
        raise ArgumentError(message(who, f"{len(outputs)} gradients of outputs", str(len(grads)), fix))
    return grads


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Return Σ ∂outputs/∂input · grad_outputs for each input, and leave every ``.grad`` alone.

    Args:
        outputs: what to differentiate.
        inputs: with respect to which tensors.
        grad_outputs: a cotangent for each output; 1 is implied for a scalar.
        retain_graph: keep the graph for another walk; by default as ``create_graph``.
        create_graph: record the walk, so that the result can be differentiated.
        allow_unused: return None for an input that no output depends on, instead of raising.
        is_grads_batched: the first dimension of each of ``grad_outputs`` is one walk.
        materialize_grads: return zeros for such an input.

    Raises:
        AutogradError: an input does not require grad, or is unused.

    Example:
        >>> import xlagrad.torch as torch
        >>> x = torch.tensor(3.0, requires_grad=True)
        >>> torch.autograd.grad(x**2, x)
        (tensor(6.),)

    Reference: ``torch.autograd.grad``.
    """
    outs, ins = _sequence(outputs), _sequence(inputs)
    for i, t in enumerate(ins):
        if not t.requires_grad:
            got = f"inputs[{i}], which does not (one of the differentiated Tensors does not require grad)"
            fix = "set requires_grad=True before computing the outputs"
            raise AutogradError(message("grad", "inputs that require grad", got, fix))
    cotangents = _cotangents("grad", outs, grad_outputs)
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _batched(outs, ins, cotangents, create_graph, bool(allow_unused or materialize_grads))
    found = tape.run(
        "grad", outs, cotangents, create_graph=create_graph, retain=retain, targets=ins, collect=True
    )
    for i, (t, g) in enumerate(zip(ins, found, strict=True)):
        if g is None and materialize_grads:
            found[i] = zeros_like(t)
        elif g is None and not allow_unused:
            got = f"inputs[{i}] unused (one of the differentiated Tensors appears to not have been used)"
            fix = "set allow_unused=True to get None for it"
            raise AutogradError(message("grad", "inputs that the outputs depend on", got, fix))
    return tuple(found)


def _batched(
    outs: list[Any], ins: list[Any], cotangents: list[Any], create_graph: bool, allow_unused: bool
) -> tuple[Any, ...]:
    """Return the gradients of one walk for each first index of the cotangents, stacked."""
    rows = []
    for i in range(len(cotangents[0])):
        given = [c[i] for c in cotangents]
        rows.append(grad(outs, ins, given, True, create_graph, allow_unused))
    return tuple(
        None if column[0] is None else wrap(jax.numpy.stack([g.data_array for g in column]))
        for column in zip(*rows, strict=True)
    )


def backward(
    tensors: Tensors,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensors | None = None,
) -> None:
    """Add the gradients of the sum of ``tensors`` to the ``grad`` of the leaves.

    Args:
        tensors: what to differentiate.
        grad_tensors: a cotangent for each; 1 is implied for a scalar.
        retain_graph: keep the graph for another walk; by default as ``create_graph``.
        create_graph: record the walk.
        inputs: accumulate into these tensors only.

    Raises:
        AutogradError: as :meth:`Tensor.backward`.

    Reference: ``torch.autograd.backward``.
    """
    outs = _sequence(tensors)
    targets = None if inputs is None else _sequence(inputs)
    if targets is not None and not targets:
        raise AutogradError(message("backward", "at least one tensor in inputs", "an empty list"))
    tape.run(
        "backward",
        outs,
        _cotangents("backward", outs, grad_tensors),
        create_graph=create_graph,
        retain=create_graph if retain_graph is None else retain_graph,
        targets=targets,
    )


__all__ = ["backward", "grad"]
