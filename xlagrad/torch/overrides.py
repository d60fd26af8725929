"""`torch.overrides`: ``__torch_function__`` is not asked here; subclasses of Tensor work by their type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xlagrad.core.tensor import Tensor


def is_tensor_like(inp: Any) -> bool:
    """Return whether an object is a tensor, or says how torch's functions treat it."""
    return isinstance(inp, Tensor) or hasattr(type(inp), "__torch_function__")


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Return False: no function here hands over to ``__torch_function__``."""
    return False


has_torch_function_unary = has_torch_function_variadic = has_torch_function


def is_tensor_method_or_property(func: Any) -> bool:
    """Return whether a function is one of Tensor's own."""
    return any(value is func for value in vars(Tensor).values())


__all__ = [
    "has_torch_function",
    "has_torch_function_unary",
    "has_torch_function_variadic",
    "is_tensor_like",
    "is_tensor_method_or_property",
]
