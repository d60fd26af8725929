"""`torch.nn.utils.convert_parameters`: parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from xlagrad.core.errors import ShapeError, describe, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Tensor
from xlagrad.ops.join import cat


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return all elements of the parameters in one vector, on the tape.

    Example:
        >>> parameters_to_vector([Tensor([[1.0, 2.0]]), Tensor([3.0])]).tolist()
        [1.0, 2.0, 3.0]
    """
    out: Tensor = cat([p.reshape(-1) for p in parameters])
    return out


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Write the elements of ``vec`` into the parameters, in order.

    Raises:
        ShapeError: ``vec`` has another number of elements than the parameters.
    """
    kept = list(parameters)
    total = sum(p.numel() for p in kept)
    if vec.ndim != 1 or vec.numel() != total:
        raise ShapeError(message("vector_to_parameters", f"a vector of {total} elements", describe(vec)))
    start = 0
    with no_grad():
        for p in kept:
            end = start + p.numel()
            p.copy_(vec[start:end].reshape(tuple(p.shape)))
            start = end
