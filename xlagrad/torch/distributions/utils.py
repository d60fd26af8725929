"""`torch.distributions.utils`: what distributions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xlagrad.core import state
from xlagrad.core.dtypes import finfo, get_default_dtype
from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.core.modes import enable_grad
from xlagrad.core.random import next_key
from xlagrad.core.tensor import Size, Tensor
from xlagrad.layers import functional as F
from xlagrad.ops import variates
from xlagrad.ops.combine import broadcast_tensors
from xlagrad.ops.create import empty, zeros
from xlagrad.ops.random import rand

euler_constant = 0.57721566490153286060


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Return tensors and numbers as tensors of one shape; numbers take the first tensor's type and device.

    Raises:
        ArgumentError: a value that is neither.

    Source: ``torch.distributions.utils.broadcast_all``.
    """
    for value in values:
        if not isinstance(value, (Tensor, int, float)):
            want = "tensors and numbers"
            raise ArgumentError(message("broadcast_all", want, f"{type(value).__name__} {describe(value)}"))
    first = next((v for v in values if isinstance(v, Tensor)), None)
    dtype = get_default_dtype() if first is None else first.dtype
    device = None if first is None else first.device
    made = [v if isinstance(v, Tensor) else Tensor(v, dtype=dtype, device=device) for v in values]
    return tuple(broadcast_tensors(*made))


def standard_normal(shape: Any, like: Any) -> Any:
    """Return draws from N(0, 1) of the type and on the device of ``like``."""
    return empty(tuple(shape), dtype=like.dtype, device=like.device).normal_()


def standard_uniform(shape: Any, like: Any) -> Any:
    """Return draws from U[0, 1) of the type and on the device of ``like``."""
    return rand(tuple(shape), dtype=like.dtype, device=like.device)


def standard_gamma(concentration: Any) -> Any:
    """Return draws from Γ(concentration, 1), with gradients by implicit reparametrisation."""
    return variates.standard_gamma(next_key(), concentration)


def eps_of(t: Any) -> float:
    """Return the distance from one to the next number of a tensor's type."""
    return float(finfo(t.dtype).eps)


def tiny_of(t: Any) -> float:
    """Return the smallest positive normal number of a tensor's type."""
    return float(finfo(t.dtype).tiny)


def clamp_probs(probs: Any) -> Any:
    """Return probabilities kept away from 0 and 1 by the type's precision.

    Source: ``torch.distributions.utils.clamp_probs``.
    """
    eps = eps_of(probs)
    return probs.clamp(min=eps, max=1 - eps)


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """Return the probabilities that log-odds, or unnormalised log-probabilities, stand for.

    Source: ``torch.distributions.utils.logits_to_probs``.
    """
    return logits.sigmoid() if is_binary else F.softmax(logits, dim=-1)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """Return the log-odds, or log-probabilities, of probabilities.

    Source: ``torch.distributions.utils.probs_to_logits``.
    """
    kept = clamp_probs(probs)
    return kept.log() - (-kept).log1p() if is_binary else kept.log()


def tril_matrix_to_vec(mat: Any, diag: int = 0) -> Any:
    """Return the lower triangle of matrices as vectors, row by row.

    Source: ``torch.distributions.utils.tril_matrix_to_vec``.
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    kept = zeros(n, n, device=mat.device).add(1).tril(diag) > 0
    return mat[..., kept]


def vec_to_tril_matrix(vec: Any, diag: int = 0) -> Any:
    """Return lower triangular matrices whose entries are those of vectors, row by row.

    Source: ``torch.distributions.utils.vec_to_tril_matrix``.
    """
    count = vec.shape[-1]
    # k rows of a triangle with the diagonal moved by diag hold this many entries: solve for k.
    n = (-(1 + 2 * diag) + ((1 + 2 * diag) ** 2 + 8 * count + 4 * abs(diag) * (diag + 1)) ** 0.5) / 2
    if round(n) - n > 1e-3 or n - round(n) > 1e-3:
        want = "the size of last dimension to be that of a lower triangle"
        raise ArgumentError(message("vec_to_tril_matrix", want, str(count)))
    n = round(n)
    kept = zeros(n, n, device=vec.device).add(1).tril(diag) > 0
    mat = zeros((*vec.shape[:-1], n, n), dtype=vec.dtype, device=vec.device)
    mat[..., kept] = vec
    return mat


def sum_rightmost(value: Any, dim: int) -> Any:
    """Return the sum over the last ``dim`` dimensions."""
    return value if dim == 0 else value.sum(tuple(range(-dim, 0)))


def prod(shape: Any) -> int:
    """Return the number of elements of a shape."""
    total = 1
    for n in shape:
        total *= n
    return total


def size(shape: Any = ()) -> Size:
    """Return a shape as PyTorch's ``torch.Size``."""
    return shape if isinstance(shape, Size) else Size(shape)


class lazy_property:
    """A property that is computed when it is first looked at, and kept.

    Inside a compiled function nothing is kept: a traced value must not outlive its trace.

    Source: ``torch.distributions.utils.lazy_property``.
    """

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        self.__doc__ = wrapped.__doc__
        self.__name__ = wrapped.__name__

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        if not state.tracing():
            setattr(instance, self.wrapped.__name__, value)
        return value
