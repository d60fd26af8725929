"""Elementwise functions: where the standard and PyTorch agree, the record itself."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from xlagrad.ops import (
    arithmetic,
    choose,
    compare,
    convert,
    exponential,
    logical,
    masked,
    numbers,
    trigonometric,
    unary,
)
from xlagrad.standard.types import agreed


def _of_two(record: Any) -> Callable[[Any, Any], Any]:
    """Return an operation of two arrays, whose types the standard's rules combine."""

    def function(x1: Any, x2: Any, /) -> Any:
        return record(*agreed(x1, x2))

    return functools.update_wrapper(function, record, ("__name__", "__qualname__", "__doc__"), ())


abs = unary.abs
acos = trigonometric.acos
acosh = trigonometric.acosh
add = _of_two(arithmetic.add)
asin = trigonometric.asin
asinh = trigonometric.asinh
atan = trigonometric.atan
atan2 = _of_two(trigonometric.atan2)
atanh = trigonometric.atanh
bitwise_and = _of_two(logical.bitwise_and)
bitwise_invert = logical.bitwise_not
bitwise_left_shift = _of_two(logical.bitwise_left_shift)
bitwise_or = _of_two(logical.bitwise_or)
bitwise_right_shift = _of_two(logical.bitwise_right_shift)
bitwise_xor = _of_two(logical.bitwise_xor)
ceil = unary.ceil
conj = unary.conj
copysign = _of_two(numbers.copysign)
cos = trigonometric.cos
cosh = trigonometric.cosh
divide = _of_two(arithmetic.div)
equal = _of_two(compare.eq)
exp = exponential.exp
expm1 = exponential.expm1
floor = unary.floor
floor_divide = _of_two(arithmetic.floordiv)
greater = _of_two(compare.gt)
greater_equal = _of_two(compare.ge)
hypot = _of_two(trigonometric.hypot)
imag = unary.imag
isfinite = compare.isfinite
isinf = compare.isinf
isnan = compare.isnan
less = _of_two(compare.lt)
less_equal = _of_two(compare.le)
log = exponential.log
log10 = exponential.log10
log1p = exponential.log1p
log2 = exponential.log2
logaddexp = _of_two(exponential.logaddexp)
logical_and = _of_two(logical.logical_and)
logical_not = logical.logical_not
logical_or = _of_two(logical.logical_or)
logical_xor = _of_two(logical.logical_xor)
maximum = _of_two(choose.maximum)
minimum = _of_two(choose.minimum)
multiply = _of_two(arithmetic.mul)
negative = unary.neg
nextafter = _of_two(numbers.nextafter)
not_equal = _of_two(compare.ne)
positive = unary.positive
pow = _of_two(exponential.pow)
real = unary.real
reciprocal = exponential.reciprocal
remainder = _of_two(arithmetic.remainder)
round = unary.round
signbit = unary.signbit
sin = trigonometric.sin
sinh = trigonometric.sinh
sqrt = exponential.sqrt
square = exponential.square
subtract = _of_two(arithmetic.sub)
tan = trigonometric.tan
tanh = trigonometric.tanh
trunc = unary.trunc


def sign(x: Any, /) -> Any:
    """x / |x|, and 0 at 0; NaN stays NaN, where PyTorch has 0.

    Example:
        >>> import xlagrad as xg
        >>> xg.sign(xg.asarray([-2.0, 0.0])).tolist()
        [-1.0, 0.0]
    """
    found = unary.sgn(x)
    if x.dtype.is_complex:
        # The zero of no sign.
        return choose.choose(compare.eq(x, 0), 0, found)
    return choose.choose(compare.isnan(x), x, found) if x.dtype.is_floating_point else found


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """min(max(x, lower), upper), elementwise; without bounds the elements themselves.

    Example:
        >>> import xlagrad as xg
        >>> xg.clip(xg.asarray([-1.0, 0.5, 2.0]), 0, 1).tolist()
        [0.0, 0.5, 1.0]
    """
    return x.clone() if min is None and max is None else convert.cast(choose.clamp(x, min, max), x.dtype)


def where(condition: Any, x1: Any = None, x2: Any = None, /) -> Any:
    """x1 where the condition holds, else x2, elementwise with broadcasting.

    Without x1 and x2 the indices where it holds, as `nonzero` gives them, which NumPy and PyTorch do too.

    Raises:
        DtypeError: x1 without x2.

    Example:
        >>> import xlagrad as xg
        >>> xg.where(xg.asarray([True, False]), 1, 0).tolist()
        [1, 0]
    """
    if x1 is None and x2 is None:
        return tuple(masked.nonzero(condition, as_tuple=True))
    return choose.choose(condition, *agreed(x1, x2))
