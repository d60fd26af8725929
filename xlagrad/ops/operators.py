"""Python's operators on tensors, derived from the records, and the import of every family of operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from xlagrad.core import errors
from xlagrad.core.errors import message
from xlagrad.core.handle import Handle
from xlagrad.core.tensor import Tensor
from xlagrad.ops import (  # noqa: F401
    airy,
    arithmetic,
    bessel,
    blended,
    cholesky,
    compare,
    count,
    covariance,
    cumulative,
    determinant,
    distance,
    eigen,
    einsum,
    exponential,
    extremum,
    fft,
    fft2,
    gamma,
    gather,
    histogram,
    incomplete_gamma,
    integrate,
    join,
    ldl,
    least_squares,
    linear,
    lobpcg,
    logical,
    lowrank,
    lu,
    masked,
    matrices,
    methods,
    mode,
    modified_bessel,
    norm,
    numbers,
    orthogonal,
    pinv,
    polynomials,
    powers,
    quantile,
    reduce,
    softmax,
    solve,
    sort,
    special,
    stft,
    svd,
    triangle,
    trigonometric,
    unary,
    vectors,
    view,
)

# What an operator takes beside tensors: everything else may define the operation itself.
_OPERANDS = (Handle, jax.Array, bool, int, float, complex, np.ndarray, np.generic)

_BINARY: dict[str, Callable[..., Any]] = {
    "add": arithmetic.add,
    "sub": arithmetic.sub,
    "mul": arithmetic.mul,
    "truediv": arithmetic.true_divide,
    "floordiv": arithmetic.floordiv,
    "mod": arithmetic.remainder,
    "pow": exponential.pow,
    "matmul": linear.matmul,
    "and": logical.bitwise_and,
    "or": logical.bitwise_or,
    "xor": logical.bitwise_xor,
    "lshift": logical.bitwise_left_shift,
    "rshift": logical.bitwise_right_shift,
}

_COMPARISONS: dict[str, Callable[..., Any]] = {
    "lt": compare.lt,
    "le": compare.le,
    "gt": compare.gt,
    "ge": compare.ge,
    "eq": compare.eq,
    "ne": compare.ne,
}

_UNARY: dict[str, Callable[..., Any]] = {
    "neg": unary.neg,
    "pos": unary.positive,
    "abs": unary.abs,
    "invert": logical.bitwise_not,
}


def _forward(record: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return record(self, other) if isinstance(other, _OPERANDS) else NotImplemented

    return method


def _reflected(record: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return record(other, self) if isinstance(other, _OPERANDS) else NotImplemented

    return method


def _unary(record: Callable[..., Any]) -> Callable[[Any], Any]:
    def method(self: Any) -> Any:
        return record(self)

    return method


def _inplace(record: Any) -> Callable[[Any, Any], Any]:
    write = methods.inplace(record)

    def method(self: Any, other: Any) -> Any:
        return write(self, other) if isinstance(other, _OPERANDS) else NotImplemented

    return method


def _where(self: Any, condition: Any, other: Any) -> Any:
    """The tensor where the condition holds, else ``other``; see ``xlagrad.torch.where``."""
    return masked.where(condition, self, other)


def _mH(self: Any) -> Any:
    return matrices.adjoint(self) if self.dtype.is_complex else view.transpose(self, -2, -1)


def _H(self: Any) -> Any:
    if self.ndim != 2:
        raise errors.ShapeError(message("H", "a matrix (2-d)", errors.describe(self), "use .mH for batches"))
    return _mH(self)


def _reversed(self: Any) -> Any:
    return join.flip(self, 0) if self.ndim else self


def _contains(self: Any, element: Any) -> bool:
    return bool(reduce.any(compare.eq(self, element)))


def install() -> None:
    """Give ``Tensor`` Python's operators.

    An operand of a foreign type gives ``NotImplemented``, so that its own operator has its turn and Python
    raises if there is none. Augmented assignment writes to the tensor, as in PyTorch; ``@=`` makes a new one.
    """
    made: dict[str, Any] = {}
    for name, record in _BINARY.items():
        made[f"__{name}__"] = _forward(record)
        made[f"__r{name}__"] = _reflected(record)
        if name != "matmul":
            made[f"__i{name}__"] = _inplace(record)
    for name, record in _COMPARISONS.items():
        made[f"__{name}__"] = _forward(record)
    for name, record in _UNARY.items():
        made[f"__{name}__"] = _unary(record)
    for name, method in made.items():
        method.__name__ = name
        method.__qualname__ = f"Tensor.{name}"
    # PyTorch has the operators of Python 2 as well.
    made |= {f"__{part}div__": made[f"__{part}truediv__"] for part in ("", "r", "i")}
    made["__reversed__"] = _reversed
    # A class that defines __eq__ loses its hash otherwise: tensors hash by identity.
    made |= {"__hash__": object.__hash__, "__contains__": _contains, "where": _where}
    made["mH"] = property(_mH, doc="The conjugate transpose of the last two dimensions.")
    made["H"] = property(_H, doc="The conjugate transpose of a matrix.")
    for name, method in made.items():
        setattr(Tensor, name, method)
