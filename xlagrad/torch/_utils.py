"""`torch._utils`: the functions that pickles of PyTorch's tensors name."""

from __future__ import annotations

from typing import Any

from xlagrad.core.tensor import Parameter, Tensor
from xlagrad.torch.serialization.storage import Storage, check_place


def _rebuild_tensor(storage: Storage, storage_offset: int, size: Any, stride: Any) -> Any:
    """Return the tensor at a place of a storage."""
    made = storage.member(check_place(storage, None, storage_offset, size, stride))
    storage.settle()
    return made


def _rebuild_tensor_v2(
    storage: Storage,
    storage_offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any,
    metadata: Any = None,
) -> Any:
    """Return the tensor at a place of a storage, which may want gradients."""
    made = _rebuild_tensor(storage, storage_offset, size, stride)
    if metadata and metadata.get("conj"):
        made = made.conj().resolve_conj() if hasattr(made, "resolve_conj") else made.conj()
    return made.requires_grad_(requires_grad)


def _rebuild_parameter(data: Tensor, requires_grad: bool, backward_hooks: Any) -> Any:
    """Return a tensor as a Parameter."""
    made: Any = data
    made.__class__ = Parameter
    return made.requires_grad_(requires_grad)


def _rebuild_parameter_with_state(data: Tensor, requires_grad: bool, backward_hooks: Any, state: Any) -> Any:
    """Return a tensor as a Parameter with attributes."""
    made = _rebuild_parameter(data, requires_grad, backward_hooks)
    made.__dict__.update(state[0] if isinstance(state, tuple) else state)
    return made
