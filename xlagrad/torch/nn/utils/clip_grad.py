"""`torch.nn.utils.clip_grad`: bounds on gradients, in place."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.errors import AutogradError, message
from xlagrad.core.handle import is_tracer
from xlagrad.core.tensor import Tensor, wrap

Tensors = Tensor | Iterable[Tensor]


@functools.partial(jax.jit, static_argnums=1)
def _total_norm(arrays: Sequence[jax.Array], norm_type: float) -> jax.Array:
    """Return the p-norm of the arrays' p-norms, added up in float32 at least."""
    dtype = jnp.result_type(*arrays)
    wide = jnp.promote_types(dtype, jnp.float32)
    sizes = [jnp.abs(a).astype(wide) for a in arrays]
    if norm_type == math.inf:
        norm = jnp.max(jnp.stack([jnp.max(a, initial=0) for a in sizes]))
    elif norm_type == 2.0:
        norm = jnp.sqrt(sum(jnp.sum(jnp.square(a)) for a in sizes))
    elif norm_type == 0.0:
        norm = jnp.asarray(sum(jnp.any(a != 0).astype(wide) for a in sizes))
    else:
        norm = sum(jnp.sum(a**norm_type) for a in sizes) ** (1.0 / norm_type)
    return norm.astype(dtype)


@jax.jit
def _scaled(arrays: Sequence[jax.Array], max_norm: Any, norm: jax.Array) -> list[jax.Array]:
    factor = jnp.minimum(max_norm / (norm + 1e-6), 1.0)
    return [(a * factor).astype(a.dtype) for a in arrays]


@jax.jit
def _clamped(arrays: Sequence[jax.Array], bound: Any) -> list[jax.Array]:
    return [jnp.clip(a, -bound, bound).astype(a.dtype) for a in arrays]


def _list(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _grads(parameters: Tensors) -> list[Tensor]:
    return [p.grad for p in _list(parameters) if p.grad is not None]


def _write(tensors: Sequence[Tensor], arrays: Sequence[jax.Array]) -> None:
    for tensor, array in zip(tensors, arrays, strict=True):
        tensor._write(array)


def get_total_norm(
    tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """Return the p-norm of the elements of all tensors together.

    Args:
        tensors: the tensors.
        norm_type: p, infinity included.
        error_if_nonfinite: raise where it is not finite; under ``compile`` this cannot be looked at.
        foreach: accepted; one program computes it in any case.

    Raises:
        AutogradError: it is not finite.

    Example:
        >>> get_total_norm([Tensor([3.0]), Tensor([4.0])]).item()
        5.0
    """
    arrays = [t.data_array for t in _list(tensors)]
    norm = _total_norm(arrays, float(norm_type)) if arrays else jnp.zeros((), jnp.float32)
    if error_if_nonfinite and not is_tracer(norm) and not bool(jnp.isfinite(norm)):
        expected = f"a finite total norm of order {float(norm_type)}"
        raise AutogradError(
            message("clip_grad_norm_", expected, f"{norm} (non-finite)", "pass error_if_nonfinite=False")
        )
    return wrap(norm)


def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale gradients by min(1, max_norm / (total_norm + 1e-6)), in place.

    Args:
        parameters: whose gradients.
        max_norm: the norm that they have at most.
        total_norm: the norm that they have, as :func:`get_total_norm` returns it.
        foreach: accepted.
    """
    grads = _grads(parameters)
    if grads:
        _write(grads, _scaled([g.data_array for g in grads], float(max_norm), total_norm.data_array))


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale gradients so that the p-norm of all together is at most ``max_norm``, in place.

    Args:
        parameters: whose gradients; those without one are left out.
        max_norm: the norm that they have at most afterwards.
        norm_type: p, infinity included.
        error_if_nonfinite: raise where the norm is not finite; under ``compile`` it cannot be looked at.
        foreach: accepted; one program computes it in any case.

    Returns:
        The norm from before, a tensor.

    Raises:
        AutogradError: the norm is not finite.

    Reference: ``torch.nn.utils.clip_grad_norm_``.
    """
    kept = _list(parameters)
    norm = get_total_norm(_grads(kept), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(kept, max_norm, norm)
    return norm


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Clip every element of the gradients to [-clip_value, clip_value], in place.

    Args:
        parameters: whose gradients.
        clip_value: the bound.
        foreach: accepted.

    Reference: ``torch.nn.utils.clip_grad_value_``.
    """
    grads = _grads(parameters)
    if grads:
        _write(grads, _clamped([g.data_array for g in grads], float(clip_value)))
