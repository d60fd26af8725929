"""`torch.func`: transformations of functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.transforms import grad, hessian, jacfwd, jacrev, jvp, value_and_grad, vjp
from xlagrad.core.vmap import vmap
from xlagrad.layers.functional_call import functional_call
from xlagrad.layers.module import Module
from xlagrad.ops.join import stack


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Any:
    """Return a function to ``(gradient, value)``, or ``(gradient, (value, aux))``.

    Reference: ``torch.func.grad_and_value``, which has the order of :func:`value_and_grad` turned around.
    """
    both = value_and_grad(func, argnums, has_aux=has_aux)

    def turned(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        value, gradient = both(*args, **kwargs)
        return gradient, value

    return turned


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return parameters and buffers, each stacked over the models along a new first dimension.

    Args:
        models: modules of the same class and shapes.

    Raises:
        ArgumentError: there is none, or they differ in class.
    """
    if not models or any(type(m) is not type(models[0]) for m in models):
        got = ", ".join(type(m).__name__ for m in models) or "none"
        raise ArgumentError(
            message("stack_module_state", "models of one class", got, "pass one class at a time")
        )
    parameters = [dict(m.named_parameters()) for m in models]
    buffers = [dict(m.named_buffers()) for m in models]
    stacked = {name: stack([p[name].detach() for p in parameters]).requires_grad_() for name in parameters[0]}
    return stacked, {name: stack([b[name] for b in buffers]) for name in buffers[0]}


__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "stack_module_state",
    "vjp",
    "vmap",
]
