"""The parameters, buffers and small arguments that layers are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from xlagrad.core.dtypes import as_jax, get_default_dtype
from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Parameter, Tensor


def new_tensor(shape: Iterable[int], value: float = 0.0, device: Any = None, dtype: Any = None) -> Tensor:
    """Return a tensor filled with ``value``, made by NumPy: no program has to be compiled for its shape."""
    kind = as_jax(get_default_dtype() if dtype is None else dtype)
    return Tensor(np.full(tuple(shape), value, kind), device=device)


def new_parameter(
    shape: Iterable[int], value: float = 0.0, device: Any = None, dtype: Any = None
) -> Parameter:
    """Return a parameter filled with ``value``, which an initialiser overwrites."""
    return Parameter(new_tensor(shape, value, device, dtype))


def ntuple(value: Any, count: int) -> Any:
    """Return ``value`` as a tuple: a number ``count`` times, a sequence as it is.

    Example:
        >>> ntuple(3, 2), ntuple([1, 2], 2)
        ((3, 3), (1, 2))
    """
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * count


def check_positive(who: str, **values: int) -> None:
    """Raise unless every value is at least 1.

    Raises:
        ArgumentError: the first one that is not.
    """
    for name, value in values.items():
        if value <= 0:
            raise ArgumentError(message(who, f"{name} > 0", f"{name}={value}", "pass a positive number"))
