"""`gradcheck`: analytical gradients against differences of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core.errors import AutogradError, message
from xlagrad.core.handle import Handle, wrap
from xlagrad.core.tensor import Tensor
from xlagrad.torch.autograd.walk import grad


class GradcheckError(AutogradError):
    """An analytical gradient that differs from the numerical one."""


def _outputs(fn: Callable[..., Any], inputs: Sequence[Any]) -> list[Any]:
    out = fn(*inputs)
    outs = list(out) if isinstance(out, (tuple, list)) else [out]
    return [t for t in outs if isinstance(t, Tensor) and t.dtype.is_floating_point]


def _numerical(
    fn: Callable[..., Any], inputs: Sequence[Any], which: int, eps: float
) -> list[np.ndarray[Any, Any]]:
    """Return for each output the Jacobian (input elements, output elements) by central differences."""
    x = inputs[which]
    values = np.array(x.detach().numpy())
    flat = values.reshape(-1)
    rows: list[list[np.ndarray[Any, Any]]] = []
    for i in range(flat.size):
        sides = []
        for sign in (1, -1):
            old = flat[i]
            flat[i] = old + sign * eps
            given = [*inputs[:which], wrap(jnp.array(values, copy=True)), *inputs[which + 1 :]]
            sides.append([t.detach().numpy().astype(np.float64).reshape(-1) for t in _outputs(fn, given)])
            flat[i] = old
        rows.append([(up - down) / (2 * eps) for up, down in zip(*sides, strict=True)])
    return [np.stack(column) for column in zip(*rows, strict=True)] if rows else []


def _analytical(out: Any, x: Any) -> np.ndarray[Any, Any]:
    """Return the Jacobian (input elements, output elements) from one backward for each output element."""
    columns = []
    for i in range(out.numel()):
        seed = np.zeros(out.numel(), dtype=out.detach().numpy().dtype)
        seed[i] = 1
        given = wrap(jnp.asarray(seed.reshape(tuple(out.shape))))
        (g,) = grad(out, x, given, retain_graph=True, allow_unused=True)
        columns.append(np.zeros(x.numel()) if g is None else g.numpy().astype(np.float64).reshape(-1))
    return np.stack(columns, axis=1) if columns else np.zeros((x.numel(), 0))


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    raise_exception: bool = True,
    **options: Any,
) -> bool:
    """Return whether the backward of ``func`` agrees with central differences of its values.

    Args:
        func: function of tensors to a tensor or a tuple of them.
        inputs: its arguments; those that require grad are checked.
        eps: half the distance of the differences: 1e-6 for float64, 1e-2 for float32.
        atol: absolute tolerance: 1e-5 for float64, 1e-2 for float32.
        rtol: relative tolerance: 1e-3 for float64, 1e-2 for float32.
        raise_exception: raise instead of returning False.
        options: PyTorch's further arguments are accepted and have no effect.

    Raises:
        GradcheckError: a gradient differs; the message has both.

    Example:
        >>> import xlagrad.torch as torch
        >>> torch.autograd.gradcheck(torch.sin, torch.ones(3, requires_grad=True))
        True

    Deviation from PyTorch: float32 inputs are the rule here, so the tolerances follow the inputs' type.
    """
    given: list[Any] = [inputs] if isinstance(inputs, Handle) else list(inputs)
    checked = [i for i, x in enumerate(given) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        fix = "set requires_grad=True on the inputs to check"
        raise AutogradError(message("gradcheck", "at least one input that requires grad", "none", fix))
    double = all(given[i].dtype.itemsize == 8 for i in checked)
    eps = (1e-6 if double else 1e-2) if eps is None else eps
    atol = (1e-5 if double else 1e-2) if atol is None else atol
    rtol = (1e-3 if double else 1e-2) if rtol is None else rtol
    for which in checked:
        numerical = _numerical(func, given, which, eps)
        for place, (out, expected) in enumerate(zip(_outputs(func, given), numerical, strict=False)):
            found = _analytical(out, given[which]) if out.requires_grad else np.zeros_like(expected)
            if not np.allclose(found, expected, rtol=rtol, atol=atol, equal_nan=True):
                if not raise_exception:
                    return False
                text = f"Jacobian of output {place} with respect to input {which}"
                raise GradcheckError(message("gradcheck", f"{text}:\n{expected}\n", f"\n{found}\n"))
    return True


def gradgradcheck(func: Callable[..., Any], inputs: Any, grad_outputs: Any = None, **options: Any) -> bool:
    """Return whether the second derivatives of ``func`` agree with central differences of its gradients.

    Args:
        func: function of tensors to a tensor or a tuple of them.
        inputs: its arguments; those that require grad are checked.
        grad_outputs: the cotangents; by default a fixed pattern of numbers around 1.
        options: those of :func:`gradcheck`.

    Raises:
        GradcheckError: a gradient differs.
    """
    given: list[Any] = [inputs] if isinstance(inputs, Handle) else list(inputs)
    checked = [i for i, x in enumerate(given) if isinstance(x, Tensor) and x.requires_grad]

    def first(*args: Any) -> Any:
        leaves = [a if a.requires_grad else a.detach().requires_grad_() for a in (args[i] for i in checked)]
        full = list(args)
        for i, leaf in zip(checked, leaves, strict=True):
            full[i] = leaf
        outs = _outputs(func, full)
        seeds = grad_outputs
        if seeds is None:
            seeds = [
                wrap(jnp.cos(jnp.arange(o.numel(), dtype=o.dtype.numpy)).reshape(tuple(o.shape)) + 1)
                for o in outs
            ]
        return grad(outs, leaves, seeds, create_graph=True, materialize_grads=True)

    return gradcheck(first, given, **options)


__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]
