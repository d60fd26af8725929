"""What NumPy's universal functions do with tensors: ``np.sin(x)``, ``array + x``, ``array += x``."""

from __future__ import annotations

from typing import Any

import numpy as np

from xlagrad.core.dispatch import registry
from xlagrad.core.errors import DtypeError, message
from xlagrad.core.handle import Handle
from xlagrad.core.tensor import Tensor

# The operations of Python's operators: ``array + x`` and ``np.add(array, x)`` are the same call to a tensor.
_OPERATORS = {
    np.add: "add",
    np.subtract: "sub",
    np.multiply: "mul",
    np.divide: "true_divide",
    np.floor_divide: "floor_divide",
    np.remainder: "remainder",
    np.power: "pow",
    np.matmul: "matmul",
    np.bitwise_and: "bitwise_and",
    np.bitwise_or: "bitwise_or",
    np.bitwise_xor: "bitwise_xor",
    np.left_shift: "bitwise_left_shift",
    np.right_shift: "bitwise_right_shift",
    np.less: "lt",
    np.less_equal: "le",
    np.greater: "gt",
    np.greater_equal: "ge",
    np.equal: "eq",
    np.not_equal: "ne",
}


def _plain(x: Any) -> Any:
    return np.asarray(x) if isinstance(x, Handle) else x


def array_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Run a universal function of NumPy on tensors; the result is a tensor.

    The functions that are Python's operators run as those of tensors do, with gradients. All others
    compute in NumPy. An array given as ``out``, as ``array += x`` does, is written and returned.

    Deviations from torch: there ``array + x`` is refused, so is ``np.add`` of a tensor that requires grad,
    and truth values come as uint8.

    Raises:
        AutogradError: the tensor requires grad, and the function is not one of the operators.
        DtypeError: ``out`` is a tensor.
        TraceError: the value is being traced, and the function is not one of the operators.

    Example:
        >>> np.array([1.0, 2.0], np.float32) + Tensor([3.0, 4.0])
        tensor([4., 6.])
        >>> np.sqrt(Tensor([4.0, 9.0]))
        tensor([2., 3.])
    """
    if ufunc in _OPERATORS and method == "__call__" and not kwargs:
        return registry[_OPERATORS[ufunc]](*inputs)
    out = kwargs.get("out", ())
    if any(isinstance(x, Handle) for x in out):
        fix = "pass an array, or use the tensor's own methods"
        raise DtypeError(message(f"np.{ufunc.__name__}", "an array as 'out'", "a tensor", fix))
    kwargs = {name: _plain(value) for name, value in kwargs.items()}
    result = getattr(ufunc, method)(*map(_plain, inputs), **kwargs)
    if any(x is not None for x in out) or result is None:
        return result
    if isinstance(result, tuple):
        return tuple(self.__array_wrap__(x) for x in result)
    return self.__array_wrap__(result)


def install() -> None:
    """Make NumPy's universal functions ask tensors."""
    setattr(Tensor, "__array_ufunc__", array_ufunc)  # noqa: B010  the type checker would refuse the attribute
